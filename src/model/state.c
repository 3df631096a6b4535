/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns state.json and boot.json. */
#include "model/state.h"

#include <stddef.h>

#include "base/memory.h"
#include "base/record.h"
#include "model/paths.h"

const char *const boot_phase_names[] = {"starting", "running", "ready", "stopping", "restarting", "paused", NULL};

#define FIELD(member, field_key, field_type) \
	{ \
		.key = field_key, .type = field_type, .offset = offsetof(struct state, member) \
	}
static const struct schema_field state_fields[] = {
	FIELD(version, "version", SCHEMA_INT),
	FIELD(was_started, "was_started", SCHEMA_BOOL),
	FIELD(should_run, "should_run", SCHEMA_BOOL),
	FIELD(was_stopped_by_user, "was_stopped_by_user", SCHEMA_BOOL),
	FIELD(exit_code, "exit_code", SCHEMA_INT),
	FIELD(reason, "reason", SCHEMA_STRING),
	FIELD(error, "error", SCHEMA_STRING),
	FIELD(restart_count, "restart_count", SCHEMA_INT),
	FIELD(failures, "failures", SCHEMA_INT),
	FIELD(started_ns, "started_ns", SCHEMA_INT64),
	FIELD(finished_ns, "finished_ns", SCHEMA_INT64),
	FIELD(was_out_of_memory, "was_out_of_memory", SCHEMA_BOOL),
};
#undef FIELD
const struct schema state_schema = {sizeof(struct state), state_fields, ARRAY_SIZE(state_fields)};

static const struct schema_field process_fields[] = {
	{.key = "pid", .type = SCHEMA_INT, .offset = offsetof(struct boot_process, pid)},
	{.key = "start_time", .type = SCHEMA_UINT64, .offset = offsetof(struct boot_process, start_time)},
};
static const struct schema process_schema = {sizeof(struct boot_process), process_fields, ARRAY_SIZE(process_fields)};

static const struct schema_field boot_fields[] = {
	{.key = "phase", .type = SCHEMA_ENUM, .offset = offsetof(struct boot, phase), .names = boot_phase_names},
	{.key = "is_ready", .type = SCHEMA_BOOL, .offset = offsetof(struct boot, is_ready)},
	{.key = "init", .type = SCHEMA_OBJECT, .offset = offsetof(struct boot, init), .nested = &process_schema},
	{.key = "keeper", .type = SCHEMA_OBJECT, .offset = offsetof(struct boot, keeper), .nested = &process_schema},
	{.key = "init_kind", .type = SCHEMA_STRING, .offset = offsetof(struct boot, init_kind)},
	{.key = "started_ns", .type = SCHEMA_INT64, .offset = offsetof(struct boot, started_ns)},
	{.key = "environment",
	 .type = SCHEMA_STRINGS,
	 .offset = offsetof(struct boot, environment),
	 .is_omitted_when_empty = true},
	{.key = "devices", .type = SCHEMA_STRINGS, .offset = offsetof(struct boot, devices), .is_omitted_when_empty = true},
	{.key = "mask", .type = SCHEMA_INT, .offset = offsetof(struct boot, mask)},
	{.key = "ulimits", .type = SCHEMA_ARRAY, .offset = offsetof(struct boot, ulimits), .nested = &ulimit_schema},
	{.key = "apparmor", .type = SCHEMA_STRING, .offset = offsetof(struct boot, apparmor), .is_omitted_when_empty = true},
};
const struct schema boot_schema = {sizeof(struct boot), boot_fields, ARRAY_SIZE(boot_fields)};

int state_load(const char *id, struct state *ret_state, struct error *err)
{
	autofree char *path = paths_container(id, "state.json");

	*ret_state = (struct state){0};
	return record_load(path, &state_schema, ret_state, err);
}

int state_save(const char *id, const struct state *state, struct error *err)
{
	autofree char *path = paths_container(id, "state.json");
	struct state current = *state;

	current.version = STATE_VERSION;
	return record_save(path, &state_schema, &current, err);
}

void state_release(struct state *state)
{
	schema_release(&state_schema, state);
}

int boot_load(const char *id, struct boot *ret_boot, bool *ret_is_there, struct error *err)
{
	autofree char *path = paths_run_container(id, "boot.json");
	int r;

	*ret_boot = (struct boot){0};
	r = record_load_if_there(path, &boot_schema, ret_boot, err);
	*ret_is_there = r == 1;
	return r < 0 ? r : 0;
}

int boot_save(const char *id, const struct boot *boot, struct error *err)
{
	autofree char *path = paths_run_container(id, "boot.json");

	return record_save(path, &boot_schema, boot, err);
}

void boot_release(struct boot *boot)
{
	schema_release(&boot_schema, boot);
}
