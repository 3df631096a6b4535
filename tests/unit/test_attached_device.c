/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the grammar of plugged devices and of the limits of disks. */
#include "model/attached_device.h"

#include "base/text.h"
#include "work.h"

static void test_devices(void **state)
{
	static const struct {
		const char *text, *host, *guest, *permissions; /* host NULL: refused, and `guest` is in the message */
	} rows[] = {
		{"/dev/sda", "/dev/sda", "/dev/sda", "rwm"},
		{"/dev/sda:r", "/dev/sda", "/dev/sda", "r"},
		{"/dev/sda:mwr", "/dev/sda", "/dev/sda", "mwr"},
		{"/dev/sda:/dev/x", "/dev/sda", "/dev/x", "rwm"},
		{"/dev/sda:/dev/x:rw", "/dev/sda", "/dev/x", "rw"},
		{"/dev/sda:/dev/x:", "/dev/sda", "/dev/x", "rwm"},
		{"/dev/sda::r", "/dev/sda", "/dev/sda", "r"},
		{"/dev/sda:", "/dev/sda", "/dev/sda", "rwm"},
		{"/dev/sda::", "/dev/sda", "/dev/sda", "rwm"},
		{"/dev//./sda/:/opt//x/", "/dev/sda", "/opt/x", "rwm"},
		{"/dev/a..b", "/dev/a..b", "/dev/a..b", "rwm"},
		{"/rw:/r:r", "/rw", "/r", "r"},
		{"", NULL, "either of host path and container path should be assigned", NULL},
		{"::", NULL, "either of host path and container path should be assigned", NULL},
		{":r", NULL, "either of host path and container path should be assigned", NULL},
		{":/dev/x", NULL, "hostpath should be an absolute path: ", NULL},
		{"dev/sda", NULL, "hostpath should be an absolute path: dev/sda", NULL},
		{"/dev/sda:dev/x", NULL, "containerpath should be an absolute path: dev/x", NULL},
		{"/dev/sda:rr", NULL, "containerpath should be an absolute path: rr", NULL},
		{"/dev/sda:rwmr", NULL, "containerpath should be an absolute path: rwmr", NULL},
		{"/dev/sda:/dev/x:rwmr", NULL, "invalid permission: rwmr", NULL},
		{"/dev/sda::x", NULL, "invalid permission: x", NULL},
		{"/dev/sda:/dev/x:r:", NULL, "invalid device specification: /dev/sda:/dev/x:r:", NULL},
		{"/dev/sda:/dev/x:r:w", NULL, "invalid device specification: /dev/sda:/dev/x:r:w", NULL},
		{"/dev/../sda", NULL, "\"..\"", NULL},
		{"/dev/sda:/dev/../etc/x", NULL, "\"..\"", NULL},
		{"/dev/sda:/", NULL, "the root of the container", NULL},
		{"/dev/sda:/proc/x", NULL, "below /proc and /sys", NULL},
		{"/sys/x", NULL, "below /proc and /sys", NULL},
		{"/dev/sda:/dev/x\n", NULL, "control characters", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attached_device device = {0};
		struct error err = {0};
		int r = attached_device_parse(rows[i].text, &device, &err);

		if ((r == 0) != (rows[i].host != NULL))
			fail_msg("\"%s\": %d %s", rows[i].text, r, err.message);
		if (r < 0 && !strstr(err.message, rows[i].guest))
			fail_msg("\"%s\": %s", rows[i].text, err.message);
		if (r < 0)
			continue;
		assert_string_equal(device.host, rows[i].host);
		assert_string_equal(device.guest, rows[i].guest);
		assert_string_equal(device.permissions, rows[i].permissions);
		assert_int_equal(attached_device_check(&device, &err), 0);
		schema_release(&attached_device_schema, &device);
	}
}

static void test_devices_to_remove(void **state)
{
	struct attached_device_text text;
	struct error err = {0};

	(void)state;
	assert_int_equal(attached_device_split(":/dev/x", &text, &err), 0);
	assert_null(text.host);
	assert_string_equal(text.guest, "/dev/x");
	attached_device_text_release(&text);
	assert_int_equal(attached_device_split("/dev/sda::r", &text, &err), 0);
	assert_string_equal(text.host, "/dev/sda");
	assert_null(text.guest);
	attached_device_text_release(&text);
}

static void test_limits(void **state)
{
	static const struct {
		enum attached_limit limit;
		const char *text;
		int64_t value; /* -1: refused */
		const char *path;
	} rows[] = {
		{ATTACHED_READ_BPS, "/dev/sda:1048576", 1048576, "/dev/sda"},
		{ATTACHED_READ_BPS, "/dev/sda:10m", 10485760, "/dev/sda"},
		{ATTACHED_READ_BPS, "/dev/sda:1.5m", 1572864, "/dev/sda"},
		{ATTACHED_READ_BPS, "/dev/sda:10MB", 10485760, "/dev/sda"},
		{ATTACHED_WRITE_BPS, "/dev/sda:0", 0, "/dev/sda"},
		{ATTACHED_WRITE_BPS, "/dev/disk/by-path/pci-0000:00:1f.2:1k", 1024, "/dev/disk/by-path/pci-0000:00:1f.2"},
		{ATTACHED_READ_IOPS, "/dev/sda:1k", 1024, "/dev/sda"},
		{ATTACHED_READ_IOPS, "/dev/sda:4294967295", 4294967295, "/dev/sda"},
		{ATTACHED_READ_IOPS, "/dev/sda:4294967296", -1, "Invalid rate for device: "},
		{ATTACHED_WRITE_IOPS, "/dev/sda:-1", -1, "Invalid rate for device: /dev/sda:-1. The correct format is"},
		{ATTACHED_READ_BPS, "/dev/sda:1.2.3", -1, "Invalid rate for device: "},
		{ATTACHED_READ_BPS, "/dev/sda:9999999999g", -1, "Invalid rate for device: "},
		{ATTACHED_READ_BPS, "/dev/sda:16777215p", -1, "Invalid rate for device: "},
		{ATTACHED_READ_BPS, "/dev/sda:ten", -1, "Invalid rate for device: "},
		{ATTACHED_READ_BPS, "/dev/sda:", -1, "Bad format: /dev/sda:"},
		{ATTACHED_READ_BPS, "/dev/sda", -1, "Bad format: /dev/sda"},
		{ATTACHED_READ_BPS, ":10m", -1, "Bad format: :10m"},
		{ATTACHED_READ_BPS, "", -1, "Bad format: "},
		{ATTACHED_READ_BPS, "sda:10m", -1, "hostpath should be an absolute path: sda"},
		{ATTACHED_WEIGHT, "/dev/sda:0", 0, "/dev/sda"},
		{ATTACHED_WEIGHT, "/dev/sda:10", 10, "/dev/sda"},
		{ATTACHED_WEIGHT, "/dev/sda:1000", 1000, "/dev/sda"},
		{ATTACHED_WEIGHT, "/dev/sda:9", -1, "Invalid weight for device: /dev/sda:9"},
		{ATTACHED_WEIGHT, "/dev/sda:1001", -1, "Invalid weight for device: /dev/sda:1001"},
		{ATTACHED_WEIGHT, "/dev/sda:10k", -1, "Invalid weight for device: "},
		{ATTACHED_WEIGHT, "/dev/sda", -1, "Bad format: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *path = NULL;
		struct error err = {0};
		int64_t value = -1;
		int r = attached_limit_parse(rows[i].limit, rows[i].text, &path, &value, &err);

		if (value != rows[i].value || (r == 0) != (value >= 0))
			fail_msg("\"%s\": %d %lld %s", rows[i].text, r, (long long)value, err.message);
		if (!strstr(r == 0 ? path : err.message, rows[i].path))
			fail_msg("\"%s\": %s", rows[i].text, r == 0 ? path : err.message);
	}
}

static void test_owner_and_mode(void **state)
{
	static const char *const owners[] = {"web", "0", "web:disk", "1000:6"}, *const bad_owners[] = {"",      ":",
												       ":disk", "web:",
												       "a:b:c", "a\n"};
	static const char *const bad_modes[] = {"", "66", "1660", "4660", "06600", "888", "-660", "0x1", "rw-"};
	mode_t mode;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		assert_int_equal(attached_device_check_owner(owners[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_owners); i++)
		assert_int_equal(attached_device_check_owner(bad_owners[i], NULL), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(bad_modes); i++)
		assert_int_equal(attached_device_parse_mode(bad_modes[i], &mode, NULL), -EINVAL);
	assert_int_equal(attached_device_parse_mode("0640", &mode, NULL), 0);
	assert_int_equal(mode, 0640);
	assert_int_equal(attached_device_parse_mode("000", &mode, NULL), 0);
	assert_int_equal(mode, 0);
}

static struct attached_device read_device(const char *text)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	struct attached_device device = {0};
	struct error err = {0};

	if (json_parse(text, strlen(text), &value, &err) < 0 ||
	    schema_read(&attached_device_schema, value, SCHEMA_STRICT, &device, &err) < 0)
		fail_msg("%s", err.message);
	return device;
}

/* A file that was edited by hand keeps the same rules. */
static void test_loaded(void **state)
{
	static const char *const bad[] = {
		"{\"host\": \"sda\", \"guest\": \"/dev/x\", \"permissions\": \"r\"}",
		"{\"host\": \"/dev//sda\", \"guest\": \"/dev/x\", \"permissions\": \"r\"}",
		"{\"host\": \"/dev/a:b\", \"guest\": \"/dev/x\", \"permissions\": \"r\"}",
		"{\"host\": \"/dev/sda\", \"guest\": \"/proc/x\", \"permissions\": \"r\"}",
		"{\"host\": \"/dev/sda\", \"guest\": \"/dev/x\", \"permissions\": \"\"}",
		"{\"host\": \"/dev/sda\", \"guest\": \"/dev/x\", \"permissions\": \"r\", \"mode\": \"9\"}",
		"{\"host\": \"/dev/sda\", \"guest\": \"/dev/x\", \"permissions\": \"r\", \"owner\": \":\"}",
		"{\"host\": \"/dev/sda\", \"guest\": \"/dev/x\", \"permissions\": \"r\", \"read_iops\": 4294967296}",
		"{\"host\": \"/dev/sda\", \"guest\": \"/dev/x\", \"permissions\": \"r\", \"write_bps\": -1}",
		"{\"host\": \"/dev/sda\", \"guest\": \"/dev/x\", \"permissions\": \"r\", \"blkio_weight\": 9}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct attached_device device = read_device(bad[i]);
		struct error err = {0};

		if (attached_device_check(&device, &err) != -EINVAL || !err.message[0])
			fail_msg("%s was taken", bad[i]);
		schema_release(&attached_device_schema, &device);
	}
}

static void test_comparisons(void **state)
{
	struct attached_device a =
		read_device("{\"host\": \"/dev/a\", \"guest\": \"/dev/x\", \"permissions\": \"r\", \"mode\": \"640\"}");
	struct attached_device b =
		read_device("{\"host\": \"/dev/a\", \"guest\": \"/dev/x\", \"permissions\": \"rw\", \"mode\": \"640\"}");
	struct attached_device c = read_device("{\"host\": \"/dev/a\", \"guest\": \"/dev/y\", \"permissions\": \"r\"}");
	autofree char *text = attached_device_describe(&a);

	(void)state;
	assert_string_equal(text, "device /dev/a at /dev/x");
	assert_true(attached_device_is_same(&a, &b) && !attached_device_is_equal(&a, &b));
	assert_false(attached_device_is_same(&a, &c));
	free(b.permissions);
	b.permissions = xstrdup("r");
	assert_true(attached_device_is_equal(&a, &b));
	b.now.mode = 0600;
	assert_true(attached_device_is_equal(&a, &b));
	free(b.host);
	b.host = xstrdup("/dev/b");
	assert_true(attached_device_is_same(&a, &b) && !attached_device_is_equal(&a, &b));
	free(b.host);
	b.host = xstrdup("/dev/a");
	b.limits[ATTACHED_WEIGHT] = 10;
	assert_false(attached_device_is_equal(&a, &b));
	assert_true(attached_device_has_limits(&b) && !attached_device_has_limits(&a));
	schema_release(&attached_device_schema, &a);
	schema_release(&attached_device_schema, &b);
	schema_release(&attached_device_schema, &c);
}

static void test_list(void **state)
{
	struct attached_device device = read_device(
		"{\"host\": \"/dev/by-id\", \"guest\": \"/dev/x\", \"permissions\": \"rw\", \"follow_partition\": true, \"now\": {\"type\": \"b\","
		"\"nodes\": [{\"host\": \"/dev/sda\", \"guest\": \"/dev/x\", \"major\": 8, \"minor\": 0},"
		"{\"host\": \"/dev/sda1\", \"guest\": \"/dev/x1\", \"major\": 8, \"minor\": 1}]}}");
	struct attached_device gone =
		read_device("{\"host\": \"/dev/gone\", \"guest\": \"/dev/x\", \"permissions\": \"r\"}");
	autorelease(json_free_scoped) struct json *list = json_new_array(), *whole = json_new_array();
	autorelease(text_release) struct text text = {0};

	(void)state;
	attached_device_list(&device, true, list);
	attached_device_list(&gone, true, list);
	attached_device_list(&device, false, whole);
	json_print(list, 0, &text);
	assert_string_equal(
		text.data,
		"[{\"Type\":\"b\",\"Minor\":0,\"Major\":8,\"PathOnHost\":\"/dev/by-id\",\"PathInContainer\":\"/dev/x\","
		"\"CgroupPermissions\":\"rw\",\"Parent\":\"\"},"
		"{\"Type\":\"b\",\"Minor\":1,\"Major\":8,\"PathOnHost\":\"/dev/sda1\",\"PathInContainer\":\"/dev/x1\","
		"\"CgroupPermissions\":\"rw\",\"Parent\":\"/dev/by-id\"},"
		"{\"Type\":\"\",\"Minor\":0,\"Major\":0,\"PathOnHost\":\"/dev/gone\",\"PathInContainer\":\"/dev/x\","
		"\"CgroupPermissions\":\"r\",\"Parent\":\"\"}]");
	assert_int_equal(json_count(whole), 1);
	schema_release(&attached_device_schema, &device);
	schema_release(&attached_device_schema, &gone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices), cmocka_unit_test(test_devices_to_remove),
		cmocka_unit_test(test_limits),  cmocka_unit_test(test_owner_and_mode),
		cmocka_unit_test(test_loaded),  cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
