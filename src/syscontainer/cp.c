/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the table of "syscontainer cp"; what it does is in transfer_cp.c. */
#include <stddef.h>

#include "syscontainer/commands.h"
#include "syscontainer/transfer.h"

static const struct option_row rows[] = {
	{.name = "archive",
	 .letter = 'a',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct cp_options, keeps_owners),
	 .help = "Keep user and group ids, ACLs and capabilities; without it the copy belongs to root"},
	{.name = "follow-link",
	 .letter = 'L',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct cp_options, follows_link),
	 .help = "Copy what the symbolic link SOURCE leads to"},
	{.name = "quiet",
	 .letter = 'q',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct cp_options, is_quiet),
	 .help = "Show no progress"},
	{0},
};

const struct command command_cp = {
	.name = "cp",
	.arguments = "[OPTIONS] CONTAINER:SOURCE DESTINATION|- | SOURCE|- CONTAINER:DESTINATION",
	.summary = "Copy files between a container and the host",
	.details =
		"Paths in a container are what its own processes see, volumes and tmpfs included, whether it runs or not (a stopped one "
		"has nothing mounted). Into a directory that exists the source is copied under its own name; a directory that ends in "
		"\"/.\" gives its content. \"-\" is a tar stream on standard output or input; that on standard input is unpacked in the "
		"directory DESTINATION.\n\n"
		"Modes, times, links, holes and extended attributes are kept; set-user-ID and set-group-ID bits only where the owner or "
		"group stays the same. Sockets and device nodes are not copied.",
	.options = rows,
	.options_size = sizeof(struct cp_options),
	.min_operands = 2,
	.max_operands = 2,
	.complete = "container",
	.run = transfer_cp,
};
