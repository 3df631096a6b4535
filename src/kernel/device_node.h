/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device nodes for guests.
 *
 * A node that a guest with ids of its own could make would be of no use (mknod(2) is refused in a user namespace, and what such a guest mounts is
 * nodev for the kernel), so the host makes it, on a tmpfs that belongs to the host, and what gets into the guest is a mount of this one node.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* What mountinfo(5) shows as the source of the file system of all of them. */
#define DEVICE_NODE_SOURCE "devices"

struct device_node {
	const char *name; /* what mountinfo shows as the root of its mount, behind the slash; NULL: any */
	mode_t mode;      /* S_IFCHR or S_IFBLK with permissions */
	dev_t number;
	uid_t uid; /* owner, in ids of the host */
	gid_t gid;
};

/*
 * For root of the host: makes `count` nodes that nobody sees, each a detached mount of a file, and fills `ret_fds` with their descriptors. A node lasts as
 * long as its descriptor, or as it is attached.
 */
int device_node_open(const struct device_node *nodes, size_t count, int *ret_fds, struct error *err);
/*
 * In our mount namespace: the node comes to lie over `path` below `root_fd`; a missing file, and directories on the way to it, are made by us with our
 * ids, so be root of the guest. A directory in its place is -EISDIR.
 */
int device_node_attach(int node_fd, int root_fd, const char *path, struct error *err);
