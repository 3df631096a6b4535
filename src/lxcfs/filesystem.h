/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A read-only tree of generated text files, served by libfuse's low-level interface: the one user of that library.
 *
 * Two kinds. A *cached* file system never sees open(2) and release: the kernel keeps pages and asks for attributes again when they are older than the timeout that came with them;
 * changed attributes drop the pages. A *direct* one gets every open and read, and the operations learn who reads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

#define FILESYSTEM_ROOT 1 /* FUSE_ROOT_ID */

struct filesystem_node {
	uint64_t number;    /* the same for the same file for ever, over deaths of the server too */
	mode_t mode;        /* type and permissions */
	uint64_t size;      /* of a cached file: exactly the length of its text */
	int64_t changed_ns; /* moves when the text does, and only then */
	int64_t valid_ms;   /* how long the kernel may answer by itself */
};

struct filesystem_operations {
	bool is_direct;
	/* Each returns 0 or a negative errno for the reader. `reader` is the thread that asks, in our pid namespace; 0 when it is not visible there. */
	int (*look_up)(void *data, pid_t reader, uint64_t directory, const char *name, struct filesystem_node *ret_node);
	/* `is_read`: the attributes of a cached file for a read(2) that follows; else for an open(2) or a stat(2). */
	int (*describe)(void *data, pid_t reader, uint64_t node, bool is_read, struct filesystem_node *ret_node);
	/*
	 * The first entry of a directory at or behind `cursor` (0 at the start), and the cursor behind it: 1, or 0 when there is none.
	 * *ret_name lives until the next call. Of the node only number and mode count.
	 */
	int (*list)(void *data, pid_t reader, uint64_t directory, uint64_t cursor, uint64_t *ret_next, const char **ret_name,
		    struct filesystem_node *ret_node);
	/* Appends the whole text. In a direct file system it is called when a reader begins anew at offset 0. */
	int (*read)(void *data, pid_t reader, uint64_t node, struct text *out);
};

struct filesystem;

/*
 * Serves the connection behind `fd` (connection_mount()), which stays the caller's. `was_served`: another process has served it before, so the kernel will not introduce itself
 * again. `data` goes to the operations.
 */
int filesystem_new(int fd, bool was_served, const struct filesystem_operations *operations, void *data,
		   struct filesystem **ret_filesystem, struct error *err);
/* Answers what has come, at most `count` requests; 0, or -ENODEV when the connection is over (unmounted or aborted). Never waits. */
int filesystem_serve(struct filesystem *filesystem, unsigned count);
/* Has the kernel introduced itself? From then on `was_served` is true for the next server. */
bool filesystem_is_introduced(const struct filesystem *filesystem);
/* The next reader of the node, on a kept descriptor too, gets a new text. Not from within an operation on it. */
void filesystem_invalidate(struct filesystem *filesystem, uint64_t node);
/* Takes NULL. The connection stays as it is. */
void filesystem_free(struct filesystem *filesystem);
