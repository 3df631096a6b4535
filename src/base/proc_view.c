/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the manager's side of the proc view: its control socket, and the files of guests' disks. */
#include "base/proc_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/record.h"
#include "base/schema.h"
#include "base/text.h"

#define DISKS_VERSION 1

void proc_view_send(const char *run, char what, const char *id)
{
	autofree char *path = xasprintf("%s/" PROC_VIEW_SOCKET, run), *message = xasprintf("%c%s", what, id);
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	(void)sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address));
}

/* --- disks ----------------------------------------------------------------------------------------------------------------- */

static const struct schema_field disk_fields[] = {
	{"major", SCHEMA_UINT64, offsetof(struct proc_view_disk, major), .is_required = true},
	{"minor", SCHEMA_UINT64, offsetof(struct proc_view_disk, minor), .is_required = true},
	{"name", SCHEMA_STRING, offsetof(struct proc_view_disk, name), .is_required = true},
};
static const struct schema disk_schema = {sizeof(struct proc_view_disk), disk_fields, ARRAY_SIZE(disk_fields)};

static const struct schema_field disks_fields[] = {
	{"version", SCHEMA_INT, offsetof(struct proc_view_disks, version), .is_required = true},
	{"init", SCHEMA_INT, offsetof(struct proc_view_disks, init), .is_required = true},
	{"init_start_time", SCHEMA_UINT64, offsetof(struct proc_view_disks, init_start_time), .is_required = true},
	{"list", SCHEMA_ARRAY, offsetof(struct proc_view_disks, list), .nested = &disk_schema},
};
static const struct schema disks_schema = {sizeof(struct proc_view_disks), disks_fields, ARRAY_SIZE(disks_fields)};

void proc_view_disks_release(struct proc_view_disks *disks)
{
	schema_release(&disks_schema, disks);
}

bool proc_view_is_disk_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > NAME_MAX || *name == '/')
		return false;
	for (; *name; name++)
		if ((unsigned char)*name <= ' ' || *name == 0x7f)
			return false;
	return true;
}

void proc_view_append_disk(struct proc_view_disks *disks, dev_t number, const char *path)
{
	if (strncmp(path, "/dev/", 5) != 0 || !proc_view_is_disk_name(path + 5))
		return;
	disks->list.items = xreallocarray(disks->list.items, disks->list.count + 1, sizeof(*disks->list.items));
	disks->list.items[disks->list.count++] =
		(struct proc_view_disk){.major = major(number), .minor = minor(number), .name = xstrdup(path + 5)};
}

static char *disks_path(const char *run, const char *id)
{
	return xasprintf("%s/%s/" PROC_VIEW_DISKS, run, id);
}

static bool is_written(const char *path, const struct text *wanted)
{
	autofree char *now = NULL;

	return file_read(AT_FDCWD, path, JSON_MAX_BYTES, &now, NULL, NULL) == 0 && strcmp(now, text_get(wanted)) == 0;
}

int proc_view_write_disks(const char *run, const char *id, struct proc_view_disks *disks, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	autorelease(text_release) struct text out = {0};
	autofree char *path = disks_path(run, id);
	int r = 0;

	disks->version = DISKS_VERSION;
	value = schema_write(&disks_schema, disks);
	json_print(value, 0, &out);
	if (disks->list.count == 0 ? !file_exists(AT_FDCWD, path) : is_written(path, &out))
		return 0;
	if (disks->list.count)
		r = file_replace(AT_FDCWD, path, out.data, out.length, 0600, err);
	else
		unlink(path);
	if (r == 0)
		proc_view_send(run, PROC_VIEW_EXPIRE, id);
	return r;
}

int proc_view_read_disks(const char *run, const char *id, pid_t init, uint64_t init_start_time,
			 struct proc_view_disks *ret_disks, struct error *err)
{
	autofree char *path = disks_path(run, id);
	int r;

	*ret_disks = (struct proc_view_disks){0};
	r = record_load_if_there(path, &disks_schema, ret_disks, err);
	if (r <= 0)
		return r;
	if (ret_disks->version != DISKS_VERSION || ret_disks->init != init || ret_disks->init_start_time != init_start_time)
		proc_view_disks_release(ret_disks);
	return 0;
}
