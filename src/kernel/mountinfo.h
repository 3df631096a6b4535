/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of mounts as a process sees it: proc_pid_mountinfo(5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct mountinfo_entry {
	uint64_t id, parent; /* as STATX_MNT_ID of statx(2) */
	unsigned int device_major, device_minor;
	char *root;                                          /* what of the file system is mounted */
	char *target;                                        /* where, as the process's root sees it */
	char *type;                                          /* "fuse.lxcfs" */
	char *source;                                        /* of a file system without a device any word */
	char *options;                                       /* of the file system, not of this mount of it */
	bool is_read_only, is_idmapped, is_shared, is_slave; /* of this mount */
};

struct mountinfo {
	struct mountinfo_entry *entries; /* in the order of the kernel: of several on one target the last one is on top */
	size_t count;
};

/* Of the process `pid`, 0 is the calling one; -ESRCH when it is gone. The caller releases. */
int mountinfo_read(pid_t pid, struct mountinfo *ret_mountinfo, struct error *err);
/* That of ourselves, read in `proc_fd`, the host's /proc: that of a guest may show what the guest wants. */
int mountinfo_read_own(int proc_fd, struct mountinfo *ret_mountinfo, struct error *err);
/* The same from text. A line that cannot be understood is left out. `text` is changed. */
void mountinfo_parse(char *text, struct mountinfo *ret_mountinfo);
/* The one with that id, or NULL. */
const struct mountinfo_entry *mountinfo_find(const struct mountinfo *mountinfo, uint64_t id);
/* A mount and all that is mounted below it, by index in the table; the first is the mount itself. */
struct mountinfo_tree {
	size_t *mounts;
	size_t count;
};

void mountinfo_find_tree(const struct mountinfo *mountinfo, const struct mountinfo_entry *top,
			 struct mountinfo_tree *ret_tree);
void mountinfo_tree_release(struct mountinfo_tree *tree);
void mountinfo_release(struct mountinfo *mountinfo);

/* The entry of the mount that `fd` lies in, which must be in the caller's mount namespace. The caller releases. */
int mountinfo_describe(int fd, struct mountinfo_entry *ret_entry, struct error *err);
void mountinfo_entry_release(struct mountinfo_entry *entry);
