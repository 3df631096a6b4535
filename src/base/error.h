/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way a failure travels: filled where it happened, carried up, printed once at the edge. */
#pragma once

#include <errno.h>
#include <stdarg.h>

/*
 * A failure. Plain data of fixed size, so that a child can send it to its parent with one atomic
 * write to a pipe (smaller than PIPE_BUF, see pipe(7)).
 */
struct error {
	int code;           /* negative errno */
	int exit_status;    /* what main() should exit with; 0 when the command's default is right */
	char message[2000]; /* for the person at the terminal; no newline at the end; too long, it has lost its middle */
};

/* Each fills `err` (which may be NULL) and returns the negative errno that it stored. */
int error_set(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Takes the code and its text from errno: "FORMAT: No such file or directory". */
int error_set_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Takes the exit status too: 125, 126, 127 of a container's command. */
int error_set_exit(struct error *err, int code, int exit_status, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Puts "FORMAT: " in front of the message and returns the code that is already there. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts text behind the message (a hint, a path to look at) and returns the code. */
int error_append(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
