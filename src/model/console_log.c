/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns console.log: how output becomes lines of JSON, how the files rotate, and how they are read again. */
#include "model/console_log.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/lines.h"
#include "model/paths.h"

#define FILE_NAME "console.log"
#define PIECE_MAX ((size_t)16 << 10)
#define ASK_MS    500 /* how often a follower asks whether it is over */

static const char *const stream_names[] = {"console", "stdout", "stderr"};

struct console_log {
	int directory_fd;
	int fd; /* negative after a failure: the next write tries to open it again */
	uint64_t max_bytes, size;
	int max_files;
	struct text pending[ARRAY_SIZE(stream_names)]; /* what has no newline yet */
};

/* Writing */

static void generation_name(int generation, char name[static 32])
{
	if (generation)
		snprintf(name, 32, FILE_NAME ".%d", generation);
	else
		snprintf(name, 32, FILE_NAME);
}

/* Opens the file and cuts off a line that a crash left incomplete. */
static int open_file(struct console_log *log, struct error *err)
{
	autoclose int fd =
		openat(log->directory_fd, FILE_NAME, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	int64_t none = 0, end;
	struct stat status;
	int r;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot open it");
	r = lines_find_tail(fd, status.st_size, &none, &end, err);
	if (r < 0)
		return r;
	if (end < status.st_size && ftruncate(fd, end) < 0)
		return error_set_errno(err, "cannot cut off its incomplete last line");
	log->size = (uint64_t)end;
	log->fd = steal_fd(&fd);
	return 0;
}

/* The number of files may have been reduced since the last time. */
static void remove_surplus(const struct console_log *log)
{
	char name[32];

	for (int generation = log->max_files; generation < LINES_MAX_FILES; generation++) {
		generation_name(generation, name);
		unlinkat(log->directory_fd, name, 0);
	}
}

int console_log_open(const char *id, uint64_t max_bytes, int max_files, struct console_log **ret_log, struct error *err)
{
	autofree char *directory = paths_container(id, NULL);
	struct console_log *log = xcalloc(1, sizeof(*log));
	int r;

	assert(max_files >= 1 && max_files <= LINES_MAX_FILES);
	*log = (struct console_log){.fd = -EBADF, .max_bytes = max_bytes, .max_files = max_files};
	log->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = log->directory_fd < 0 ? error_set_errno(err, "cannot open it") : open_file(log, err);
	if (r < 0) {
		error_prefix(err, "console log %s/" FILE_NAME, directory);
		console_log_close(log);
		return r;
	}
	remove_surplus(log);
	*ret_log = log;
	return 0;
}

void console_log_close(struct console_log *log)
{
	if (!log)
		return;
	console_log_flush(log);
	for (size_t i = 0; i < ARRAY_SIZE(log->pending); i++)
		text_release(&log->pending[i]);
	if (log->fd >= 0)
		close(log->fd);
	if (log->directory_fd >= 0)
		close(log->directory_fd);
	free(log);
}

/* Every file takes the number after its own, from the oldest down, so that a crash leaves a gap and no loss. */
static int rotate(struct console_log *log)
{
	char name[32], older[32];

	if (log->max_files == 1 && unlinkat(log->directory_fd, FILE_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	for (int generation = log->max_files - 1; generation > 0; generation--) {
		generation_name(generation - 1, name);
		generation_name(generation, older);
		if (renameat(log->directory_fd, name, log->directory_fd, older) < 0 && errno != ENOENT)
			return -errno;
	}
	close(log->fd);
	log->fd = -EBADF;
	return open_file(log, NULL);
}

/* Whole lines or nothing: a part of a line would spoil the next one. */
static void write_lines(struct console_log *log, const struct text *lines)
{
	ssize_t count;

	if (lines->length == 0 || (log->fd < 0 && open_file(log, NULL) < 0))
		return;
	if (log->size > 0 && log->size + lines->length > log->max_bytes && rotate(log) < 0)
		return;
	count = write(log->fd, lines->data, lines->length);
	if (count == (ssize_t)lines->length) {
		log->size += lines->length;
	} else if (count > 0 && ftruncate(log->fd, (off_t)log->size) < 0) {
		close(log->fd); /* opening it again cuts the line off */
		log->fd = -EBADF;
	}
}

/* How many bytes at the end begin a UTF-8 character that is not complete. */
static size_t count_incomplete(const struct text *piece)
{
	const unsigned char *end = (const unsigned char *)piece->data + piece->length;

	for (size_t back = 1; back <= 3 && back <= piece->length; back++) {
		unsigned char byte = end[-(ssize_t)back];

		if (byte >= 0xc0)
			return back < (byte < 0xe0 ? 2U : byte < 0xf0 ? 3U : 4U) ? back : 0;
		if (byte < 0x80)
			break;
	}
	return 0;
}

/* Makes a line of the first `length` pending bytes and keeps the rest. NUL, which no reader of JSON likes, becomes U+FFFD as well. */
static void emit(struct text *pending, size_t length, const char *stream, const char *time, struct text *out)
{
	autorelease(json_free_scoped) struct json *line = json_new_object();
	autofree char *piece = xmalloc(length + 1);

	for (size_t i = 0; i < length; i++)
		piece[i] = pending->data[i] ? pending->data[i] : '\xff'; /* which is never UTF-8 */
	piece[length] = '\0';
	json_set(line, "log", json_new_string(piece));
	json_set(line, "stream", json_new_string(stream));
	json_set(line, "time", json_new_string(time));
	json_print(line, 0, out);
	text_append(out, "\n");
	pending->length -= length;
	memmove(pending->data, pending->data + length, pending->length + 1);
}

void console_log_append(struct console_log *log, enum console_stream stream, const void *data, size_t length)
{
	autorelease(text_release) struct text out = {0}, time = {0};
	struct text *pending = &log->pending[stream];
	const char *next = data;

	clock_format_rfc3339(clock_real_ns(), &time);
	while (length > 0) {
		size_t room = PIECE_MAX - pending->length;
		const char *newline = memchr(next, '\n', length < room ? length : room);
		size_t taken = newline ? (size_t)(newline - next) + 1 : length < room ? length : room;

		text_append_bytes(pending, next, taken);
		next += taken;
		length -= taken;
		if (newline)
			emit(pending, pending->length, stream_names[stream], time.data, &out);
		else if (pending->length == PIECE_MAX)
			emit(pending, PIECE_MAX - count_incomplete(pending), stream_names[stream], time.data, &out);
	}
	write_lines(log, &out);
}

void console_log_flush(struct console_log *log)
{
	autorelease(text_release) struct text out = {0}, time = {0};

	clock_format_rfc3339(clock_real_ns(), &time);
	for (size_t i = 0; i < ARRAY_SIZE(log->pending); i++)
		if (log->pending[i].length > 0)
			emit(&log->pending[i], log->pending[i].length, stream_names[i], time.data, &out);
	write_lines(log, &out);
}

/* Reading */

static bool find_stream(const char *name, enum console_stream *ret_stream)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(stream_names); i++) {
		if (strcmp(name, stream_names[i]) == 0) {
			*ret_stream = (enum console_stream)i;
			return true;
		}
	}
	return false;
}

/* The text belongs to `value`. */
static bool read_line(const struct json *value, struct console_line *ret_line)
{
	const char *time = json_string(json_get(value, "time"));

	ret_line->text = json_string(json_get(value, "log"));
	if (!ret_line->text || !time || clock_parse(time, &ret_line->time_ns, NULL) < 0)
		return false;
	ret_line->length = strlen(ret_line->text);
	return find_stream(json_string(json_get(value, "stream")), &ret_line->stream);
}

/* Gives what there is to `visit`; 1 when that had enough. What is no line of ours (a crash, a full disk) is skipped. */
static int visit_lines(struct lines *lines, int (*visit)(const struct console_line *line, void *data), void *data,
		       struct error *err)
{
	const char *text;
	size_t length;
	int r;

	while ((r = lines_next(lines, &text, &length, err)) > 0) {
		autorelease(json_free_scoped) struct json *value = NULL;
		struct console_line line;

		if (json_parse(text, length, &value, NULL) == 0 && read_line(value, &line) && visit(&line, data) != 0)
			return 1;
	}
	return r;
}

static int open_lines(const char *id, int64_t tail, struct lines **ret_lines, struct error *err)
{
	autofree char *directory = paths_container(id, NULL);
	int r;

	r = lines_open(directory, FILE_NAME, ret_lines, err);
	if (r == 0 && tail >= 0)
		r = lines_seek_tail(*ret_lines, tail, err);
	return r;
}

int console_log_read(const char *id, int64_t tail, int (*visit)(const struct console_line *line, void *data), void *data,
		     struct error *err)
{
	autorelease(lines_close_scoped) struct lines *lines = NULL;
	int r;

	r = open_lines(id, tail, &lines, err);
	if (r == 0)
		r = visit_lines(lines, visit, data, err);
	return r < 0 ? r : 0;
}

int console_log_follow(const char *id, int64_t tail, int (*visit)(const struct console_line *line, void *data),
		       int (*is_over)(void *data), void *data, struct error *err)
{
	autorelease(lines_close_scoped) struct lines *lines = NULL;
	int64_t ask_ms = 0;
	int over = 0;
	int r;

	r = open_lines(id, tail, &lines, err);
	while (r == 0) {
		int64_t now_ms = clock_monotonic_ms();

		if (now_ms >= ask_ms) {
			over = is_over(data); /* asked before reading: what came before the end is still shown */
			ask_ms = now_ms + ASK_MS;
		}
		r = visit_lines(lines, visit, data, err);
		if (r != 0 || over)
			break;
		now_ms = clock_monotonic_ms();
		lines_wait(lines, now_ms < ask_ms ? (int)(ask_ms - now_ms) : 0);
	}
	return r < 0 ? r : 0;
}
