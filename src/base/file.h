/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole-file reads, crash-safe replacement, and directories. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * All take a directory descriptor and a path relative to it, as in openat(2); AT_FDCWD for plain
 * paths. Only for places that no guest can write to: guests' files go through
 * kernel/root.h (openat2 with RESOLVE_IN_ROOT).
 */

/* Reads all of a file, NUL added behind it. More than `max` bytes is -EFBIG. Caller frees *ret_data. */
int file_read(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_length, struct error *err);
/* The same for a file that somebody named: -EINVAL for a directory, device, FIFO or socket, which is not waited for. */
int file_read_regular(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_length, struct error *err);
/* That of a descriptor, opened with O_NONBLOCK; `name` is what errors call it. */
int file_read_open(int fd, const char *name, size_t max, char **ret_data, size_t *ret_length, struct error *err);
/* The same for /proc, /sys and cgroup files: one line, newline cut off. */
int file_read_line(int dirfd, const char *path, char **ret_line, struct error *err);
/* One unsigned decimal; "max" reads as UINT64_MAX. */
int file_read_number(int dirfd, const char *path, unsigned long long *ret_value, struct error *err);
/* One write(2) of `value` to an existing file (cgroup, /proc, /sys). The error names file and value. */
int file_write_value(int dirfd, const char *path, const char *value, struct error *err);
/*
 * Replaces `path` with `data`: temporary file beside it, fsync, rename, fsync of the directory. A reader or
 * a crash sees the old content or the new, never a part. On failure the old file stays.
 */
int file_replace(int dirfd, const char *path, const void *data, size_t length, mode_t mode, struct error *err);
/* Removes what writers that were killed in file_replace() left in a directory; those that live are not disturbed. Absent is fine. */
int file_sweep(const char *path, struct error *err);
/* fsync(2) of the directory that `path` is in: what was made, renamed or removed there by now is so after a power cut, too. */
int file_sync_parent(const char *path, struct error *err);
/* mkdir -p; what exists is left as it is. The last component must be a real directory. */
int file_make_directories(const char *path, mode_t mode, struct error *err);
/* rm -r of `path`, never following a symlink and never leaving its file system. Absent is fine. */
int file_remove_tree(int dirfd, const char *path, struct error *err);
/* All of the bytes, through short writes and EINTR. */
int file_write_all(int fd, const void *data, size_t length, struct error *err);
bool file_exists(int dirfd, const char *path);
/* Takes flock(2) LOCK_EX on `path`, made when absent (0600). timeout_ms < 0 waits for ever; -EWOULDBLOCK at its end. */
int file_lock(int dirfd, const char *path, int timeout_ms, int *ret_fd, struct error *err);
