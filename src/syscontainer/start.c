/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer start". */
#include <stddef.h>

#include "base/memory.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"
#include "syscontainer/session.h"

struct options {
	bool is_attached;
	char *wait;
	int64_t timeout_ms;
	bool has_timeout;
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
	fd = lifecycle_begin(&container, "none", true, session.has_input, err);
	if (fd < 0)
		return error_set_exit(err, fd, 125, "%s", err->message);
	session.fd = fd;
	return session_run(&session, &is_detached, err);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	struct options *options = data;

	if (!options->is_attached)
		return lifecycle_for_each(operands, false, start, options);
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
