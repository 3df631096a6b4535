/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File systems in image files and block devices, and what a mount can do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Mounts the file system in `source` (block device or regular file, which goes through a loop device that the kernel
 * frees with the last mount, LO_FLAGS_AUTOCLEAR of loop(4)) on the directory `target`. Only ext4, xfs, btrfs, squashfs and erofs are tried.
 */
int image_mount(const char *source, const char *target, bool is_read_only, struct error *err);

/* The file system in a squashfs image file, read-only and detached. Returns the descriptor, see kernel/mount.h. */
int image_open_squashfs(const char *source, struct error *err);

/*
 * Whether the tree at `path` can be mounted with the ids of user namespace `userns_fd`: mount_setattr(2) MOUNT_ATTR_IDMAP is tried on a detached copy. -EOPNOTSUPP names the
 * file system and the ways out. Leaves nothing behind.
 */
int image_check_idmap(const char *path, int userns_fd, struct error *err);

/* A detached copy of the mount of the tree at `path` (with what is mounted below), shifted by the user namespace `userns_fd` unless
 * that is negative. To be attached with move_mount(2). Returns the descriptor. */
int image_clone_tree(const char *path, int userns_fd, struct error *err);
/* A user namespace with the maps "0 UID SIZE" and "0 GID SIZE" for MOUNT_ATTR_IDMAP. Returns its descriptor. */
int image_open_userns(uint64_t uid, uint64_t gid, uint64_t size, struct error *err);
/* The other way round: what is stored as UID shows as 0. */
int image_open_userns_back(uint64_t uid, uint64_t gid, uint64_t size, struct error *err);
/* Attaches such a copy, in our own mount namespace, at `path` below `root_fd` as root_open() finds it: a directory on a directory, a file on a file. */
int image_attach_tree(int tree_fd, int root_fd, const char *path, struct error *err);
