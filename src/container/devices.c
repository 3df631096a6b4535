/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way of --device from the host into a guest. */
#include "container/devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/device_node.h"
#include "kernel/namespace.h"
#include "kernel/root.h"

/* More is a mistake, such as --device /dev. What one message between processes holds is far above. */
#define MAX_DEVICES 512

void devices_release(struct devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		free(devices->items[i].guest);
	free(devices->items);
	*devices = (struct devices){0};
}

static bool is_device(const struct stat *stat)
{
	return S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode);
}

static int append(struct devices *devices, const struct spec_device *wanted, const char *guest, const struct stat *stat,
		  struct error *err)
{
	if (devices->count == MAX_DEVICES)
		return error_set(err, -E2BIG, "--device %s: that is more than %d devices", wanted->host, MAX_DEVICES);
	devices->items = xreallocarray(devices->items, devices->count + 1, sizeof(*devices->items));
	devices->items[devices->count++] = (struct device){
		.guest = xstrdup(guest),
		.permissions = wanted->permissions,
		.mode = stat->st_mode,
		.number = stat->st_rdev,
	};
	return 0;
}

static int walk(int parent_fd, const char *name, const struct spec_device *wanted, const char *guest,
		struct devices *devices, struct error *err)
{
	/* Only what the administrator named may be a symlink, such as those below /dev/disk. */
	int follow = parent_fd == AT_FDCWD ? 0 : O_NOFOLLOW;
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!directory)
		return error_set_errno(err, "--device %s: cannot read the directory", wanted->host);
	while (r == 0 && (entry = readdir(directory))) {
		autofree char *path = xasprintf("%s/%s", guest, entry->d_name);
		struct stat stat;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(directory), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(stat.st_mode))
			r = walk(dirfd(directory), entry->d_name, wanted, path, devices, err);
		else if (is_device(&stat))
			r = append(devices, wanted, path, &stat, err);
	}
	closedir(directory);
	return r;
}

static int find_one(const struct spec_device *wanted, struct devices *devices, struct error *err)
{
	size_t before = devices->count;
	struct stat stat_buffer;
	int r;

	if (stat(wanted->host, &stat_buffer) < 0)
		return error_set_errno(err, "--device %s: the host has no such device", wanted->host);
	if (!S_ISDIR(stat_buffer.st_mode))
		return is_device(&stat_buffer)
			       ? append(devices, wanted, wanted->guest, &stat_buffer, err)
			       : error_set(err, -ENODEV, "--device %s: it is neither a device nor a directory with devices",
					   wanted->host);
	r = walk(AT_FDCWD, wanted->host, wanted, wanted->guest, devices, err);
	if (r == 0 && devices->count == before)
		return error_set(err, -ENODEV, "--device %s: there is no device in this directory", wanted->host);
	return r;
}

int devices_find(const struct spec_devices *wanted, struct devices *ret_devices, struct error *err)
{
	struct devices devices = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < wanted->list.count; i++)
		r = find_one(&wanted->list.items[i], &devices, err);
	if (r < 0)
		devices_release(&devices);
	*ret_devices = devices;
	return r;
}

/* --- in the guest ---------------------------------------------------------------------------------------------------------- */

struct attachment {
	const struct devices *devices;
	const int *fds;
};

static int attach_all(void *data, struct error *err)
{
	const struct attachment *attachment = data;
	autoclose int root = root_open_own(err);
	int r = 0;

	if (root < 0)
		return root;
	for (size_t i = 0; r == 0 && i < attachment->devices->count; i++)
		r = device_node_attach(attachment->fds[i], root, attachment->devices->items[i].guest, err);
	return r;
}

int devices_attach(const struct spec *spec, int init_pidfd, pid_t init, struct error *err)
{
	autorelease(devices_release) struct devices devices = {0};
	autofree struct device_node *nodes = NULL;
	autofree int *fds = NULL;
	int flags = 0, r = devices_find(&spec->devices, &devices, err);

	if (r < 0 || devices.count == 0)
		return r;
	nodes = xcalloc(devices.count, sizeof(*nodes));
	fds = xcalloc(devices.count, sizeof(*fds));
	for (size_t i = 0; i < devices.count; i++)
		nodes[i] = (struct device_node){
			.mode = devices.items[i].mode,
			.number = devices.items[i].number,
			.uid = (uid_t)spec->idmap.uid,
			.gid = (gid_t)spec->idmap.gid,
		};
	r = namespace_differing(init, &flags, err);
	if (r == 0)
		r = device_node_open(nodes, devices.count, fds, err);
	if (r < 0)
		return r;
	r = namespace_run(init_pidfd, flags & (CLONE_NEWUSER | CLONE_NEWNS), attach_all,
			  &(struct attachment){.devices = &devices, .fds = fds}, err);
	for (size_t i = 0; i < devices.count; i++)
		close(fds[i]);
	return r;
}
