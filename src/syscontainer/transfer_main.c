/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the program of cp and export. Its arguments are those of the manager, which has checked them with the same tables. */
#include <stddef.h>

#include "syscontainer/commands.h"

static const struct command *const commands[] = {&command_cp, &command_export, NULL};

static const struct command_program program = {
	.name = "syscontainer",
	.summary = "Boot root file system trees as machines",
	.version = PACKAGE_VERSION,
	.commands = commands,
};

int main(int argc, char **argv)
{
	return command_main(&program, argc, argv);
}
