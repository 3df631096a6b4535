/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the console log: lines, rotation, tail, follow. */
#include "model/console_log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/paths.h"

#define ID "c0"

static char *work;

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");
	autofree char *directory = NULL;
	struct error err = {0};

	(void)state;
	work = xasprintf("%s/test_console_log.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(work));
	setenv("SYSCONTAINER_ROOT", work, 1);
	setenv("SYSCONTAINER_RUN", work, 1);
	directory = paths_container(ID, NULL);
	assert_int_equal(file_make_directories(directory, 0700, &err), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct error err = {0};

	(void)state;
	if (file_remove_tree(AT_FDCWD, work, &err) < 0)
		print_error("%s\n", err.message);
	free(work);
	return err.code;
}

static struct console_log *open_log(uint64_t max_bytes, int max_files)
{
	struct console_log *log;
	struct error err = {0};

	if (console_log_open(ID, max_bytes, max_files, &log, &err) < 0)
		fail_msg("%s", err.message);
	return log;
}

static void append(struct console_log *log, const char *piece)
{
	console_log_append(log, CONSOLE_STREAM_CONSOLE, piece, strlen(piece));
}

static void put(const char *leaf, const char *content)
{
	autofree char *path = paths_container(ID, leaf);
	struct error err = {0};

	assert_int_equal(file_replace(AT_FDCWD, path, content, strlen(content), 0600, &err), 0);
}

static int64_t size_of(const char *leaf)
{
	autofree char *path = paths_container(ID, leaf);
	struct stat status;

	return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

/* What a visitor saw: "c:text" for each line, and where to stop. */
struct seen {
	struct text text;
	int count, stop_at;
	int64_t first_ns, over_ms;
	const char *over_at;
};

static int see(const struct console_line *line, void *data)
{
	struct seen *seen = data;

	assert_int_equal(strlen(line->text), line->length);
	text_appendf(&seen->text, "%c:%s", "coe"[line->stream], line -> text);
	if (seen->count++ == 0)
		seen->first_ns = line->time_ns;
	return seen->count == seen->stop_at;
}

static void assert_tail(int64_t tail, const char *expected)
{
	struct seen seen = {0};
	struct error err = {0};

	if (console_log_read(ID, tail, see, &seen, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(text_get(&seen.text), expected);
	text_release(&seen.text);
}

static void splits_at_newlines_by_stream(void **state)
{
	struct console_log *log = open_log(1 << 20, 3);
	int64_t before_ns = clock_real_ns();
	struct seen seen = {0};
	struct error err = {0};

	(void)state;
	assert_tail(-1, "");
	console_log_append(log, CONSOLE_STREAM_STDOUT, "out", 3);
	console_log_append(log, CONSOLE_STREAM_STDERR, "err\n", 4);
	assert_tail(-1, "e:err\n");
	console_log_append(log, CONSOLE_STREAM_STDOUT, "put\na\n\nlast", 11);
	assert_tail(-1, "e:err\no:output\no:a\no:\n");
	console_log_flush(log);
	console_log_flush(log);
	assert_tail(-1, "e:err\no:output\no:a\no:\no:last");
	console_log_close(log);
	assert_int_equal(console_log_read(ID, -1, see, &seen, &err), 0);
	assert_true(seen.first_ns >= before_ns && seen.first_ns <= clock_real_ns());
	text_release(&seen.text);
}

static void close_flushes_and_open_appends(void **state)
{
	struct console_log *log = open_log(1 << 20, 3);

	(void)state;
	append(log, "first boot\nlogin: ");
	console_log_close(log);
	log = open_log(1 << 20, 3);
	append(log, "second boot\n");
	console_log_close(log);
	console_log_close(NULL);
	assert_tail(-1, "c:first boot\nc:login: c:second boot\n");
	assert_tail(1, "c:second boot\n");
}

static void replaces_what_is_not_utf8(void **state)
{
	static const char dirt[] = "a\0b\xff\xc3(\"\\\x1b[1m \xe2\x82\xac\xed\xa0\x80\n";
	struct console_log *log = open_log(1 << 20, 3);

	(void)state;
	console_log_append(log, CONSOLE_STREAM_CONSOLE, dirt, sizeof(dirt) - 1);
	append(log, "gr\xc3");
	append(log, "\xbc\xc3\x9f\n");
	console_log_close(log);
	assert_tail(-1, "c:a\xef\xbf\xbd"
			"b\xef\xbf\xbd\xef\xbf\xbd(\"\\\x1b[1m \xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n"
			"c:gr\xc3\xbc\xc3\x9f\n");
}

static void cuts_long_lines_between_characters(void **state)
{
	struct console_log *log = open_log(1 << 20, 3);
	size_t length = 40000;
	autofree char *line = xmalloc(length + 1);
	struct seen seen = {0};
	struct error err = {0};

	(void)state;
	line[0] = 'x';
	for (size_t i = 1; i < length; i += 2)
		memcpy(line + i, "\xc3\xa4", 2);
	line[length - 1] = '\n';
	line[length] = '\0';
	append(log, line);
	console_log_close(log);
	assert_int_equal(console_log_read(ID, -1, see, &seen, &err), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.text.length, length + 6);
	assert_null(strstr(seen.text.data, "\xef\xbf\xbd"));
	text_release(&seen.text);
}

static void rotates_within_its_bounds(void **state)
{
	struct console_log *log = open_log(4096, 3);
	autorelease(text_release) struct text last = {0};
	char line[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		append(log, line);
	}
	console_log_close(log);
	assert_true(size_of("console.log") > 0 && size_of("console.log") <= 4096);
	assert_true(size_of("console.log.1") > 3900 && size_of("console.log.1") <= 4096);
	assert_true(size_of("console.log.2") > 3900 && size_of("console.log.2") <= 4096);
	assert_int_equal(size_of("console.log.3"), -1);
	for (int i = 900; i < 1000; i++)
		text_appendf(&last, "c:line %d\n", i);
	assert_tail(100, text_get(&last));
	assert_tail(0, "");

	console_log_close(open_log(4096, 1));
	assert_int_equal(size_of("console.log.1"), -1);
	assert_int_equal(size_of("console.log.2"), -1);
}

static void one_file_is_begun_anew(void **state)
{
	struct console_log *log = open_log(4096, 1);
	char line[32];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		append(log, line);
	}
	console_log_close(log);
	assert_true(size_of("console.log") <= 4096);
	assert_int_equal(size_of("console.log.1"), -1);
	assert_tail(1, "c:line 199\n");
}

#define LINE(text) "{\"log\":\"" text "\\n\",\"stream\":\"console\",\"time\":\"2026-11-22T02:10:30.5+01:00\"}\n"

static void tail_goes_over_files_and_gaps(void **state)
{
	(void)state;
	put("console.log.7", LINE("1") LINE("2"));
	put("console.log.2", LINE("3"));
	put("console.log.1", "");
	put("console.log", LINE("4") LINE("5"));
	assert_tail(-1, "c:1\nc:2\nc:3\nc:4\nc:5\n");
	assert_tail(1, "c:5\n");
	assert_tail(2, "c:4\nc:5\n");
	assert_tail(3, "c:3\nc:4\nc:5\n");
	assert_tail(4, "c:2\nc:3\nc:4\nc:5\n");
	assert_tail(99, "c:1\nc:2\nc:3\nc:4\nc:5\n");
}

static void tail_crosses_blocks(void **state)
{
	autorelease(text_release) struct text content = {0};
	struct seen seen = {0};
	struct error err = {0};

	(void)state;
	for (int i = 0; i < 5000; i++)
		text_appendf(&content, "{\"log\":\"%d\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T02:10:30Z\"}\n", i);
	put("console.log", text_get(&content));
	assert_int_equal(console_log_read(ID, 4001, see, &seen, &err), 0);
	assert_int_equal(seen.count, 4001);
	assert_int_equal(memcmp(seen.text.data, "o:999\n", 6), 0);
	text_release(&seen.text);
}

static void skips_what_is_no_line(void **state)
{
	autorelease(text_release) struct text content = {0};

	(void)state;
	text_append(
		&content,
		LINE("good") "\n{}\nnonsense\n[1]\n{\"log\":1,\"stream\":\"console\",\"time\":\"2026-11-22T02:10:30Z\"}\n"
			     "{\"log\":\"x\",\"stream\":\"else\",\"time\":\"2026-11-22T02:10:30Z\"}\n"
			     "{\"log\":\"x\",\"stream\":\"stdout\",\"time\":\"yesterday\"}\n");
	for (int i = 0; i < 70000; i++) /* longer than a line may be */
		text_append(&content, "0123456789");
	text_append(&content, "\n" LINE("after") "{\"log\":\"incompl");
	put("console.log", text_get(&content));
	assert_tail(-1, "c:good\nc:after\n");
	assert_tail(1, "c:after\n");
}

static void an_incomplete_line_is_cut_off(void **state)
{
	struct console_log *log;

	(void)state;
	put("console.log", LINE("whole") "{\"log\":\"incompl");
	log = open_log(1 << 20, 3);
	append(log, "next\n");
	console_log_close(log);
	assert_tail(2, "c:whole\nc:next\n");
	put("console.log", "{\"log\":\"incompl");
	console_log_close(open_log(1 << 20, 3));
	assert_int_equal(size_of("console.log"), 0);
}

/* A limit on the size of files stands for the full disk: it too makes write(2) take a part only, then nothing. */
static void a_full_disk_leaves_whole_lines(void **state)
{
	struct console_log *log = open_log(1 << 20, 3);
	struct rlimit limit, small;

	(void)state;
	append(log, "first\n");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){.rlim_cur = 100, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	append(log, "lost\n");
	append(log, "lost as well\n");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	append(log, "kept\n");
	console_log_close(log);
	assert_tail(-1, "c:first\nc:kept\n");
}

static void a_missing_container_is_an_error(void **state)
{
	struct console_log *log;
	struct error err = {0};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(console_log_read("nobody", -1, see, &seen, &err), -ENOENT);
	assert_non_null(strstr(err.message, "nobody"));
	assert_int_equal(console_log_open("nobody", 4096, 1, &log, &err), -ENOENT);
}

static int is_over(void *data)
{
	struct seen *seen = data;

	if (seen->over_at && seen->text.data && strstr(seen->text.data, seen->over_at))
		return 1;
	return clock_monotonic_ms() > seen->over_ms;
}

static void write_slowly(void)
{
	struct console_log *log;
	struct error err = {0};
	char line[64];

	if (console_log_open(ID, 4096, 4, &log, &err) < 0)
		_exit(1);
	for (int i = 0; i < 300; i++) {
		int length = snprintf(line, sizeof(line), "line %d %s", i, i % 2 ? "\n" : "");

		console_log_append(log, CONSOLE_STREAM_CONSOLE, line, (size_t)length);
		if (i % 10 == 0)
			usleep(5000);
	}
	console_log_append(log, CONSOLE_STREAM_STDERR, "end", 3);
	console_log_close(log);
	_exit(0);
}

static void follow_sees_every_line_through_rotations(void **state)
{
	struct seen seen = {.over_at = "e:end", .over_ms = clock_monotonic_ms() + 60000};
	autorelease(text_release) struct text expected = {0};
	struct error err = {0};
	int status;
	pid_t writer;

	(void)state;
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0)
		write_slowly();
	assert_int_equal(console_log_follow(ID, -1, see, is_over, &seen, &err), 0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	for (int i = 0; i < 300; i += 2)
		text_appendf(&expected, "c:line %d line %d \n", i, i + 1);
	text_append(&expected, "e:end");
	assert_string_equal(text_get(&seen.text), text_get(&expected));
	assert_true(size_of("console.log.3") > 0);
	text_release(&seen.text);
}

static void follow_begins_at_the_tail_and_ends(void **state)
{
	struct seen seen = {.over_ms = clock_monotonic_ms() + 200};
	int64_t start_ms = clock_monotonic_ms();
	struct error err = {0};

	(void)state;
	put("console.log.1", LINE("old"));
	put("console.log", LINE("1") LINE("2"));
	assert_int_equal(console_log_follow(ID, 1, see, is_over, &seen, &err), 0);
	assert_string_equal(text_get(&seen.text), "c:2\n");
	assert_true(clock_monotonic_ms() - start_ms < 30000);
	text_release(&seen.text);

	seen = (struct seen){.stop_at = 2, .over_ms = INT64_MAX};
	assert_int_equal(console_log_follow(ID, -1, see, is_over, &seen, &err), 0);
	assert_string_equal(text_get(&seen.text), "c:old\nc:1\n");
	text_release(&seen.text);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(splits_at_newlines_by_stream),
		TEST(close_flushes_and_open_appends),
		TEST(replaces_what_is_not_utf8),
		TEST(cuts_long_lines_between_characters),
		TEST(rotates_within_its_bounds),
		TEST(one_file_is_begun_anew),
		TEST(tail_goes_over_files_and_gaps),
		TEST(tail_crosses_blocks),
		TEST(skips_what_is_no_line),
		TEST(an_incomplete_line_is_cut_off),
		TEST(a_full_disk_leaves_whole_lines),
		TEST(a_missing_container_is_an_error),
		TEST(follow_sees_every_line_through_rotations),
		TEST(follow_begins_at_the_tail_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
