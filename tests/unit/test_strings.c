/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the list of strings and of the growing string. */
#include "base/strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"

static void assert_joined(const struct strings *list, const char *expected)
{
	autofree char *joined = strings_join(list, "|");

	assert_string_equal(joined, expected);
	assert_true(list->count == 0 || list->items[list->count] == NULL);
}

static void test_append_in_every_way(void **state)
{
	autorelease(strings_release) struct strings list = {0}, more = {0};
	char word[] = "one";

	(void)state;
	assert_joined(&list, "");
	strings_append(&list, word);
	word[0] = 'X';
	strings_append_owned(&list, xstrdup(""));
	strings_appendf(&list, "%s-%d", "three", 3);
	assert_joined(&list, "one||three-3");
	strings_append_all(&more, &list);
	strings_append_all(&more, &list);
	strings_release(&list);
	strings_append_all(&more, &list);
	assert_joined(&more, "one||three-3|one||three-3");
	assert_null(list.items);
	strings_release(&list);
}

static void test_remove_keeps_the_order_and_the_end(void **state)
{
	autorelease(strings_release) struct strings list = {0};

	(void)state;
	strings_split(&list, "a,b,c,d", ",");
	strings_remove(&list, 1);
	assert_joined(&list, "a|c|d");
	strings_remove(&list, 2);
	assert_joined(&list, "a|c");
	strings_remove(&list, 0);
	strings_remove(&list, 0);
	assert_joined(&list, "");
	assert_null(list.items[0]);
	strings_append(&list, "again");
	assert_joined(&list, "again");
}

static void test_split_leaves_empty_pieces_out(void **state)
{
	static const struct {
		const char *text, *separators, *expected;
	} cases[] = {
		{"", ",", ""},       {",,,", ",", ""},       {"a", ",", "a"},
		{"a,b", ",", "a|b"}, {",a,,b,", ",", "a|b"}, {"a b\tc\n", " \t\n", "a|b|c"},
		{"a,b", "", "a,b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autorelease(strings_release) struct strings list = {0};

		strings_split(&list, cases[i].text, cases[i].separators);
		assert_joined(&list, cases[i].expected);
	}
}

static void test_contain_compares_whole_items(void **state)
{
	autorelease(strings_release) struct strings list = {0};

	(void)state;
	assert_false(strings_contain(&list, ""));
	strings_split(&list, "alpha,beta", ",");
	assert_true(strings_contain(&list, "beta"));
	assert_false(strings_contain(&list, "bet"));
	assert_false(strings_contain(&list, "betas"));
	assert_false(strings_contain(&list, ""));
}

static void test_values_of_keys(void **state)
{
	autorelease(strings_release) struct strings list = {0};

	(void)state;
	assert_null(strings_get_value(&list, "A"));
	strings_split(&list, "AB=no A=first B A=a=b C=", " ");
	assert_string_equal(strings_get_value(&list, "A"), "a=b");
	assert_string_equal(strings_get_value(&list, "C"), "");
	assert_null(strings_get_value(&list, "B"));
	assert_null(strings_get_value(&list, ""));
	strings_set_value(&list, "C", "3");
	strings_set_value(&list, "D", "4");
	strings_set_value(&list, "B", "");
	assert_joined(&list, "AB=no|A=first|B|A=a=b|C=3|D=4|B=");
}

static void test_text_grows(void **state)
{
	struct text text = {0};
	autofree char *data = NULL;

	(void)state;
	assert_string_equal(text_get(&text), "");
	for (int i = 0; i < 1000; i++)
		text_appendf(&text, "%d,", i % 10);
	text_append(&text, "");
	text_append_bytes(&text, "a\0b", 3);
	text_append_bytes(&text, NULL, 0);
	text_appendf(&text, "%s", "");
	assert_int_equal(text.length, 2003);
	assert_memory_equal(text.data + 1990, "5,6,7,8,9,a\0b", 14);
	data = text_steal(&text);
	assert_int_equal(strlen(data), 2001);
	assert_null(text.data);
	assert_int_equal(text.length, 0);
	text_append(&text, "new");
	assert_string_equal(text_get(&text), "new");
	text_release(&text);
	text_release(&text);
	free(steal_ptr(data));
	data = text_steal(&text);
	assert_string_equal(data, "");
}

static void test_text_takes_long_pieces(void **state)
{
	autorelease(text_release) struct text text = {0};
	autofree char *piece = xmalloc(100001);

	(void)state;
	memset(piece, 'x', 100000);
	piece[100000] = '\0';
	text_appendf(&text, "<%s>", piece);
	text_append(&text, piece);
	assert_int_equal(text.length, 200002);
	assert_int_equal(strlen(text_get(&text)), 200002);
	assert_int_equal(text.data[100001], '>');
}

static void test_text_of_numbers(void **state)
{
	autorelease(text_release) struct text text = {0};

	(void)state;
	text_append_number(&text, 0, 0);
	text_append_number(&text, UINT64_MAX, 3);
	text_append_number(&text, 120, 5);
	text_append_number(&text, 7, 100);
	assert_int_equal(text.length, 1 + 20 + 5 + 100);
	assert_memory_equal(text.data, "018446744073709551615  120   ", 29);
	assert_string_equal(text.data + text.length - 2, " 7");
	text_clear(&text);
	assert_string_equal(text_get(&text), "");
	assert_true(text.capacity > 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append_in_every_way),
		cmocka_unit_test(test_remove_keeps_the_order_and_the_end),
		cmocka_unit_test(test_split_leaves_empty_pieces_out),
		cmocka_unit_test(test_contain_compares_whole_items),
		cmocka_unit_test(test_values_of_keys),
		cmocka_unit_test(test_text_grows),
		cmocka_unit_test(test_text_takes_long_pieces),
		cmocka_unit_test(test_text_of_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
