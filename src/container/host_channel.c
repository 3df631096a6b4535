/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the directory and the tmpfs of a host channel. */
#include "container/host_channel.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/mount.h"
#include "kernel/mountinfo.h"

#define ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* The path without its last component, which is then looked at by name so that a symlink is seen as one. */
static char *parent_of(const char *path)
{
	size_t length = (size_t)(strrchr(path, '/') - path);

	return length ? xstrndup(path, length) : xstrdup("/");
}

static const char *leaf_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static char *name_of(const struct spec *spec)
{
	return xasprintf("syscontainer:%s", spec->id);
}

int host_channel_check(const struct spec_host_channel *channel, struct error *err)
{
	struct sysinfo info;
	struct stat status;
	uint64_t half;

	if (!channel->source)
		return 0;
	if (sysinfo(&info) < 0)
		return error_set_errno(err, "cannot tell how much memory there is");
	half = (uint64_t)info.totalram * info.mem_unit / 2;
	if (channel->size_bytes > half)
		return error_set(err, -ERANGE, "the size %llu is more than half of this host's memory, %llu bytes",
				 (unsigned long long)channel->size_bytes, (unsigned long long)half);
	if (lstat(channel->source, &status) == 0)
		return error_set(
			err, -EEXIST,
			"%s is there already; give a path on the host that is free, it is made and removed with the container",
			channel->source);
	return errno == ENOENT ? 0 : error_set_errno(err, "cannot look at %s", channel->source);
}

int host_channel_make(const struct spec *spec, struct error *err)
{
	const char *path = spec->mounts.channel.source;
	autofree char *parent = NULL;
	int r;

	if (!path)
		return 0;
	parent = parent_of(path);
	if (!file_exists(AT_FDCWD, parent)) {
		r = file_make_directories(parent, 0755, err);
		if (r < 0)
			return r;
	}
	return mkdir(path, 0700) < 0 ? error_set_errno(err, "cannot make the host channel %s", path) : 0;
}

static int open_parent(const char *path, struct error *err)
{
	autofree char *parent = parent_of(path);
	int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? error_set_errno(err, "cannot open %s", parent) : fd;
}

static int open_leaf(int parent_fd, const char *path, struct error *err)
{
	int fd = openat(parent_fd, leaf_of(path), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return error_set_errno(err, "cannot open the host channel %s", path);
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
		return fd;
	close(fd);
	return error_set(err, -ENOTDIR, "the host channel %s is no directory any more; who changed it?", path);
}

static bool is_ours(int fd, const struct spec *spec)
{
	autorelease(mountinfo_entry_release) struct mountinfo_entry info = {0};
	autofree char *name = name_of(spec);

	return mount_is_root(fd) && mountinfo_describe(fd, &info, NULL) == 0 && strcmp(info.type, "tmpfs") == 0 &&
	       strcmp(info.source, name) == 0;
}

/* Returns the tmpfs' root directory as it is mounted on the host. */
static int mount_on(int leaf_fd, const struct spec *spec, struct error *err)
{
	autofree char *name = name_of(spec);
	const struct mount_tmpfs tmpfs = {
		.name = name,
		.size_bytes = spec->mounts.channel.size_bytes,
		.mode = 01777,
		.uid = (uint32_t)spec->idmap.uid,
		.gid = (uint32_t)spec->idmap.gid,
	};
	autoclose int tree = mount_new_tmpfs(&tmpfs, ATTRIBUTES, err);
	int r = tree < 0 ? tree : mount_attach(tree, leaf_fd, err);

	return r < 0 ? r : steal_fd(&tree);
}

static int open_mounted(const struct spec *spec, struct error *err)
{
	const char *path = spec->mounts.channel.source;
	autoclose int parent = open_parent(path, err), leaf = -EBADF;

	if (parent < 0)
		return parent;
	leaf = open_leaf(parent, path, err);
	if (leaf < 0)
		return leaf;
	if (is_ours(leaf, spec))
		return steal_fd(&leaf);
	if (mount_is_root(leaf))
		return error_set(err, -EBUSY, "something else is mounted on the host channel %s", path);
	return mount_on(leaf, spec, err);
}

int host_channel_open(const struct spec *spec, struct error *err)
{
	const char *path = spec->mounts.channel.source;
	const struct mount_attr change = {
		.attr_set = spec->mounts.channel.is_read_only ? MOUNT_ATTR_RDONLY : 0,
		.propagation = MS_PRIVATE,
	};
	autoclose int fd = -EBADF, tree = -EBADF;
	struct stat status;
	int r = 0;

	/* Below a tmpfs of the host, such as /run, the directory is gone with the host's boot too. */
	if (lstat(path, &status) < 0 && errno == ENOENT)
		r = host_channel_make(spec, err);
	if (r < 0)
		return r;
	fd = open_mounted(spec, err);
	if (fd < 0)
		return fd;
	tree = mount_clone(fd, "", AT_RECURSIVE, err);
	if (tree < 0)
		return tree;
	r = mount_change(tree, &change, AT_RECURSIVE, err);
	return r < 0 ? r : steal_fd(&tree);
}

/* What lies there instead of our directory is somebody else's and stays. */
int host_channel_remove(const struct spec *spec, struct error *err)
{
	const char *path = spec->mounts.channel.source;
	autoclose int parent = -EBADF, leaf = -EBADF;
	autofree char *below = NULL;

	if (!path || !file_exists(AT_FDCWD, path))
		return 0;
	parent = open_parent(path, err);
	if (parent < 0)
		return parent;
	leaf = open_leaf(parent, path, NULL);
	if (leaf < 0)
		return 0;
	below = xasprintf("/proc/self/fd/%d/%s", parent, leaf_of(path));
	if (is_ours(leaf, spec) && umount2(below, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot unmount the host channel %s", path);
	if (unlinkat(parent, leaf_of(path), AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EBUSY)
		return error_set_errno(err, "cannot remove the host channel %s", path);
	return 0;
}
