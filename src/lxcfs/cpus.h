/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which CPUs a guest has and what it did with them: sampled from its cgroup. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "kernel/cpulist.h"
#include "lxcfs/source.h"

struct view_guest;

struct cpus_usage {
	uint64_t user, system; /* ns, as the kernel counts */
};

/* A CPU that is shown; ns since the guest began. They only grow. */
struct cpus_time {
	uint64_t user, system, idle;
	uint64_t room; /* of the time that is just being accounted: what is not yet given to user or system */
};

struct cpus_part {
	bool is_open, is_usage_v2;
	int64_t taken_ns; /* 0: not yet */
	int list_fd, usage_fd;
	struct source_levels quotas, periods; /* v1: level by level; v2 has both in one file, and no periods */
	struct cpulist *list;                 /* the host's CPUs that the guest may run on; NULL: all that are online */
	unsigned int shown;                   /* how many it sees: numbers 0 to shown - 1, the first of the list */
	uint64_t generation;                  /* changes with the two */
	uint64_t age_ns;                      /* of the guest at the sample: up to there time is accounted */
	struct cpus_time *times;              /* as many as are shown */
	struct cpus_usage *usage;             /* what the kernel said last: one a CPU of the host (v1), or one in all (v2) */
	unsigned int usage_count;
	struct cpus_usage pending; /* used, but not shown yet, because no CPU can be busier than always */
};

/* Brings the sample up to date, unless it is of this age at most. */
int cpus_sample(struct view_guest *guest, int64_t now_ns, int64_t max_age_ns, struct error *err);
/* The host's CPUs that the guest may run on, as of the last sample. */
const struct cpulist *cpus_list(const struct view_guest *guest);
/* Closes what is open; the next sample opens it anew. What was accounted stays. */
void cpus_close(struct cpus_part *cpus);
void cpus_release(struct cpus_part *cpus);
/* Has it show so many CPUs: new ones begin with nothing, the time of those that go is kept with the first. */
void cpus_resize(struct cpus_part *cpus, unsigned int shown);
/* What the kernel said last of a CPU of the host; 0 for one that it never spoke of. */
struct cpus_usage *cpus_usage_of(struct cpus_part *cpus, unsigned int number);
/* Idle time of all CPUs in ticks of 1/100 s, each cut off before. */
uint64_t cpus_idle_ticks(const struct cpus_part *cpus);

/* The texts, from the sample. `cpu` is the number of a CPU shown. */
void cpus_write_cpuinfo(const struct view_guest *guest, unsigned int cpu, struct text *out);
void cpus_write_stat(const struct view_guest *guest, unsigned int cpu, struct text *out);
void cpus_write_uptime(const struct view_guest *guest, unsigned int cpu, struct text *out);
void cpus_write_list(const struct view_guest *guest, unsigned int cpu, struct text *out);
void cpus_write_kernel_max(const struct view_guest *guest, unsigned int cpu, struct text *out);
/* Of one CPU: its number, as a mask, and as a list. */
void cpus_write_number(const struct view_guest *guest, unsigned int cpu, struct text *out);
void cpus_write_mask(const struct view_guest *guest, unsigned int cpu, struct text *out);
