/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is the same for all guests of a host: read once, when the host is opened. */
#pragma once

#include "kernel/cgroup.h"
#include "kernel/cpulist.h"
#include "lxcfs/view.h"

/* A block of the host's cpuinfo; borrowed from its text. */
struct host_cpu {
	unsigned int number;
	const char *text;
	size_t length; /* with the newline of its last line, without the empty line behind it */
};

struct view_host {
	char *root; /* put in front of every path */
	struct cgroup_host cgroups;
	uint64_t boot_time_s;  /* btime of the host's stat, since 1970 */
	char *meminfo;         /* whose lines tell names and order, and what is constant in them */
	uint64_t memory_bytes; /* MemTotal */
	uint64_t huge_page_bytes;
	int swaps_fd;      /* /proc/swaps: what can be added and removed at any time */
	int huge_pages_fd; /* /proc/sys/vm/nr_hugepages, likewise */
	char *cpuinfo;
	struct host_cpu *cpus;
	size_t cpu_count;
	struct cpulist online;
	char *kernel_max; /* of /sys/devices/system/cpu, a line */
};

/* ROOT/FORMAT; the caller frees. */
char *host_path(const struct view_host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The hierarchy of v2, also beside v1 ones; NULL without. */
const struct cgroup_hierarchy *host_find_v2(const struct view_host *host);
/* The block of a CPU; that of another one for a CPU that was not there when the host was opened; NULL when there is none at all. */
const struct host_cpu *host_find_cpu(const struct view_host *host, unsigned int number);
