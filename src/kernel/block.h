/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Block devices as /sys/dev/block shows them, found by number alone: no name says which disk a partition is of ("sda1" could be that of "sda", "sdaa1" is not).
 * `root` is put in front of every path: "", or a folder that looks like a host (tests).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct block_device {
	char *name; /* of its node below /dev: "sda1", "cciss/c0d0" */
	dev_t number;
	unsigned partition; /* its number; 0 is a whole disk */
	uint64_t
		sequence; /* of a whole disk: another one, or another medium, with the same number has another one; 0 before Linux 5.15 */
};

struct block_devices {
	struct block_device *items;
	size_t count;
};

/* -ENOENT when there is no such device. The caller releases. */
int block_find(const char *root, dev_t number, struct block_device *ret_device, struct error *err);
/* The disk of a partition; a whole disk is its own. */
int block_find_disk(const char *root, dev_t number, struct block_device *ret_disk, struct error *err);
/* The partitions that a whole disk has now, by their numbers. -ENOENT when there is no such disk. The caller releases. */
int block_find_partitions(const char *root, dev_t disk, struct block_devices *ret_partitions, struct error *err);
void block_device_release(struct block_device *device);
void block_devices_release(struct block_devices *devices);

/*
 * Where a partition is when its disk is called `path`: all that the kernel's name has behind that of the disk is put behind it. nvme0n1p1 of
 * nvme0n1 at /dev/data is /dev/datap1, sda10 of sda /dev/data10. The caller frees.
 */
char *block_partition_path(const char *path, const struct block_device *disk, const struct block_device *partition);

/* The I/O scheduler that a whole disk has, such as "bfq", "none"; NULL for a device without queue. The caller frees. */
char *block_scheduler(const char *root, dev_t disk);
/* Does a scheduler of that name (may be NULL) share the disk by weights of cgroups? */
bool block_scheduler_has_weights(const char *scheduler);
