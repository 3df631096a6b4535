/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths below a directory that we do not trust: openat2(2) with RESOLVE_IN_ROOT. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Opens `path` as a process with `root_fd` as its root directory would: absolute symlinks and ".." stay below. Magic links (/proc/PID/fd) are
 * refused. Descriptors are close-on-exec. Returns the descriptor or a negative errno.
 */
int root_open(int root_fd, const char *path, int flags, mode_t mode, struct error *err);
/* Our own root directory, for functions that run inside of a guest (namespace_run()). Returns an O_PATH descriptor. */
int root_open_own(struct error *err);
/* Reads a regular file below it, at most `max` bytes; FIFOs and devices are -EINVAL and are not waited for. Caller frees. */
int root_read(int root_fd, const char *path, size_t max, char **ret_data, size_t *ret_length, struct error *err);
/*
 * Replaces the regular file `path` (absolute, no "." or "..") below the root, or makes it with `mode`; directories on the way are made, 0755. Temporary file in the
 * same directory, fsync, rename: whoever looks sees the old content or the new. Owner and mode of an old file stay, a new one is the caller's. Only on the
 * file system of the root itself: -EXDEV for what is mounted below it, -EINVAL when the file is a symlink or no regular file.
 */
int root_replace(int root_fd, const char *path, const void *data, size_t length, mode_t mode, struct error *err);
/*
 * Where something is going to be mounted: opens `path` (absolute) with O_PATH, whatever it is. When it is missing, directories (0755) and in the end an empty
 * file (0644) or a directory are made, on whichever file system, with the caller's ids. -ENOENT for a symlink that leads nowhere. Returns the descriptor.
 */
int root_make_point(int root_fd, const char *path, bool is_directory, struct error *err);
/* What root_make_point() would begin with: how long the shortest beginning of `path` (absolute) is that is not there; 0 when all of it is. */
int root_find_missing(int root_fd, const char *path, struct error *err);
/*
 * Takes back what root_make_point() made: `path` and what is above it down from `made`, a beginning of it, as long as it is an empty directory or file. What is not
 * empty, in use or not to be removed by the caller stays, and is no error.
 */
void root_unmake_point(int root_fd, const char *path, const char *made);
/*
 * The same for one file, which when it is missing is made with mode 0: nobody else makes such an empty file, so it can be known by that (it may outlast the
 * mount, in the tree of a guest that ended) and be taken away again.
 */
int root_make_placeholder(int root_fd, const char *path, struct error *err);
bool root_is_placeholder(int fd);
/* Takes it away where `path` is one, and nothing is left mounted on it. Anything else is left, and is no failure. */
void root_remove_placeholder(int root_fd, const char *path);
/* What root_replace() would refuse, found out without changing anything. A path that is not there yet is fine. */
int root_check_replace(int root_fd, const char *path, struct error *err);
