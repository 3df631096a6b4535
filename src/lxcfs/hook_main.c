/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the command line of lxcfs-hook. */
#include <stddef.h>

#include "base/command.h"
#include "lxcfs/hook.h"
#include "lxcfs/report.h"

struct options {
	char *log;
};

static const struct option_row rows[] = {
	{.name = "log",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, log),
	 .argument = "FILE",
	 .complete = "file",
	 .help = "write messages to this file, too"},
	{.name = NULL},
};

/* A guest that sees the host's values is better than one that does not start. */
static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct options *options = data;

	(void)operands;
	if (hook_run(err) < 0)
		report(options->log, "warning", "%s; the container sees the host's values", err->message);
	return 0;
}

static const struct command command = {
	.name = "lxcfs-hook",
	.arguments = "[OPTIONS]",
	.summary = "Give a starting container its own /proc and /sys: an OCI hook for prestart and poststop",
	.options = rows,
	.options_size = sizeof(struct options),
	.max_operands = COMMAND_NO_OPERANDS,
	.usage_status = 1,
	.run = run,
};
static const struct command_program program = {.name = "lxcfs-hook", .version = PACKAGE_VERSION, .only = &command};

int main(int argc, char **argv)
{
	return command_main(&program, argc, argv);
}
