/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the mount interface by descriptors. */
#include "kernel/mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/memory.h"

#define MOUNTINFO_MAX ((size_t)16 << 20)

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

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG[:N]]... - TYPE SOURCE SUPER-OPTIONS" */
static bool parse_line(char *line, uint64_t id, struct mount_info *info)
{
	char *state = NULL, *word = strtok_r(line, " ", &state), *type, *source;

	if (!word || strtoull(word, NULL, 10) != id)
		return false;
	for (int i = 0; i < 5; i++)
		strtok_r(NULL, " ", &state);
	while ((word = strtok_r(NULL, " ", &state)) && strcmp(word, "-") != 0) {
		info->is_shared |= strncmp(word, "shared:", 7) == 0;
		info->is_slave |= strncmp(word, "master:", 7) == 0;
	}
	type = strtok_r(NULL, " ", &state);
	source = strtok_r(NULL, " ", &state);
	info->type = xstrdup(type ? type : "");
	info->source = xstrdup(source ? source : "");
	return true;
}

int mount_parse_info(const char *mountinfo, uint64_t id, struct mount_info *ret_info)
{
	*ret_info = (struct mount_info){0};
	while (*mountinfo) {
		size_t length = strcspn(mountinfo, "\n");
		autofree char *line = xstrndup(mountinfo, length);

		if (parse_line(line, id, ret_info))
			return 0;
		mountinfo += length + (mountinfo[length] == '\n');
	}
	return -ENOENT;
}

int mount_describe(int fd, struct mount_info *ret_info, struct error *err)
{
	autofree char *table = NULL;
	struct statx status;
	size_t length;
	int r;

	*ret_info = (struct mount_info){0};
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0)
		return error_set_errno(err, "cannot look at a mount");
	r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &table, &length, err);
	if (r < 0)
		return r;
	r = mount_parse_info(table, status.stx_mnt_id, ret_info);
	return r < 0 ? error_set(err, r, "a mount is not in /proc/self/mountinfo") : 0;
}

void mount_info_release(struct mount_info *info)
{
	free(info->type);
	free(info->source);
	*info = (struct mount_info){0};
}

bool mount_is_root(int fd)
{
	struct statx status;

	return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) == 0 &&
	       (status.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int mount_check_shift(const char *path, int userns_fd, struct error *err)
{
	autorelease(mount_info_release) struct mount_info info = {0};
	autoclose int tree = mount_clone(AT_FDCWD, path, AT_RECURSIVE, NULL), place = -EBADF;

	if (tree >= 0 && mount_shift(tree, userns_fd, 0, NULL) == 0)
		return 0;
	place = open(path, O_PATH | O_CLOEXEC);
	mount_describe(place, &info, NULL);
	return error_set(
		err, -EOPNOTSUPP,
		"the file system of %s (%s) cannot be mounted with shifted ids, which an unprivileged container needs. Put the tree on ext4, xfs, "
		"btrfs or an image file, or run it with --user-remap none (root inside is then root of the host)",
		path, info.type ? info.type : "unknown");
}
