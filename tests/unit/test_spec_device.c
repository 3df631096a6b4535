/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the grammar of devices and device rules. */
#include "model/spec_device.h"

#include "work.h"

static void test_devices(void **state)
{
	static const struct {
		const char *text, *host, *guest, *permissions; /* host NULL: refused */
	} rows[] = {
		{"/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm"},
		{"/dev/fuse:r", "/dev/fuse", "/dev/fuse", "r"},
		{"/dev/fuse:mwr", "/dev/fuse", "/dev/fuse", "mwr"},
		{"/dev/fuse:/dev/other", "/dev/fuse", "/dev/other", "rwm"},
		{"/dev/fuse:/opt/x:rw", "/dev/fuse", "/opt/x", "rw"},
		{"/dev/a..b", "/dev/a..b", "/dev/a..b", "rwm"},
		{"", NULL, NULL, NULL},
		{":", NULL, NULL, NULL},
		{"/", NULL, NULL, NULL},
		{"dev/fuse", NULL, NULL, NULL},
		{"/dev/fuse:", NULL, NULL, NULL},
		{"/dev/fuse::", NULL, NULL, NULL},
		{"/dev/fuse::r", NULL, NULL, NULL},
		{"/dev/fuse:x", NULL, NULL, NULL},
		{"/dev/fuse:rr", NULL, NULL, NULL},
		{"/dev/fuse:rwmr", NULL, NULL, NULL},
		{"/dev/fuse:dev:r", NULL, NULL, NULL},
		{"/dev/fuse:/", NULL, NULL, NULL},
		{"/dev/fuse:/dev/x:", NULL, NULL, NULL},
		{"/dev/fuse:/dev/x:rwm:", NULL, NULL, NULL},
		{"/dev/fuse:/dev/../etc/x", NULL, NULL, NULL},
		{"/dev/..", NULL, NULL, NULL},
		{"/dev/fuse:/proc/x", NULL, NULL, NULL},
		{"/dev/fuse:/sys/x", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_device device = {0};
		struct error err = {0};
		int r = spec_device_parse(rows[i].text, &device, &err);

		if ((r == 0) != (rows[i].host != NULL))
			fail_msg("\"%s\": %d %s", rows[i].text, r, err.message);
		if (r < 0)
			continue;
		assert_string_equal(device.host, rows[i].host);
		assert_string_equal(device.guest, rows[i].guest);
		assert_string_equal(device.permissions, rows[i].permissions);
		spec_device_release(&device);
	}
}

static void test_rules(void **state)
{
	static const char *const good[] = {"c 1:3 rwm", "b *:* r", "a *:* rwm", "c 10:* mw", "b 4095:1048575 w"};
	static const char *const bad[] = {
		"",         "c",          "c 1:3",         "c 1:3 ",   "c 1:3 x",
		"c 1:3 rr", "d 1:3 r",    "c  1:3 r",      "c 1:3  r", "c 1 3 r",
		"c :3 r",   "c 1: r",     "c 1:3 rwm\n",   "c -1:3 r", "c 1:3:4 r",
		"ca 1:3 r", "c 4096:0 r", "c 1:1048576 r", "c **:1 r", "c 1:3 rwm\nlxc.hook.pre-start = /x",
		"c\n1:3 r",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error err = {0};

		if (spec_device_check_rule(good[i], &err) != 0)
			fail_msg("\"%s\": %s", good[i], err.message);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (spec_device_check_rule(bad[i], NULL) >= 0)
			fail_msg("\"%s\" was taken", bad[i]);
}

static void test_the_same_place_twice(void **state)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	struct spec_devices devices = {0};
	struct spec_device device;
	struct error err = {0};

	(void)state;
	assert_int_equal(spec_device_parse("/dev/null:/dev/x", &device, &err), 0);
	spec_devices_append(&devices, &device);
	assert_int_equal(spec_devices_check(&devices, &err), 0);
	assert_int_equal(spec_device_parse("/dev/zero:/dev/x", &device, &err), 0);
	spec_devices_append(&devices, &device);
	assert_int_equal(spec_devices_check(&devices, &err), -EEXIST);
	assert_non_null(strstr(err.message, "/dev/x is given twice"));
	value = schema_write(&spec_devices_schema, &devices);
	assert_int_equal(json_count(json_get(value, "list")), 2);
	schema_release(&spec_devices_schema, &devices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_the_same_place_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
