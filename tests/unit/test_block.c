/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of block devices found in folders that look like /sys. */
#include "kernel/block.h"

#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host.h"

/* As the kernel lays it out: /sys/dev/block/8:1 is a symlink to /sys/devices/.../block/sda/sda1. */
static void make_device(const char *disk, const char *name, unsigned major, unsigned minor, unsigned partition)
{
	autofree char *place = xasprintf("/sys/devices/x/block/%s%s%s", disk, partition ? "/" : "", partition ? name : "");
	autofree char *link = xasprintf("%s/sys/dev/block/%u:%u", root, major, minor);
	autofree char *target = xasprintf("../..%s", place + strlen("/sys"));
	autofree char *uevent = xasprintf("%s/uevent", place), *number = xasprintf("%s/partition", place);
	autofree char *content = NULL, *text = xasprintf("%u\n", partition), *links = xasprintf("%s/sys/dev/block", root);

	content = xasprintf("MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\nDISKSEQ=%u\n", major, minor, name,
			    partition ? "partition" : "disk", major + 1000);
	replace(uevent, content);
	if (partition)
		replace(number, text);
	assert_true(file_make_directories(links, 0755, NULL) >= 0);
	assert_int_equal(symlink(target, link), 0);
}

static void make_disk(const char *disk, const char *separator, unsigned major, unsigned minor, unsigned partitions)
{
	make_device(disk, disk, major, minor, 0);
	for (unsigned i = 1; i <= partitions; i++) {
		autofree char *name = xasprintf("%s%s%u", disk, separator, i);

		make_device(disk, name, major, minor + i, i);
	}
}

static void assert_partitions(dev_t disk, const char *expected)
{
	struct block_devices partitions;
	struct error err = {0};
	char text[512] = "";

	if (block_find_partitions(root, disk, &partitions, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < partitions.count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, partitions.items[i].name);
	}
	assert_string_equal(text, expected);
	block_devices_release(&partitions);
}

static void test_partitions_are_those_of_the_disk(void **state)
{
	(void)state;
	make_disk("sda", "", 8, 0, 10);
	make_disk("sdaa", "", 65, 160, 2);
	make_disk("nvme0n1", "p", 259, 0, 2);
	make_disk("nvme0n10", "p", 259, 100, 1);
	make_disk("mmcblk0", "p", 179, 0, 1);
	make_disk("mmcblk0boot0", "p", 179, 8, 0);
	make_disk("loop0", "p", 7, 0, 1);
	make_disk("dm-0", "", 252, 0, 0);
	/* No partitions, though a name or a place may look so. */
	replace("/sys/devices/x/block/sda/holders/dm-0/uevent", "MAJOR=252\nMINOR=0\nDEVNAME=dm-0\n");
	replace("/sys/devices/x/block/sda/sda99/uevent", "MAJOR=8\nMINOR=99\nDEVNAME=sda99\n");

	assert_partitions(makedev(8, 0), "sda1 sda2 sda3 sda4 sda5 sda6 sda7 sda8 sda9 sda10");
	assert_partitions(makedev(65, 160), "sdaa1 sdaa2");
	assert_partitions(makedev(259, 0), "nvme0n1p1 nvme0n1p2");
	assert_partitions(makedev(259, 100), "nvme0n10p1");
	assert_partitions(makedev(179, 0), "mmcblk0p1");
	assert_partitions(makedev(179, 8), "");
	assert_partitions(makedev(7, 0), "loop0p1");
	assert_partitions(makedev(252, 0), "");
}

static void assert_disk(unsigned major, unsigned minor, const char *disk, unsigned partition)
{
	struct block_device device = {0}, whole = {0};
	struct error err = {0};

	if (block_find(root, makedev(major, minor), &device, &err) < 0 ||
	    block_find_disk(root, makedev(major, minor), &whole, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(device.partition, partition);
	assert_true(device.number == makedev(major, minor));
	assert_string_equal(whole.name, disk);
	assert_int_equal(whole.partition, 0);
	assert_int_equal(whole.sequence, major + 1000);
	block_device_release(&device);
	block_device_release(&whole);
}

static void test_the_disk_of_a_partition(void **state)
{
	struct block_device device;
	struct error err = {0};

	(void)state;
	make_disk("sda", "", 8, 0, 1);
	make_disk("nvme0n1", "p", 259, 0, 1);
	assert_disk(8, 0, "sda", 0);
	assert_disk(8, 1, "sda", 1);
	assert_disk(259, 1, "nvme0n1", 1);
	assert_int_equal(block_find(root, makedev(8, 2), &device, &err), -ENOENT);
	assert_non_null(strstr(err.message, "no block device 8:2"));
	assert_int_equal(block_find_disk(root, makedev(8, 2), &device, &err), -ENOENT);
	assert_int_equal(block_find_partitions(root, makedev(8, 2), &(struct block_devices){0}, &err), -ENOENT);
}

static void test_paths_of_partitions(void **state)
{
	static const struct {
		char *disk, *partition;
		const char *path, *expected;
		unsigned number;
	} rows[] = {
		{"sda", "sda10", "/dev/data", "/dev/data10", 10},
		{"sda", "sda1", "/dev/sda", "/dev/sda1", 1},
		{"nvme0n1", "nvme0n1p1", "/dev/C", "/dev/Cp1", 1},
		{"mmcblk0", "mmcblk0p12", "/dev/card", "/dev/cardp12", 12},
		{"loop0", "loop0p1", "/x/y", "/x/yp1", 1},
		{"cciss/c0d0", "cciss/c0d0p2", "/dev/c", "/dev/cp2", 2},
		{"disk", "other", "/dev/c", "/dev/cp3", 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct block_device disk = {.name = rows[i].disk};
		struct block_device partition = {.name = rows[i].partition, .partition = rows[i].number};
		autofree char *path = block_partition_path(rows[i].path, &disk, &partition);

		assert_string_equal(path, rows[i].expected);
	}
}

static void test_schedulers(void **state)
{
	static const struct {
		const char *content, *selected;
		bool has_weights;
	} rows[] = {
		{"none mq-deadline kyber [bfq]\n", "bfq", true},
		{"[none] mq-deadline kyber bfq\n", "none", false},
		{"noop deadline [cfq]\n", "cfq", true},
		{"none\n", "none", false},
	};

	(void)state;
	make_disk("sda", "", 8, 0, 0);
	assert_null(block_scheduler(root, makedev(8, 0)));
	assert_false(block_scheduler_has_weights(NULL));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *selected = NULL;

		replace("/sys/devices/x/block/sda/queue/scheduler", rows[i].content);
		selected = block_scheduler(root, makedev(8, 0));
		assert_string_equal(selected, rows[i].selected);
		assert_int_equal(block_scheduler_has_weights(selected), rows[i].has_weights);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_partitions_are_those_of_the_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_disk_of_a_partition, set_up, tear_down),
		cmocka_unit_test(test_paths_of_partitions),
		cmocka_unit_test_setup_teardown(test_schedulers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
