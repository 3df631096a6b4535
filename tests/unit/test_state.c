/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of state.json, which is always there, and boot.json, which may be. */
#include "model/state.h"

#include "work.h"

#define STATE_FILE "root/containers/" WORK_ID "/state.json"
#define BOOT_FILE  "run/" WORK_ID "/boot.json"

static int set_up(void **state)
{
	work_set_up(state);
	work_make_directory("root/containers/" WORK_ID);
	work_make_directory("run/" WORK_ID);
	return 0;
}

static void test_state_comes_back(void **state)
{
	struct state saved = {
		.was_started = true,
		.should_run = true,
		.was_stopped_by_user = true,
		.exit_code = 137,
		.reason = (char *)"killed",
		.error = (char *)"a \"reason\"\n",
		.restart_count = 5,
		.failures = 2,
		.started_ns = 1732241430123456789,
		.finished_ns = INT64_MAX,
		.was_out_of_memory = true,
	};
	struct state loaded;

	(void)state;
	assert_int_equal(state_save(WORK_ID, &saved, NULL), 0);
	assert_int_equal(saved.version, 0);
	assert_int_equal(state_load(WORK_ID, &loaded, NULL), 0);
	assert_int_equal(loaded.version, STATE_VERSION);
	assert_true(loaded.was_started && loaded.should_run && loaded.was_stopped_by_user && loaded.was_out_of_memory);
	assert_int_equal(loaded.exit_code, 137);
	assert_string_equal(loaded.reason, "killed");
	assert_string_equal(loaded.error, "a \"reason\"\n");
	assert_int_equal(loaded.restart_count, 5);
	assert_int_equal(loaded.failures, 2);
	assert_true(loaded.started_ns == saved.started_ns && loaded.finished_ns == INT64_MAX);
	state_release(&loaded);
	state_release(&loaded);
}

static void test_a_first_state_is_all_zero(void **state)
{
	static const struct state first;
	struct state loaded;

	(void)state;
	assert_int_equal(state_save(WORK_ID, &first, NULL), 0);
	assert_int_equal(state_load(WORK_ID, &loaded, NULL), 0);
	loaded.version = 0;
	assert_memory_equal(&loaded, &first, sizeof(first));
}

static void test_boot_comes_back_or_is_absent(void **state)
{
	struct boot saved = {
		.phase = BOOT_PAUSED,
		.is_ready = true,
		.init = {.pid = 4711, .start_time = UINT64_MAX},
		.keeper = {.pid = 4710, .start_time = 5},
		.init_kind = (char *)"systemd",
		.started_ns = 7,
	};
	struct boot loaded;
	bool is_there = true;

	(void)state;
	assert_int_equal(boot_load(WORK_ID, &loaded, &is_there, NULL), 0);
	assert_false(is_there);
	assert_int_equal(loaded.init.pid, 0);
	is_there = true;
	assert_int_equal(boot_load("no-such-directory", &loaded, &is_there, NULL), 0);
	assert_false(is_there);
	assert_int_equal(boot_save(WORK_ID, &saved, NULL), 0);
	assert_int_equal(boot_load(WORK_ID, &loaded, &is_there, NULL), 0);
	assert_true(is_there);
	assert_int_equal(loaded.phase, BOOT_PAUSED);
	assert_true(loaded.is_ready);
	assert_int_equal(boot_process_id(&loaded.init).pid, 4711);
	assert_true(boot_process_id(&loaded.init).start_time == UINT64_MAX);
	assert_int_equal(loaded.keeper.pid, 4710);
	assert_string_equal(loaded.init_kind, "systemd");
	boot_release(&loaded);
}

static void test_every_phase_has_its_word(void **state)
{
	(void)state;
	for (int phase = 0; phase <= BOOT_PAUSED; phase++) {
		struct boot saved = {.phase = phase}, loaded;
		bool is_there;

		assert_int_equal(boot_save(WORK_ID, &saved, NULL), 0);
		assert_int_equal(boot_load(WORK_ID, &loaded, &is_there, NULL), 0);
		assert_int_equal(loaded.phase, phase);
	}
	assert_null(boot_phase_names[BOOT_PAUSED + 1]);
}

static void assert_names(const struct error *err, int r, const char *file, const char *message)
{
	autofree char *expected = xasprintf("%s: %s", work_path(file), message);

	assert_true(r < 0);
	assert_int_equal(err->code, r);
	if (!strstr(err->message, expected))
		fail_msg("\"%s\" does not say \"%s\"", err->message, expected);
}

static void test_bad_files_are_named_with_the_key(void **state)
{
	static const struct {
		const char *file, *text, *message;
	} bad[] = {
		{STATE_FILE, "\"text\"", "expected an object, found a string"},
		{STATE_FILE, "{\"exit_code\":\"0\"}", "exit_code: expected an integer of 32 bits, found a string"},
		{STATE_FILE, "{\"exit_code\":4294967296}", "exit_code: expected an integer of 32 bits, found 4294967296"},
		{STATE_FILE, "{\"was_started\":\"yes\"}", "was_started: expected true or false, found a string"},
		{STATE_FILE, "{\"started_ns\":1.5}", "started_ns: expected an integer of 64 bits, found 1.5"},
		{STATE_FILE, "{\"reason\":[]}", "reason: expected a string, found an array"},
		{BOOT_FILE, "[]", "expected an object, found an array"},
		{BOOT_FILE, "{\"phase\":\"asleep\"}",
		 "phase: expected one of starting, running, ready, stopping, restarting, paused, found \"asleep\""},
		{BOOT_FILE, "{\"phase\":1}", "phase: expected a word, found a number"},
		{BOOT_FILE, "{\"init\":{\"pid\":true}}", "init.pid: expected an integer of 32 bits, found a boolean"},
		{BOOT_FILE, "{\"init\":5}", "init: expected an object, found a number"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};
		struct state loaded;
		struct boot boot;
		bool is_there = true;
		int r;

		work_write(bad[i].file, bad[i].text);
		r = strcmp(bad[i].file, STATE_FILE) == 0 ? state_load(WORK_ID, &loaded, &err)
							 : boot_load(WORK_ID, &boot, &is_there, &err);
		assert_names(&err, r, bad[i].file, bad[i].message);
		assert_int_equal(is_there, strcmp(bad[i].file, STATE_FILE) == 0);
	}
}

static void test_truncated_or_missing(void **state)
{
	static const char *const cut[] = {"", "{", "{\"version\":1", "{\"reason\":\"kil", "{\"version\":1}}"};
	struct error err = {0};
	struct state loaded;

	(void)state;
	assert_int_equal(state_load(WORK_ID, &loaded, &err), -ENOENT);
	assert_non_null(strstr(err.message, work_path(STATE_FILE)));
	for (size_t i = 0; i < ARRAY_SIZE(cut); i++) {
		struct boot boot;
		bool is_there;

		work_write(STATE_FILE, cut[i]);
		assert_true(state_load(WORK_ID, &loaded, &err) < 0);
		assert_non_null(strstr(err.message, work_path(STATE_FILE)));
		work_write(BOOT_FILE, cut[i]);
		assert_true(boot_load(WORK_ID, &boot, &is_there, &err) < 0);
		assert_non_null(strstr(err.message, work_path(BOOT_FILE)));
		assert_false(is_there);
	}
}

static void test_keys_of_a_newer_version_are_skipped(void **state)
{
	struct state loaded;

	(void)state;
	work_write(STATE_FILE, "{\"version\":1,\"exit_code\":3,\"mood\":{\"is\":\"good\"}}");
	assert_int_equal(state_load(WORK_ID, &loaded, NULL), 0);
	assert_int_equal(loaded.exit_code, 3);
	state_release(&loaded);
}

int main(void)
{
#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, work_tear_down)
	static const struct CMUnitTest tests[] = {
		FILE_TEST(test_state_comes_back),
		FILE_TEST(test_a_first_state_is_all_zero),
		FILE_TEST(test_boot_comes_back_or_is_absent),
		FILE_TEST(test_every_phase_has_its_word),
		FILE_TEST(test_bad_files_are_named_with_the_key),
		FILE_TEST(test_truncated_or_missing),
		FILE_TEST(test_keys_of_a_newer_version_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
