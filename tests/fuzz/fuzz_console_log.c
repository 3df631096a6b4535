/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The console log twice: arbitrary bytes as its files, read from the end and from the start; and arbitrary bytes as a guest's output, which
 * must come back as valid text after the writer cut and rotated it.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/console_log.h"
#include "model/paths.h"

#define ID "fuzz"

static char *root, *directory;

/* A call written into assert() itself would be left out together with the assertions. */
static void succeed(int result)
{
	assert(result == 0);
}

static void remove_work(void)
{
	file_remove_tree(AT_FDCWD, root, NULL);
	free(directory);
	free(root);
}

static void prepare(void)
{
	if (root)
		return;
	root = xstrdup("/tmp/fuzz_console_log.XXXXXX");
	succeed(mkdtemp(root) ? 0 : -1);
	setenv("SYSCONTAINER_ROOT", root, 1);
	directory = paths_container(ID, NULL);
	succeed(file_make_directories(directory, 0700, NULL));
	atexit(remove_work);
}

static void put(const char *leaf, const void *data, size_t length)
{
	autofree char *path = paths_container(ID, leaf);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert(fd >= 0);
	succeed(file_write_all(fd, data, length, NULL));
	close(fd);
}

static void drop(const char *leaf)
{
	autofree char *path = paths_container(ID, leaf);

	unlink(path);
}

struct seen {
	struct text text;
	int64_t count;
};

static int see(const struct console_line *line, void *data)
{
	struct seen *seen = data;

	assert(strlen(line->text) == line->length && line->stream <= CONSOLE_STREAM_STDERR);
	text_append_bytes(&seen->text, line->text, line->length);
	seen->count++;
	return 0;
}

static int enough(void *data)
{
	(void)data;
	return 1;
}

/* The last lines are an end of all lines, and following them shows the same. */
static void check_tail(int64_t tail, const struct seen *all)
{
	struct seen some = {0}, followed = {0};

	succeed(console_log_read(ID, tail, see, &some, NULL));
	succeed(console_log_follow(ID, tail, see, enough, &followed, NULL));
	assert(some.count <= tail && some.count <= all->count && some.text.length <= all->text.length);
	assert(memcmp(text_get(&some.text), text_get(&all->text) + all->text.length - some.text.length, some.text.length) ==
	       0);
	assert(some.count == followed.count && strcmp(text_get(&some.text), text_get(&followed.text)) == 0);
	text_release(&some.text);
	text_release(&followed.text);
}

static void read_files(const uint8_t *data, size_t size)
{
	struct seen all = {0};
	size_t half = size / 2;

	put("console.log.1", data, half);
	put("console.log", data + half, size - half);
	succeed(console_log_read(ID, -1, see, &all, NULL));
	check_tail(0, &all);
	check_tail(1, &all);
	check_tail(3, &all);
	text_release(&all.text);
}

/* Printing a string replaces what is no UTF-8, so a valid one is printed and parsed to what it was. */
static void check_is_utf8(const char *text)
{
	autorelease(json_free_scoped) struct json *value = json_new_string(text), *again = NULL;
	autorelease(text_release) struct text printed = {0};

	json_print(value, 0, &printed);
	succeed(json_parse(printed.data, printed.length, &again, NULL));
	assert(strcmp(json_string(again), text) == 0);
}

/* The writer appends to whatever lies there. */
static void write_output(const uint8_t *data, size_t size)
{
	struct console_log *log;
	struct seen all = {0};
	size_t half = size / 2;

	succeed(console_log_open(ID, 4096, 2, &log, NULL));
	console_log_append(log, CONSOLE_STREAM_CONSOLE, data, half);
	console_log_append(log, CONSOLE_STREAM_CONSOLE, data + half, size - half);
	console_log_append(log, CONSOLE_STREAM_STDERR, "last\n", 5);
	console_log_close(log);
	succeed(console_log_read(ID, 2, see, &all, NULL));
	assert(all.count >= 1 && strstr(text_get(&all.text), "last\n"));
	check_is_utf8(text_get(&all.text));
	text_release(&all.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	read_files(data, size);
	write_output(data, size);
	drop("console.log");
	drop("console.log.1");
	return 0;
}
