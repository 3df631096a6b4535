/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's console and output, kept over its boots: ROOT/containers/ID/console.log, rotated. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Lines of JSON {"log": "text\n", "stream": "stdout"|"stderr"|"console", "time": RFC 3339}, as the reference's json-file driver. console.log.1 is the one before. */
struct console_log;

enum console_stream { CONSOLE_STREAM_CONSOLE, CONSOLE_STREAM_STDOUT, CONSOLE_STREAM_STDERR };

/* For the one writer (the monitor); `max_bytes` a file, `max_files` in all. Appends to what is there. */
int console_log_open(const char *id, uint64_t max_bytes, int max_files, struct console_log **ret_log, struct error *err);
/*
 * Raw output as it comes: split at newlines; a part without newline is kept until it is complete, 16 KiB long or console_log_flush() comes.
 * Bytes that are no UTF-8 become U+FFFD. One write(2) per call at most. Failures (full disk) drop text, never block or fail the container.
 */
void console_log_append(struct console_log *log, enum console_stream stream, const void *data, size_t length);
void console_log_flush(struct console_log *log);
void console_log_close(struct console_log *log); /* flushes; takes NULL */

struct console_line {
	const char *text; /* with its newline, if it had one */
	size_t length;
	enum console_stream stream;
	int64_t time_ns;
};

/* The last `tail` lines (negative: all) of all generations, oldest first; `visit` returns 0 to go on. */
int console_log_read(const char *id, int64_t tail, int (*visit)(const struct console_line *line, void *data), void *data,
		     struct error *err);
/* The same and then new lines as they come (inotify(7), through rotations), until `visit` or `is_over(data)` (asked at least each second) returns non-zero. */
int console_log_follow(const char *id, int64_t tail, int (*visit)(const struct console_line *line, void *data),
		       int (*is_over)(void *data), void *data, struct error *err);
