/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the mount table's reader. */
#include "kernel/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"

static const char table[] =
	"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
	"37 36 0:39 /abc/proc/meminfo /proc/meminfo ro - fuse.lxcfs lxcfs ro,user_id=0\n"
	"38 36 0:40 / /with\\040blank\\012line\\134\\11 rw shared:1 master:2 propagate_from:3 - tmpfs a\\040b rw\n"
	"not a line\n"
	"39 36 0:41 / /no-separator rw\n"
	"40 36 0:41 / - tmpfs t rw\n"
	"41 36 0:42 / /odd rw - proc\n"
	"42 36 0:43 / /nameless rw unbindable - tmpfs  rw,size=4k\n"
	"43 36 0:44 / /last noatime,ro,idmapped - sysfs sysfs rw";

static void test_lines(void **state)
{
	autofree char *text = xstrdup(table);
	autorelease(mountinfo_release) struct mountinfo mounts = {0};

	(void)state;
	mountinfo_parse(text, &mounts);
	assert_int_equal(mounts.count, 6);
	assert_int_equal(mounts.entries[0].id, 36);
	assert_int_equal(mounts.entries[0].device_major, 98);
	assert_string_equal(mounts.entries[0].root, "/mnt1");
	assert_string_equal(mounts.entries[0].target, "/mnt2");
	assert_string_equal(mounts.entries[0].type, "ext3");
	assert_int_equal(mounts.entries[1].device_minor, 39);
	assert_string_equal(mounts.entries[1].root, "/abc/proc/meminfo");
	assert_string_equal(mounts.entries[1].type, "fuse.lxcfs");
	/* Three digits or none. */
	assert_string_equal(mounts.entries[2].target, "/with blank\nline\\\\11");
	assert_string_equal(mounts.entries[2].source, "a b");
	assert_string_equal(mounts.entries[3].type, "proc");
	assert_string_equal(mounts.entries[3].source, "");
	assert_string_equal(mounts.entries[4].source, "");
	assert_string_equal(mounts.entries[4].options, "rw,size=4k");
	assert_string_equal(mounts.entries[5].options, "rw");
}

static void test_propagation(void **state)
{
	static const bool is_shared[] = {false, false, true, false, false, false};
	static const bool is_slave[] = {true, false, true, false, false, false};
	autofree char *text = xstrdup(table);
	autorelease(mountinfo_release) struct mountinfo mounts = {0};

	(void)state;
	mountinfo_parse(text, &mounts);
	assert_int_equal(mounts.count, ARRAY_SIZE(is_shared));
	for (size_t i = 0; i < mounts.count; i++) {
		assert_int_equal(mounts.entries[i].is_shared, is_shared[i]);
		assert_int_equal(mounts.entries[i].is_slave, is_slave[i]);
	}
}

static void test_attributes(void **state)
{
	autofree char *text = xstrdup(table);
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	const struct mountinfo_entry *entry;

	(void)state;
	mountinfo_parse(text, &mounts);
	assert_null(mountinfo_find(&mounts, 35));
	entry = mountinfo_find(&mounts, 36);
	assert_int_equal(entry->parent, 35);
	assert_false(entry->is_read_only || entry->is_idmapped);
	assert_true(mountinfo_find(&mounts, 37)->is_read_only);
	entry = mountinfo_find(&mounts, 43);
	assert_true(entry->is_read_only && entry->is_idmapped);
}

static void test_tree(void **state)
{
	autofree char *text = xstrdup("7 3 0:1 / /a/b/c rw - t s rw\n"
				      "1 0 0:1 / / rw - t s rw\n"
				      "2 1 0:1 / /a rw - t s rw\n"
				      "4 1 0:1 / /x rw - t s rw\n"
				      "3 2 0:1 / /a/b rw - t s rw\n"
				      "9 4 0:1 / /x/y rw - t s rw\n"
				      "8 8 0:1 / /loop rw - t s rw\n");
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	static const struct {
		uint64_t top, ids[8];
	} rows[] = {{2, {2, 3, 7}}, {7, {7}}, {4, {4, 9}}, {1, {1, 2, 4, 3, 9, 7}}, {8, {8}}};

	(void)state;
	mountinfo_parse(text, &mounts);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(mountinfo_tree_release) struct mountinfo_tree tree = {0};

		mountinfo_find_tree(&mounts, mountinfo_find(&mounts, rows[i].top), &tree);
		for (size_t j = 0; j < tree.count; j++)
			assert_int_equal(mounts.entries[tree.mounts[j]].id, rows[i].ids[j]);
		assert_int_equal(rows[i].ids[tree.count], 0);
	}
}

static void test_mount_of_a_descriptor(void **state)
{
	autorelease(mountinfo_entry_release) struct mountinfo_entry entry = {0}, none = {0};
	autoclose int fd = open("/proc/self", O_PATH | O_CLOEXEC);
	struct error error = {0};

	(void)state;
	assert_int_equal(mountinfo_describe(fd, &entry, &error), 0);
	assert_string_equal(entry.target, "/proc");
	assert_string_equal(entry.type, "proc");
	assert_int_equal(mountinfo_describe(-1, &none, &error), -EBADF);
}

static void test_own_table(void **state)
{
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	struct error error = {0};
	bool has_proc = false;

	(void)state;
	assert_int_equal(mountinfo_read(0, &mounts, &error), 0);
	for (size_t i = 0; i < mounts.count; i++)
		has_proc = has_proc || strcmp(mounts.entries[i].target, "/proc") == 0; /* "/" is none in a chroot */
	assert_true(has_proc);
}

static void test_process_that_is_gone(void **state)
{
	struct mountinfo mounts = {0};
	struct error error = {0};

	(void)state;
	assert_int_equal(mountinfo_read(0x7ffffff0, &mounts, &error), -ESRCH);
	assert_string_equal(error.message, "process 2147483632 is gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_mount_of_a_descriptor),
		cmocka_unit_test(test_own_table),
		cmocka_unit_test(test_process_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
