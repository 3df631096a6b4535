/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create and run about the proc view. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/command.h"
#include "model/config.h"
#include "model/spec_proc_view.h"

struct proc_view_options {
	bool is_off, is_off_given; /* not given: daemon.json says it */
	bool shows_quota;
};

#define PROC_VIEW_OPTIONS_DEFAULTS \
	{ \
		.shows_quota = true \
	}

#define PROC_VIEW_ROWS(owner_, member_) \
	{.name = "no-proc-view", \
	 .type = OPTION_FLAG, \
	 .offset = offsetof(owner_, member_.is_off), \
	 .given_offset = offsetof(owner_, member_.is_off_given), \
	 .help = "show it the host's values in /proc and /sys, not its own (default: by proc-view of daemon.json)"}, \
	{ \
		.name = "cpu-quota-view", .type = OPTION_FLAG, .offset = offsetof(owner_, member_.shows_quota), \
		.help = "show it a CPU quota as a number of CPUs (default: true)" \
	}

void proc_view_options_get(const struct proc_view_options *options, const struct config *config,
			   struct spec_proc_view *ret_view);
