/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the event file: what is written comes back, from many writers, through rotation, and while it grows. */
#include "model/event.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static char *work, *file, *older_file;

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	work = xasprintf("%s/test_event.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(work));
	setenv("SYSCONTAINER_ROOT", work, 1);
	setenv("SYSCONTAINER_RUN", work, 1);
	file = xasprintf("%s/events.jsonl", work);
	older_file = xasprintf("%s.1", file);
	return 0;
}

static int tear_down(void **state)
{
	struct error err = {0};

	(void)state;
	if (file_remove_tree(AT_FDCWD, work, &err) < 0)
		print_error("%s\n", err.message);
	free(work);
	free(file);
	free(older_file);
	return err.code;
}

static int64_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

struct seen {
	struct text text; /* "ID NAME ACTION ATTRIBUTES;" each */
	int count, stop_at;
	int64_t last_ns;
};

static int see(const struct event *event, void *data)
{
	struct seen *seen = data;
	autofree char *attributes = strings_join(&event->attributes, " ");

	text_appendf(&seen->text, "%s %s %s %s;", event->id, event->name, event->action, attributes);
	seen->last_ns = event->time_ns;
	return ++seen->count == seen->stop_at;
}

static struct seen read_all(int stop_at)
{
	struct seen seen = {.stop_at = stop_at};
	struct error err = {0};

	if (event_read(see, &seen, &err) < 0)
		fail_msg("%s", err.message);
	return seen;
}

static void gives_back_what_was_logged(void **state)
{
	int64_t before_ns = clock_real_ns();
	struct seen seen = read_all(0);

	(void)state;
	assert_int_equal(seen.count, 0);
	event_log("id1", "web", "create", "%s", "");
	event_log("id1", "web", "die", "pid=%d exitCode=%d", 12, 137);
	event_log("id2", NULL, "exec_start: ls \"-l\"", "label=a=b");
	seen = read_all(0);
	assert_string_equal(seen.text.data,
			    "id1 web create ;id1 web die pid=12 exitCode=137;id2  exec_start: ls \"-l\" label=a=b;");
	assert_true(seen.last_ns >= before_ns && seen.last_ns <= clock_real_ns());
	text_release(&seen.text);
	seen = read_all(2);
	assert_int_equal(seen.count, 2);
	text_release(&seen.text);
}

static void nothing_can_be_logged_without_a_directory(void **state)
{
	struct seen seen;

	(void)state;
	setenv("SYSCONTAINER_RUN", "/nonexistent/run", 1);
	event_log("id", "name", "start", "%s", "");
	seen = read_all(0);
	assert_int_equal(seen.count, 0);
}

static void skips_what_is_no_event(void **state)
{
	static const char content[] =
		"rubbish\n{}\n[]\n\n{\"time_ns\":\"x\",\"id\":\"a\",\"name\":\"a\",\"action\":\"a\",\"attributes\":[]}\n"
		"{\"time_ns\":5,\"id\":\"a\",\"name\":\"b\",\"action\":\"c\",\"attributes\":[],\"new\":1}\n{\"time_ns\":";
	struct error err = {0};
	struct seen seen;

	(void)state;
	assert_int_equal(file_replace(AT_FDCWD, file, content, strlen(content), 0600, &err), 0);
	event_log("after", "torn", "line", "%s", "");
	seen = read_all(0);
	assert_string_equal(seen.text.data, "a b c ;after torn line ;");
	text_release(&seen.text);
}

static void is_bounded_and_keeps_one_older_file(void **state)
{
	struct seen seen;

	(void)state;
	for (int i = 0; i < 30000; i++)
		event_log("0123456789abcdef", "a-name", "create", "number=%d", i);
	assert_true(size_of(file) <= (1 << 20) + 200);
	assert_true(size_of(older_file) > 1 << 20 && size_of(older_file) <= (1 << 20) + 200);
	seen = read_all(0);
	assert_true(seen.count > 10000);
	assert_non_null(strstr(seen.text.data + seen.text.length - 64, "number=29999;"));
	text_release(&seen.text);
}

/* So many that the file is rotated once, whoever is how fast: of two rotations a slow reader may miss the first. */
#define WRITERS 4
#define EACH    2500

static void log_many(int writer, int count)
{
	for (int i = 0; i < count; i++)
		event_log("0123456789abcdef0123456789abcdef", "name", "start", "writer=%d number=%d", writer, i);
}

/* Checks that what each writer wrote comes in its order and without a gap. */
struct order {
	int next[WRITERS];
	int total;
};

static int check_order(const struct event *event, void *data)
{
	struct order *order = data;
	int writer = atoi(strings_get_value(&event->attributes, "writer"));

	assert_int_equal(atoi(strings_get_value(&event->attributes, "number")), order->next[writer]);
	order->next[writer]++;
	return ++order->total == WRITERS * EACH;
}

static void follow_sees_all_of_many_writers_through_rotation(void **state)
{
	int64_t deadline_ns = clock_real_ns() + 120 * (int64_t)1000000000;
	struct order order = {0};
	struct error err = {0};
	int status;

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			log_many(i, EACH);
			_exit(0);
		}
	}
	assert_int_equal(event_follow(deadline_ns, check_order, &order, &err), 0);
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	assert_int_equal(order.total, WRITERS * EACH);
	assert_true(size_of(older_file) > 1 << 20);
}

/* A writer that opened the file before it was rotated comes after the follower has begun with the new one. */
struct late {
	int fd; /* of the older file */
	struct seen seen;
};

static int write_late(const struct event *event, void *data)
{
	struct late *late = data;

	if (strcmp(event->action, "second") == 0) {
		dprintf(late->fd, "{\"time_ns\":1,\"id\":\"a\",\"name\":\"\",\"action\":\"third\",\"attributes\":[]}\n");
		event_log("a", "", "fourth", "%s", "");
	}
	see(event, &late->seen);
	return late->seen.count == 4;
}

static void follow_keeps_the_order_of_a_writer_that_is_late(void **state)
{
	struct late late = {0};
	struct error err = {0};

	(void)state;
	event_log("a", "", "first", "%s", "");
	late.fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_return_code(late.fd, errno);
	assert_return_code(rename(file, older_file), errno);
	event_log("a", "", "second", "%s", "");
	assert_int_equal(event_follow(0, write_late, &late, &err), 0);
	assert_string_equal(late.seen.text.data, "a  first ;a  second ;a  third ;a  fourth ;");
	text_release(&late.seen.text);
	close(late.fd);
}

static void follow_ends_at_its_time(void **state)
{
	int64_t start_ns = clock_real_ns();
	struct seen seen = {0};
	struct error err = {0};

	(void)state;
	event_log("id", "name", "start", "%s", "");
	assert_int_equal(event_follow(start_ns + 200000000, see, &seen, &err), 0);
	assert_int_equal(seen.count, 1);
	assert_true(clock_real_ns() - start_ns >= 200000000);
	assert_int_equal(event_follow(start_ns - 1, see, &seen, &err), 0);
	assert_int_equal(seen.count, 2);
	text_release(&seen.text);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(gives_back_what_was_logged),
		TEST(nothing_can_be_logged_without_a_directory),
		TEST(skips_what_is_no_event),
		TEST(is_bounded_and_keeps_one_older_file),
		TEST(follow_sees_all_of_many_writers_through_rotation),
		TEST(follow_keeps_the_order_of_a_writer_that_is_late),
		TEST(follow_ends_at_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
