/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resource options that create, run and update share. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "kernel/cgroup_limits.h"

struct limit_options {
	struct cgroup_limits values; /* its strings are owned by the option parser */
	double cpus;
	bool has_cpus;
};

#define LIMIT_OPTIONS_UNSET \
	{ \
		.values = \
		{.cpu_shares = CGROUP_LIMIT_UNSET, \
		 .cpu_period_us = CGROUP_LIMIT_UNSET, \
		 .cpu_quota_us = CGROUP_LIMIT_UNSET, \
		 .nano_cpus = CGROUP_LIMIT_UNSET, \
		 .memory = CGROUP_LIMIT_UNSET, \
		 .memory_reservation = CGROUP_LIMIT_UNSET, \
		 .memory_swap = CGROUP_LIMIT_UNSET, \
		 .memory_swappiness = CGROUP_LIMIT_UNSET, \
		 .pids = CGROUP_LIMIT_UNSET } \
	}

#define LIMIT_ROW(owner_, member_, name_, letter_, type_, field_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(owner_, member_.field_), ##__VA_ARGS__ \
	}
#define LIMIT_ROWS(owner_, member_) \
	LIMIT_ROW(owner_, member_, "cpu-shares", 0, OPTION_INTEGER, values.cpu_shares, .argument = "N", \
		  .help = "weight among others, 2 to 262144 (1024 is usual)"), \
		LIMIT_ROW(owner_, member_, "cpu-period", 0, OPTION_INTEGER, values.cpu_period_us, .argument = "US", \
			  .help = "period of --cpu-quota in microseconds"), \
		LIMIT_ROW(owner_, member_, "cpu-quota", 0, OPTION_INTEGER, values.cpu_quota_us, .argument = "US", \
			  .help = "CPU time a period in microseconds; -1: unlimited"), \
		LIMIT_ROW(owner_, member_, "cpus", 0, OPTION_DECIMAL, cpus, \
			  .given_offset = offsetof(owner_, member_.has_cpus), .argument = "N", \
			  .help = "number of CPUs, such as 1.5"), \
		LIMIT_ROW(owner_, member_, "cpuset-cpus", 0, OPTION_STRING, values.cpuset_cpus, .argument = "LIST", \
			  .help = "CPUs it may run on, such as 0-3,7"), \
		LIMIT_ROW(owner_, member_, "cpuset-mems", 0, OPTION_STRING, values.cpuset_mems, .argument = "LIST", \
			  .help = "memory nodes it may use"), \
		LIMIT_ROW(owner_, member_, "memory", 'm', OPTION_SIZE, values.memory, .min = -1, .argument = "BYTES", \
			  .help = "memory limit, such as 512m"), \
		LIMIT_ROW(owner_, member_, "memory-reservation", 0, OPTION_SIZE, values.memory_reservation, .min = -1, \
			  .argument = "BYTES", .help = "memory that it keeps when the host is short"), \
		LIMIT_ROW(owner_, member_, "memory-swap", 0, OPTION_SIZE, values.memory_swap, .min = -1, \
			  .argument = "BYTES", .help = "limit of memory and swap in sum; -1: unlimited"), \
		LIMIT_ROW(owner_, member_, "memory-swappiness", 0, OPTION_INTEGER, values.memory_swappiness, \
			  .argument = "N", .help = "0 to 100"), \
		LIMIT_ROW(owner_, member_, "pids-limit", 0, OPTION_INTEGER, values.pids, .argument = "N", \
			  .help = "processes and threads; 0 or -1: unlimited")

/* The values with --cpus in them. Its strings are copies; the caller releases. */
void limit_options_get(const struct limit_options *options, struct cgroup_limits *ret_limits);
