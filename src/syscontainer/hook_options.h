/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create and run about OCI hooks, and the variable that one of them reads. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "model/config.h"
#include "model/spec.h"

struct hook_options {
	char *file;
};

#define HOOK_ROWS(owner_, member_) \
	{ \
		.name = "hook-spec", .type = OPTION_STRING, .offset = offsetof(owner_, member_.file), .argument = "FILE", \
		.help = "OCI hooks of this container; run behind those of daemon.json", .complete = "file" \
	}

/*
 * Takes the file's hooks into the spec, and checks all that will be run, daemon.json's too; then KERNEL_MODULES of the spec's environment, which must
 * be complete by now: its names, and that one of the hooks is the program that loads them.
 */
int hook_options_get(const struct hook_options *options, const struct config *config, struct spec *spec, struct error *err);
