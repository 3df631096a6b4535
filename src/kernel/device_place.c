/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how plugged nodes get to their places in a guest, and are found again. */
#include "kernel/device_place.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/mount.h"
#include "kernel/mountinfo.h"
#include "kernel/root.h"

/* The guest may move it while we look. */
#define MAX_TRIES 16

/* --- finding ----------------------------------------------------------------------------------------------------------- */

static bool is_node(const struct mountinfo_entry *entry, const char *name)
{
	return strcmp(entry->type, "tmpfs") == 0 && strcmp(entry->source, DEVICE_NODE_SOURCE) == 0 &&
	       entry->root[0] == '/' && strcmp(entry->root + 1, name) == 0;
}

/* Opens the mount, and not what lies over it; -ENOENT when that cannot be. */
static int open_mount(int root_fd, const struct mountinfo_entry *entry)
{
	autoclose int fd = root_open(root_fd, entry->target, O_PATH | O_NOFOLLOW, 0, NULL);
	struct statx status;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0 || status.stx_mnt_id != entry->id)
		return -ENOENT;
	return steal_fd(&fd);
}

static int count_nodes(int proc_fd, const char *name, struct error *err)
{
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	int count = 0, r = mountinfo_read_own(proc_fd, &mounts, err);

	for (size_t i = 0; r == 0 && i < mounts.count; i++)
		count += is_node(&mounts.entries[i], name);
	return r < 0 ? r : count;
}

/* --- putting in -------------------------------------------------------------------------------------------------------- */

/* A symlink of the guest may lead there. */
static bool is_of_kernel(int fd)
{
	struct statfs status;

	return fstatfs(fd, &status) < 0 || status.f_type == PROC_SUPER_MAGIC || status.f_type == SYSFS_MAGIC ||
	       status.f_type == CGROUP_SUPER_MAGIC || status.f_type == CGROUP2_SUPER_MAGIC;
}

static int check_place(int fd, const struct device_node *node, const char *path, bool is_forced, struct error *err)
{
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return error_set_errno(err, "cannot look at %s of the guest", path);
	if (S_ISDIR(stat.st_mode))
		return error_set(err, -EISDIR, "%s of the guest is a directory", path);
	if (is_of_kernel(fd))
		return error_set(err, -EINVAL, "%s of the guest leads to a file system of the kernel", path);
	if (is_forced || root_is_placeholder(fd))
		return 0;
	if ((stat.st_mode & S_IFMT) == (node->mode & S_IFMT) && stat.st_rdev == node->number)
		return 0;
	return error_set(err, -EEXIST,
			 "%s of the guest is there already and is not that device; --force puts the device over it", path);
}

int device_place_attach(int proc_fd, int root_fd, int node_fd, const struct device_node *node, const char *path,
			bool is_forced, struct error *err)
{
	autoclose int target = -EBADF;
	int r = count_nodes(proc_fd, node->name, err);

	if (r != 0)
		return r < 0 ? r : 0;
	target = root_make_placeholder(root_fd, path, err);
	if (target < 0)
		return target;
	r = check_place(target, node, path, is_forced, err);
	if (r == 0 && mount_attach(node_fd, target, err) < 0)
		r = error_prefix(err, "cannot put a device on %s of the guest", path);
	if (r < 0)
		root_remove_placeholder(root_fd, path);
	return r;
}

/* --- taking out -------------------------------------------------------------------------------------------------------- */

/* By descriptor, through the host's /proc: a path could lead elsewhere by now. Open files keep what they have (umount(2)). */
static int unmount(int proc_fd, int fd, struct error *err)
{
	char path[40];

	snprintf(path, sizeof(path), "self/fd/%d", fd);
	if (fchdir(proc_fd) < 0 || umount2(path, MNT_DETACH) < 0)
		return error_set_errno(err, "cannot take a device out of the guest");
	return 0;
}

/* Returns how many were taken off. */
static int detach_once(int proc_fd, int root_fd, const char *name, struct error *err)
{
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	int count = 0, r = mountinfo_read_own(proc_fd, &mounts, err);

	/* The last first: it lies on top. */
	for (size_t i = mounts.count; r == 0 && i-- > 0;) {
		const struct mountinfo_entry *entry = &mounts.entries[i];
		autoclose int fd = is_node(entry, name) ? open_mount(root_fd, entry) : -ENOENT;

		if (fd < 0)
			continue;
		r = unmount(proc_fd, fd, err);
		if (r == 0)
			root_remove_placeholder(root_fd, entry->target);
		count++;
	}
	return r < 0 ? r : count;
}

int device_place_detach(int proc_fd, int root_fd, const char *name, struct error *err)
{
	int r = 1;

	for (int try = 0; r > 0 && try < MAX_TRIES; try++)
		r = detach_once(proc_fd, root_fd, name, err);
	return r < 0 ? r : count_nodes(proc_fd, name, err);
}
