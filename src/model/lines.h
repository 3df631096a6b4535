/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers of line files that grow and rotate: NAME is the newest, NAME.1 the one before, and so on. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define LINES_MAX_FILES  100                 /* generations of one file, the newest included */
#define LINES_MAX_LENGTH ((size_t)256 << 10) /* a longer line is skipped */

struct lines;

/* Begins at the oldest line. The directory must be there (-ENOENT), the files need not. At most LINES_MAX_FILES are looked for. */
int lines_open(const char *directory, const char *name, struct lines **ret_lines, struct error *err);
/* Goes to the last `count` complete lines instead, reading blocks from the end until they are found. Before the first lines_next(). */
int lines_seek_tail(struct lines *lines, int64_t count, struct error *err);
/*
 * 1 and the next complete line, without newline and valid until the next call; 0 when there is none for now. What stands behind the
 * last newline is a line that is still being written.
 */
int lines_next(struct lines *lines, const char **ret_line, size_t *ret_length, struct error *err);
/* Returns when there may be more (inotify(7)), and after timeout_ms at the latest. Call lines_next() until it says 0 then. */
void lines_wait(struct lines *lines, int timeout_ms);
void lines_close(struct lines *lines);                      /* takes NULL */
static inline void lines_close_scoped(struct lines **lines) /* for autorelease() */
{
	lines_close(*lines);
}

/*
 * Where the last *count complete lines of the first `size` bytes of a file begin; count 0 is the end of the last complete line. *count becomes how many of
 * them are elsewhere (in an older file).
 */
int lines_find_tail(int fd, int64_t size, int64_t *count, int64_t *ret_offset, struct error *err);
