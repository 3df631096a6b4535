/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON text to values and back, and everything that the parser refuses. */
#include "base/json.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"

static void free_value(struct json **value)
{
	json_free(*value);
}

static struct json *parse(const char *text)
{
	struct json *value = NULL;
	struct error err = {0};

	if (json_parse(text, strlen(text), &value, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return value;
}

static void assert_prints(const struct json *value, int indent, const char *expected)
{
	autorelease(text_release) struct text printed = {0};

	json_print(value, indent, &printed);
	assert_string_equal(text_get(&printed), expected);
}

static void assert_refused(const char *text, size_t length, const char *message)
{
	struct json *value = NULL;
	struct error err = {0};

	assert_int_equal(json_parse(text, length, &value, &err), -EINVAL);
	assert_string_equal(err.message, message);
	assert_int_equal(err.code, -EINVAL);
	assert_null(value);
	assert_int_equal(json_parse(text, length, &value, NULL), -EINVAL);
}

static void test_valid_texts_round_trip(void **state)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: as it was */
	} cases[] = {
		{"null", NULL},
		{"true", NULL},
		{"false", NULL},
		{"0", NULL},
		{"-0", NULL},
		{"1.50", NULL},
		{"1e3", NULL},
		{"18446744073709551615", NULL},
		{"-9223372036854775808", NULL},
		{"123456789012345678901234567890.123456789", NULL},
		{"\"\"", NULL},
		{"\"caf\xc3\xa9 \xf0\x9f\x98\x80 /\"", NULL},
		{"\"\\ud83d\\ude00\\u00e9\\/\"", "\"\xf0\x9f\x98\x80\xc3\xa9/\""},
		{"\"\\\\ud800\"", NULL},
		{"\"\\b\\f\\n\\r\\t\\\"\\\\\\u0001\\u007f\"", NULL},
		{"[]", NULL},
		{"{}", NULL},
		{" [ 1 , [ ] , { \"b\" : null , \"a\" : [ true ] } ] \n", "[1,[],{\"b\":null,\"a\":[true]}]"},
		{"{\"\":1,\"a\":{\"a\":{}}}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autorelease(free_value) struct json *value = parse(cases[i].text);

		assert_prints(value, 0, cases[i].printed ? cases[i].printed : cases[i].text);
	}
}

static void test_refusals_say_where_and_why(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"", "line 1, column 1: premature EOF"},
		{" \n", "line 2, column 1: premature EOF"},
		{"{\"a\": [1,\n 2", "line 2, column 3: premature EOF"},
		{"\"open", "line 1, column 6: premature EOF"},
		{"{} {}", "line 1, column 4: trailing garbage"},
		{"1 2", "line 1, column 4: trailing garbage"},
		{"{\n  \"a\": tru\n}", "line 2, column 10: invalid string in json text"},
		{"[1,]", "line 1, column 4: unallowed token at this point in JSON text"},
		{"{\"a\":1,}", "line 1, column 8: invalid object key (must be a string)"},
		{"{1:2}", "line 1, column 2: invalid object key (must be a string)"},
		{"{\"a\" 1}", "line 1, column 6: object key and value must be separated by a colon (':')"},
		{"// no\n1", "line 1, column 1: probable comment found in input text, comments are not enabled"},
		{"NaN", "line 1, column 1: invalid char in json text"},
		{"[1e999]", "line 1, column 6: the number is too large"},
		{"-1e999", "line 1, column 7: the number is too large"},
		{"{\"a\":1,\n\"b\":2,\"a\":3}", "line 2, column 12: the object that ends here has the key \"a\" twice"},
		{"{\"\\u001b\":1,\"\\u001b\":3}",
		 "line 1, column 23: the object that ends here has the key \"\\u001b\" twice"},
		{"[\"a\\u0000b\"]", "line 1, column 11: a NUL character in a string"},
		{"{\"a\\u0000b\":1}", "line 1, column 11: a NUL character in a string"},
		{"\"\\ud800\"", "line 1, column 2: half of a surrogate pair in a string"},
		{"\"\\ud800\\u0041\"", "line 1, column 2: half of a surrogate pair in a string"},
		{"\"a\\udc00\"", "line 1, column 3: half of a surrogate pair in a string"},
		{"\"\\ud800\\ud800", "line 1, column 2: half of a surrogate pair in a string"},
		{"\"\\ud8", "line 1, column 6: invalid (non-hex) character occurs after '\\u' inside string"},
		{"[\"\xc0\xaf\"]", "line 1, column 5: invalid UTF-8 in a string"},
		{"[\"\xed\xa0\x80\"]", "line 1, column 6: invalid UTF-8 in a string"},
		{"[\"\xf7\xbf\xbf\xbf\"]", "line 1, column 7: invalid UTF-8 in a string"},
		{"[\"\xff\"]", "line 1, column 3: invalid bytes in UTF8 string"},
		{"[\"a\nb\"]", "line 1, column 3: invalid character inside string"},
		{"\xef\xbb\xbf{}", "line 1, column 1: invalid char in json text"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(cases[i].text, strlen(cases[i].text), cases[i].message);
	assert_refused("[1\0]", 4, "line 1, column 3: invalid char in json text");
	assert_refused("1\0", 2, "line 1, column 2: trailing garbage");
}

static void test_depth_is_capped(void **state)
{
	char text[2 * (JSON_MAX_DEPTH + 1)];
	struct json *value = NULL;

	(void)state;
	memset(text, '[', JSON_MAX_DEPTH);
	memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	assert_int_equal(json_parse(text, 2 * JSON_MAX_DEPTH, &value, NULL), 0);
	json_free(value);

	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
	assert_refused(text, sizeof(text), "line 1, column 65: nested deeper than 64 levels");
}

static void test_many_keys_take_no_minutes(void **state)
{
	autorelease(text_release) struct text text = {0};
	autorelease(free_value) struct json *value = NULL;

	(void)state;
	text_append(&text, "{");
	for (int i = 0; i < 80000; i++)
		text_appendf(&text, "%s\"%d\":0", i ? "," : "", i);
	text_append(&text, "}");
	value = parse(text_get(&text));
	assert_int_equal(json_count(value), 80000);
	assert_string_equal(json_key_at(value, 79999), "79999");
}

static void test_numbers_keep_every_digit(void **state)
{
	autorelease(free_value) struct json *value = parse(
		"[9223372036854775807,-9223372036854775808,18446744073709551615,18446744073709551616,-1,1.0,0.5,\"7\",-0]");
	int64_t number;
	uint64_t positive;

	(void)state;
	assert_true(json_integer(json_at(value, 0), &number) && number == INT64_MAX);
	assert_true(json_integer(json_at(value, 1), &number) && number == INT64_MIN);
	assert_false(json_integer(json_at(value, 2), &number));
	assert_true(json_unsigned(json_at(value, 2), &positive) && positive == UINT64_MAX);
	assert_false(json_unsigned(json_at(value, 3), &positive));
	assert_false(json_unsigned(json_at(value, 4), &positive));
	assert_false(json_integer(json_at(value, 5), &number));
	assert_true(json_real(json_at(value, 6)) == 0.5);
	assert_false(json_integer(json_at(value, 7), &number));
	assert_true(json_real(json_at(value, 7)) == 0);
	assert_true(json_unsigned(json_at(value, 8), &positive) && positive == 0);
	assert_false(json_integer(NULL, &number));
}

static void test_values_are_built_changed_and_printed(void **state)
{
	autorelease(free_value) struct json *object = json_new_object();
	struct json *list = json_set(object, "list", json_new_array());

	(void)state;
	json_append(list, json_new_integer(INT64_MIN));
	json_append(list, json_new_unsigned(UINT64_MAX));
	json_append(list, json_new_real(0.1));
	json_append(list, json_new_real(1.0 / 3));
	json_append(list, json_new_real(1.0 / 0.0));
	json_append(list, json_new_string(NULL));
	json_append(list, json_new_string("bad \xff\xc3 byte"));
	json_set(object, "gone", json_new_bool(true));
	json_set(object, "empty", json_new_object());
	json_set(object, "flag", json_new_bool(false));
	json_set(object, "flag", json_new_bool(true));
	json_remove(object, "gone");
	json_remove(object, "never there");
	assert_prints(object, 0,
		      "{\"list\":[-9223372036854775808,18446744073709551615,0.1,0.3333333333333333,null,null,"
		      "\"bad \xef\xbf\xbd\xef\xbf\xbd byte\"],\"empty\":{},\"flag\":true}");
	json_remove(object, "list");
	json_set(object, "list", parse("[1,{\"a\":[]}]"));
	assert_prints(
		object, 2,
		"{\n  \"empty\": {},\n  \"flag\": true,\n  \"list\": [\n    1,\n    {\n      \"a\": []\n    }\n  ]\n}");
}

static void test_lookups_of_the_wrong_kind_answer_nothing(void **state)
{
	autorelease(free_value) struct json *value = parse("{\"a\":[1],\"b\":true}");
	const struct json *list = json_get(value, "a");

	(void)state;
	assert_int_equal(json_type(NULL), JSON_NULL);
	assert_int_equal(json_count(NULL), 0);
	assert_null(json_get(NULL, "a"));
	assert_null(json_get(list, "a"));
	assert_null(json_get(value, "c"));
	assert_null(json_at(list, 1));
	assert_null(json_key_at(list, 0));
	assert_null(json_key_at(value, 2));
	assert_null(json_string(list));
	assert_false(json_bool(list));
	assert_true(json_bool(json_at(value, 1)));
}

static void test_copy_is_deep(void **state)
{
	static const char text[] = "{\"a\":[1,{\"b\":\"c\"},null,true],\"d\":1.5}";
	struct json *value = parse(text);
	autorelease(free_value) struct json *copy = json_copy(value);

	(void)state;
	json_set(value, "a", json_new_null());
	json_free(value);
	assert_prints(copy, 0, text);
	assert_null(json_copy(NULL));
}

static void write_text(int dirfd, const char *name, const char *text)
{
	autoclose int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void test_file_errors_name_the_file(void **state)
{
	char folder[] = "/tmp/test_json.XXXXXX";
	autorelease(free_value) struct json *value = NULL;
	struct error err = {0};
	autoclose int dirfd = -EBADF;

	(void)state;
	assert_non_null(mkdtemp(folder));
	dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(json_read_file(dirfd, "spec.json", JSON_MAX_BYTES, &value, &err), -ENOENT);
	assert_non_null(strstr(err.message, "spec.json"));

	write_text(dirfd, "spec.json", "{\"a\":");
	assert_int_equal(json_read_file(dirfd, "spec.json", JSON_MAX_BYTES, &value, &err), -EINVAL);
	assert_string_equal(err.message, "spec.json: line 1, column 6: premature EOF");
	assert_int_equal(json_read_file(dirfd, "spec.json", JSON_MAX_BYTES, &value, NULL), -EINVAL);

	write_text(dirfd, "spec.json", "{\"a\":true}\n");
	assert_int_equal(json_read_file(dirfd, "spec.json", 5, &value, &err), -EFBIG);
	assert_non_null(strstr(err.message, "spec.json"));
	assert_null(value);
	assert_int_equal(json_read_file(dirfd, "spec.json", JSON_MAX_BYTES, &value, &err), 0);
	assert_true(json_bool(json_get(value, "a")));

	unlinkat(dirfd, "spec.json", 0);
	rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_texts_round_trip),
		cmocka_unit_test(test_refusals_say_where_and_why),
		cmocka_unit_test(test_depth_is_capped),
		cmocka_unit_test(test_many_keys_take_no_minutes),
		cmocka_unit_test(test_numbers_keep_every_digit),
		cmocka_unit_test(test_values_are_built_changed_and_printed),
		cmocka_unit_test(test_lookups_of_the_wrong_kind_answer_nothing),
		cmocka_unit_test(test_copy_is_deep),
		cmocka_unit_test(test_file_errors_name_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
