/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer start". */
#include <stddef.h>

#include "base/memory.h"
#include "model/registry.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"
#include "syscontainer/session.h"

struct options {
	bool is_attached;
	char *wait;
	int64_t timeout_ms;
	bool has_timeout, notifies;
};

static const struct options defaults = {.wait = (char *)"ready"};
static const struct option_row rows[] = {
	{.name = "attach",
	 .letter = 'a',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, is_attached),
	 .help = "attach to its console; one container only"},
	{.name = "wait",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, wait),
	 .argument = "ready|started|UNIT",
	 .help = "return when the guest says it is ready, when PID 1 was executed, or when a unit of it is active"},
	{.name = "timeout",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct options, timeout_ms),
	 .given_offset = offsetof(struct options, has_timeout),
	 .argument = "TIME",
	 .help = "how long to wait (default: what the container was made with); 0: for ever"},
	{.name = "notify",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, notifies),
	 .help = "for a unit's ExecStart=: make its monitor the unit's main process, which tells systemd when the guest is ready; one container only"},
	{.name = NULL},
};

static int start(struct container *container, void *data, struct error *err)
{
	const struct options *options = data;

	return lifecycle_start(container, options->wait,
			       options->has_timeout ? options->timeout_ms : container->spec.start_timeout_ms, err);
}

static int start_attached(const char *reference, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	struct session session = {.may_detach = true};
	autoclose int fd = -EBADF;
	bool is_detached;
	int r = container_open(reference, &container, err);

	if (r < 0)
		return error_set_exit(err, r, 125, "%s", err->message);
	session.has_tty = container.spec.has_tty;
	session.has_input = container.spec.has_stdin;
	fd = lifecycle_begin(
		&container, &(struct lifecycle_request){.wait = "none", .is_attached = true, .has_input = session.has_input},
		err);
	if (fd < 0)
		return error_set_exit(err, fd, 125, "%s", err->message);
	session.fd = fd;
	return session_run(&session, &is_detached, err);
}

/*
 * A unit is started again when its monitor was killed. Then the guest gets a new one; but a guest that died in between stays dead, unless its restart policy
 * brought it back: nobody asked for a start.
 */
static int open_for_unit(const char *reference, struct container *container, struct error *err)
{
	autorelease(container_release) struct container before = {0};
	autofree char *id = NULL;
	int r = registry_resolve(reference, &id, err);

	if (r < 0)
		return r;
	container_load(id, &before);
	r = container_open(reference, container, err);
	if (r < 0)
		return r;
	if (!before.is_orphan)
		return 0;
	lifecycle_await_down(container); /* poststop hooks may still run */
	if (!container_is_live(container))
		return error_set(err, -ECHILD, "container %s ended when its monitor was killed", container->spec.name);
	return 0;
}

/* However long that takes: systemd has times of its own, TimeoutStartSec=. */
static int start_for_unit(const char *reference, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	struct lifecycle_request request = {.wait = "ready", .notify_socket = getenv("NOTIFY_SOCKET")};
	autoclose int fd = -EBADF;
	int r;

	if (!request.notify_socket)
		return error_set_exit(err, -EINVAL, 125, "--notify is for units of Type=notify: there is no NOTIFY_SOCKET");
	r = open_for_unit(reference, &container, err);
	if (r < 0)
		return r;
	fd = lifecycle_begin(&container, &request, err);
	return fd < 0 ? fd : lifecycle_await(&container, fd, request.wait, 0, err);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	struct options *options = data;

	if (!options->is_attached && !options->notifies)
		return lifecycle_for_each(operands, false, start, options);
	if (options->notifies && (operands->count > 1 || options->is_attached))
		return error_set_exit(err, -EINVAL, 125, "--notify is for one container, and not attached");
	if (options->notifies)
		return start_for_unit(operands->items[0], err);
	if (operands->count > 1)
		return error_set_exit(err, -EINVAL, 125, "You cannot start and attach multiple containers at once.");
	return start_attached(operands->items[0], err);
}

const struct command command_start = {
	.name = "start",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Start containers",
	.details = "Prints nothing on success. A container that runs already is fine.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.complete = "container",
	.run = run,
};
