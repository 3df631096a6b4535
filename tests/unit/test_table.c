/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of columns of text. */
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static void assert_print(const struct table *table, bool with_header, const char *expected)
{
	autofree char *printed = NULL;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	table_print(table, with_header, out);
	fclose(out);
	assert_string_equal(printed, expected);
}

static void test_layout(void **state)
{
	static const char *const headers[] = {"NAME", "ID", "STATUS"};
	static const char *const first[] = {"web", "0123456789ab", "Up 5 seconds"};
	static const char *const second[] = {"database", "1", ""};
	struct table *table = table_new(headers, 3);

	(void)state;
	assert_print(table, true, "NAME   ID   STATUS\n");
	assert_print(table, false, "");
	table_append(table, first);
	assert_print(table, false, "web   0123456789ab   Up 5 seconds\n");
	table_append(table, second);
	assert_print(table, true,
		     "NAME       ID             STATUS\n"
		     "web        0123456789ab   Up 5 seconds\n"
		     "database   1              \n");
	table_free(table);
	table_free(NULL);
}

static void test_characters(void **state)
{
	static const char *const headers[] = {"A", "B"};
	/* An escape, a newline, a C1 control, a lone byte, an overlong slash, a surrogate, a cut sequence. */
	static const char *const cells[] = {"\033[2J\nx\177", "\xc2\x9b|\x9b|\xc0\xaf|\xed\xa0\x80|\xe2\x82"};
	static const char *const umlaut[] = {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7", NULL};
	struct table *table = table_new(headers, 2);

	(void)state;
	table_append(table, cells);
	table_append(table, umlaut);
	assert_print(table, true,
		     "A         B\n"
		     "?[2J?x?   ?|?|??|???|??\n"
		     "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7    \n");
	table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
