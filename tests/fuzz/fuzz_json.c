/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever json_parse() takes prints to a text that parses to the same value, compact and indented; a copy is equal too. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool is_equal_text(const char *left, const char *right)
{
	return left == right || (left && right && strcmp(left, right) == 0);
}

static bool is_equal(const struct json *left, const struct json *right)
{
	if (json_type(left) != json_type(right) || json_count(left) != json_count(right))
		return false;
	if (json_bool(left) != json_bool(right) || json_real(left) != json_real(right))
		return false;
	if (!is_equal_text(json_string(left), json_string(right)))
		return false;
	for (size_t i = 0; i < json_count(left); i++)
		if (!is_equal_text(json_key_at(left, i), json_key_at(right, i)) ||
		    !is_equal(json_at(left, i), json_at(right, i)))
			return false;
	return true;
}

static void check_round_trip(const struct json *value, int indent)
{
	struct text first = {0}, second = {0};
	struct json *again = NULL;

	json_print(value, indent, &first);
	require(json_parse(text_get(&first), first.length, &again, NULL) == 0);
	require(is_equal(value, again));
	json_print(again, indent, &second);
	require(strcmp(text_get(&first), text_get(&second)) == 0);
	json_free(again);
	text_release(&first);
	text_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *value = NULL, *copy;
	struct error err = {0};

	if (json_parse((const char *)data, size, &value, &err) < 0) {
		require(err.code < 0 && err.message[0] && !value);
		return 0;
	}
	copy = json_copy(value);
	require(is_equal(value, copy));
	json_free(value);
	check_round_trip(copy, 0);
	check_round_trip(copy, 2);
	json_free(copy);
	return 0;
}
