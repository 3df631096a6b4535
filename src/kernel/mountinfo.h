/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of mounts as a process sees it: proc_pid_mountinfo(5). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct mountinfo_entry {
	uint64_t id; /* as STATX_MNT_ID of statx(2) */
	unsigned int device_major, device_minor;
	char *root;   /* what of the file system is mounted */
	char *target; /* where, as the process's root sees it */
	char *type;   /* "fuse.lxcfs" */
};

struct mountinfo {
	struct mountinfo_entry *entries; /* in the order of the kernel: of several on one target the last one is on top */
	size_t count;
};

/* Of the process `pid`; -ESRCH when it is gone. The caller releases. */
int mountinfo_read(pid_t pid, struct mountinfo *ret_mountinfo, struct error *err);
/* The same from text. A line that cannot be understood is left out. `text` is changed. */
void mountinfo_parse(char *text, struct mountinfo *ret_mountinfo);
void mountinfo_release(struct mountinfo *mountinfo);
