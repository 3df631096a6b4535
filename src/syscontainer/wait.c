/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer wait". */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/control.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"

#define ENDING_TRIES    100
#define ENDING_PAUSE_US 10000

struct options {
	char *condition;
	int64_t timeout_ms;
};

static const char *const conditions[] = {"stopped", "ready", "healthy", NULL};
static const struct options defaults = {.condition = (char *)"stopped"};
static const struct option_row rows[] = {
	{.name = "condition",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct options, condition),
	 .choices = conditions,
	 .argument = "WHAT",
	 .help = "what to wait for"},
	{.name = "timeout",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct options, timeout_ms),
	 .argument = "TIME",
	 .help = "give up after this time (default: never)"},
	{.name = NULL},
};

static int wait_ended(struct container *container, int *ret_status)
{
	container_reload(container);
	if (container->status == CONTAINER_BROKEN || container_is_live(container))
		return -EAGAIN;
	*ret_status = container->state.exit_code;
	return 0;
}

/* A monitor that ends takes its socket away before its lock: for a moment it is there, and not to be asked. */
static int wait_ended_soon(struct container *container, int *ret_status)
{
	int r = wait_ended(container, ret_status);

	for (int i = 0; r < 0 && i < ENDING_TRIES; i++) {
		usleep(ENDING_PAUSE_US);
		r = wait_ended(container, ret_status);
	}
	return r;
}

static int wait_live(struct container *container, const struct options *options, int *ret_status, struct error *err)
{
	struct json *request = control_new_request("wait");
	int r;

	json_set(request, "for", json_new_string(options->condition));
	r = control_request(container->id, request, options->timeout_ms > 0 ? (int)options->timeout_ms : -1, NULL, NULL,
			    err);
	if (r == -ETIMEDOUT)
		return error_set(err, r, "container %s is not %s in time", container->spec.name, options->condition);
	if (r >= 0)
		*ret_status = r;
	return r < 0 ? r : 0;
}

static int wait_one(struct container *container, void *data, struct error *err)
{
	const struct options *options = data;
	bool waits_for_end = strcmp(options->condition, "stopped") == 0;
	autofree char *name = xstrdup(container->spec.name);
	int status = 0, r = 0;

	if (strcmp(options->condition, "healthy") == 0 && !container->spec.health.command)
		return error_set(err, -EINVAL, "container %s has no health check", name);
	if (!container_is_live(container) && !waits_for_end)
		return error_set(err, -ESRCH, "container %s is not running", name);
	if (container_is_live(container))
		r = wait_live(container, options, &status, err);
	else
		status = container->state.exit_code;
	if (r == -ECONNRESET || r == -ECONNREFUSED) {
		/* The monitor was killed, or the container ended between our look and our request, or it was removed. */
		if (wait_ended_soon(container, &status) < 0)
			return error_set(
				err, -ENOENT,
				"container %s was removed, or its monitor was killed; look with \"syscontainer ps -a\"",
				name);
		r = 0;
	}
	if (r == 0 && waits_for_end)
		printf("%d\n", status);
	return r;
}

static int run(void *options, const struct strings *operands, struct error *err)
{
	(void)err;
	return lifecycle_for_each(operands, false, wait_one, options);
}

const struct command command_wait = {
	.name = "wait",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Wait until containers have stopped and print their exit codes, or until they are ready or healthy",
	.details = "A guest that reboots has not stopped when its restart policy brings it back.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.complete = "container",
	.run = run,
};
