/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is found out about a device on the host. */
#include "container/device_look.h"

#include <ctype.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"
#include "container/device_notice.h"
#include "kernel/block.h"
#include "kernel/uevent.h"

/* --- the file ---------------------------------------------------------------------------------------------------------- */

static int look_at_file(const char *path, struct stat *ret_stat, struct error *err)
{
	if (stat(path, ret_stat) < 0) {
		int code = -errno;
		autofree char *reason = xstrdup(strerror(-code));

		reason[0] = (char)tolower((unsigned char)reason[0]);
		return error_set(err, code, "lstat %s: %s", path, reason);
	}
	if (!S_ISBLK(ret_stat->st_mode) && !S_ISCHR(ret_stat->st_mode))
		return error_set(err, -ENODEV, "%s: not a device", path);
	return 0;
}

/* Who may use a character device is often a matter of its group (dialout, render); NSS would ask the network. */
static char *find_group(gid_t gid)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *group = NULL;
	char *name = NULL;

	while (file && (group = fgetgrent(file)))
		if (group->gr_gid == gid)
			break;
	if (group)
		name = xstrdup(group->gr_name);
	if (file)
		fclose(file);
	return name;
}

static int make_serial(char **ret_serial, struct error *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return error_set_errno(err, "cannot get a random number");
	*ret_serial = xasprintf("%016" PRIx64, number);
	return 0;
}

/* --- nodes ------------------------------------------------------------------------------------------------------------- */

/* Takes the guest's path over. */
static void add_node(struct attached_device *device, const char *name, char *guest, dev_t number)
{
	struct attached_device_now *now = &device->now;

	now->nodes.items = xreallocarray(now->nodes.items, now->nodes.count + 1, sizeof(*now->nodes.items));
	now->nodes.items[now->nodes.count++] = (struct attached_node){
		.host = name ? xasprintf("/dev/%s", name) : xstrdup(device->host),
		.guest = guest,
		.major = (int)major(number),
		.minor = (int)minor(number),
		.devpath = device_notice_devpath(now->type == ATTACHED_BLOCK, number),
	};
}

static int add_partitions(struct attached_device *device, const struct block_device *disk, struct error *err)
{
	autorelease(block_devices_release) struct block_devices partitions = {0};
	int r = block_find_partitions("", disk->number, &partitions, err);

	for (size_t i = 0; r == 0 && i < partitions.count; i++)
		add_node(device, partitions.items[i].name, block_partition_path(device->guest, disk, &partitions.items[i]),
			 partitions.items[i].number);
	return r;
}

static int look_at_block(struct attached_device *device, dev_t number, struct error *err)
{
	autorelease(block_device_release) struct block_device block = {0}, disk = {0};
	int r = block_find("", number, &block, err);

	if (r == 0)
		r = block_find_disk("", number, &disk, err);
	if (r < 0)
		return error_prefix(err, "%s", device->host);
	device->now.type = ATTACHED_BLOCK;
	device->now.sequence = disk.sequence;
	device->now.group = xstrdup("disk");
	if (block.partition)
		device->now.disk = xasprintf("/dev/%s", disk.name);
	add_node(device, block.name, xstrdup(device->guest), number);
	return device->follows_partitions && !block.partition ? add_partitions(device, &disk, err) : 0;
}

static int look_at_character(struct attached_device *device, const struct stat *stat, struct error *err)
{
	autorelease(strings_release) struct strings properties = {0};

	if (device->follows_partitions)
		return error_set(err, -EINVAL, "Char device %s not support follow partition", device->host);
	device->now.type = ATTACHED_CHARACTER;
	device->now.group = find_group(stat->st_gid);
	/* One without a driver can be given all the same: who opens it hears of that. */
	uevent_read_properties("", false, stat->st_rdev, &properties, NULL);
	add_node(device, strings_get_value(&properties, "DEVNAME"), xstrdup(device->guest), stat->st_rdev);
	return 0;
}

static void release_nodes(struct attached_nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		free(nodes->items[i].host);
		free(nodes->items[i].guest);
		free(nodes->items[i].devpath);
	}
	free(nodes->items);
	*nodes = (struct attached_nodes){0};
}

/* All of it is found anew, but the serial: by that what is in the guest is known. */
static void forget(struct attached_device_now *now)
{
	char *serial = now->serial;

	release_nodes(&now->nodes);
	free(now->group);
	free(now->disk);
	*now = (struct attached_device_now){.serial = serial};
}

int device_look(struct attached_device *device, struct error *err)
{
	struct stat stat;
	int r = look_at_file(device->host, &stat, err);

	forget(&device->now);
	if (r == 0 && !device->now.serial)
		r = make_serial(&device->now.serial, err);
	if (r < 0)
		return r;
	device->now.mode = (int)(stat.st_mode & 0777);
	return S_ISBLK(stat.st_mode) ? look_at_block(device, stat.st_rdev, err) : look_at_character(device, &stat, err);
}

static bool are_equal(const struct attached_nodes *a, const struct attached_nodes *b)
{
	bool are = a->count == b->count;

	for (size_t i = 0; are && i < a->count; i++)
		are = a->items[i].major == b->items[i].major && a->items[i].minor == b->items[i].minor &&
		      strcmp(a->items[i].guest, b->items[i].guest) == 0;
	return are;
}

/* The number alone is given to the next one, such as another file on the same loop device. */
static int find_same(const struct attached_device *device, struct block_device *ret_block, struct error *err)
{
	autorelease(block_device_release) struct block_device disk = {0};
	dev_t number = device_number(device);
	int r = block_find("", number, ret_block, err);

	if (r == 0)
		r = block_find_disk("", number, &disk, err);
	if (r == 0 && disk.sequence != device->now.sequence)
		r = error_set(err, -ENOENT, "the host has another disk at %u:%u", major(number), minor(number));
	return r;
}

int device_look_again(struct attached_device *device, struct error *err)
{
	autorelease(block_device_release) struct block_device block = {0};
	struct attached_nodes *nodes = &device->now.nodes, old;
	dev_t number;
	int r;

	if (device->now.type != ATTACHED_BLOCK || nodes->count == 0)
		return 0;
	number = device_number(device);
	r = find_same(device, &block, err);
	if (r < 0 || !device->follows_partitions || block.partition)
		return r;
	old = *nodes;
	*nodes = (struct attached_nodes){0};
	add_node(device, block.name, xstrdup(device->guest), number);
	r = add_partitions(device, &block, err);
	if (r == 0)
		r = !are_equal(&old, nodes);
	release_nodes(&old);
	return r;
}

dev_t device_number(const struct attached_device *device)
{
	const struct attached_node *node = &device->now.nodes.items[0];

	return makedev((unsigned)node->major, (unsigned)node->minor);
}

/* --- limits ------------------------------------------------------------------------------------------------------------ */

int device_find_disk(const char *path, dev_t *ret_number, struct error *err)
{
	autorelease(block_device_release) struct block_device block = {0};
	struct stat stat;
	int r = look_at_file(path, &stat, err);

	if (r < 0)
		return r;
	if (!S_ISBLK(stat.st_mode))
		return error_set(err, -EINVAL, "%s: cannot set Qos of a char device", path);
	r = block_find("", stat.st_rdev, &block, err);
	if (r == 0 && block.partition)
		return error_set(err, -EINVAL, "%s: cannot set Qos of a child device", path);
	*ret_number = stat.st_rdev;
	return r;
}

/* cgroup v2 has weights by io.cost, too, for disks that it is enabled for: "8:0 enable=1 ctrl=auto ..." */
static bool has_io_cost(const struct cgroup_host *cgroups, dev_t disk)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(cgroups, "blkio");
	autofree char *path = NULL, *content = NULL, *wanted = NULL;
	autorelease(strings_release) struct strings lines = {0};

	if (!hierarchy || !hierarchy->is_v2)
		return false;
	path = xasprintf("%s/io.cost.qos", hierarchy->mount_point);
	wanted = xasprintf("%u:%u enable=1", major(disk), minor(disk));
	if (file_read(AT_FDCWD, path, (size_t)1 << 20, &content, NULL, NULL) < 0)
		return false;
	strings_split(&lines, content, "\n");
	for (size_t i = 0; i < lines.count; i++)
		if (strncmp(lines.items[i], wanted, strlen(wanted)) == 0)
			return true;
	return false;
}

int device_check_limits(const struct cgroup_host *cgroups, const struct attached_device *device, struct error *err)
{
	autofree char *scheduler = NULL;

	if (!attached_device_has_limits(device))
		return 0;
	if (device->now.type != ATTACHED_BLOCK)
		return error_set(err, -EINVAL, "%s: cannot set Qos of a char device", device->host);
	if (device->now.disk)
		return error_set(err, -EINVAL, "%s: cannot set Qos of a child device", device->host);
	if (device->limits[ATTACHED_WEIGHT] == 0 || has_io_cost(cgroups, device_number(device)))
		return 0;
	scheduler = block_scheduler("", device_number(device));
	if (block_scheduler_has_weights(scheduler))
		return 0;
	return error_set(
		err, -EOPNOTSUPP,
		"device not support blkio weight: %s, whose scheduler is %s; only bfq shares a disk by weights: write it to "
		"/sys/dev/block/%u:%u/queue/scheduler",
		device->host, scheduler ? scheduler : "none", major(device_number(device)), minor(device_number(device)));
}
