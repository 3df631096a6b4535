/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manager's commands: each is one struct at the foot of its file, and one line in main.c. */
#pragma once

#include "base/command.h"

extern const struct command command_attach, command_boot, command_check, command_containers, command_cp, command_create,
	command_disable, command_enable, command_events, command_exec, command_export, command_info, command_inspect,
	command_kill, command_logs, command_pause, command_ps, command_rename, command_repair, command_restart, command_rm,
	command_run, command_shutdown, command_start, command_stats, command_stop, command_top, command_unpause,
	command_update, command_version, command_wait;
