/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns which containers come up with the host. */
#include "model/spec_boot.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "model/spec.h"
#include "model/state.h"

static const struct schema_field boot_fields[] = {
	{.key = "is_enabled", .type = SCHEMA_BOOL, .offset = offsetof(struct spec_boot, is_enabled)},
	{.key = "order", .type = SCHEMA_INT, .offset = offsetof(struct spec_boot, order)},
	{.key = "delay_ms", .type = SCHEMA_INT64, .offset = offsetof(struct spec_boot, delay_ms)},
};
const struct schema spec_boot_schema = {sizeof(struct spec_boot), boot_fields, ARRAY_SIZE(boot_fields)};

int spec_boot_check(const struct spec_boot *boot, struct error *err)
{
	if (boot->order < -SPEC_BOOT_MAX_ORDER || boot->order > SPEC_BOOT_MAX_ORDER)
		return error_set(err, -ERANGE, "the order is not between -%d and %d", SPEC_BOOT_MAX_ORDER,
				 SPEC_BOOT_MAX_ORDER);
	if (boot->delay_ms < 0 || boot->delay_ms > SPEC_BOOT_MAX_DELAY_MS)
		return error_set(err, -ERANGE, "the delay is negative or longer than 24 hours");
	return 0;
}

bool spec_boot_is_due(const struct spec *spec, const struct state *state)
{
	if (spec->boot.is_enabled)
		return true;
	if (!state->was_started)
		return false;
	switch ((enum spec_restart)spec->restart.name) {
	case SPEC_RESTART_NO:
	case SPEC_RESTART_ON_REBOOT: /* of the guest, not of the host */
		return false;
	case SPEC_RESTART_ON_FAILURE:
		return state->should_run;
	case SPEC_RESTART_ALWAYS:
		return true;
	case SPEC_RESTART_UNLESS_STOPPED:
		return !state->was_stopped_by_user;
	}
	return false;
}
