/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the rules by which a container becomes healthy and unhealthy, and of health.json. */
#include "model/health.h"

#include "work.h"

#define SECOND INT64_C(1000000000)

static int set_up(void **state)
{
	work_set_up(state);
	work_make_directory("run/" WORK_ID);
	return 0;
}

static const struct spec_health check = {
	.command = (char *)"true", .interval_ms = 1000, .timeout_ms = 1000, .retries = 3, .start_period_ms = 10000};

/* A probe that began so many seconds after the start. */
static bool record(struct health *health, int second, int exit_code)
{
	struct health_result result = {.start_ns = second * SECOND, .end_ns = second * SECOND + 1, .exit_code = exit_code};

	return health_record(health, &check, 0, &result);
}

/* Each story is a string of results, one a second: '.' success, 'x' failure; behind it the status after each. */
static void test_transitions(void **state)
{
	static const struct {
		int first_second;
		const char *results, *statuses;
		int streak;
	} stories[] = {
		{20, "x", "s", 1},
		{20, "xx", "ss", 2},
		{20, "xxx", "ssu", 3},
		{20, "xxxx", "ssuu", 4},
		{20, ".", "h", 0},
		{20, "xx.", "ssh", 0},
		{20, ".xx.xx", "hhhhhh", 2},
		{20, ".xxx", "hhhu", 3},
		{20, "xxx.", "ssuh", 0},
		{20, "xxx.xxx", "ssuhhhu", 3},
		{0, "xxxxxxxxxx", "ssssssssss", 0},
		{0, "xxxxxxxxxxxxx", "ssssssssssssu", 3},
		{0, ".xxx", "hhhu", 3}, /* the first success ends the start period */
		{0, "xx.xxx", "sshhhu", 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
		struct health health = {0};
		int before = HEALTH_STARTING;

		for (int j = 0; stories[i].results[j]; j++) {
			bool has_changed = record(&health, stories[i].first_second + j, stories[i].results[j] == 'x');

			if ("shu"[health.status] != stories[i].statuses[j])
				fail_msg("%s: after %d it is %s", stories[i].results, j + 1,
					 health_status_names[health.status]);
			assert_int_equal(has_changed, health.status != before);
			before = health.status;
		}
		assert_int_equal(health.failing_streak, stories[i].streak);
		health_release(&health);
	}
}

static void test_the_log_keeps_five(void **state)
{
	struct health health = {0};

	(void)state;
	for (int i = 0; i < 12; i++)
		record(&health, 20 + i, i);
	assert_int_equal(health.log.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(health.log.items[i].exit_code, 7 + i);
	health_release(&health);
}

static void assert_output(char *output, size_t length, const char *end)
{
	struct health health = {0};
	struct health_result result = {.output = output};
	const char *kept;

	health_record(&health, &check, 0, &result);
	kept = health.log.items[0].output;
	assert_int_equal(strlen(kept), length);
	assert_string_equal(kept + length - strlen(end), end);
	health_release(&health);
}

static void test_output_is_cut_between_characters(void **state)
{
	autofree char *text = xmalloc(HEALTH_OUTPUT_MAX + 100);

	(void)state;
	memset(text, 'x', HEALTH_OUTPUT_MAX + 99);
	text[HEALTH_OUTPUT_MAX] = '\0';
	assert_output(text, HEALTH_OUTPUT_MAX, "xx");
	text[HEALTH_OUTPUT_MAX] = 'x';
	text[HEALTH_OUTPUT_MAX + 99] = '\0';
	assert_output(text, HEALTH_OUTPUT_MAX + 3, "x...");
	memcpy(text + HEALTH_OUTPUT_MAX - 1, "\303\244", 2);
	assert_output(text, HEALTH_OUTPUT_MAX + 2, "x...");
	memset(text, 0x80, HEALTH_OUTPUT_MAX + 99); /* no UTF-8 at all */
	assert_output(text, HEALTH_OUTPUT_MAX - 1, "...");
}

static void test_it_comes_back_from_its_file(void **state)
{
	struct health health = {0}, again;
	struct error err = {0};

	(void)state;
	assert_int_equal(health_load(WORK_ID, &again, &err), 0);
	assert_int_equal(again.status, HEALTH_STARTING);
	record(&health, 20, 0);
	record(&health, 21, 4);
	assert_int_equal(health_save(WORK_ID, &health, &err), 0);
	assert_int_equal(health_load(WORK_ID, &again, &err), 0);
	assert_int_equal(again.status, HEALTH_HEALTHY);
	assert_int_equal(again.failing_streak, 1);
	assert_int_equal(again.log.count, 2);
	assert_int_equal(again.log.items[1].exit_code, 4);
	assert_true(again.log.items[1].start_ns == 21 * SECOND);
	health_release(&health);
	health_release(&again);
	work_write("run/" WORK_ID "/health.json", "{\"status\":\"fine\"}");
	assert_int_equal(health_load(WORK_ID, &again, &err), -EINVAL);
	assert_non_null(strstr(err.message, "health.json: status: expected one of starting, healthy, unhealthy"));
	assert_int_equal(again.log.count, 0);
}

static void test_values_of_a_check(void **state)
{
	static const struct {
		struct spec_health health;
		const char *message;
	} bad[] = {
		{{.command = (char *)""}, "command: it is empty"},
		{{(char *)"x", 999, 1000, 0, 1, false}, "interval_ms: 999"},
		{{(char *)"x", INT64_MAX, 1000, 0, 1, false}, "interval_ms: 9223372036854775807"},
		{{(char *)"x", 1000, 0, 0, 1, false}, "timeout_ms: 0"},
		{{(char *)"x", 1000, 600001, 0, 1, false}, "timeout_ms: 600001"},
		{{(char *)"x", 1000, 1000, -1, 1, false}, "start_period_ms: -1"},
		{{(char *)"x", 1000, 1000, 0, 0, false}, "retries: 0"},
	};
	const struct spec_health none = {0};

	(void)state;
	assert_int_equal(spec_health_check(&none, NULL), 0);
	assert_int_equal(spec_health_check(&check, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};

		assert_true(spec_health_check(&bad[i].health, &err) < 0);
		assert_true(strncmp(err.message, bad[i].message, strlen(bad[i].message)) == 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transitions),
		cmocka_unit_test(test_the_log_keeps_five),
		cmocka_unit_test(test_output_is_cut_between_characters),
		cmocka_unit_test_setup_teardown(test_it_comes_back_from_its_file, set_up, work_tear_down),
		cmocka_unit_test(test_values_of_a_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
