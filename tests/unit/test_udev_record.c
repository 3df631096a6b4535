/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of udev's records in a tree that looks like a guest's, with a tmpfs on /run. */
#include "container/udev_record.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "kernel/namespace.h"
#include "work.h"

#define RECORD "run/udev/data/b8:16"

static void test_text(void **state)
{
	static const struct {
		const char *path, *kernel_name, *text;
	} rows[] = {
		{"/dev/sdb", "sdb", "I:9\n"},
		{"/dev/data", "sdb", "S:data\nI:9\n"},
		{"/dev/disk/by-me/1", "sdb", "S:disk/by-me/1\nI:9\n"},
		{"/dev/data", NULL, "S:data\nI:9\n"},
		{"/opt/data", "sdb", "I:9\n"},
		{"/dev/", "sdb", "I:9\n"},
		{"/devices", "sdb", "I:9\n"},
		{"/dev/a\nE:X=1", "sdb", "I:9\n"},
		{"/dev/a b", "sdb", "I:9\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *text = udev_record_text(rows[i].path, rows[i].kernel_name, 9);

		assert_string_equal(text, rows[i].text);
	}
}

static int open_root(void)
{
	int fd = open(work, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void write_record(const char *path)
{
	autoclose int root = open_root();
	struct error err = {0};

	if (udev_record_write(root, true, makedev(8, 16), path, "sdb", &err) < 0)
		fail_msg("%s", err.message);
}

static int remove_record(void)
{
	autoclose int root = open_root();

	return udev_record_remove(root, true, makedev(8, 16), NULL);
}

static int mount_run(void **state)
{
	(void)state;
	work_make_directory("run");
	return mount("run", work_path("run"), "tmpfs", 0, NULL);
}

static int umount_run(void **state)
{
	(void)state;
	return umount(work_path("run"));
}

static void test_write_and_remove(void **state)
{
	autofree char *first = NULL, *second = NULL;
	unsigned long long time = 0;

	(void)state;
	assert_int_equal(remove_record(), 0); /* of which there is none */
	write_record("/dev/sdb");
	first = work_read(RECORD);
	assert_int_equal(sscanf(first, "I:%llu\n", &time), 1);
	assert_true(time > 0);
	write_record("/dev/data");
	second = work_read(RECORD);
	assert_memory_equal(second, "S:data\nI:", 9);
	assert_int_equal(remove_record(), 0);
	assert_false(file_exists(AT_FDCWD, work_path(RECORD)));
	assert_int_equal(remove_record(), 0);
}

/* It writes and removes them itself. */
static void test_udevd(void **state)
{
	(void)state;
	write_record("/dev/sdb");
	work_write("run/udev/control", "");
	assert_int_equal(remove_record(), 0);
	assert_true(file_exists(AT_FDCWD, work_path(RECORD)));
	assert_int_equal(unlink(work_path(RECORD)), 0);
	write_record("/dev/sdb");
	assert_false(file_exists(AT_FDCWD, work_path(RECORD)));
}

/* A link of the guest leads nowhere but into its /run. */
static void test_links(void **state)
{
	autoclose int root = open_root();

	(void)state;
	work_make_directory("elsewhere");
	work_make_directory("run/udev");
	assert_int_equal(symlink("../../elsewhere", work_path("run/udev/data")), 0);
	assert_true(udev_record_write(root, true, makedev(8, 16), "/dev/sdb", "sdb", NULL) < 0);
	assert_false(file_exists(AT_FDCWD, work_path("elsewhere/b8:16")));
	assert_int_equal(mkdir(work_path("run/elsewhere"), 0755), 0);
	write_record("/dev/sdb");
	assert_true(file_exists(AT_FDCWD, work_path("run/elsewhere/b8:16")));
	assert_false(file_exists(AT_FDCWD, work_path("elsewhere/b8:16")));
}

/* In the tree itself it would be there after the boot. */
static void test_no_tmpfs(void **state)
{
	struct statfs status;

	(void)state;
	work_make_directory("run");
	if (statfs(work_path("run"), &status) == 0 && status.f_type == TMPFS_MAGIC)
		skip(); /* so is the directory for tests */
	write_record("/dev/sdb");
	assert_false(file_exists(AT_FDCWD, work_path("run/udev")));
	assert_int_equal(remove_record(), 0);
}

static int begin(void **state)
{
	work_become_root();
	return namespace_begin_mounts(MS_PRIVATE, NULL) < 0 ? -1 : work_set_up(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, mount_run, umount_run)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),     TEST(test_write_and_remove), TEST(test_udevd), TEST(test_links),
		cmocka_unit_test(test_no_tmpfs),
	};

	return cmocka_run_group_tests(tests, begin, work_tear_down);
}
