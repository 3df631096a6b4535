/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The block devices of a guest under its own names: diskstats and partitions. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "lxcfs/view.h"

struct disks_device {
	unsigned int major_number, minor_number;
	char *name;
	bool is_exclusive, is_partition;
	int size_fd;
	uint64_t baseline[VIEW_DISK_COUNTERS];
	uint64_t counters[VIEW_DISK_COUNTERS]; /* of diskstats; they only grow */
	uint64_t sectors;                      /* of 512 bytes; 0: it is gone */
};

/* The cgroup's files that tell of transfers: bytes, operations. */
struct disks_sources {
	int bytes_fd, operations_fd;
};

struct disks_part {
	bool is_open;
	int64_t taken_ns;
	int stat_fd;                        /* v2 */
	struct disks_sources throttle, bfq; /* v1: which of them counts depends on kernel and scheduler */
	struct disks_device *devices;
	size_t count;
};

/* Brings the counters and sizes up to date, unless they are of this age at most. */
int disks_sample(struct view_guest *guest, int64_t now_ns, int64_t max_age_ns, struct error *err);
void disks_close(struct disks_part *disks);
void disks_release(struct disks_part *disks);

void disks_write_diskstats(const struct view_guest *guest, unsigned int cpu, struct text *out);
void disks_write_partitions(const struct view_guest *guest, unsigned int cpu, struct text *out);
