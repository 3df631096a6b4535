/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the list of the manager's commands. */
#include <stddef.h>

#include "container/tools_verbs.h"
#include "syscontainer/commands.h"
#include "syscontainer/delegate.h"

#define TOOLS_COMMAND(id_, name_, summary_) \
	static const struct command tools_##id_ = { \
		.name = (name_), \
		.arguments = "[OPTIONS] [CONTAINER] [ARG...]", \
		.summary = (summary_), \
		.is_raw = true, \
		.complete = "container", \
		.run = delegate_to_tools, \
	};
TOOLS_VERBS(TOOLS_COMMAND)
#define TOOLS_POINTER(id_, name_, summary_) &tools_##id_,

static const struct command *const commands[] = {
	&command_attach,  &command_boot,    &command_check,    &command_containers,
	&command_cp,      &command_create,  &command_disable,  &command_enable,
	&command_events,  &command_exec,    &command_export,   &command_info,
	&command_inspect, &command_kill,    &command_logs,     &command_pause,
	&command_ps,      &command_rename,  &command_repair,   &command_restart,
	&command_rm,      &command_run,     &command_shutdown, &command_start,
	&command_stats,   &command_stop,    &command_top,      &command_unpause,
	&command_update,  &command_version, &command_wait,     TOOLS_VERBS(TOOLS_POINTER) NULL,
};

static const struct command_program program = {
	.name = "syscontainer",
	.summary = "Boot root file system trees as machines",
	.version = PACKAGE_VERSION,
	.commands = commands,
};

int main(int argc, char **argv)
{
	delegate_arguments = argv;
	return command_main(&program, argc, argv);
}
