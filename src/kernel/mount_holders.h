/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who keeps a mount busy. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "kernel/mountinfo.h"

/*
 * Which of the processes (pids of the host) have their root, working directory, program, open files or mapped files on one of the mounts? Those are entries of
 * `table`, the mount table of `init`, by index; in another mount namespace their copies count. Appends "7 (sh: working directory), 9 (dd: open file) and others"
 * with the pids that the processes have in their own pid namespace, a few of them, and returns how many it appended. Only looks at /proc.
 */
size_t mount_holders_describe(pid_t init, const struct mountinfo *table, const size_t *mounts, size_t mount_count,
			      const pid_t *pids, size_t pid_count, struct text *out);

/* A line of /proc/PID/maps (proc_pid_maps(5)). */
struct mount_mapping {
	uint64_t start, end;
	unsigned int device_major, device_minor; /* 0:0: no file */
};
bool mount_holders_parse_mapping(const char *line, struct mount_mapping *ret_mapping);
