/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer attach". */
#include <unistd.h>

#include "base/memory.h"
#include "container/container.h"
#include "container/control.h"
#include "syscontainer/commands.h"
#include "syscontainer/session.h"

static int check(const struct container *container, struct error *err)
{
	switch (container->status) {
	case CONTAINER_PAUSED:
		return error_set(err, -EBUSY, "You cannot attach to a paused container, unpause it first");
	case CONTAINER_RESTARTING:
		return error_set(err, -EBUSY, "You cannot attach to a restarting container, wait until it is running");
	case CONTAINER_RUNNING:
	case CONTAINER_STARTING:
	case CONTAINER_STOPPING:
		return 0;
	default:
		return error_set(err, -ESRCH, "You cannot attach to a stopped container, start it first");
	}
}

static int run(void *options, const struct strings *operands, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	autorelease(json_free_scoped) struct json *request = control_new_request("attach");
	struct session session = {.has_input = true, .may_detach = true};
	autoclose int fd = -EBADF;
	bool is_detached;
	int r = container_open(operands->items[0], &container, err);

	(void)options;
	if (r == 0)
		r = check(&container, err);
	if (r < 0)
		return r;
	fd = control_connect(container.id, err);
	if (fd < 0)
		return fd;
	json_set(request, "input", json_new_bool(true));
	r = control_send(fd, request, err);
	if (r < 0)
		return r;
	session.fd = fd;
	session.has_tty = container.spec.has_tty || !container.spec.has_stdin; /* else its input is a pipe */
	return session_run(&session, &is_detached, err);
}

const struct command command_attach = {
	.name = "attach",
	.arguments = "CONTAINER",
	.summary = "Attach to the console of a running container",
	.details = "Ctrl-a q detaches. The exit status is that of PID 1 when it ends meanwhile.",
	.min_operands = 1,
	.max_operands = 1,
	.complete = "container",
	.run = run,
};
