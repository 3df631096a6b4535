/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kept descriptors of the kernel's files, and what stands in them as numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/cgroup.h"

/* Where the content of a file is read to; grows with the largest file and is used again for all. */
struct source_buffer {
	char *data;
	size_t size;
};

void source_buffer_release(struct source_buffer *buffer);

/*
 * The whole of a file from its beginning, as a string in `buffer`. One pread(2) unless that fills the buffer: files of
 * cgroups are made in one piece, so a short read is all of them. A descriptor below 0 gives "", as for a file that is
 * not there. -ENODEV when the cgroup was removed.
 */
int source_read(int fd, struct source_buffer *buffer, struct error *err);
/* Its first number; *ret_value stays as it is where there is none, and "max" is UINT64_MAX. */
int source_read_number(int fd, struct source_buffer *buffer, uint64_t *ret_value, struct error *err);

/*
 * Opens `file` of the cgroup or of the nearest one above that has it: a controller that is not handed down acts on
 * the level where it ends. *ret_level (NULL: not wanted; the caller frees) is that cgroup's path, so that files which belong together
 * can be taken from there. A file that no level has is -1 and no error. -ENOENT when there is no such cgroup.
 */
int source_open(const struct cgroup_hierarchy *hierarchy, const char *path, const char *file, int *ret_fd, char **ret_level,
		struct error *err);

/* The same of this cgroup alone: what is used above is not only the guest's. */
int source_open_own(const struct cgroup_hierarchy *hierarchy, const char *path, const char *file, int *ret_fd,
		    struct error *err);

/* The same file of a cgroup and of all above it but the top: limits that bind together. */
struct source_levels {
	int *fds;
	size_t count;
};

int source_open_levels(const struct cgroup_hierarchy *hierarchy, const char *path, const char *file,
		       struct source_levels *ret_levels, struct error *err);
/* Its smallest number; UINT64_MAX where none is a limit. */
int source_read_smallest(const struct source_levels *levels, struct source_buffer *buffer, uint64_t *ret_value,
			 struct error *err);
void source_levels_close(struct source_levels *levels);
/* Closes and makes it -1. */
void source_close(int *fd);

/*
 * Text into numbers. What does not fit is INT64_MAX, so that the sum of two numbers never wraps.
 */

/* Takes digits and moves *text behind them; false without any. */
bool source_take_number(const char **text, uint64_t *ret_value);

/* "key value" lines: where the number of a key goes in a record. */
struct source_key {
	const char *key;
	size_t offset; /* of an uint64_t */
};

/* Keys are compared whole, unknown ones passed over, absent ones left as they are. Quickest when `keys` are in the file's order. */
void source_parse_keys(const char *text, const struct source_key *keys, size_t count, void *record);
