/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of `syscontainer check`: known problems of kernels, and the count of guests. */
#include "syscontainer/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static void test_kernel_problems(void **state)
{
	static const struct {
		const char *release, *problem;
	} rows[] = {
		{"6.18.0", NULL},
		{"6.8.0-31-generic", NULL},
		{"6.7.2", "CVE-2024-1086"},
		{"6.7.3", NULL},
		{"6.6.15", NULL},
		{"6.5.13", "CVE-2024-1086"},
		{"6.1.76-1", NULL},
		{"6.1.9", "CVE-2024-1086"},
		{"6.1.0-17-amd64", "CVE-2023-0386"},
		{"5.15.15", "CVE-2022-0185"},
		{"5.10.210", NULL},
		{"5.17", "CVE-2023-0386"},
		{"4.19.300", "CVE-2024-1086"},
		{"no version", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(text_release) struct text out = {0};
		bool has_any = check_kernel_problems(rows[i].release, &out);

		if (has_any != (rows[i].problem != NULL) || (has_any && !strstr(text_get(&out), rows[i].problem)))
			fail_msg("%s: %s", rows[i].release, text_get(&out));
	}
}

static void test_count(void **state)
{
	const struct check_supply supply = {.per_guest = 8};

	(void)state;
	assert_true(check_count_guests(&supply, 128, 0) == 16);
	assert_true(check_count_guests(&supply, 128, 121) == 0);
	assert_true(check_count_guests(&supply, 128, 120) == 1);
	assert_true(check_count_guests(&supply, 128, 500) == 0);
	assert_true(check_count_guests(&supply, UINT64_MAX, 7) == UINT64_MAX);
}

/* What no host may lack: each row says something and leaves no descriptor open. */
static void test_probes(void **state)
{
	int before = dup(0), after;

	(void)state;
	assert_true(before >= 0);
	close(before);
	for (const struct check_feature *feature = check_features; feature->name; feature++) {
		autorelease(text_release) struct text detail = {0};

		feature->probe(&detail);
		if (!detail.length || strchr(text_get(&detail), '\n'))
			fail_msg("%s says \"%s\"", feature->name, text_get(&detail));
	}
	for (const struct check_supply *supply = check_supplies; supply->name; supply++) {
		uint64_t limit = 0, used = 0;

		assert_true(supply->per_guest > 0);
		supply->measure(&limit, &used, NULL);
	}
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_problems),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
