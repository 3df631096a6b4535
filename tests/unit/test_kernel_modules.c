/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of KERNEL_MODULES: which lists of names there are. */
#include "model/kernel_modules.h"

#include "work.h"

static void test_lists(void **state)
{
	static const struct {
		const char *list, *names;
	} good[] = {
		{"", ""}, {"ip_vs", "ip_vs"}, {"a,b-c,D_9", "a b-c D_9"}, {"_x", "_x"}, {"a,a", "a a"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		autorelease(strings_release) struct strings names = {0};
		autofree char *joined = NULL;

		assert_int_equal(kernel_modules_parse(good[i].list, &names, NULL), 0);
		joined = strings_join(&names, " ");
		assert_string_equal(joined, good[i].names);
	}
}

static void test_bad_names(void **state)
{
	static const char *const bad[] = {
		",",    "a,",   ",a",       "a,,b",
		"-r",   "-r,x", "a,-r",     "a b",
		"a,b ", "a=1",  "a;b",      "a\nb",
		"../a", "a.ko", "\303\244", "a23456789012345678901234567890123456789012345678901234567", /* 57 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct strings names = {0};
		struct error err = {0};

		if (kernel_modules_parse(bad[i], &names, &err) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(names.count, 0);
		assert_non_null(strstr(err.message, "is no name of a kernel module"));
	}
}

static void test_how_many(void **state)
{
	autorelease(strings_release) struct strings list = {0}, names = {0};
	autofree char *most = NULL, *more = NULL;

	(void)state;
	for (int i = 0; i < KERNEL_MODULES_MAX; i++)
		strings_appendf(&list, "m%d", i);
	most = strings_join(&list, ",");
	assert_int_equal(kernel_modules_parse(most, &names, NULL), 0);
	assert_int_equal(names.count, KERNEL_MODULES_MAX);
	more = xasprintf("%s,x", most);
	assert_int_equal(kernel_modules_parse(more, &list, NULL), -E2BIG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_how_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
