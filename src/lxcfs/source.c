/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how files of the kernel are found, kept open and read again and again. */
#include "lxcfs/source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define BUFFER_FIRST ((size_t)4 << 10)
#define BUFFER_MAX   ((size_t)4 << 20)

void source_buffer_release(struct source_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct source_buffer){0};
}

static void grow(struct source_buffer *buffer)
{
	buffer->size = buffer->size ? buffer->size * 2 : BUFFER_FIRST;
	buffer->data = xreallocarray(buffer->data, buffer->size, 1);
}

int source_read(int fd, struct source_buffer *buffer, struct error *err)
{
	size_t length = 0, room;
	ssize_t count;

	if (!buffer->size)
		grow(buffer);
	buffer->data[0] = '\0';
	if (fd < 0)
		return 0;
	do {
		if (length + 1 == buffer->size)
			grow(buffer);
		room = buffer->size - 1 - length;
		do {
			count = pread(fd, buffer->data + length, room, (off_t)length);
		} while (count < 0 && errno == EINTR);
		if (count < 0)
			return error_set_errno(err, "cannot read a file of the guest's cgroup");
		length += (size_t)count;
		if (length >= BUFFER_MAX)
			return error_set(err, -EFBIG, "a file of the guest's cgroup is larger than %zu bytes", BUFFER_MAX);
	} while ((size_t)count == room);
	buffer->data[length] = '\0';
	return 0;
}

bool source_take_number(const char **text, uint64_t *ret_value)
{
	const char *digit = *text;
	uint64_t value = 0;

	for (unsigned int number; (number = (unsigned int)*digit - '0') < 10; digit++)
		value = value >= INT64_MAX / 10 ? INT64_MAX : value * 10 + number;
	if (digit == *text)
		return false;
	*text = digit;
	*ret_value = value;
	return true;
}

int source_read_number(int fd, struct source_buffer *buffer, uint64_t *ret_value, struct error *err)
{
	const char *text;
	int r;

	r = source_read(fd, buffer, err);
	if (r < 0)
		return r;
	text = buffer->data;
	if (strncmp(text, "max", 3) == 0)
		*ret_value = UINT64_MAX;
	else
		source_take_number(&text, ret_value);
	return 0;
}

void source_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * Finding
 */

/* Cuts the last component; false when it was the top already. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[slash == path] = '\0'; /* the top is "/" */
	return true;
}

/* The real top, which no limit can be set on; what is mounted may begin lower (in a container). */
static bool is_top(const struct cgroup_hierarchy *hierarchy, const char *level)
{
	return strcmp(level, "/") == 0 && strcmp(hierarchy->mounted_root, "/") == 0;
}

static int open_at(const struct cgroup_hierarchy *hierarchy, const char *level, const char *file)
{
	autofree char *directory = cgroup_directory(hierarchy, level);
	autofree char *path = xasprintf("%s/%s", directory, file);

	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static int check_exists(const struct cgroup_hierarchy *hierarchy, const char *path, struct error *err)
{
	autofree char *directory = cgroup_directory(hierarchy, path);

	if (!file_exists(AT_FDCWD, directory))
		return error_set(err, -ENOENT, "there is no cgroup %s", directory);
	return 0;
}

int source_open(const struct cgroup_hierarchy *hierarchy, const char *path, const char *file, int *ret_fd, char **ret_level,
		struct error *err)
{
	autofree char *level = xstrdup(path);
	int fd, r;

	r = check_exists(hierarchy, path, err);
	if (r < 0)
		return r;
	do {
		fd = open_at(hierarchy, level, file);
	} while (fd < 0 && errno == ENOENT && go_up(level));
	if (fd < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot open %s of the cgroup %s", file, level);
	*ret_fd = fd;
	if (ret_level)
		*ret_level = fd < 0 ? xstrdup(path) : steal_ptr(level);
	return 0;
}

int source_open_own(const struct cgroup_hierarchy *hierarchy, const char *path, const char *file, int *ret_fd,
		    struct error *err)
{
	int fd, r;

	r = check_exists(hierarchy, path, err);
	if (r < 0)
		return r;
	fd = open_at(hierarchy, path, file);
	if (fd < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot open %s of the cgroup %s", file, path);
	*ret_fd = fd;
	return 0;
}

int source_open_levels(const struct cgroup_hierarchy *hierarchy, const char *path, const char *file,
		       struct source_levels *ret_levels, struct error *err)
{
	autofree char *level = xstrdup(path);
	struct source_levels levels = {0};
	int r;

	r = check_exists(hierarchy, path, err);
	if (r < 0)
		return r;
	do {
		int fd = open_at(hierarchy, level, file);

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0) {
			r = error_set_errno(err, "cannot open %s of the cgroup %s", file, level);
			source_levels_close(&levels);
			return r;
		}
		levels.fds = xreallocarray(levels.fds, levels.count + 1, sizeof(*levels.fds));
		levels.fds[levels.count++] = fd;
	} while (go_up(level) && !is_top(hierarchy, level));
	*ret_levels = levels;
	return 0;
}

int source_read_smallest(const struct source_levels *levels, struct source_buffer *buffer, uint64_t *ret_value,
			 struct error *err)
{
	uint64_t smallest = UINT64_MAX;

	for (size_t i = 0; i < levels->count; i++) {
		uint64_t value = UINT64_MAX;
		int r = source_read_number(levels->fds[i], buffer, &value, err);

		if (r < 0)
			return r;
		if (value < smallest)
			smallest = value;
	}
	*ret_value = smallest;
	return 0;
}

void source_levels_close(struct source_levels *levels)
{
	for (size_t i = 0; i < levels->count; i++)
		close(levels->fds[i]);
	free(levels->fds);
	*levels = (struct source_levels){0};
}

/*
 * Keys
 */

static bool is_key(const struct source_key *key, const char *line, size_t length)
{
	return *key->key == *line && strncmp(key->key, line, length) == 0 && !key->key[length];
}

void source_parse_keys(const char *text, const struct source_key *keys, size_t count, void *record)
{
	size_t next = 0; /* where the search begins: behind the last hit */

	for (const char *line = text, *end; *line; line = end + (*end == '\n')) {
		const char *blank, *value;
		size_t length;

		end = strchrnul(line, '\n');
		blank = memchr(line, ' ', (size_t)(end - line));
		if (!blank)
			continue;
		length = (size_t)(blank - line);
		value = blank + 1;
		for (size_t i = 0; i < count; i++) {
			const struct source_key *key = &keys[(next + i) % count];

			if (!is_key(key, line, length))
				continue;
			source_take_number(&value, (uint64_t *)(void *)((char *)record + key->offset));
			next = (next + i + 1) % count;
			break;
		}
	}
}
