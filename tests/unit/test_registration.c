/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of how the proc view notes guests down. */
#include "lxcfs/registration.h"

#include "work.h"

static void fill(struct registration *registration, const char *id)
{
	struct process_id own;

	assert_int_equal(procfs_identify(getpid(), &own, NULL), 0);
	registration->id = xstrdup(id);
	registration->name = xstrdup("web");
	registration->cgroup = xstrdup("/syscontainer/abc");
	registration->init = (struct registration_process){.pid = own.pid, .start_time = own.start_time};
	registration->shows_quota = true;
}

static void test_comes_back(void **state)
{
	autorelease(registration_release) struct registration saved = {0}, loaded = {0};
	autorelease(strings_release) struct strings ids = {0};

	(void)state;
	fill(&saved, "abc");
	assert_int_equal(registration_save(&saved, NULL), 0);
	assert_int_equal(registration_load("abc", &loaded, NULL), 0);
	assert_int_equal(loaded.slot, saved.slot);
	assert_string_equal(loaded.name, "web");
	assert_string_equal(loaded.cgroup, "/syscontainer/abc");
	assert_true(loaded.shows_quota);
	assert_true(registration_is_alive(&loaded));
	loaded.init.start_time++;
	assert_false(registration_is_alive(&loaded));
	assert_int_equal(registration_list(&ids, NULL), 0);
	assert_int_equal(ids.count, 1);
	assert_string_equal(ids.items[0], "abc");
	assert_int_equal(registration_remove("abc", NULL), 0);
	assert_int_equal(registration_remove("abc", NULL), 0);
}

/* An inode number must never come to mean another guest. */
static void test_slots_are_never_given_twice(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 5; i++) {
		autorelease(registration_release) struct registration registration = {0};

		fill(&registration, "abc");
		assert_int_equal(registration_save(&registration, NULL), 0);
		assert_true(registration.slot > last);
		last = registration.slot;
		assert_int_equal(registration_remove("abc", NULL), 0);
	}
}

static void test_ids_that_are_paths(void **state)
{
	static const char *const ids[] = {"", "..", "../x", "/etc/passwd", "a/b", ".last-slot"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		autorelease(registration_release) struct registration registration = {0};
		struct registration loaded = {0};
		struct error error = {0};

		fill(&registration, ids[i]);
		assert_int_equal(registration_save(&registration, &error), -EINVAL);
		assert_int_equal(registration_load(ids[i], &loaded, &error), -EINVAL);
		assert_int_equal(registration_remove(ids[i], &error), -EINVAL);
	}
}

static void test_a_damaged_file_is_named(void **state)
{
	struct registration registration = {0};
	struct error error = {0};

	(void)state;
	work_make_directory("run/lxcfs/guests");
	assert_int_equal(file_replace(AT_FDCWD, work_path("run/lxcfs/guests/bad"), "{\"version\":1", 12, 0600, NULL), 0);
	assert_true(registration_load("bad", &registration, &error) < 0);
	assert_non_null(strstr(error.message, "run/lxcfs/guests/bad"));
	assert_int_equal(registration_load("absent", &registration, &error), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_comes_back, work_set_up, work_tear_down),
		cmocka_unit_test_setup_teardown(test_slots_are_never_given_twice, work_set_up, work_tear_down),
		cmocka_unit_test_setup_teardown(test_ids_that_are_paths, work_set_up, work_tear_down),
		cmocka_unit_test_setup_teardown(test_a_damaged_file_is_named, work_set_up, work_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
