/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether and when a container comes up with its host: the part of the spec that enable, --boot-order and --boot-delay make. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/schema.h"

struct spec;
struct state;

#define SPEC_BOOT_MAX_ORDER    1000000
#define SPEC_BOOT_MAX_DELAY_MS (INT64_C(24) * 3600 * 1000)

/* All zeroes for a spec that says nothing of it. */
struct spec_boot {
	bool is_enabled;  /* by "syscontainer enable", where there are no units (container/host_units.h) */
	int order;        /* lower ones come first, equal ones together */
	int64_t delay_ms; /* once it is up, what has a higher order waits so long */
};

extern const struct schema spec_boot_schema;

int spec_boot_check(const struct spec_boot *boot, struct error *err);
/*
 * Shall it come up with the host? If it is enabled; and by its restart policy if it was ever started: "always" in any case, "unless-stopped" unless a user
 * stopped it, "on-failure" when the host went down under it: of that case `state` must be what was found, before the end is recorded.
 */
bool spec_boot_is_due(const struct spec *spec, const struct state *state);
