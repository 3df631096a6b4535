/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how rotated files of lines are read: backwards to a start, forwards, and on while they grow. */
#include "model/lines.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define BLOCK_SIZE ((size_t)64 << 10)
#define POLL_MS    250 /* where the kernel has no inotify instance left for us */

struct line_file {
	int fd;
	dev_t device;
	ino_t inode;      /* not used again by another file as long as we hold it open */
	int64_t offset;   /* of the first line that was not given out */
	int64_t seen;     /* where reading ended: behind the offset when the last line is not complete */
	bool is_skipping; /* offset is within a line that is too long */
};

struct lines {
	char *directory, *name;
	int directory_fd;
	int inotify_fd;
	bool tried_inotify;
	struct line_file files[LINES_MAX_FILES]; /* oldest first */
	size_t count, current;
	char *buffer; /* LINES_MAX_LENGTH bytes of the current file, from its offset on */
	size_t start, end;
};

static ssize_t read_at(int fd, void *buffer, size_t size, int64_t offset)
{
	ssize_t count;

	do {
		count = pread(fd, buffer, size, offset);
	} while (count < 0 && errno == EINTR);
	return count;
}

/* 1 when there is a regular file of this generation, 0 when there is none. */
static int open_generation(const struct lines *lines, int generation, struct line_file *ret_file, struct error *err)
{
	autofree char *path = generation ? xasprintf("%s.%d", lines->name, generation) : xstrdup(lines->name);
	autoclose int fd = openat(lines->directory_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot open %s/%s", lines->directory, path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, -EINVAL, "%s/%s is not a regular file", lines->directory, path);
	*ret_file = (struct line_file){.fd = steal_fd(&fd), .device = status.st_dev, .inode = status.st_ino};
	return 1;
}

static bool is_same_file(const struct line_file *a, const struct line_file *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static void close_files(struct line_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(files[i].fd);
}

/*
 * Opens the files that are newer than `known` (NULL: all), newest first. A rotation in the meantime only moves files towards where we have not
 * looked yet: none is missed, and one that is met again is seen by its inode. A crash within a rotation leaves a gap in the numbers.
 */
static int open_newer(const struct lines *lines, const struct line_file *known, struct line_file *files, size_t *ret_count,
		      struct error *err)
{
	*ret_count = 0;
	for (int generation = 0; generation < LINES_MAX_FILES - 1; generation++) {
		struct line_file *file = &files[*ret_count];
		int r = open_generation(lines, generation, file, err);

		if (r < 0) {
			close_files(files, *ret_count);
			return r;
		}
		if (r == 0)
			continue;
		if (known && is_same_file(file, known)) {
			close(file->fd);
			break;
		}
		if (*ret_count && is_same_file(file, file - 1))
			close(file->fd);
		else
			++*ret_count;
	}
	return 0;
}

/* Puts what is newer than the last file behind it and forgets those before it. 1 when there was something newer. */
static int add_newer(struct lines *lines, struct error *err)
{
	struct line_file newer[LINES_MAX_FILES];
	size_t keep = lines->count ? 1 : 0;
	size_t count;
	int r;

	r = open_newer(lines, keep ? &lines->files[lines->count - 1] : NULL, newer, &count, err);
	if (r < 0 || count == 0)
		return r;
	if (keep) {
		close_files(lines->files, lines->count - 1);
		lines->files[0] = lines->files[lines->count - 1];
	}
	for (size_t i = 0; i < count; i++)
		lines->files[keep + i] = newer[count - 1 - i];
	lines->count = keep + count;
	lines->current = 0; /* the last one may have got more before it was rotated */
	return 1;
}

int lines_open(const char *directory, const char *name, struct lines **ret_lines, struct error *err)
{
	autorelease(lines_close_scoped) struct lines *lines = xcalloc(1, sizeof(*lines));
	int r;

	lines->inotify_fd = -EBADF;
	lines->directory = xstrdup(directory);
	lines->name = xstrdup(name);
	lines->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lines->directory_fd < 0)
		return error_set_errno(err, "cannot open directory %s", directory);
	lines->buffer = xmalloc(LINES_MAX_LENGTH);
	r = add_newer(lines, err);
	if (r < 0)
		return r;
	*ret_lines = steal_ptr(lines);
	return 0;
}

void lines_close(struct lines *lines)
{
	if (!lines)
		return;
	close_files(lines->files, lines->count);
	if (lines->directory_fd >= 0)
		close(lines->directory_fd);
	if (lines->inotify_fd >= 0)
		close(lines->inotify_fd);
	free(lines->directory);
	free(lines->name);
	free(lines->buffer);
	free(lines);
}

/* The place behind the newline that ends the line before the last `count` ones: the count+1st newline from the end. */
int lines_find_tail(int fd, int64_t size, int64_t *count, int64_t *ret_offset, struct error *err)
{
	autofree char *block = xmalloc(BLOCK_SIZE);
	int64_t left = *count;

	while (size > 0) {
		size_t length = size < (int64_t)BLOCK_SIZE ? (size_t)size : BLOCK_SIZE;
		ssize_t got = read_at(fd, block, length, size - (int64_t)length);
		char *newline;

		if (got < 0)
			return error_set_errno(err, "cannot read its end");
		size -= (int64_t)length;
		for (length = (size_t)got; (newline = memrchr(block, '\n', length)); length = (size_t)(newline - block)) {
			if (left-- > 0)
				continue;
			*count = 0;
			*ret_offset = size + (newline - block) + 1;
			return 0;
		}
	}
	*count = left;
	*ret_offset = 0;
	return 0;
}

int lines_seek_tail(struct lines *lines, int64_t count, struct error *err)
{
	size_t older = lines->count;
	bool is_found = false;

	while (older > 0 && !is_found) {
		struct line_file *file = &lines->files[--older];
		struct stat status;

		if (fstat(file->fd, &status) < 0)
			return error_set_errno(err, "cannot look at %s/%s", lines->directory, lines->name);
		if (lines_find_tail(file->fd, status.st_size, &count, &file->offset, err) < 0)
			return error_prefix(err, "%s/%s", lines->directory, lines->name);
		is_found = count == 0;
	}
	close_files(lines->files, older);
	lines->count -= older;
	memmove(lines->files, lines->files + older, lines->count * sizeof(lines->files[0]));
	return 0;
}

/*
 * Takes the line that the buffer begins with; false when it is not complete yet. One that is too long is taken in pieces, which
 * nobody wants.
 */
static bool take_line(struct lines *lines, struct line_file *file, const char **ret_line, size_t *ret_length,
		      bool *ret_is_wanted)
{
	size_t held = lines->end - lines->start;
	const char *line = lines->buffer + lines->start;
	const char *newline = memchr(line, '\n', held);

	if (!newline && held < LINES_MAX_LENGTH)
		return false;
	*ret_line = line;
	*ret_length = newline ? (size_t)(newline - line) : held;
	*ret_is_wanted = newline && !file->is_skipping;
	held = newline ? *ret_length + 1 : held;
	lines->start += held;
	file->offset += (int64_t)held;
	file->is_skipping = !newline;
	return true;
}

/* At the end an incomplete line is forgotten, to be read again when there is more. 1 when somebody emptied the file. */
static int end_of_file(struct lines *lines, struct line_file *file)
{
	struct stat status;

	lines->end = 0;
	if (fstat(file->fd, &status) < 0 || status.st_size >= file->offset)
		return 0;
	file->offset = file->seen = 0;
	file->is_skipping = false;
	return 1;
}

/* 1 when it got more of the current file, 0 at its end. */
static int fill_buffer(struct lines *lines, struct line_file *file, struct error *err)
{
	ssize_t count;

	memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
	lines->end -= lines->start;
	lines->start = 0;
	count = read_at(file->fd, lines->buffer + lines->end, LINES_MAX_LENGTH - lines->end,
			file->offset + (int64_t)lines->end);
	if (count < 0)
		return error_set_errno(err, "cannot read %s/%s", lines->directory, lines->name);
	lines->end += (size_t)count;
	file->seen = file->offset + (int64_t)lines->end;
	return count > 0 ? 1 : end_of_file(lines, file);
}

/*
 * A writer that opened the file before this one, and was late, appended there before it opened this one: what was read just
 * now may come after lines of the older file that were not there when its end was met. Those go first.
 */
static bool go_back(struct lines *lines)
{
	const struct line_file *older = &lines->files[lines->current - (lines->current > 0)];
	struct stat status;

	if (lines->current == 0 || fstat(older->fd, &status) < 0 || status.st_size <= older->seen)
		return false;
	lines->current--;
	lines->start = lines->end = 0;
	return true;
}

int lines_next(struct lines *lines, const char **ret_line, size_t *ret_length, struct error *err)
{
	bool is_wanted;
	int r;

	do {
		struct line_file *file = &lines->files[lines->current];

		while (lines->count && take_line(lines, file, ret_line, ret_length, &is_wanted))
			if (is_wanted)
				return 1;
		r = lines->count ? fill_buffer(lines, file, err) : 0;
		if (r > 0 && go_back(lines))
			continue;
		if (r == 0 && lines->current + 1 < lines->count)
			r = (int)++lines->current;
		else if (r == 0)
			r = add_newer(lines, err);
	} while (r > 0);
	return r;
}

/* One watch on the directory sees writes, rotation and the first file that appears. */
static void watch(struct lines *lines)
{
	lines->tried_inotify = true;
	lines->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (lines->inotify_fd >= 0 && inotify_add_watch(lines->inotify_fd, lines->directory,
							IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF) < 0) {
		close(lines->inotify_fd);
		lines->inotify_fd = -EBADF;
	}
}

void lines_wait(struct lines *lines, int timeout_ms)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct pollfd poller = {.events = POLLIN};

	/* A writer that opened the last but one file before it was rotated may still append to it. */
	lines->current = lines->count >= 2 ? lines->count - 2 : 0;
	lines->start = lines->end = 0;
	if (!lines->tried_inotify) {
		watch(lines); /* and look again: something may have come before the watch */
		return;
	}
	poller.fd = lines->inotify_fd; /* poll(2) passes over a negative one */
	if (lines->inotify_fd < 0 && (timeout_ms < 0 || timeout_ms > POLL_MS))
		timeout_ms = POLL_MS;
	poll(&poller, 1, timeout_ms);
	while (lines->inotify_fd >= 0 && read(lines->inotify_fd, events, sizeof(events)) > 0)
		; /* what happened does not matter, lines_next() looks */
}
