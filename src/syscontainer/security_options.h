/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create and run about confinement. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "model/config.h"
#include "model/spec.h"

struct security_options {
	struct strings cap_add, cap_drop, options, ulimits;
};

int security_check_added(const char *value, struct error *err);
int security_check_dropped(const char *value, struct error *err);
int security_check_option(const char *value, struct error *err);
int security_check_ulimit(const char *value, struct error *err);

#define SECURITY_ROW(owner_, member_, name_, field_, ...) \
	{ \
		.name = name_, .type = OPTION_STRINGS, .offset = offsetof(owner_, member_.field_), ##__VA_ARGS__ \
	}
#define SECURITY_ROWS(owner_, member_) \
	SECURITY_ROW(owner_, member_, "cap-add", cap_add, .argument = "CAPABILITY", \
		     .help = "give it a capability more, such as sys_time; ALL", .check = security_check_added), \
		SECURITY_ROW(owner_, member_, "cap-drop", cap_drop, .argument = "CAPABILITY", \
			     .help = "take a capability away; ALL", .check = security_check_dropped), \
		SECURITY_ROW( \
			owner_, member_, "security-opt", options, .argument = "KEY=VALUE", \
			.help = "seccomp=FILE|unconfined, apparmor=PROFILE|unconfined, label=PART:X|disable, no-new-privileges", \
			.complete = "words seccomp= apparmor= label= no-new-privileges", .check = security_check_option), \
		SECURITY_ROW(owner_, member_, "ulimit", ulimits, .argument = "NAME=SOFT[:HARD]", \
			     .help = "limit of each process, such as nofile=1024:4096; -1: unlimited", \
			     .check = security_check_ulimit)

/*
 * Fills spec->security, and reads the profile that --security-opt seccomp=FILE names. Checked against this host: its security modules, the
 * filter that the profile makes, the default profile.
 */
int security_options_get(const struct security_options *options, const struct config *config, struct spec *spec,
			 struct error *err);
