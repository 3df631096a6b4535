/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest as the views know it: who it is, and a part for each kind of thing that files speak of. A part keeps its
 * descriptors and what was read through them last. Its file alone reads; the texts are made from the samples.
 */
#pragma once

#include "lxcfs/cpus.h"
#include "lxcfs/disks.h"
#include "lxcfs/host.h"
#include "lxcfs/load.h"
#include "lxcfs/memory.h"
#include "lxcfs/pressure.h"

struct view_guest {
	const struct view_host *host;
	char *cgroup; /* NULL: by `places` */
	char *places; /* content of a /proc/PID/cgroup; NULL: where init is */
	pid_t init;
	uint64_t init_start; /* tells a reused pid apart; ticks since boot */
	bool has_quota_view;
	int64_t epoch_ns; /* the moment, on our CLOCK_BOOTTIME, at which its uptime was 0; a time namespace may make it negative */
	uint64_t boot_time_s;        /* when that was, since 1970; stays when somebody sets the clock */
	uint64_t generation;         /* changes with what must outlast us */
	struct source_buffer buffer; /* of the sample that is being taken */
	struct memory_part memory;
	struct cpus_part cpus;
	struct load_part load;
	struct disks_part disks;
	struct pressure_part pressure;
};

/* Its uptime at a moment, at least 0. */
uint64_t guest_age_ns(const struct view_guest *guest, int64_t now_ns);
/* Is what was taken then too old now? */
bool guest_is_stale(int64_t taken_ns, int64_t now_ns, int64_t max_age_ns);
/* Its cgroup in a hierarchy; the caller frees. -ESRCH when it has to be asked of init, and that is gone. */
int guest_find_cgroup(const struct view_guest *guest, const struct cgroup_hierarchy *hierarchy, char **ret_path,
		      struct error *err);
