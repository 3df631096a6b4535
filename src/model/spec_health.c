/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the rules for a health check's values. */
#include "model/spec_health.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/memory.h"

#define FIELD(member, type_) \
	{ \
		.key = #member, .type = type_, .offset = offsetof(struct spec_health, member) \
	}
static const struct schema_field health_fields[] = {
	FIELD(command, SCHEMA_STRING), FIELD(interval_ms, SCHEMA_INT64),     FIELD(timeout_ms, SCHEMA_INT64),
	FIELD(retries, SCHEMA_INT),    FIELD(start_period_ms, SCHEMA_INT64), FIELD(ends_unhealthy, SCHEMA_BOOL),
};
const struct schema spec_health_schema = {sizeof(struct spec_health), health_fields, ARRAY_SIZE(health_fields)};

int spec_health_check(const struct spec_health *health, struct error *err)
{
	if (!health->command)
		return 0;
	if (!health->command[0])
		return error_set(err, -EINVAL, "command: it is empty");
	if (health->interval_ms < 1000 || health->interval_ms > SPEC_HEALTH_PAUSE_MAX_MS)
		return error_set(err, -EINVAL, "interval_ms: %" PRId64 " is not between one second and a year",
				 health->interval_ms);
	if (health->timeout_ms < 1000 || health->timeout_ms > SPEC_HEALTH_TIMEOUT_MAX_MS)
		return error_set(err, -EINVAL, "timeout_ms: %" PRId64 " is not between one second and ten minutes",
				 health->timeout_ms);
	if (health->start_period_ms < 0 || health->start_period_ms > SPEC_HEALTH_PAUSE_MAX_MS)
		return error_set(err, -EINVAL, "start_period_ms: %" PRId64 " is not between zero and a year",
				 health->start_period_ms);
	if (health->retries < 1)
		return error_set(err, -EINVAL, "retries: %d is less than one", health->retries);
	return 0;
}
