/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of environment files: what counts as a line, what joins, and that a merge changes nothing but what was given. */
#include "model/environment_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

#define BYTES(text) text, sizeof(text) - 1

static struct strings make_list(const char *items)
{
	struct strings list = {0};

	strings_split(&list, items, "|");
	return list;
}

static void test_parse(void **state)
{
	autorelease(strings_release) struct strings items = {0};
	autofree char *joined = NULL;
	struct error err = {0};

	(void)state;
	assert_int_equal(environment_file_parse(BYTES("# a comment\n\n  \t\nA=1\n  B = 2\n"), &items, &err), -EINVAL);
	assert_string_equal(err.message, "line 5: it is neither KEY=VALUE nor KEY nor a # comment");
	strings_release(&items);
	assert_int_equal(environment_file_parse(BYTES("\tA=1 # no comment\nIMPORT\nQ=\"q\"\nE=\nA=x=y\r"), &items, &err), 0);
	joined = strings_join(&items, "|");
	assert_string_equal(joined, "A=1 # no comment|IMPORT|Q=\"q\"|E=|A=x=y\r");
}

static void test_invalid_lines(void **state)
{
	static const struct {
		const char *data;
		size_t length;
	} rows[] = {
		{BYTES("=value")}, {BYTES("a b=c")},  {BYTES("A=1\0B=2")}, {BYTES("A\x01=1")},
		{BYTES("A=\xff")}, {BYTES("\x7f=1")}, {BYTES("A\0")},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(strings_release) struct strings items = {0}, none = {0};
		autorelease(text_release) struct text out = {0};
		struct error err = {0};

		assert_int_equal(environment_file_parse(rows[i].data, rows[i].length, &items, &err), -EINVAL);
		assert_non_null(strstr(err.message, "line 1: "));
		/* A guest's file may have them: they do not count, and they stay. */
		strings_release(&items);
		assert_int_equal(environment_file_join(rows[i].data, rows[i].length, &none, &items, &err), 0);
		assert_int_equal(items.count, 0);
		environment_file_merge(rows[i].data, rows[i].length, &none, &out);
		assert_int_equal(out.length, rows[i].length);
		assert_memory_equal(out.data, rows[i].data, out.length);
	}
}

static void test_join(void **state)
{
	autorelease(strings_release) struct strings given = make_list("A=given"), items = {0};
	autofree char *joined = NULL;

	(void)state;
	assert_int_equal(environment_file_join(BYTES("A=file\nB=1\nBARE\nno good=1\nC=2\nB=3\nAB=4"), &given, &items, NULL),
			 0);
	joined = strings_join(&items, "|");
	assert_string_equal(joined, "C=2|B=3|AB=4");
}

static void test_join_limits(void **state)
{
	autorelease(strings_release) struct strings none = {0}, items = {0};
	autorelease(text_release) struct text data = {0};
	struct error err = {0};

	(void)state;
	text_appendf(&data, "A=1\nLONG=%0*d\n", ENVIRONMENT_FILE_MAX_ENTRY - 5, 0);
	assert_int_equal(environment_file_join(data.data, data.length, &none, &items, &err), 0);
	data.data[data.length - 1] = '0';
	assert_int_equal(environment_file_join(data.data, data.length, &none, &items, &err), -E2BIG);
	assert_string_equal(err.message, "line 2: it is longer than 4096 bytes");
	strings_release(&items);
	text_release(&data);
	for (int i = 0; i <= ENVIRONMENT_FILE_MAX_COUNT; i++)
		text_appendf(&data, "K%d=\n", i);
	assert_int_equal(environment_file_join(data.data, data.length, &none, &items, &err), -E2BIG);
	assert_non_null(strstr(err.message, "line 4097: "));
}

static void test_merge(void **state)
{
	static const struct {
		const char *file, *given, *merged;
	} rows[] = {
		{"", "A=1", "A=1\n"},
		{"A=0\n", "A=1", "A=1\n"},
		{"A=0", "A=1", "A=1"},
		{"B=2", "A=1", "B=2\nA=1\n"},
		{"# A=0\n\nA=0\nbad line\nA=9\n B=x\n", "A=1|C=3", "# A=0\n\nA=1\nbad line\nA=1\n B=x\nC=3\n"},
		{"  A=0\n", "A=1", "A=1\n"},
		{"AA=0\nA\n", "A=1", "AA=0\nA\nA=1\n"},
		{"A=1\r\n", "A=1", "A=1\n"},
		{"x\n", "", "x\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(strings_release) struct strings given = make_list(rows[i].given);
		autorelease(text_release) struct text out = {0}, again = {0};

		environment_file_merge(rows[i].file, strlen(rows[i].file), &given, &out);
		assert_string_equal(text_get(&out), rows[i].merged);
		environment_file_merge(out.data, out.length, &given, &again);
		assert_string_equal(text_get(&again), rows[i].merged);
	}
}

static void test_check(void **state)
{
	static const char *const bad[] = {"A=1\n2", "A B=1", "=1", "A", "#A=1", "A\t=1"};
	autorelease(strings_release) struct strings good = make_list("A=1|B= x y |C=|D=#"), longest = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(environment_file_check(&good, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autorelease(strings_release) struct strings given = {0};

		strings_append(&given, bad[i]);
		assert_int_equal(environment_file_check(&given, &err), -EINVAL);
	}
	strings_appendf(&longest, "A=%0*d", ENVIRONMENT_FILE_MAX_ENTRY - 2, 0);
	assert_int_equal(environment_file_check(&longest, &err), 0);
	strings_appendf(&longest, "B=%0*d", ENVIRONMENT_FILE_MAX_ENTRY - 1, 0);
	assert_int_equal(environment_file_check(&longest, &err), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),       cmocka_unit_test(test_invalid_lines), cmocka_unit_test(test_join),
		cmocka_unit_test(test_join_limits), cmocka_unit_test(test_merge),         cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
