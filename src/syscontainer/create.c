/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer create". */
#include <stdio.h>

#include "base/memory.h"
#include "syscontainer/commands.h"
#include "syscontainer/create_options.h"

static const struct option_row rows[] = {CREATE_ROWS, {.name = NULL}};

static int run(void *options, const struct strings *operands, struct error *err)
{
	autorelease(spec_release) struct spec spec = {0};
	int r = create_make_spec(options, operands, &spec, err);

	if (r == 0)
		r = create_container(&spec, err);
	if (r < 0)
		return r;
	printf("%s\n", spec.id);
	return 0;
}

const struct command command_create = {
	.name = "create",
	.arguments = "[OPTIONS] ROOTFS [COMMAND [ARG...]]",
	.summary = "Make a container of a root file system tree",
	.details =
		"ROOTFS is a directory, a block device or an image file with a file system. It is never changed by create and never removed by rm. "
		"COMMAND is what runs as PID 1, /sbin/init by default. Prints the id.",
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
