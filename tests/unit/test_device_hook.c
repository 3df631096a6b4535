/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the way from the reference's record to ours. */
#include "model/device_hook.h"

#include "work.h"

static int read_hook(const char *text, struct attachments *ret_attachments, struct error *err)
{
	autorelease(json_free_scoped) struct json *document = NULL;

	*ret_attachments = (struct attachments){0};
	if (json_parse(text, strlen(text), &document, err) < 0)
		fail_msg("%s", err->message);
	assert_true(device_hook_is_one(document));
	return device_hook_read(document, ret_attachments, err);
}

static void test_all_kinds(void **state)
{
	static const char text[] =
		"{\"bindToAdd\":[\"/srv/a:/mnt/a:ro,rslave\"],"
		"\"deviceToAdd\":[{\"Type\":\"b\",\"Minor\":16,\"Major\":8,\"PathOnHost\":\"/dev/sdb\",\"PathInContainer\":\"/dev/disk\","
		"\"CgroupPermissions\":\"rw\",\"Parent\":\"\"},"
		"{\"Type\":\"b\",\"Minor\":17,\"Major\":8,\"PathOnHost\":\"/dev/sdb1\",\"PathInContainer\":\"/dev/disk1\","
		"\"CgroupPermissions\":\"rw\",\"Parent\":\"/dev/sdb\"},"
		"{\"Type\":\"b\",\"Minor\":33,\"Major\":8,\"PathOnHost\":\"/dev/sdc1\",\"PathInContainer\":\"/dev/sdc1\","
		"\"CgroupPermissions\":\"rwm\",\"Parent\":\"/dev/sdc\"}],"
		"\"readBps\":[{\"major\":8,\"minor\":16,\"path\":\"/dev/sdb\",\"value\":\"10485760\"}],"
		"\"networkInterfaces\":[{\"Ip\":\"192.0.2.2/24\",\"Mac\":\"00:ff:48:13:90:01\",\"Mtu\":1500,\"Qlen\":1000,\"Type\":\"veth\","
		"\"Bridge\":\"br0\",\"HostNicName\":\"web_1\",\"CtrNicName\":\"eth1\"}],"
		"\"networkRoute\":[{\"dest\":\"198.51.100.0/24\",\"src\":\"\",\"gw\":\"192.0.2.1\",\"dev\":\"eth1\"}]}";
	autorelease(attachments_release) struct attachments list = {0};
	const struct attached_device *device;
	const struct attached_nic *nic;
	struct error err = {0};

	(void)state;
	if (read_hook(text, &list, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(list.lists[ATTACHMENT_DEVICE].count, 2);
	device = attachments_at(&list, ATTACHMENT_DEVICE, 0);
	assert_string_equal(device->guest, "/dev/disk");
	assert_string_equal(device->permissions, "rw");
	assert_true(device->follows_partitions);
	assert_int_equal(device->limits[ATTACHED_READ_BPS], 10485760);
	device = attachments_at(&list, ATTACHMENT_DEVICE, 1);
	assert_string_equal(device->host, "/dev/sdc1");
	assert_false(device->follows_partitions);
	assert_true(((const struct attached_path *)attachments_at(&list, ATTACHMENT_PATH, 0))->is_read_only);
	nic = attachments_at(&list, ATTACHMENT_NIC, 0);
	assert_string_equal(nic->bridge, "br0");
	assert_string_equal(nic->ips.items[0], "192.0.2.2/24");
	assert_int_equal(list.lists[ATTACHMENT_ROUTE].count, 1);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"{\"bindToAdd\":[\"relative:/mnt\"]}", "bindToAdd[0]"},
		{"{\"bindToAdd\":[\"/a:/mnt\",\"/b:/mnt\"]}", "bindToAdd[1]"},
		{"{\"deviceToAdd\":[{}]}", "deviceToAdd[0]"},
		{"{\"deviceToAdd\":1}", "deviceToAdd: expected an array"},
		{"{\"networkInterfaces\":[{\"Type\":\"sriov\"}]}", "networkInterfaces[0]"},
		{"{\"networkRoute\":[{}]}", "networkRoute"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attachments list;
		struct error err = {0};

		assert_true(read_hook(rows[i].text, &list, &err) < 0);
		if (!strstr(err.message, rows[i].message))
			fail_msg("%s: %s", rows[i].text, err.message);
		assert_true(attachments_are_empty(&list));
	}
}

static void test_ours_is_none(void **state)
{
	autorelease(json_free_scoped) struct json *document = NULL;

	(void)state;
	assert_int_equal(json_parse("{\"paths\":[]}", 12, &document, NULL), 0);
	assert_false(device_hook_is_one(document));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_ours_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
