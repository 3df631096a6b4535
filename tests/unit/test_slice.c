/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the names of slices and their cgroups. */
#include "model/slice.h"

#include "work.h"

static void test_names(void **state)
{
	static const struct {
		const char *name, *cgroup; /* NULL: refused */
	} rows[] = {
		{"machine.slice", "/machine.slice"},
		{"a-b.slice", "/a.slice/a-b.slice"},
		{"a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"},
		{"a_b:c.d.slice", "/a_b:c.d.slice"},
		{"a.slice.slice", "/a.slice.slice"},
		{"-.slice", ""},
		{".slice", NULL},
		{"--.slice", NULL},
		{"-a.slice", NULL},
		{"a-.slice", NULL},
		{"a--b.slice", NULL},
		{"a b.slice", NULL},
		{"a\n.slice", NULL},
		{"a\\x2d.slice", NULL},
		{"a%.slice", NULL},
		{"a@b.slice", NULL},
		{"\xc3\xa4.slice", NULL},
		{"../a.slice", NULL},
		{"/a.slice", NULL},
		{"a/b.slice", NULL},
		{"a.service", NULL},
		{"slice", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int r = slice_check(rows[i].name, &err);
		autofree char *cgroup = r == 0 ? slice_cgroup(rows[i].name) : NULL;

		if ((r == 0) != (rows[i].cgroup != NULL))
			fail_msg("\"%s\": %d %s", rows[i].name, r, err.message);
		if (cgroup)
			assert_string_equal(cgroup, rows[i].cgroup);
	}
}

static void test_length(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	strcpy(name + 255 - 6, ".slice");
	assert_int_equal(slice_check(name, NULL), 0);
	memset(name, 'a', sizeof(name));
	strcpy(name + 256 - 6, ".slice");
	assert_int_equal(slice_check(name, NULL), -EINVAL);
}

static void test_what_is_meant(void **state)
{
	(void)state;
	assert_true(slice_is_meant("a.slice"));
	assert_true(slice_is_meant("a b.slice"));
	assert_false(slice_is_meant("/a.slice"));
	assert_false(slice_is_meant("below/a.slice"));
	assert_false(slice_is_meant("a.slices"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_what_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
