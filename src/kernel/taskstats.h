/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many tasks of a v1 cgroup do what, counted by the kernel: CGROUPSTATS by generic netlink (CONFIG_TASKSTATS). */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct taskstats_link {
	int socket;
	uint16_t family;
};

struct taskstats_counts {
	uint64_t running;         /* on a CPU or waiting for one */
	uint64_t uninterruptible; /* waiting for a disk or the like */
	uint64_t tasks;           /* all, sleeping and stopped ones too */
};

/* -EOPNOTSUPP when the kernel has no such family. */
int taskstats_open(struct taskstats_link *ret_stats, struct error *err);
/* Adds those that are directly in the cgroup of this directory descriptor. Kernel: Documentation/accounting/cgroupstats.rst. */
int taskstats_add_cgroup(const struct taskstats_link *stats, int cgroup_fd, struct taskstats_counts *counts,
			 struct error *err);
void taskstats_close(struct taskstats_link *stats);
