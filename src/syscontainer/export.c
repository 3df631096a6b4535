/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the table of "syscontainer export"; what it does is in transfer_export.c. */
#include <stddef.h>

#include "syscontainer/commands.h"
#include "syscontainer/transfer.h"

static const struct option_row rows[] = {
	{.name = "output",
	 .letter = 'o',
	 .type = OPTION_STRING,
	 .offset = offsetof(struct export_options, output),
	 .argument = "FILE",
	 .help = "The file to write; one that is there is replaced when the new one is complete",
	 .complete = "file"},
	{.name = "quiet",
	 .letter = 'q',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct export_options, is_quiet),
	 .help = "Show no progress"},
	{0},
};

const struct command command_export = {
	.name = "export",
	.arguments = "[OPTIONS] CONTAINER",
	.summary = "Write a container's root file system to a tar file",
	.details =
		"The tree itself, of a running container too, without what is mounted in it. Numeric ids are those of the guest, so the tar can "
		"be unpacked (tar --numeric-owner --xattrs) and booted again. A running guest changes its files meanwhile; one that became "
		"shorter is filled up with zeroes and named, with exit status 1.",
	.options = rows,
	.options_size = sizeof(struct export_options),
	.min_operands = 1,
	.max_operands = 1,
	.complete = "container",
	.run = transfer_export,
};
