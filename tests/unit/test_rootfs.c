/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of what is found out about a tree before it is booted. */
#include "container/rootfs.h"

#include "work.h"

/* Whoever runs the tests owns what they make, and cannot give it away: so the ids of the map move, and not those of the files. */
static struct spec_idmap map_at(uint64_t first)
{
	return (struct spec_idmap){.uid = first, .gid = getgid() + first - getuid(), .size = 1000};
}

static void test_a_tree_is_plain_or_chowned(void **state)
{
	struct spec_idmap none = {0}, mine = map_at(getuid()), plain = map_at((uint64_t)getuid() + 5000);
	bool is_chowned = true;
	struct error err = {0};

	(void)state;
	plain.size = UINT32_MAX - plain.uid - plain.gid;
	work_make_directory("tree");
	work_make_directory("tree/etc");
	assert_int_equal(rootfs_find_owner(work_path("tree"), &none, &is_chowned, &err), 0);
	assert_false(is_chowned);
	assert_int_equal(rootfs_find_owner(work_path("tree"), &plain, &is_chowned, &err), 0);
	assert_false(is_chowned);
	assert_int_equal(rootfs_find_owner(work_path("tree"), &mine, &is_chowned, &err), 0);
	assert_true(is_chowned);
}

/* Only root can make these. */
static void test_owners_that_fit_nothing(void **state)
{
	const struct spec_idmap map = {.uid = 300000, .gid = 300000, .size = 65536};
	bool is_chowned = false;
	struct error err = {0};

	(void)state;
	if (getuid() != 0)
		skip();
	work_make_directory("tree");
	work_make_directory("tree/usr");
	assert_int_equal(chown(work_path("tree"), 300000, 300000), 0);
	assert_int_equal(rootfs_find_owner(work_path("tree"), &map, &is_chowned, &err), -EINVAL);
	assert_non_null(strstr(err.message, "half chowned: / belongs to 300000:300000, /usr does not"));
	assert_int_equal(chown(work_path("tree/usr"), 300000, 300000), 0);
	assert_int_equal(rootfs_find_owner(work_path("tree"), &map, &is_chowned, &err), 0);
	assert_true(is_chowned);
	assert_int_equal(chown(work_path("tree"), 400000, 400000), 0);
	assert_int_equal(rootfs_find_owner(work_path("tree"), &map, &is_chowned, &err), -EINVAL);
	assert_non_null(strstr(err.message, "/ of the root file system"));
	assert_non_null(strstr(err.message, "belongs to 400000:400000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_tree_is_plain_or_chowned, work_set_up, work_tear_down),
		cmocka_unit_test_setup_teardown(test_owners_that_fit_nothing, work_set_up, work_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
