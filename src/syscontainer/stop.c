/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer stop" and "syscontainer restart". */
#include <stddef.h>

#include "base/memory.h"
#include "syscontainer/audit.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"

struct options {
	int64_t timeout_ms; /* --time counts seconds, as users of the reference know it; a unit may be given */
	bool has_timeout, is_forced;
	char *wait;
};

#define TIME_ROW \
	{ \
		.name = "time", .letter = 't', .type = OPTION_DURATION, .offset = offsetof(struct options, timeout_ms), \
		.given_offset = offsetof(struct options, has_timeout), .min = -1, .argument = "SECONDS", \
		.help = "how long to wait before it is killed (default: what the container was made with); negative: for ever" \
	}

static const struct options defaults = {.wait = (char *)"ready"};
static const struct option_row stop_rows[] = {
	TIME_ROW,
	{.name = "force",
	 .letter = 'f',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, is_forced),
	 .help = "kill at once"},
	{.name = NULL},
};
static const struct option_row restart_rows[] = {
	TIME_ROW,
	{.name = "wait",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, wait),
	 .argument = "ready|started|UNIT",
	 .help = "as of start"},
	{.name = NULL},
};

static int end(struct container *container, void *data, struct error *err)
{
	const struct options *options = data;

	if (options->is_forced)
		return lifecycle_stop(container, 0, "KILL", err);
	return lifecycle_stop(container, options->has_timeout ? options->timeout_ms : container->spec.stop_timeout_ms, NULL,
			      err);
}

static int stop(struct container *container, void *data, struct error *err)
{
	audit_log("stop", container->spec.name);
	return end(container, data, err);
}

static int restart(struct container *container, void *data, struct error *err)
{
	const struct options *options = data;
	int r;

	if (container->spec.removes_itself)
		return error_set(err, -EINVAL,
				 "container %s was made with --rm: it would be gone before it could start again",
				 container->spec.name);
	audit_log("restart", container->spec.name);
	r = end(container, data, err);
	if (r < 0)
		return r;
	container_reload(container);
	return lifecycle_start(container, options->wait, container->spec.start_timeout_ms, err);
}

static int run_stop(void *options, const struct strings *operands, struct error *err)
{
	(void)err;
	return lifecycle_for_all(operands, operands, stop, options);
}

static int run_restart(void *options, const struct strings *operands, struct error *err)
{
	(void)err;
	/* One after the other: what comes later may need what comes first to run. */
	return lifecycle_for_each(operands, true, restart, options);
}

const struct command command_stop = {
	.name = "stop",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Stop containers: ask PID 1 to shut down, then wait",
	.details =
		"Several are stopped at once. PID 1 is asked in its own language, and no earlier than it can hear it. When the time is over it is killed, and the processes that were left "
		"are named with where they hung.",
	.options = stop_rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.complete = "container",
	.run = run_stop,
};

const struct command command_restart = {
	.name = "restart",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Stop containers and start them again",
	.options = restart_rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.complete = "container",
	.run = run_restart,
};
