/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container may use at most: checked together, merged by `update`, written to the kernel. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "kernel/cgroup.h"

/* "Says nothing about it": the kernel's value stays. */
#define CGROUP_LIMIT_UNSET INT64_MIN

struct cgroup_limits {
	int64_t cpu_shares;         /* 2 to 262144; 0 is the kernel's default (1024) */
	int64_t cpu_period_us;      /* 1000 to 1000000; 0 is the default (100000) */
	int64_t cpu_quota_us;       /* from 1000 on; 0 and -1 are unlimited */
	int64_t nano_cpus;          /* 10^-9 CPUs, from 0.01 CPUs to all of the host's; 0 is unlimited */
	char *cpuset_cpus;          /* "0-3,7"; "" is all that the parent has; NULL is unset. Owned */
	char *cpuset_mems;          /* memory nodes, likewise. Owned */
	int64_t memory;             /* bytes, from 4 MiB on; 0 and -1 are unlimited */
	int64_t memory_reservation; /* bytes, likewise */
	int64_t memory_swap;        /* bytes of memory and swap in sum; -1 is unlimited; 0 as unset: twice `memory` */
	int64_t memory_swappiness;  /* 0 to 100; -1 as unset */
	int64_t pids;               /* processes and threads; 0 and less are unlimited */
};

/* All unset. A struct of zeroes is not that. */
void cgroup_limits_init(struct cgroup_limits *limits);
void cgroup_limits_release(struct cgroup_limits *limits);

/*
 * Checks each value, those that belong together, and that this host has what they need. Values are named as the
 * options are (--cpu-period). -EINVAL for a value, -EOPNOTSUPP for what the kernel lacks. Writes nothing.
 */
int cgroup_limits_check(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err);

/*
 * What `update` makes of `stored` limits: *ret_merged has those of `changes` that are set and else the stored
 * ones; the caller releases it. -EINVAL when the two contradict (--cpus beside a stored quota, memory above the
 * stored swap limit). The result is yet to be checked.
 */
int cgroup_limits_merge(const struct cgroup_limits *stored, const struct cgroup_limits *changes,
			struct cgroup_limits *ret_merged, struct error *err);

/*
 * Writes all that is set to the cgroup, which must exist (-ENOENT); checked limits only. The order fits raising
 * and lowering, what is already so is not written, and after a failure what was written is taken back. Memory is
 * lowered by reclaim: where the container uses more and the kernel cannot get it back, -EBUSY says both numbers
 * and no task is killed for it. Kernel: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst; cpuset(7).
 */
int cgroup_limits_apply(const struct cgroup_host *host, const char *path, const struct cgroup_limits *limits,
			struct error *err);

/* cpu.shares of v1 (2 to 262144) as cpu.weight of v2 (1 to 10000), in proportion; 0, the default, is 100. */
int64_t cgroup_limits_weight(int64_t cpu_shares);
/*
 * The CPU bandwidth that --cpus or period and quota ask for, in microseconds: UNSET where nothing does. A quota of -1
 * is unlimited.
 */
void cgroup_limits_bandwidth(const struct cgroup_limits *limits, int64_t *ret_period_us, int64_t *ret_quota_us);
