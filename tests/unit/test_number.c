/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of numbers, sizes and durations as text. */
#include "base/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define PIB ((uint64_t)1 << 50)

static void assert_refused(int result, int code, const struct error *err, const char *text)
{
	const char *reason = code == -EINVAL ? "Invalid argument" : "Numerical result out of range";

	if (result != code || !strstr(err->message, reason) || !strstr(err->message, text))
		fail_msg("\"%s\": got %d, \"%s\"", text, result, err->message);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		int result;
		int64_t value;
	} rows[] = {
		{"0", INT64_MIN, INT64_MAX, 0, 0},
		{"-0", INT64_MIN, INT64_MAX, 0, 0},
		{"+7", INT64_MIN, INT64_MAX, 0, 7},
		{"007", INT64_MIN, INT64_MAX, 0, 7},
		{"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
		{"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
		{"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"99999999999999999999999", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"-1", 0, 10, -ERANGE, 0},
		{"11", 0, 10, -ERANGE, 0},
		{"10", 0, 10, 0, 10},
		{"", 0, 10, -EINVAL, 0},
		{"-", 0, 10, -EINVAL, 0},
		{"--1", -10, 10, -EINVAL, 0},
		{" 1", 0, 10, -EINVAL, 0},
		{"1 ", 0, 10, -EINVAL, 0},
		{"0x1", 0, 10, -EINVAL, 0},
		{"1.0", 0, 10, -EINVAL, 0},
		{"99999999999999999999999x", 0, 10, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int64_t value = 0;
		int result = number_parse(rows[i].text, rows[i].min, rows[i].max, &value, &err);

		if (rows[i].result < 0)
			assert_refused(result, rows[i].result, &err, rows[i].text);
		else
			assert_int_equal(result, 0);
		assert_true(value == rows[i].value);
	}
	assert_int_equal(number_parse("x", 0, 1, &(int64_t){0}, NULL), -EINVAL);
}

static void test_parse_unsigned(void **state)
{
	struct error err = {0};
	uint64_t value = 0;

	(void)state;
	assert_int_equal(number_parse_unsigned("18446744073709551615", UINT64_MAX, &value, &err), 0);
	assert_true(value == UINT64_MAX);
	assert_refused(number_parse_unsigned("18446744073709551616", UINT64_MAX, &value, &err), -ERANGE, &err, "551616");
	assert_refused(number_parse_unsigned("256", 255, &value, &err), -ERANGE, &err, "256");
	assert_refused(number_parse_unsigned("-1", 255, &value, &err), -EINVAL, &err, "-1");
	assert_refused(number_parse_unsigned("+1", 255, &value, &err), -EINVAL, &err, "+1");
	assert_true(value == UINT64_MAX);
}

static void test_parse_decimal(void **state)
{
	static const struct {
		const char *text;
		int result;
		double value;
	} rows[] = {
		{"0", 0, 0},           {"1.5", 0, 1.5},        {"-2.25", 0, -2.25}, {"+.5", 0, 0.5},
		{"2.", 0, 2},          {"1e3", 0, 1000},       {"25E-2", 0, 0.25},  {"1e-400", 0, 0},
		{"1e400", -ERANGE, 0}, {"-1e400", -ERANGE, 0}, {"", -EINVAL, 0},    {".", -EINVAL, 0},
		{"-", -EINVAL, 0},     {"inf", -EINVAL, 0},    {"nan", -EINVAL, 0}, {"0x10", -EINVAL, 0},
		{" 1", -EINVAL, 0},    {"1 ", -EINVAL, 0},     {"1e", -EINVAL, 0},  {"1e+", -EINVAL, 0},
		{"1,5", -EINVAL, 0},   {"1.5.5", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		double value = 0;
		int result = number_parse_decimal(rows[i].text, &value, &err);

		if (rows[i].result < 0)
			assert_refused(result, rows[i].result, &err, rows[i].text);
		else
			assert_int_equal(result, 0);
		assert_true(value == rows[i].value);
	}
}

static void test_parse_size(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0},
		{"4096", 0, 4096},
		{"10b", 0, 10},
		{"10B", 0, 10},
		{"10k", 0, 10 * KIB},
		{"10kb", 0, 10 * KIB},
		{"10KiB", 0, 10 * KIB},
		{"10m", 0, 10 * MIB},
		{"64MiB", 0, 64 * MIB},
		{"1.5G", 0, GIB + GIB / 2},
		{"0.1k", 0, 102},
		{"0.0000000000000000000000000001g", 0, 0},
		{"1.999999999999999999999999999999k", 0, 2047},
		{"2t", 0, 2 * KIB * GIB},
		{"3P", 0, 3 * PIB},
		{"16383p", 0, 16383 * PIB},
		{"16383.99999999p", 0, 16383 * PIB + 1125899895583624},
		{"18446744073709551615", 0, UINT64_MAX},
		{"16384p", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999p", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"m", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"1.5b", -EINVAL, 0},
		{"1.m", -EINVAL, 0},
		{".5m", -EINVAL, 0},
		{"1 m", -EINVAL, 0},
		{"1mm", -EINVAL, 0},
		{"1ib", -EINVAL, 0},
		{"1ki", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"1x", -EINVAL, 0},
		{"1bk", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1.5.5m", -EINVAL, 0},
		{"1\xcb", -EINVAL, 0},
		{"1\x01", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		uint64_t value = 0;
		int result = number_parse_size(rows[i].text, &value, &err);

		if (rows[i].result < 0)
			assert_refused(result, rows[i].result, &err, rows[i].text);
		else if (result < 0)
			fail_msg("%s", err.message);
		if (value != rows[i].value)
			fail_msg("\"%s\" gave %llu", rows[i].text, (unsigned long long)value);
	}
}

static void test_parse_duration(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} rows[] = {
		{"0", 0, 0},
		{"0s", 0, 0},
		{"10", 0, 10000},
		{"2.5", 0, 2500},
		{"500ms", 0, 500},
		{"10s", 0, 10000},
		{"1m30s", 0, 90000},
		{"2h", 0, 7200000},
		{"1h2m3s4ms", 0, 3723004},
		{"1.5h", 0, 5400000},
		{"0.0005s", 0, 0},
		{"1m1m", 0, 120000},
		{"9223372036854775807ms", 0, INT64_MAX},
		{"9223372036854775808ms", -ERANGE, 0},
		{"99999999999999999999999h", -ERANGE, 0},
		{"9223372036854775807ms9223372036854775807ms2ms", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"1m30", -EINVAL, 0},
		{"1d", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{"1.s", -EINVAL, 0},
		{"1S", -EINVAL, 0},
		{"1sx", -EINVAL, 0},
		{"1s ", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int64_t value = 0;
		int result = number_parse_duration(rows[i].text, &value, &err);

		if (rows[i].result < 0)
			assert_refused(result, rows[i].result, &err, rows[i].text);
		else if (result < 0)
			fail_msg("%s", err.message);
		if (value != rows[i].value)
			fail_msg("\"%s\" gave %lld", rows[i].text, (long long)value);
	}
}

static void test_parse_bool(void **state)
{
	static const char *const yes[] = {"true", "TRUE", "True", "t", "T", "1"};
	static const char *const no[] = {"false", "FALSE", "f", "F", "0"};
	static const char *const neither[] = {"", "yes", "2", "tru", "truee", " true"};
	struct error err = {0};
	int value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		assert_int_equal(number_parse_bool(yes[i], &value, &err), 0);
		assert_int_equal(value, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		assert_int_equal(number_parse_bool(no[i], &value, &err), 0);
		assert_int_equal(value, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(neither); i++)
		assert_refused(number_parse_bool(neither[i], &value, &err), -EINVAL, &err, neither[i]);
}

static void test_format_size(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0B"},
		{1, "1B"},
		{1023, "1023B"},
		{1024, "1KiB"},
		{1536, "1.5KiB"},
		{64 * MIB, "64MiB"},
		{GIB + GIB / 2, "1.5GiB"},
		{1234567, "1.177MiB"},
		{MIB - 1, "1024KiB"},
		{2 * PIB, "2PiB"},
		{UINT64_MAX, "16EiB"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(text_release) struct text text = {0};

		text_append(&text, "is ");
		number_format_size(rows[i].bytes, &text);
		assert_string_equal(text_get(&text) + 3, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),          cmocka_unit_test(test_parse_unsigned),
		cmocka_unit_test(test_parse_decimal),  cmocka_unit_test(test_parse_size),
		cmocka_unit_test(test_parse_duration), cmocka_unit_test(test_parse_bool),
		cmocka_unit_test(test_format_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
