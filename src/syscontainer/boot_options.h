/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create, run and update about the start with the host. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/command.h"
#include "model/spec_boot.h"

struct boot_options {
	int64_t order, delay_ms;
	bool has_order, has_delay;
};

#define BOOT_ROWS(owner_, member_) \
	{.name = "boot-order", \
	 .type = OPTION_INTEGER, \
	 .offset = offsetof(owner_, member_.order), \
	 .given_offset = offsetof(owner_, member_.has_order), \
	 .min = -SPEC_BOOT_MAX_ORDER, \
	 .max = SPEC_BOOT_MAX_ORDER, \
	 .argument = "N", \
	 .help = "its place among those that come up with the host: lower ones first, equal ones together (default: 0)"}, \
	{ \
		.name = "boot-delay", .type = OPTION_DURATION, .offset = offsetof(owner_, member_.delay_ms), \
		.given_offset = offsetof(owner_, member_.has_delay), .max = SPEC_BOOT_MAX_DELAY_MS, .argument = "TIME", \
		.help = "how long those of a higher order wait once it is up (default: 0)" \
	}

/* Changes what was given, and leaves the rest as it is. */
int boot_options_get(const struct boot_options *options, struct spec_boot *boot, struct error *err);
