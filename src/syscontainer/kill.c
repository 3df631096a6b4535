/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer kill". */
#include <signal.h>
#include <stddef.h>

#include "base/memory.h"
#include "container/control.h"
#include "syscontainer/audit.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"

struct options {
	char *signal;
};

static const struct options defaults = {.signal = (char *)"SIGKILL"};
static const struct option_row rows[] = {
	{.name = "signal",
	 .letter = 's',
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, signal),
	 .argument = "SIGNAL",
	 .help = "name or number; SIGKILL ends the container for good, others are PID 1's to interpret",
	 .complete = "signal"},
	{.name = NULL},
};

static int send_signal(struct container *container, void *data, struct error *err)
{
	struct json *request;
	int number = *(int *)data;

	if (!container_is_live(container))
		return error_set(err, -ESRCH, "Cannot kill container: %s is not running", container->spec.name);
	audit_log("kill", container->spec.name);
	request = control_new_request("kill");
	json_set(request, "signal", json_new_integer(number));
	if (control_request(container->id, request, -1, NULL, NULL, err) < 0 && err->code != -ECONNRESET)
		return error_prefix(err, "Cannot kill container %s", container->spec.name);
	return 0;
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	struct options *options = data;
	int number, r = spec_parse_signal(options->signal, &number, err);

	return r < 0 ? r : lifecycle_for_each(operands, true, send_signal, &number);
}

const struct command command_kill = {
	.name = "kill",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Send a signal to PID 1 of containers",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run,
};
