/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes every reader of numbers, sizes, durations and times. */
#include "base/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* The error is filled exactly when the result is negative. */
static bool is_taken(int result, const struct error *err)
{
	require(result == 0 || result == -EINVAL || result == -ERANGE);
	require(result == err->code && (result == 0) == (err->message[0] == '\0'));
	return result == 0;
}

static void read_whole_numbers(const char *text)
{
	struct error err = {0};
	struct error unsigned_err = {0};
	struct error bool_err = {0};
	uint64_t positive;
	int64_t value;
	int truth;

	if (is_taken(number_parse(text, -1000, INT64_MAX, &value, &err), &err))
		require(value >= -1000 && value == strtoll(text, NULL, 10));
	if (is_taken(number_parse_unsigned(text, UINT64_MAX, &positive, &unsigned_err), &unsigned_err))
		require(positive == strtoull(text, NULL, 10));
	if (is_taken(number_parse_bool(text, &truth, &bool_err), &bool_err))
		require(truth == 0 || truth == 1);
}

static void read_decimal(const char *text)
{
	struct error err = {0};
	double value;

	if (is_taken(number_parse_decimal(text, &value, &err), &err))
		require(isfinite(value));
}

static void read_size(const char *text)
{
	autorelease(text_release) struct text printed = {0};
	struct error err = {0};
	uint64_t bytes;

	if (!is_taken(number_parse_size(text, &bytes, &err), &err))
		return;
	/* A bare number is bytes. */
	if (!text[strspn(text, "0123456789")])
		require(bytes == strtoull(text, NULL, 10));
	number_format_size(bytes, &printed);
	require(printed.length >= 2 && printed.length <= 16);
}

static void read_duration(const char *text)
{
	struct error err = {0};
	int64_t ms;

	if (is_taken(number_parse_duration(text, &ms, &err), &err))
		require(ms >= 0);
}

static void read_time(const char *text)
{
	autorelease(text_release) struct text printed = {0};
	autorelease(text_release) struct text elapsed = {0};
	struct error err = {0};
	int64_t real_ns, again;

	if (!is_taken(clock_parse(text, &real_ns, &err), &err))
		return;
	clock_format_elapsed(real_ns, &elapsed);
	clock_format_rfc3339(real_ns, &printed);
	require(clock_parse(text_get(&printed), &again, &err) == 0);
	require(again == real_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xmalloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	setenv("TZ", "UTC0", 1);
	read_whole_numbers(text);
	read_decimal(text);
	read_size(text);
	read_duration(text);
	read_time(text);
	return 0;
}
