/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running an OCI hook: which programs may be one, what they are told, how they fail. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "model/spec.h"
#include "model/spec_hooks.h"

/*
 * Are all programs there, executable, and root's alone (base/trusted.h)? Errors name stage, index and path; the exit status is 127 for one that is
 * missing, 126 for one that may not be executed.
 */
int hook_check_programs(const struct spec_hooks *hooks, struct error *err);

/* What a hook is run for. */
struct hook_call {
	const struct spec *spec;
	enum spec_hook_stage stage;
	const struct spec_hook *hook;
	pid_t init_pid; /* PID 1 as the host sees it; 0 at poststop */
};

/*
 * Runs it to its end, without a time limit; blocks. No shell. Its standard input is the container's state as JSON, its environment hook_environment()
 * and no more, its working directory ours; stdout is dropped. Another exit status than 0 is an error with the end of what it said on stderr.
 */
int hook_run(const struct hook_call *call, struct error *err);

/* OCI runtime specification, "State": one JSON object. The caller frees. */
char *hook_state(const struct hook_call *call);
/* The hook's own entries, then those of ours that it does not set itself. */
void hook_environment(const struct hook_call *call, struct strings *ret_environment);
