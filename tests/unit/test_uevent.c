/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of uevents: their text, what a folder that looks like /sys says of a device, and the kernel's own sending in a network namespace of the test's. */
#include "kernel/uevent.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "work.h"

#define BYTES(literal) literal, sizeof(literal) /* with the last NUL */

static void test_parse(void **state)
{
	static const struct {
		const char *data;
		size_t length;
		const char *action, *properties; /* NULL: refused */
	} rows[] = {
		{BYTES("add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0SEQNUM=7"), "add",
		 "ACTION=add DEVPATH=/devices/x SEQNUM=7"},
		{BYTES("remove@/a\0DEVPATH=/a\0no pair\0=empty\0A=\0B=C=D"), "remove", "DEVPATH=/a A= B=C=D"},
		{BYTES("x@\0DEVPATH="), "x", "DEVPATH="},
		{BYTES(""), NULL, NULL},
		{"", 0, NULL, NULL},
		{"add@/a\0DEVPATH=/a", 17, NULL, NULL},    /* ends in the middle */
		{BYTES("add@/a\0ACTION=add"), NULL, NULL}, /* no DEVPATH */
		{BYTES("@/a\0DEVPATH=/a"), NULL, NULL},
		{BYTES("add\0x@y\0DEVPATH=/a"), NULL, NULL},
		{BYTES("libudev\0\xfe\xed\xca\xfe\0DEVPATH=/a"), NULL, NULL}, /* of udevd */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* A copy of exactly this size, so that a sanitizer sees what is read behind it. */
		autofree char *data = xmalloc(rows[i].length ? rows[i].length : 1), *joined = NULL;
		autorelease(uevent_release) struct uevent event = {0};
		int r;

		memcpy(data, rows[i].data, rows[i].length);
		r = uevent_parse(data, rows[i].length, &event);
		assert_int_equal(r, rows[i].action ? 0 : -EBADMSG);
		if (r < 0)
			continue;
		assert_string_equal(event.action, rows[i].action);
		joined = strings_join(&event.properties, " ");
		assert_string_equal(joined, rows[i].properties);
	}
}

static void test_properties(void **state)
{
	autorelease(strings_release) struct strings properties = {0}, none = {0};
	autofree char *joined = NULL;
	struct error err = {0};

	(void)state;
	work_make_directory("sys/devices/virtual/block/loop7");
	work_make_directory("sys/class/block");
	work_make_directory("sys/dev/block");
	work_make_directory("sys/dev/char");
	work_write("sys/devices/virtual/block/loop7/uevent", "MAJOR=7\nMINOR=7\nDEVNAME=loop7\nDEVTYPE=disk\n\nodd\n");
	assert_int_equal(symlink("../../devices/virtual/block/loop7", work_path("sys/dev/block/7:7")), 0);
	assert_int_equal(symlink("../../../../class/block", work_path("sys/devices/virtual/block/loop7/subsystem")), 0);
	assert_int_equal(uevent_read_properties(work, true, makedev(7, 7), &properties, &err), 0);
	joined = strings_join(&properties, " ");
	assert_string_equal(
		joined, "DEVPATH=/devices/virtual/block/loop7 SUBSYSTEM=block MAJOR=7 MINOR=7 DEVNAME=loop7 DEVTYPE=disk");
	assert_int_equal(uevent_read_properties(work, true, makedev(7, 8), &none, &err), -ENOENT);
	assert_non_null(strstr(err.message, "7:8"));
	assert_int_equal(uevent_read_properties(work, false, makedev(7, 7), &none, &err), -ENOENT);
	assert_int_equal(none.count, 0);
}

/* As udevd asks who said it. */
static uid_t read_sender(int fd)
{
	char data[4096], control[CMSG_SPACE(sizeof(struct ucred))] = {0};
	struct iovec vector = {.iov_base = data, .iov_len = sizeof(data)};
	struct msghdr packet = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	struct cmsghdr *header;

	assert_true(recvmsg(fd, &packet, MSG_PEEK) > 0);
	header = CMSG_FIRSTHDR(&packet);
	return header ? ((struct ucred *)CMSG_DATA(header))->uid : UINT32_MAX;
}

static void enter_network(void)
{
	work_become_root();
	assert_int_equal(unshare(CLONE_NEWNET), 0);
}

static void test_kernel(void **state)
{
	uid_t uid = geteuid() == 0 ? 4711 : 0; /* in a user namespace only this one exists */
	autorelease(strings_release) struct strings properties = {0};
	autorelease(uevent_release) struct uevent event = {0}, more = {0};
	autoclose int network = -EBADF, listener = -EBADF;
	struct error err = {0};
	int on = 1;

	(void)state;
	enter_network();
	network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	listener = uevent_listen(&err);
	assert_true(listener >= 0);
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	assert_int_equal(uevent_receive(listener, &event, &err), 0);
	strings_append(&properties, "DEVPATH=/devices/virtual/block/of-a-test");
	strings_append(&properties, "DEVNAME=guest's own");
	if (uevent_send(network, uid, uid, "add", &properties, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(read_sender(listener), uid);
	assert_int_equal(uevent_receive(listener, &event, &err), 1);
	assert_string_equal(event.action, "add");
	assert_string_equal(strings_get_value(&event.properties, "ACTION"), "add");
	assert_string_equal(strings_get_value(&event.properties, "DEVPATH"), "/devices/virtual/block/of-a-test");
	assert_string_equal(strings_get_value(&event.properties, "DEVNAME"), "guest's own");
	assert_non_null(strings_get_value(&event.properties, "SEQNUM"));
	assert_int_equal(uevent_receive(listener, &more, &err), 0);
	while (properties.count < 100)
		strings_append(&properties, "LONG=012345678901234567890123456789");
	assert_int_equal(uevent_send(network, uid, uid, "add", &properties, &err), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_properties),
		cmocka_unit_test(test_kernel), /* the last: it leaves the network namespace */
	};

	return cmocka_run_group_tests(tests, work_set_up, work_tear_down);
}
