/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the mount interface by descriptors. */
#include "kernel/mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/memory.h"
#include "kernel/mountinfo.h"

#define MAX_CGROUP_TRIES 100 /* of 10 ms */

static int set_option(int context, const char *key, char *owned_value)
{
	autofree char *value = owned_value;

	return fsconfig(context, FSCONFIG_SET_STRING, key, value, 0);
}

static int configure_tmpfs(int context, const struct mount_tmpfs *tmpfs)
{
	if (fsconfig(context, FSCONFIG_SET_STRING, "source", tmpfs->name, 0) < 0 ||
	    set_option(context, "mode", xasprintf("%o", (unsigned)tmpfs->mode)) < 0 ||
	    set_option(context, "uid", xasprintf("%u", tmpfs->uid)) < 0 ||
	    set_option(context, "gid", xasprintf("%u", tmpfs->gid)) < 0)
		return -1;
	if (tmpfs->size_bytes && set_option(context, "size", xasprintf("%llu", (unsigned long long)tmpfs->size_bytes)) < 0)
		return -1;
	return fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int mount_new_tmpfs(const struct mount_tmpfs *tmpfs, uint64_t attributes, struct error *err)
{
	autoclose int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int fd;

	if (context < 0 || configure_tmpfs(context, tmpfs) < 0)
		return error_set_errno(err, "cannot make a tmpfs");
	fd = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes);
	return fd < 0 ? error_set_errno(err, "cannot make a mount of a tmpfs") : fd;
}

/* A context with the file system in it, or a negative errno. */
static int open_cgroup(const char *name)
{
	autoclose int context = fsopen(name ? "cgroup" : "cgroup2", FSOPEN_CLOEXEC);

	if (context < 0 ||
	    (name && (fsconfig(context, FSCONFIG_SET_FLAG, "none", NULL, 0) < 0 ||
		      fsconfig(context, FSCONFIG_SET_STRING, "name", name, 0) < 0)) ||
	    fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	return steal_fd(&context);
}

int mount_new_cgroup(const char *name, struct error *err)
{
	autoclose int context = open_cgroup(name);
	int fd;

	/* While one of the same name goes, the kernel waits some ms and begins the system call again, which then finds its context in use: EBUSY. */
	for (int tries = 0; context == -EBUSY && tries < MAX_CGROUP_TRIES; tries++)
		context = open_cgroup(name);
	if (context == -ENODEV)
		return error_set(err, -EOPNOTSUPP, "this kernel has no cgroup %s", name ? "v1" : "v2");
	if (context < 0)
		return error_set(err, context, "cannot get the cgroup hierarchy %s%s: %s", name ? "v1 name=" : "v2",
				 name ? name : "", strerror(-context));
	fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? error_set_errno(err, "cannot make a mount of cgroups") : fd;
}

int mount_clone(int directory_fd, const char *path, unsigned flags, struct error *err)
{
	int tree = open_tree(directory_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);

	return tree < 0 ? error_set_errno(err, "cannot copy the mount %s%s", path[0] ? "of " : "", path) : tree;
}

/* The C library's declaration has no const; the kernel changes nothing. */
static int change_attributes(int fd, struct mount_attr change, unsigned flags)
{
	return mount_setattr(fd, "", AT_EMPTY_PATH | flags, &change, sizeof(change));
}

int mount_change(int fd, const struct mount_attr *change, unsigned flags, struct error *err)
{
	return change_attributes(fd, *change, flags) < 0 ? error_set_errno(err, "cannot change a mount") : 0;
}

int mount_shift(int tree_fd, int userns_fd, unsigned flags, struct error *err)
{
	const struct mount_attr change = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)userns_fd};

	return change_attributes(tree_fd, change, flags) < 0 ? error_set_errno(err, "cannot shift the ids of a mount") : 0;
}

int mount_attach(int tree_fd, int target_fd, struct error *err)
{
	if (move_mount(tree_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set_errno(err, "cannot attach a mount");
	return 0;
}

int mount_identify(int fd, struct mount_identity *ret_identity, struct error *err)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID, &status) < 0)
		return error_set_errno(err, "cannot look at a mount");
	*ret_identity = (struct mount_identity){
		.id = status.stx_mnt_id,
		.device = makedev(status.stx_dev_major, status.stx_dev_minor),
		.inode = status.stx_ino,
	};
	return 0;
}

bool mount_is_root(int fd)
{
	struct statx status;

	return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) == 0 &&
	       (status.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int mount_check_shift(const char *path, int userns_fd, struct error *err)
{
	autorelease(mountinfo_entry_release) struct mountinfo_entry info = {0};
	autoclose int tree = mount_clone(AT_FDCWD, path, AT_RECURSIVE, NULL), place = -EBADF;

	if (tree >= 0 && mount_shift(tree, userns_fd, 0, NULL) == 0)
		return 0;
	place = open(path, O_PATH | O_CLOEXEC);
	mountinfo_describe(place, &info, NULL);
	return error_set(
		err, -EOPNOTSUPP,
		"the file system of %s (%s) cannot be mounted with shifted ids, which an unprivileged container needs. Put the tree on ext4, xfs, "
		"btrfs or an image file, or run it with --user-remap none (root inside is then root of the host)",
		path, info.type ? info.type : "unknown");
}
