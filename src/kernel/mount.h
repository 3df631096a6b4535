/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts as descriptors: made detached, changed, and attached where a descriptor says. Kernel: open_tree, fsopen, mount_setattr, move_mount. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>

#include "base/error.h"

struct mount_tmpfs {
	const char *name;    /* what mountinfo shows as its source */
	uint64_t size_bytes; /* 0: half of memory */
	int mode;            /* of its root directory */
	uint32_t uid, gid;   /* its owner, ids of the host */
};

/* A new tmpfs(5), detached: it lasts as long as its descriptor unless it gets attached. `attributes` are MOUNT_ATTR_*. Returns the descriptor. */
int mount_new_tmpfs(const struct mount_tmpfs *tmpfs, uint64_t attributes, struct error *err);
/*
 * cgroups(7), detached as well: the v1 hierarchy of that name, without controllers, which begins to exist by this if need be; or NULL for v2. Seen from our cgroup
 * namespace. -EOPNOTSUPP when the kernel has none. Returns the descriptor.
 */
int mount_new_cgroup(const char *name, struct error *err);
/*
 * A detached copy of the mount of `path` below `directory_fd`, as in openat(2); "" is the descriptor itself. `flags`: AT_RECURSIVE takes along what is
 * mounted below, AT_SYMLINK_NOFOLLOW. Returns the descriptor.
 */
int mount_clone(int directory_fd, const char *path, unsigned flags, struct error *err);
/* mount_setattr(2) of the mount that `fd` is in the root of; AT_RECURSIVE: and of all that is mounted below. */
int mount_change(int fd, const struct mount_attr *change, unsigned flags, struct error *err);
/* The same for the ids of a detached mount, which are shifted into the user namespace. -EINVAL when one of the file systems cannot do that. */
int mount_shift(int tree_fd, int userns_fd, unsigned flags, struct error *err);
/*
 * Whether the tree at `path` can be mounted with the ids of that user namespace: tried on a detached copy, nothing is left. -EOPNOTSUPP names the
 * file system and the ways out.
 */
int mount_check_shift(const char *path, int userns_fd, struct error *err);
/* Attaches a detached tree, in our mount namespace, on the file or directory that `target_fd` is. */
int mount_attach(int tree_fd, int target_fd, struct error *err);

/* A mount and what it shows, so that one with the same number later is told apart. */
struct mount_identity {
	uint64_t id;            /* statx(2) STATX_MNT_ID; free again when the mount is gone */
	uint64_t device, inode; /* st_dev and st_ino of where `fd` is in it */
};

/* Of where `fd` is. Does not ask the server of a network file system. */
int mount_identify(int fd, struct mount_identity *ret_identity, struct error *err);
/* Whether `fd` is the root of a mount, as what a mount point shows is. */
bool mount_is_root(int fd);
