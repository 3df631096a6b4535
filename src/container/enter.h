/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running a program inside a running container. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "container/container.h"

struct enter_request {
	const struct strings *arguments;
	const struct strings *environment; /* added to the container's own; may be NULL */
	const char *working_directory;     /* NULL: the container's */
	const char *user;                  /* NULL: the container's */
	const char *
		cgroup; /* NULL: CGROUP_GUEST; else the one beside it of that name, made when missing, so that all of the process can be killed by it */
	bool has_tty;   /* a terminal of the guest's own devpts */
	bool has_stdin; /* without a tty: a pipe; else /dev/null */
	bool is_detached; /* all three are /dev/null */
};

/* Our ends; -1 where there is none. With a tty `terminal` is its master and serves all three. All are close-on-exec. */
struct enter_process {
	pid_t pid; /* our child: waitpid(2) */
	int terminal;
	int input, output, errors;
};

/*
 * Starts it with the container's namespaces, cgroups, capabilities, user and environment. Returns when it was executed, or with exit status 125,
 * 126 or 127 in `err` when that failed. The caller waits and closes.
 */
int enter_start(const struct container *container, const struct enter_request *request, struct enter_process *ret_process,
		struct error *err);
/*
 * Waits for its end, or kills it at the timeout (-ETIMEDOUT), and closes. The first 64 KiB of its output are appended to `out` (may be NULL); *ret_status is
 * a wait status. `name` is for the message.
 */
int enter_finish(struct enter_process *process, const char *name, int timeout_ms, int *ret_status, struct text *out,
		 struct error *err);
/* The whole of it for a short program: output (first 64 KiB of each stream) is appended, *ret_status is a wait status. SIGKILL at the timeout, -ETIMEDOUT. */
int enter_run(const struct container *container, const char *const *arguments, int timeout_ms, int *ret_status,
	      struct text *out, struct error *err);
