/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree that a container boots: checked before use, locked while in use, mounted when it is an image. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "model/spec.h"

/* Absolute, canonical form of what the user typed; a directory, block device or regular file. Caller frees. */
int rootfs_resolve(const char *path, char **ret_path, struct error *err);
bool rootfs_is_image(const char *path);
/*
 * Is this a system that can be booted here? os-release, the architecture of `command`'s program, that an init would be PID 1, and that this host has the cgroups
 * which the tree's systemd needs. `path` is a directory (of an image: where it is mounted).
 */
int rootfs_check(const char *path, const struct spec *spec, struct error *err);
/* With an id map, of a tree that must be shifted: can its file system do that? Costs a process and a user namespace, so it is asked at create, and when a start failed. */
int rootfs_check_idmap(const char *path, const struct spec *spec, struct error *err);
/*
 * With an id map: who owns the tree? Its top and some files that every system has belong to root (0:0), and the mount shifts them; or all of them to the
 * first ids of the map, because somebody ran chown on the whole of it, and it is mounted as it is: *ret_is_chowned. Both at once is -EINVAL with the
 * files' names, and so is an owner that the guest would not have.
 */
int rootfs_find_owner(const char *path, const struct spec_idmap *idmap, bool *ret_is_chowned, struct error *err);
/* Takes the tree for one running container: a descriptor with an flock(2) on it; -EBUSY when another one runs on it. */
int rootfs_lock(const char *path, int *ret_fd, struct error *err);
