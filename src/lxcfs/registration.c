/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns RUN/lxcfs/guests. */
#include "lxcfs/registration.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/record.h"
#include "lxcfs/place.h"

#define REGISTRATION_VERSION 1
#define LAST_SLOT            ".last-slot" /* also the lock for giving slots out */

#define MEMBER(owner, member, type_, ...) \
	{ \
		.key = #member, .type = type_, .offset = offsetof(struct owner, member), ##__VA_ARGS__ \
	}

static const struct schema_field process_fields[] = {
	MEMBER(registration_process, pid, SCHEMA_INT),
	MEMBER(registration_process, start_time, SCHEMA_UINT64),
};
static const struct schema process_schema = {sizeof(struct registration_process), process_fields,
					     ARRAY_SIZE(process_fields)};

static const struct schema_field registration_fields[] = {
	MEMBER(registration, version, SCHEMA_INT, .is_required = true),
	MEMBER(registration, slot, SCHEMA_UINT64, .is_required = true),
	MEMBER(registration, id, SCHEMA_STRING, .is_required = true),
	MEMBER(registration, name, SCHEMA_STRING),
	MEMBER(registration, init, SCHEMA_OBJECT, .nested = &process_schema, .is_required = true),
	MEMBER(registration, cgroup, SCHEMA_STRING, .is_required = true),
	MEMBER(registration, shows_quota, SCHEMA_BOOL),
};
static const struct schema registration_schema = {sizeof(struct registration), registration_fields,
						  ARRAY_SIZE(registration_fields)};

static char *path_of(const char *id)
{
	autofree char *directory = place_run(PLACE_GUESTS);

	return xasprintf("%s/%s", directory, id);
}

static bool is_id(const char *id)
{
	return id[0] && id[0] != '.' && !strchr(id, '/') && strlen(id) < NAME_MAX;
}

int registration_load(const char *id, struct registration *ret_registration, struct error *err)
{
	autofree char *path = path_of(id);
	int r;

	*ret_registration = (struct registration){0};
	if (!is_id(id))
		return error_set(err, -EINVAL, "\"%s\" is no id of a container", id);
	r = record_load(path, &registration_schema, ret_registration, err);
	if (r < 0)
		return r;
	if (ret_registration->version == REGISTRATION_VERSION && ret_registration->slot &&
	    strcmp(ret_registration->id, id) == 0 && ret_registration->cgroup[0] == '/')
		return 0;
	registration_release(ret_registration);
	return error_set(err, -EPROTO, "%s: it is of another version, or damaged", path);
}

/* The number is written down before it is used, so that a crash wastes one and never gives one twice. */
static int take_slot(uint64_t *ret_slot, struct error *err)
{
	autofree char *path = path_of(LAST_SLOT);
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	uint64_t slot = 0;

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return error_set_errno(err, "cannot lock %s", path);
	if (pread(fd, &slot, sizeof(slot), 0) < 0)
		return error_set_errno(err, "cannot read %s", path);
	slot++;
	if (pwrite(fd, &slot, sizeof(slot), 0) != sizeof(slot))
		return error_set_errno(err, "cannot write %s", path);
	*ret_slot = slot;
	return 0;
}

int registration_save(struct registration *registration, struct error *err)
{
	autofree char *directory = place_run(PLACE_GUESTS), *path = path_of(registration->id);
	int r = is_id(registration->id) ? file_make_directories(directory, 0700, err)
					: error_set(err, -EINVAL, "\"%s\" is no id of a container", registration->id);

	if (r == 0 && registration->slot == 0)
		r = take_slot(&registration->slot, err);
	if (r < 0)
		return r;
	registration->version = REGISTRATION_VERSION;
	return record_save(path, &registration_schema, registration, err);
}

int registration_remove(const char *id, struct error *err)
{
	autorelease(registration_release) struct registration registration = {0};
	autofree char *path = path_of(id);

	if (!is_id(id))
		return error_set(err, -EINVAL, "\"%s\" is no id of a container", id);
	if (registration_load(id, &registration, NULL) == 0) {
		autofree char *state = place_state(registration.slot);

		unlink(state);
	}
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove %s", path);
	return 0;
}

int registration_list(struct strings *ret_ids, struct error *err)
{
	autofree char *path = place_run(PLACE_GUESTS);
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot read %s", path);
	while ((entry = readdir(directory)))
		if (is_id(entry->d_name))
			strings_append(ret_ids, entry->d_name);
	closedir(directory);
	return 0;
}

bool registration_is_alive(const struct registration *registration)
{
	struct process_id init = {.pid = registration->init.pid, .start_time = registration->init.start_time};

	return procfs_is_alive(&init);
}

void registration_release(struct registration *registration)
{
	schema_release(&registration_schema, registration);
}
