/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts as descriptors: made detached, changed, and attached where a descriptor says. Kernel: open_tree, fsopen, mount_setattr, move_mount. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct mount_tmpfs {
	const char *name;    /* what mountinfo shows as its source */
	uint64_t size_bytes; /* 0: half of memory */
	int mode;            /* of its root directory */
	uint32_t uid, gid;   /* its owner, ids of the host */
};

/* A new tmpfs(5), detached: it lasts as long as its descriptor unless it gets attached. `attributes` are MOUNT_ATTR_*. Returns the descriptor. */
int mount_new_tmpfs(const struct mount_tmpfs *tmpfs, uint64_t attributes, struct error *err);
/* A detached copy of the mount of `fd`, with what is mounted below. Returns the descriptor. */
int mount_clone(int fd, struct error *err);
/* mount_setattr(2) on all of a tree. `propagation` is MS_PRIVATE and the like, or 0; attributes are only set, never cleared. */
int mount_change(int tree_fd, uint64_t attributes, unsigned long propagation, struct error *err);
/* Shifts the ids of all of a detached tree into the user namespace. -EINVAL when one of its file systems cannot do that. */
int mount_shift(int tree_fd, int userns_fd, struct error *err);
/* Attaches a detached tree, in our mount namespace, on the file or directory that `target_fd` is. */
int mount_attach(int tree_fd, int target_fd, struct error *err);

/* What /proc/self/mountinfo says of one mount; proc(5). */
struct mount_info {
	char *type, *source; /* "tmpfs"; of a file system without a device any word */
	bool is_shared, is_slave;
};

/* Of the mount that `fd` lies in. */
int mount_describe(int fd, struct mount_info *ret_info, struct error *err);
/* Of the mount with that number (statx(2) STATX_MNT_ID) in the text of a mountinfo file; -ENOENT when it is not there. */
int mount_parse_info(const char *mountinfo, uint64_t id, struct mount_info *ret_info);
void mount_info_release(struct mount_info *info);
/* Whether `fd` is the root of a mount, as what a mount point shows is. */
bool mount_is_root(int fd);
