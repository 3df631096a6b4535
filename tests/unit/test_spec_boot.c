/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of who comes up with the host, and where cgroups lie. */
#include "model/spec_boot.h"

#include "model/spec.h"
#include "model/state.h"
#include "work.h"

static void test_who_is_due(void **test)
{
	static const struct {
		enum spec_restart policy;
		bool is_enabled, was_started, was_stopped_by_user, should_run, is_due;
	} rows[] = {
		{SPEC_RESTART_NO, .is_due = false},
		{SPEC_RESTART_NO, .is_enabled = true, .is_due = true},
		{SPEC_RESTART_NO, .is_enabled = true, .was_started = true, .was_stopped_by_user = true, .is_due = true},
		{SPEC_RESTART_NO, .was_started = true, .should_run = true, .is_due = false},
		{SPEC_RESTART_ON_REBOOT, .was_started = true, .should_run = true, .is_due = false},
		{SPEC_RESTART_ON_FAILURE, .was_started = true, .is_due = false},
		{SPEC_RESTART_ON_FAILURE, .was_started = true, .should_run = true, .is_due = true},
		{SPEC_RESTART_ALWAYS, .is_due = false},
		{SPEC_RESTART_ALWAYS, .was_started = true, .was_stopped_by_user = true, .is_due = true},
		{SPEC_RESTART_UNLESS_STOPPED, .is_due = false},
		{SPEC_RESTART_UNLESS_STOPPED, .was_started = true, .is_due = true},
		{SPEC_RESTART_UNLESS_STOPPED, .was_started = true, .should_run = true, .is_due = true},
		{SPEC_RESTART_UNLESS_STOPPED, .was_started = true, .was_stopped_by_user = true, .is_due = false},
	};

	(void)test;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec spec = {.restart = {.name = rows[i].policy}, .boot = {.is_enabled = rows[i].is_enabled}};
		struct state state = {
			.was_started = rows[i].was_started,
			.was_stopped_by_user = rows[i].was_stopped_by_user,
			.should_run = rows[i].should_run,
		};

		if (spec_boot_is_due(&spec, &state) != rows[i].is_due)
			fail_msg("row %zu, policy %s", i, spec_restart_names[rows[i].policy]);
	}
}

static void test_bounds(void **test)
{
	(void)test;
	assert_int_equal(spec_boot_check(&(struct spec_boot){0}, NULL), 0);
	assert_int_equal(spec_boot_check(&(struct spec_boot){.order = -SPEC_BOOT_MAX_ORDER,
							     .delay_ms = SPEC_BOOT_MAX_DELAY_MS},
					 NULL),
			 0);
	assert_int_equal(spec_boot_check(&(struct spec_boot){.order = SPEC_BOOT_MAX_ORDER + 1}, NULL), -ERANGE);
	assert_int_equal(spec_boot_check(&(struct spec_boot){.delay_ms = -1}, NULL), -ERANGE);
	assert_int_equal(spec_boot_check(&(struct spec_boot){.delay_ms = INT64_MAX}, NULL), -ERANGE);
}

static void test_cgroups(void **test)
{
	struct spec plain = {.id = (char *)"42", .cgroup_parent = (char *)"/syscontainer"};
	struct spec sliced = {.id = (char *)"42", .cgroup_parent = (char *)"a-b.slice"};
	autofree char *first = spec_cgroup(&plain), *second = spec_cgroup(&sliced);

	(void)test;
	assert_false(spec_has_slice(&plain));
	assert_string_equal(first, "/syscontainer/42");
	assert_true(spec_has_slice(&sliced));
	assert_string_equal(second, "/a.slice/a-b.slice/syscontainer-42.scope/42");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_due),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
