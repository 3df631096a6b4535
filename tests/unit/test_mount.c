/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of what is read from a mountinfo file. */
#include "kernel/mount.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static const char mountinfo[] =
	"64 42 254:0 /srv/tree / rw,relatime,idmapped shared:1 - ext4 /dev/vda rw,discard\n"
	"65 64 0:40 / /dev rw,relatime shared:2 master:9 propagate_from:3 - tmpfs none rw,size=492k\n"
	"66 64 0:41 / /a\\040b rw master:12 - tmpfs syscontainer:01 rw\n"
	"6 64 0:42 / /odd rw - proc\n"
	"67 64 0:43 / /last ro unbindable - sysfs sysfs ro";

static void test_mounts_are_found_by_number(void **state)
{
	static const struct {
		uint64_t id;
		const char *type, *source;
		bool is_shared, is_slave;
	} good[] = {
		{64, "ext4", "/dev/vda", true, false},         {65, "tmpfs", "none", true, true},
		{66, "tmpfs", "syscontainer:01", false, true}, {6, "proc", "", false, false},
		{67, "sysfs", "sysfs", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		autorelease(mount_info_release) struct mount_info info = {0};

		assert_int_equal(mount_parse_info(mountinfo, good[i].id, &info), 0);
		assert_string_equal(info.type, good[i].type);
		assert_string_equal(info.source, good[i].source);
		assert_int_equal(info.is_shared, good[i].is_shared);
		assert_int_equal(info.is_slave, good[i].is_slave);
	}
}

static void test_what_is_not_there(void **state)
{
	static const char *const texts[] = {"", "\n", "7", "7 ", "x y z\n", "70 1 0:1 / / rw - a b c\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		autorelease(mount_info_release) struct mount_info info = {0};
		int r = mount_parse_info(texts[i], 7, &info);

		assert_true(r == -ENOENT || (r == 0 && info.type[0] == '\0' && info.source[0] == '\0'));
		assert_false(info.is_shared || info.is_slave);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts_are_found_by_number),
		cmocka_unit_test(test_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
