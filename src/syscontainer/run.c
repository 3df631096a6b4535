/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer run". */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "container/container.h"
#include "container/removal.h"
#include "syscontainer/commands.h"
#include "syscontainer/create_options.h"
#include "syscontainer/lifecycle.h"
#include "syscontainer/session.h"

static const struct option_row rows[] = {
	CREATE_ROWS,
	CREATE_ROW("detach", 'd', OPTION_FLAG, is_detached, .help = "run in the background, print the id"),
	CREATE_ROW(
		"wait", 0, OPTION_STRING, wait, .argument = "ready|started|UNIT",
		.help = "with --detach: return when the guest says it is ready, when PID 1 was executed, or when a unit of it is active"),
	{.name = NULL},
};

/* What could not even start leaves nothing behind, as if the command had never been given. */
static int undo(struct container *container, struct error *err)
{
	autoclose int lock = -EBADF;

	container_reload(container);
	if (!container_is_live(container) && container->status != CONTAINER_BROKEN && container->spec.removes_itself)
		if (container_lock(container->id, 0, &lock, NULL) == 0)
			removal_finish(container->id, &container->spec, NULL);
	return err->code;
}

static int run_attached(struct container *container, struct error *err)
{
	struct lifecycle_request request = {.wait = "none", .is_attached = true, .has_input = container->spec.has_stdin};
	struct session session = {.has_tty = container->spec.has_tty,
				  .has_input = container->spec.has_stdin,
				  .may_detach = true};
	autoclose int fd = lifecycle_begin(container, &request, err);
	bool is_detached;

	if (fd < 0)
		return fd;
	session.fd = fd;
	return session_run(&session, &is_detached, err);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	struct create_options *options = data;
	autorelease(container_release) struct container container = {0};
	autorelease(spec_release) struct spec spec = {0};
	int r = create_make_spec(options, operands, &spec, err);

	if (r == 0)
		r = create_container(&spec, err);
	if (r < 0)
		return r;
	container_load(spec.id, &container);
	if (!options->is_detached)
		r = run_attached(&container, err);
	else
		r = lifecycle_start(&container, options->wait, spec.start_timeout_ms, err);
	if (r < 0)
		return undo(&container, err);
	if (options->is_detached)
		printf("%s\n", spec.id);
	return r;
}

const struct command command_run = {
	.name = "run",
	.arguments = "[OPTIONS] ROOTFS [COMMAND [ARG...]]",
	.summary = "Make a container and start it",
	.details =
		"Without --detach the console is attached (Ctrl-a q detaches) and the exit status is that of PID 1; 125, 126 and 127 mean that it was not "
		"started, could not be executed, was not found. With --detach it returns when the guest says that it is ready, and prints the id.",
	.options = rows,
	.defaults = &create_defaults,
	.options_size = sizeof(struct create_options),
	.min_operands = 1,
	.options_end_at_operand = true,
	.operands_before_end = 1,
	.failure_status = 125,
	.complete = "directory",
	.run = run,
};
