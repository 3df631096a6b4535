/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running other programs without a shell. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"

struct process_run {
	const char *path; /* absolute; no search in PATH */
	char *const *argv;
	char *const *environment; /* NULL: PATH=/usr/sbin:/usr/bin:/sbin:/bin only */
	const char *input;        /* written to its stdin; NULL is /dev/null */
	int timeout_ms;           /* then SIGKILL to its process group; <= 0 waits for ever */
	size_t max_output;        /* of each stream; the rest is read and dropped. 0 means 64 KiB */
};

/*
 * Runs it to its end. *ret_status is a wait status (waitpid(2)); -ETIMEDOUT when it had to be killed. Output is appended to `out` and
 * `errors` (either may be NULL: /dev/null). A program that cannot be executed is an error with its errno.
 */
int process_run(const struct process_run *run, int *ret_status, struct text *out, struct text *errors, struct error *err);
