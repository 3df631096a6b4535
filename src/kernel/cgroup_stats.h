/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container uses now, in the same units on v1 and v2. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "kernel/cgroup.h"

/* What the kernel does not tell is 0, and a limit that is not there is UINT64_MAX. Bytes unless named otherwise. */
struct cgroup_stats {
	uint64_t cpu_usage_ns;         /* since the cgroup was made */
	uint64_t memory_usage;         /* page cache included */
	uint64_t memory_limit;         /* the smallest of the cgroup and its ancestors */
	uint64_t memory_inactive_file; /* cache that goes first: usage without it is what `stats` shows */
	uint64_t memory_cache;
	uint64_t memory_kernel;
	uint64_t memory_swap;
	uint64_t blkio_read;
	uint64_t blkio_write;
	uint64_t pids_current;  /* processes and threads */
	uint64_t pids_limit;    /* the smallest of the cgroup and its ancestors */
	uint64_t files_current; /* open files and sockets, where they are counted: with a limit, or by the controller */
	uint64_t files_limit;   /* of the cgroup itself */
	uint64_t oom_kills;     /* v1 forgets those of cgroups that the guest has removed since */
};

/* Returns 1, or 0 when no hierarchy has the cgroup (*ret_stats then says nothing is used). Fails for a bad path only. */
int cgroup_stats_read(const struct cgroup_host *host, const char *path, struct cgroup_stats *ret_stats, struct error *err);
