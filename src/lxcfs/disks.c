/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns which block devices a guest is shown, by which names, and what it did with them. */
#include "lxcfs/disks.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/proc_view.h"
#include "lxcfs/guest.h"

/* Of the numbers behind a name in diskstats (Documentation/admin-guide/iostats.rst), those that cgroups know. */
enum { READS = 0, READ_SECTORS = 2, WRITES = 4, WRITE_SECTORS = 6, IN_FLIGHT = 8, DISCARDS = 11, DISCARD_SECTORS = 13 };

#define SECTOR        512
#define DISKSTATS_MAX ((size_t)16 << 20)
#define ROOT_NAME     "sda"

/*
 * Who is there
 */

static int open_size(const struct view_host *host, unsigned int major_number, unsigned int minor_number)
{
	autofree char *path = host_path(host, "sys/dev/block/%u:%u/size", major_number, minor_number);

	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static bool is_partition(const struct view_host *host, unsigned int major_number, unsigned int minor_number)
{
	autofree char *path = host_path(host, "sys/dev/block/%u:%u/partition", major_number, minor_number);

	return file_exists(AT_FDCWD, path);
}

/* The whole disk that a device is or is a part of; false for none (a tmpfs, an overlay, btrfs). */
static bool find_disk(const struct view_host *host, dev_t device, unsigned int *ret_major, unsigned int *ret_minor)
{
	autofree char *path = NULL, *line = NULL;

	if (!device)
		return false;
	/* The entry is a link to a directory of the disk's, in which that of a partition lies. */
	path = host_path(host, "sys/dev/block/%u:%u/%s", major(device), minor(device),
			 is_partition(host, major(device), minor(device)) ? "../dev" : "dev");
	return file_read_line(AT_FDCWD, path, &line, NULL) >= 0 && sscanf(line, "%u:%u", ret_major, ret_minor) == 2;
}

static struct disks_device *find_device(struct disks_part *disks, uint64_t major_number, uint64_t minor_number)
{
	for (size_t i = 0; i < disks->count; i++)
		if (disks->devices[i].major_number == major_number && disks->devices[i].minor_number == minor_number)
			return &disks->devices[i];
	return NULL;
}

static struct disks_device *add_device(struct disks_part *disks, const struct view_host *host, unsigned int major_number,
				       unsigned int minor_number, const char *name)
{
	struct disks_device *device;

	disks->devices = xreallocarray(disks->devices, disks->count + 1, sizeof(*disks->devices));
	device = &disks->devices[disks->count++];
	*device = (struct disks_device){
		.major_number = major_number,
		.minor_number = minor_number,
		.name = xstrdup(name),
		.is_partition = is_partition(host, major_number, minor_number),
		.size_fd = open_size(host, major_number, minor_number),
	};
	return device;
}

static bool is_taken(const struct view_disk *disks, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(disks[i].name, name) == 0)
			return true;
	return false;
}

/*
 * The disk of the root file system is sda, whatever it is on the host. What was plugged in under that name keeps it,
 * since it is so called in the guest's /dev; then the root is the next that is free.
 */
static void add_root(struct disks_part *part, const struct view_host *host, dev_t device, const struct view_disk *disks,
		     size_t count)
{
	unsigned int major_number, minor_number;
	char name[] = ROOT_NAME;

	if (!find_disk(host, device, &major_number, &minor_number))
		return;
	for (size_t i = 0; i < count; i++)
		if (disks[i].major_number == major_number && disks[i].minor_number == minor_number)
			return; /* has a name of its own in there */
	while (is_taken(disks, count, name) && name[2] < 'z')
		name[2]++;
	add_device(part, host, major_number, minor_number, name);
}

int view_guest_set_disks(struct view_guest *guest, dev_t root_device, const struct view_disk *disks, size_t count,
			 struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (!proc_view_is_disk_name(disks[i].name))
			return error_set(err, -EINVAL, "\"%s\" cannot be the name of a disk", disks[i].name);
	disks_close(&guest->disks);
	disks_release(&guest->disks);
	add_root(&guest->disks, guest->host, root_device, disks, count);
	for (size_t i = 0; i < count; i++) {
		struct disks_device *device;

		if (find_device(&guest->disks, disks[i].major_number, disks[i].minor_number))
			continue; /* two nodes of one device */
		device = add_device(&guest->disks, guest->host, disks[i].major_number, disks[i].minor_number, disks[i].name);
		device->is_exclusive = disks[i].is_exclusive;
		memcpy(device->baseline, disks[i].baseline, sizeof(device->baseline));
	}
	return 0;
}

void disks_release(struct disks_part *disks)
{
	for (size_t i = 0; i < disks->count; i++) {
		source_close(&disks->devices[i].size_fd);
		free(disks->devices[i].name);
	}
	free(disks->devices);
	*disks = (struct disks_part){0};
}

/*
 * Opening
 */

static int open_v1(struct disks_part *disks, const struct cgroup_hierarchy *hierarchy, const char *path, struct error *err)
{
	const struct {
		const char *file;
		int *fd;
	} files[] = {
		{"blkio.throttle.io_service_bytes_recursive", &disks->throttle.bytes_fd},
		{"blkio.throttle.io_serviced_recursive", &disks->throttle.operations_fd},
		{"blkio.bfq.io_service_bytes_recursive", &disks->bfq.bytes_fd},
		{"blkio.bfq.io_serviced_recursive", &disks->bfq.operations_fd},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files) && r >= 0; i++)
		r = source_open_own(hierarchy, path, files[i].file, files[i].fd, err);
	return r;
}

static int ensure_open(struct view_guest *guest, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(&guest->host->cgroups, "blkio");
	struct disks_part *disks = &guest->disks;
	autofree char *path = NULL;
	int r;

	if (disks->is_open)
		return 0;
	disks->is_open = true;
	disks->stat_fd = -1;
	disks->throttle = disks->bfq = (struct disks_sources){-1, -1};
	if (!hierarchy)
		return 0;
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	if (r >= 0)
		r = hierarchy->is_v2 ? source_open_own(hierarchy, path, "io.stat", &disks->stat_fd, err)
				     : open_v1(disks, hierarchy, path, err);
	if (r < 0)
		disks_close(disks);
	return r;
}

void disks_close(struct disks_part *disks)
{
	if (!disks->is_open)
		return;
	source_close(&disks->stat_fd);
	source_close(&disks->throttle.bytes_fd);
	source_close(&disks->throttle.operations_fd);
	source_close(&disks->bfq.bytes_fd);
	source_close(&disks->bfq.operations_fd);
	disks->is_open = false;
	disks->taken_ns = 0;
}

/*
 * Counters
 */

static void raise_to(uint64_t *counter, uint64_t value)
{
	if (value > *counter)
		*counter = value;
}

/* "8:0", and moves behind the blank. */
static struct disks_device *take_device(struct disks_part *disks, const char **text)
{
	uint64_t major_number, minor_number;

	if (!source_take_number(text, &major_number) || *(*text)++ != ':' || !source_take_number(text, &minor_number) ||
	    *(*text)++ != ' ')
		return NULL;
	return find_device(disks, major_number, minor_number);
}

/* "rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static void parse_v2_values(const char *text, const char *end, struct disks_device *device)
{
	static const struct {
		const char *key;
		unsigned int counter, unit;
	} keys[] = {
		{"rbytes=", READ_SECTORS, SECTOR},
		{"wbytes=", WRITE_SECTORS, SECTOR},
		{"rios=", READS, 1},
		{"wios=", WRITES, 1},
		{"dbytes=", DISCARD_SECTORS, SECTOR},
		{"dios=", DISCARDS, 1},
	};

	while (text < end) {
		const char *word = text;

		text = memchr(word, ' ', (size_t)(end - word));
		text = text ? text + 1 : end;
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			const char *value = word + strlen(keys[i].key);
			uint64_t number;

			if (strncmp(word, keys[i].key, strlen(keys[i].key)) == 0 && source_take_number(&value, &number))
				raise_to(&device->counters[keys[i].counter], number / keys[i].unit);
		}
	}
}

static void parse_v2(struct disks_part *disks, const char *text)
{
	for (const char *line = text, *end; *line; line = end + (*end == '\n')) {
		const char *values = line;
		struct disks_device *device;

		end = strchrnul(line, '\n');
		device = take_device(disks, &values);
		if (device && !device->is_exclusive)
			parse_v2_values(values, end, device);
	}
}

/* "8:0 Read 4096"; what sync and async requests are of them, and sums, are passed over. */
static void parse_v1(struct disks_part *disks, const char *text, unsigned int unit, const unsigned int counters[3])
{
	static const char *const operations[] = {"Read ", "Write ", "Discard "};

	for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
		const char *rest = line;
		struct disks_device *device = take_device(disks, &rest);
		uint64_t number;

		if (!device || device->is_exclusive)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
			const char *value = rest + strlen(operations[i]);

			if (strncmp(rest, operations[i], strlen(operations[i])) == 0 && source_take_number(&value, &number))
				raise_to(&device->counters[counters[i]], number / unit);
		}
	}
}

static int read_v1(struct view_guest *guest, const struct disks_sources *sources, struct error *err)
{
	static const unsigned int sectors[] = {READ_SECTORS, WRITE_SECTORS, DISCARD_SECTORS};
	static const unsigned int operations[] = {READS, WRITES, DISCARDS};
	int r;

	r = source_read(sources->bytes_fd, &guest->buffer, err);
	if (r < 0)
		return r;
	parse_v1(&guest->disks, guest->buffer.data, SECTOR, sectors);
	r = source_read(sources->operations_fd, &guest->buffer, err);
	if (r < 0)
		return r;
	parse_v1(&guest->disks, guest->buffer.data, 1, operations);
	return 0;
}

/* "   8       0 sda 1 2 3 ...": the numbers of that device; absent ones (older kernels) are 0. */
static bool find_host_counters(const char *diskstats, const struct disks_device *device,
			       uint64_t ret_counters[VIEW_DISK_COUNTERS])
{
	for (const char *line = diskstats; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
		uint64_t major_number, minor_number;

		line += strspn(line, " ");
		if (!source_take_number(&line, &major_number))
			continue;
		line += strspn(line, " ");
		if (!source_take_number(&line, &minor_number) || major_number != device->major_number ||
		    minor_number != device->minor_number)
			continue;
		line += strspn(line, " ");
		line += strcspn(line, " \n");
		for (size_t i = 0; i < VIEW_DISK_COUNTERS; i++) {
			ret_counters[i] = 0;
			line += strspn(line, " ");
			source_take_number(&line, &ret_counters[i]);
		}
		return true;
	}
	return false;
}

static int read_diskstats(const struct view_host *host, char **ret_diskstats, struct error *err)
{
	autofree char *path = host_path(host, "proc/diskstats");

	return file_read(AT_FDCWD, path, DISKSTATS_MAX, ret_diskstats, NULL, err);
}

int view_host_read_disk(const struct view_host *host, unsigned int major_number, unsigned int minor_number,
			uint64_t ret_counters[VIEW_DISK_COUNTERS], struct error *err)
{
	const struct disks_device device = {.major_number = major_number, .minor_number = minor_number};
	autofree char *diskstats = NULL;
	int r;

	r = read_diskstats(host, &diskstats, err);
	if (r < 0)
		return r;
	if (!find_host_counters(diskstats, &device, ret_counters))
		return error_set(err, -ENODEV, "the host has no disk %u:%u", major_number, minor_number);
	return 0;
}

static void take_exclusive(struct disks_device *device, const char *diskstats)
{
	uint64_t now[VIEW_DISK_COUNTERS];

	if (!find_host_counters(diskstats, device, now))
		return;
	for (size_t i = 0; i < VIEW_DISK_COUNTERS; i++)
		if (i == IN_FLIGHT)
			device->counters[i] = now[i];
		else if (now[i] > device->baseline[i])
			raise_to(&device->counters[i], now[i] - device->baseline[i]);
}

static int read_exclusive(struct view_guest *guest, struct error *err)
{
	autofree char *diskstats = NULL;

	for (size_t i = 0; i < guest->disks.count; i++) {
		int r;

		if (!guest->disks.devices[i].is_exclusive)
			continue;
		r = diskstats ? 0 : read_diskstats(guest->host, &diskstats, err);
		if (r < 0)
			return r;
		take_exclusive(&guest->disks.devices[i], diskstats);
	}
	return 0;
}

static void read_sizes(struct view_guest *guest)
{
	for (size_t i = 0; i < guest->disks.count; i++) {
		struct disks_device *device = &guest->disks.devices[i];

		device->sectors = 0;
		/* A disk that was pulled answers ENODEV. */
		source_read_number(device->size_fd, &guest->buffer, &device->sectors, NULL);
	}
}

int disks_sample(struct view_guest *guest, int64_t now_ns, int64_t max_age_ns, struct error *err)
{
	struct disks_part *disks = &guest->disks;
	int r;

	if (disks->is_open && !guest_is_stale(disks->taken_ns, now_ns, max_age_ns))
		return 0;
	r = ensure_open(guest, err);
	if (r < 0)
		return r;
	r = source_read(disks->stat_fd, &guest->buffer, err);
	if (r < 0)
		return r;
	parse_v2(disks, guest->buffer.data);
	r = read_v1(guest, &disks->throttle, err);
	if (r >= 0)
		r = read_v1(guest, &disks->bfq, err);
	if (r >= 0)
		r = read_exclusive(guest, err);
	if (r < 0)
		return r;
	read_sizes(guest);
	disks->taken_ns = now_ns;
	return 0;
}

/*
 * Texts
 */

void disks_write_diskstats(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	(void)cpu;
	for (size_t i = 0; i < guest->disks.count; i++) {
		const struct disks_device *device = &guest->disks.devices[i];

		if (device->is_partition || !device->sectors)
			continue;
		text_append_number(out, device->major_number, 4);
		text_append_number(out, device->minor_number, 8);
		text_append_bytes(out, " ", 1);
		text_append(out, device->name);
		for (size_t c = 0; c < VIEW_DISK_COUNTERS; c++) {
			text_append_bytes(out, " ", 1);
			text_append_number(out, device->counters[c], 0);
		}
		text_append_bytes(out, "\n", 1);
	}
}

void disks_write_partitions(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	(void)cpu;
	text_append(out, "major minor  #blocks  name\n\n");
	for (size_t i = 0; i < guest->disks.count; i++) {
		const struct disks_device *device = &guest->disks.devices[i];

		if (!device->sectors)
			continue;
		text_append_number(out, device->major_number, 4);
		text_append_number(out, device->minor_number, 9);
		text_append_number(out, device->sectors / 2, 11);
		text_append_bytes(out, " ", 1);
		text_append(out, device->name);
		text_append_bytes(out, "\n", 1);
	}
}
