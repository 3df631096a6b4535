/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer pause" and "syscontainer unpause". */
#include "base/memory.h"
#include "container/control.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"

static int request(struct container *container, void *data, struct error *err)
{
	const char *operation = data;

	if (!container_is_live(container))
		return error_set(err, -ESRCH, "Cannot %s container %s: it is not running", operation, container->spec.name);
	if (control_request(container->id, control_new_request(operation), -1, NULL, NULL, err) < 0)
		return error_prefix(err, "Cannot %s container %s", operation, container->spec.name);
	return 0;
}

static int run_pause(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)err;
	return lifecycle_for_each(operands, true, request, (void *)"pause");
}

static int run_unpause(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)err;
	return lifecycle_for_each(operands, true, request, (void *)"unpause");
}

const struct command command_pause = {
	.name = "pause",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Freeze all processes of containers",
	.min_operands = 1,
	.complete = "container",
	.run = run_pause,
};

const struct command command_unpause = {
	.name = "unpause",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Let the processes of paused containers go on",
	.min_operands = 1,
	.complete = "container",
	.run = run_unpause,
};
