/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the reading of /sys/dev/block. */
#include "kernel/block.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"

#define UEVENT_MAX ((size_t)65536)

void block_device_release(struct block_device *device)
{
	free(device->name);
	*device = (struct block_device){0};
}

void block_devices_release(struct block_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		block_device_release(&devices->items[i]);
	free(devices->items);
	*devices = (struct block_devices){0};
}

static bool parse_number(const struct strings *properties, const char *key, unsigned long long *ret_value)
{
	const char *text = strings_get_value(properties, key);

	return text && sscanf(text, "%llu", ret_value) == 1;
}

/* "MAJOR=8\nMINOR=1\nDEVNAME=sda1\nDEVTYPE=partition\nDISKSEQ=9\nPARTN=1\n" */
static int read_device(int directory, struct block_device *ret_device)
{
	autorelease(strings_release) struct strings properties = {0};
	unsigned long long major, minor, partition = 0, sequence = 0;
	autofree char *content = NULL;
	const char *name;
	int r = file_read(directory, "uevent", UEVENT_MAX, &content, NULL, NULL);

	if (r < 0)
		return r == -ENODEV ? -ENOENT : r; /* it goes right now */
	strings_split(&properties, content, "\n");
	name = strings_get_value(&properties, "DEVNAME");
	if (!name || !parse_number(&properties, "MAJOR", &major) || !parse_number(&properties, "MINOR", &minor))
		return -ENOENT;
	if (file_exists(directory, "partition") && file_read_number(directory, "partition", &partition, NULL) < 0)
		return -ENOENT;
	parse_number(&properties, "DISKSEQ", &sequence);
	*ret_device = (struct block_device){
		.name = xstrdup(name),
		.number = makedev(major, minor),
		.partition = (unsigned)partition,
		.sequence = sequence,
	};
	return 0;
}

static int open_device(const char *root, dev_t number, const char *below)
{
	autofree char *path = xasprintf("%s/sys/dev/block/%u:%u%s", root, major(number), minor(number), below);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int find(const char *root, dev_t number, const char *below, struct block_device *ret_device, struct error *err)
{
	autoclose int directory = open_device(root, number, below);
	int r = directory < 0 ? directory : read_device(directory, ret_device);

	if (r < 0)
		return error_set(err, r == -ENOTDIR ? -ENOENT : r, "the host has no block device %u:%u", major(number),
				 minor(number));
	return 0;
}

int block_find(const char *root, dev_t number, struct block_device *ret_device, struct error *err)
{
	*ret_device = (struct block_device){0};
	return find(root, number, "", ret_device, err);
}

int block_find_disk(const char *root, dev_t number, struct block_device *ret_disk, struct error *err)
{
	int r = block_find(root, number, ret_disk, err);

	if (r < 0 || ret_disk->partition == 0)
		return r;
	block_device_release(ret_disk);
	return find(root, number, "/..", ret_disk, err);
}

static void add(struct block_devices *devices, const struct block_device *device)
{
	devices->items = xreallocarray(devices->items, devices->count + 1, sizeof(*device));
	devices->items[devices->count++] = *device;
}

static int compare(const void *a, const void *b)
{
	unsigned one = ((const struct block_device *)a)->partition, other = ((const struct block_device *)b)->partition;

	return (one > other) - (one < other);
}

static void read_child(int parent, const char *name, struct block_devices *partitions)
{
	autoclose int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct block_device device;

	if (directory < 0 || !file_exists(directory, "partition") || read_device(directory, &device) < 0)
		return;
	add(partitions, &device);
}

int block_find_partitions(const char *root, dev_t disk, struct block_devices *ret_partitions, struct error *err)
{
	int fd = open_device(root, disk, "");
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*ret_partitions = (struct block_devices){0};
	if (!directory)
		return error_set(err, fd < 0 ? fd : -errno, "the host has no block device %u:%u", major(disk), minor(disk));
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			read_child(dirfd(directory), entry->d_name, ret_partitions);
	closedir(directory);
	if (ret_partitions->count)
		qsort(ret_partitions->items, ret_partitions->count, sizeof(*ret_partitions->items), compare);
	return 0;
}

char *block_partition_path(const char *path, const struct block_device *disk, const struct block_device *partition)
{
	size_t length = strlen(disk->name);

	if (strncmp(partition->name, disk->name, length) == 0)
		return xasprintf("%s%s", path, partition->name + length);
	/* No kernel names them so, but a name is not what makes a partition. */
	return xasprintf("%sp%u", path, partition->partition);
}

/* "none mq-deadline kyber [bfq]" */
char *block_scheduler(const char *root, dev_t disk)
{
	autoclose int directory = open_device(root, disk, "");
	autofree char *line = NULL;
	const char *begin, *end;

	if (directory < 0 || file_read_line(directory, "queue/scheduler", &line, NULL) < 0)
		return NULL;
	begin = strchr(line, '[');
	end = begin ? strchr(begin, ']') : NULL;
	return end ? xstrndup(begin + 1, (size_t)(end - begin - 1)) : xstrdup(line);
}

bool block_scheduler_has_weights(const char *scheduler)
{
	return scheduler && (strcmp(scheduler, "bfq") == 0 || strcmp(scheduler, "cfq") == 0);
}
