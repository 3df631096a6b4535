/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns health.json and the rules by which a container becomes healthy and unhealthy. */
#include "model/health.h"

#include <string.h>

#include "base/memory.h"
#include "base/record.h"
#include "model/paths.h"

const char *const health_status_names[] = {"starting", "healthy", "unhealthy", NULL};

#define FIELD(owner, member, type_, ...) \
	{ \
		.key = #member, .type = type_, .offset = offsetof(struct owner, member), ##__VA_ARGS__ \
	}
static const struct schema_field result_fields[] = {
	FIELD(health_result, start_ns, SCHEMA_INT64),
	FIELD(health_result, end_ns, SCHEMA_INT64),
	FIELD(health_result, exit_code, SCHEMA_INT),
	FIELD(health_result, output, SCHEMA_STRING),
};
static const struct schema result_schema = {sizeof(struct health_result), result_fields, ARRAY_SIZE(result_fields)};

static const struct schema_field health_fields[] = {
	FIELD(health, status, SCHEMA_ENUM, .names = health_status_names),
	FIELD(health, failing_streak, SCHEMA_INT),
	FIELD(health, log, SCHEMA_ARRAY, .nested = &result_schema),
};
const struct schema health_schema = {sizeof(struct health), health_fields, ARRAY_SIZE(health_fields)};

/* Not in the middle of a character of UTF-8. */
static char *shorten(const char *output)
{
	size_t length = HEALTH_OUTPUT_MAX;

	if (strlen(output) <= length)
		return xstrdup(output);
	while (length > HEALTH_OUTPUT_MAX - 4 && ((unsigned char)output[length] & 0xc0) == 0x80)
		length--;
	return xasprintf("%.*s...", (int)length, output);
}

static void append_result(struct health *health, const struct health_result *result)
{
	struct health_result copy = *result;

	copy.output = shorten(result->output ? result->output : "");
	if (health->log.count >= HEALTH_LOG_LENGTH) {
		schema_release(&result_schema, &health->log.items[0]);
		memmove(&health->log.items[0], &health->log.items[1], (health->log.count - 1) * sizeof(copy));
		health->log.count--;
	}
	health->log.items = xreallocarray(health->log.items, health->log.count + 1, sizeof(copy));
	health->log.items[health->log.count++] = copy;
}

bool health_record(struct health *health, const struct spec_health *check, int64_t started_ns,
		   const struct health_result *result)
{
	int before = health->status;
	bool is_too_early = before == HEALTH_STARTING && (result->start_ns - started_ns) / 1000000 < check->start_period_ms;

	append_result(health, result);
	if (result->exit_code == 0) {
		health->failing_streak = 0;
		health->status = HEALTH_HEALTHY;
	} else if (!is_too_early) {
		health->failing_streak += health->failing_streak < INT32_MAX;
		if (health->failing_streak >= check->retries)
			health->status = HEALTH_UNHEALTHY;
	}
	return health->status != before;
}

int health_load(const char *id, struct health *ret_health, struct error *err)
{
	autofree char *path = paths_run_container(id, "health.json");
	int r;

	*ret_health = (struct health){0};
	r = record_load_if_there(path, &health_schema, ret_health, err);
	return r < 0 ? r : 0;
}

int health_save(const char *id, const struct health *health, struct error *err)
{
	autofree char *path = paths_run_container(id, "health.json");

	return record_save(path, &health_schema, health, err);
}

void health_release(struct health *health)
{
	schema_release(&health_schema, health);
}
