/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the event loop: timers, descriptors, and sources that go away while their round runs. */
#include "base/loop.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

static struct loop *loop;
static struct text seen;
static struct loop_source *others[4];
static int pipes[4][2];

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	memset(others, 0, sizeof(others));
	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++)
		assert_int_equal(pipe2(pipes[i], O_CLOEXEC | O_NONBLOCK), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	text_release(&seen);
	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++) {
		close(pipes[i][0]);
		if (pipes[i][1] >= 0)
			close(pipes[i][1]);
	}
	return 0;
}

static void on_note(struct loop_source *source, uint32_t events, void *data)
{
	(void)source;
	(void)events;
	text_append(&seen, data);
}

static void on_stop(struct loop_source *source, uint32_t events, void *data)
{
	on_note(source, events, data);
	loop_stop(loop);
}

static void on_overdue(struct loop_source *source, uint32_t events, void *data)
{
	(void)source;
	(void)events;
	(void)data;
	fail_msg("a source ran that should not");
}

static void test_timers_fire_once_in_time(void **state)
{
	int64_t begin_ms = clock_monotonic_ms(), took_ms;

	(void)state;
	loop_add_timer(loop, 60, on_stop, "c");
	loop_add_timer(loop, 0, on_note, "a");
	loop_add_timer(loop, 30, on_note, "b");
	loop_add_timer(loop, 60000, on_overdue, NULL);
	loop_add_timer(loop, INT64_MAX, on_overdue, NULL);
	loop_run(loop);
	took_ms = clock_monotonic_ms() - begin_ms;
	assert_string_equal(text_get(&seen), "abc");
	assert_true(took_ms >= 59 && took_ms < 60000);
}

static void on_rearm(struct loop_source *source, uint32_t events, void *data)
{
	int *left = data;

	(void)events;
	loop_remove(source); /* it is removed already: no harm */
	text_append(&seen, ".");
	if (--*left)
		loop_add_timer(loop, 1, on_rearm, left);
	else
		loop_stop(loop);
}

static void test_a_timer_may_add_the_next(void **state)
{
	int left = 20;

	(void)state;
	loop_add_timer(loop, 0, on_rearm, &left);
	loop_run(loop);
	assert_int_equal(seen.length, 20);
}

static void on_remove_others(struct loop_source *source, uint32_t events, void *data)
{
	(void)events;
	(void)data;
	text_append(&seen, "1");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i] != source)
			loop_remove(others[i]);
	loop_remove(source);
	loop_remove(source);
	loop_remove(NULL);
	loop_set_events(source, EPOLLOUT); /* of a dead source: nothing */
	loop_add_timer(loop, 10, on_stop, "2");
}

/* All are ready in one round; whichever comes first removes itself and the rest. */
static void test_descriptors_removed_inside_a_callback(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		others[i] = loop_add(loop, pipes[i][0], EPOLLIN, on_remove_others, NULL);
	}
	loop_run(loop);
	assert_string_equal(text_get(&seen), "12");
}

static void test_timers_removed_inside_a_callback(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = loop_add_timer(loop, 0, on_remove_others, NULL);
	loop_run(loop);
	assert_string_equal(text_get(&seen), "12");
}

static void test_descriptors_and_timers_remove_each_other(void **state)
{
	(void)state;
	assert_int_equal(write(pipes[0][1], "x", 1), 1);
	others[0] = loop_add(loop, pipes[0][0], EPOLLIN, on_remove_others, NULL);
	others[1] = loop_add_timer(loop, 0, on_remove_others, NULL);
	loop_run(loop);
	assert_string_equal(text_get(&seen), "12");
}

/* The number of a closed descriptor comes back with the next open: the new source must not see the old one's events. */
static void on_replace(struct loop_source *source, uint32_t events, void *data)
{
	(void)events;
	(void)data;
	loop_remove(source);
	close(pipes[0][0]);
	pipes[0][0] = dup(pipes[1][0]);
	loop_add(loop, pipes[0][0], EPOLLIN, on_overdue, NULL);
	text_append(&seen, "r");
	loop_add_timer(loop, 20, on_stop, "s");
}

static void test_a_descriptor_may_be_replaced(void **state)
{
	(void)state;
	assert_int_equal(write(pipes[0][1], "x", 1), 1);
	loop_add(loop, pipes[0][0], EPOLLIN, on_replace, NULL);
	loop_run(loop);
	assert_string_equal(text_get(&seen), "rs");
}

static void on_events(struct loop_source *source, uint32_t events, void *data)
{
	(void)data;
	text_appendf(&seen, "%s%s ", events & EPOLLIN ? "in" : "", events & EPOLLHUP ? "hup" : "");
	if (events & EPOLLHUP) {
		loop_stop(loop);
		return;
	}
	loop_set_events(source, 0); /* still readable, but we look away; the hang-up is always told */
	close(pipes[0][1]);
	pipes[0][1] = -1;
}

static void test_events_are_set_and_a_hangup_is_told(void **state)
{
	(void)state;
	assert_int_equal(write(pipes[0][1], "x", 1), 1);
	loop_add(loop, pipes[0][0], EPOLLIN, on_events, NULL);
	loop_run(loop);
	assert_string_equal(text_get(&seen), "in hup ");
}

static void test_runs_again_after_a_stop(void **state)
{
	(void)state;
	loop_add_timer(loop, 0, on_stop, "a");
	loop_run(loop);
	loop_add_timer(loop, 0, on_stop, "b");
	loop_run(loop);
	assert_string_equal(text_get(&seen), "ab");
	loop_add(loop, pipes[0][0], EPOLLIN, on_overdue, NULL); /* what is left is the loop's to free */
	loop_free(NULL);
}

int main(void)
{
#define LOOP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		LOOP_TEST(test_timers_fire_once_in_time),
		LOOP_TEST(test_a_timer_may_add_the_next),
		LOOP_TEST(test_descriptors_removed_inside_a_callback),
		LOOP_TEST(test_timers_removed_inside_a_callback),
		LOOP_TEST(test_descriptors_and_timers_remove_each_other),
		LOOP_TEST(test_a_descriptor_may_be_replaced),
		LOOP_TEST(test_events_are_set_and_a_hangup_is_told),
		LOOP_TEST(test_runs_again_after_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
