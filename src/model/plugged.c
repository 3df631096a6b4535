/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns plugged.json. */
#include "model/plugged.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/record.h"
#include "model/paths.h"

#define PLUGGED_VERSION 1

#define FIELD(owner, member, type_, ...) \
	{ \
		.key = #member, .type = type_, .offset = offsetof(struct owner, member), ##__VA_ARGS__ \
	}
static const struct schema_field process_fields[] = {
	FIELD(boot_process, pid, SCHEMA_INT),
	FIELD(boot_process, start_time, SCHEMA_UINT64),
};
static const struct schema process_schema = {sizeof(struct boot_process), process_fields, ARRAY_SIZE(process_fields)};

static const struct schema_field skip_fields[] = {
	FIELD(plugged_skip, what, SCHEMA_STRING, .is_required = true),
	FIELD(plugged_skip, reason, SCHEMA_STRING, .is_required = true),
};
static const struct schema skip_schema = {sizeof(struct plugged_skip), skip_fields, ARRAY_SIZE(skip_fields)};

static const struct schema_field plugged_fields[] = {
	FIELD(plugged, version, SCHEMA_INT, .is_required = true),
	FIELD(plugged, init, SCHEMA_OBJECT, .nested = &process_schema),
	FIELD(plugged, live, SCHEMA_OBJECT, .nested = &attachments_schema),
	FIELD(plugged, skipped, SCHEMA_ARRAY, .nested = &skip_schema, .is_omitted_when_empty = true),
	FIELD(plugged, has_intent, SCHEMA_BOOL, .is_omitted_when_empty = true),
	FIELD(plugged, intent, SCHEMA_OBJECT, .nested = &attachments_schema, .is_omitted_when_empty = true),
};
static const struct schema plugged_schema = {sizeof(struct plugged), plugged_fields, ARRAY_SIZE(plugged_fields)};

int plugged_load(const char *id, struct plugged *ret_plugged, struct error *err)
{
	autofree char *path = paths_run_container(id, "plugged.json");
	int r;

	*ret_plugged = (struct plugged){0};
	r = record_load_if_there(path, &plugged_schema, ret_plugged, err);
	return r < 0 ? r : 0;
}

int plugged_save(const char *id, const struct plugged *plugged, struct error *err)
{
	autofree char *path = paths_run_container(id, "plugged.json");
	struct plugged current = *plugged;

	current.version = PLUGGED_VERSION;
	return record_save(path, &plugged_schema, &current, err);
}

int plugged_remove(const char *id, struct error *err)
{
	autofree char *path = paths_run_container(id, "plugged.json");

	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove %s", path);
	return 0;
}

void plugged_release(struct plugged *plugged)
{
	schema_release(&plugged_schema, plugged);
}

static struct plugged_skip *find(const struct plugged *plugged, const char *what)
{
	for (size_t i = 0; i < plugged->skipped.count; i++)
		if (strcmp(plugged->skipped.items[i].what, what) == 0)
			return &plugged->skipped.items[i];
	return NULL;
}

const char *plugged_find_skip(const struct plugged *plugged, const char *what)
{
	const struct plugged_skip *skip = find(plugged, what);

	return skip ? skip->reason : NULL;
}

void plugged_set_skip(struct plugged *plugged, const char *what, const char *reason)
{
	size_t count;

	plugged_clear_skip(plugged, what);
	count = plugged->skipped.count;
	plugged->skipped.items = xreallocarray(plugged->skipped.items, count + 1, sizeof(*plugged->skipped.items));
	plugged->skipped.items[count] = (struct plugged_skip){.what = xstrdup(what), .reason = xstrdup(reason)};
	plugged->skipped.count++;
}

void plugged_clear_skip(struct plugged *plugged, const char *what)
{
	struct plugged_skip *skip = find(plugged, what);

	if (!skip)
		return;
	schema_release(&skip_schema, skip);
	*skip = plugged->skipped.items[--plugged->skipped.count];
}

int plugged_lock(const char *id, int timeout_ms, int *ret_fd, struct error *err)
{
	autofree char *path = paths_run_container(id, "plugged.lock");
	int r = file_lock(AT_FDCWD, path, timeout_ms, ret_fd, err);

	if (r == -EWOULDBLOCK)
		return error_set(err, r,
				 "something else is plugged into the container right now; try again when that is done");
	return r;
}
