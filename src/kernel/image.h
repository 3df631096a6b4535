/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File systems in image files and block devices. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Mounts the file system in `source` (block device or regular file, which goes through a loop device that the kernel
 * frees with the last mount, LO_FLAGS_AUTOCLEAR of loop(4)) on the directory `target`. Only ext4, xfs, btrfs, squashfs and erofs are tried.
 */
int image_mount(const char *source, const char *target, bool is_read_only, struct error *err);

/* The file system in a squashfs image file, read-only and detached. Returns the descriptor, see kernel/mount.h. */
int image_open_squashfs(const char *source, struct error *err);
