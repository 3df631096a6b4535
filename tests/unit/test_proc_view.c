/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of how the proc view is told of a guest's disks. */
#include "base/proc_view.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "work.h"

#define FILE_NAME "run/abc/disks.json"

static int listen_for_messages(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	work_make_directory("run/lxcfs");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", work_path("run/" PROC_VIEW_SOCKET));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static size_t count_messages(int fd)
{
	char message[PROC_VIEW_MESSAGE + 1];
	ssize_t length;
	size_t count = 0;

	for (; (length = recv(fd, message, PROC_VIEW_MESSAGE, MSG_DONTWAIT)) > 0; count++) {
		message[length] = '\0';
		assert_string_equal(message, "eabc");
	}
	return count;
}

static int set_up(void **state)
{
	int r = work_set_up(state);

	work_make_directory("run/abc");
	return r;
}

static void write_disks(const char *first, const char *second)
{
	autorelease(proc_view_disks_release) struct proc_view_disks disks = {.init = 12, .init_start_time = 34};
	struct error err = {0};

	if (first)
		proc_view_append_disk(&disks, makedev(8, 16), first);
	if (second)
		proc_view_append_disk(&disks, makedev(8, 17), second);
	if (proc_view_write_disks(work_path("run"), "abc", &disks, &err) < 0)
		fail_msg("%s", err.message);
}

static size_t count_disks(pid_t init, uint64_t start_time)
{
	autorelease(proc_view_disks_release) struct proc_view_disks disks = {0};
	struct error err = {0};

	if (proc_view_read_disks(work_path("run"), "abc", init, start_time, &disks, &err) < 0)
		fail_msg("%s", err.message);
	return disks.list.count;
}

static void test_disks(void **state)
{
	autoclose int fd = listen_for_messages();
	autorelease(proc_view_disks_release) struct proc_view_disks disks = {0};

	(void)state;
	assert_int_equal(count_disks(12, 34), 0);
	write_disks(NULL, NULL);
	assert_int_equal(count_messages(fd), 0);
	write_disks("/dev/sdb", "/dev/mapper/data");
	assert_int_equal(count_messages(fd), 1);
	write_disks("/dev/sdb", "/dev/mapper/data");
	assert_int_equal(count_messages(fd), 0);
	assert_int_equal(proc_view_read_disks(work_path("run"), "abc", 12, 34, &disks, NULL), 0);
	assert_int_equal(disks.list.count, 2);
	assert_int_equal(disks.list.items[1].major, 8);
	assert_int_equal(disks.list.items[1].minor, 17);
	assert_string_equal(disks.list.items[1].name, "mapper/data");
	/* Another boot. */
	assert_int_equal(count_disks(12, 35), 0);
	assert_int_equal(count_disks(13, 34), 0);
	write_disks(NULL, NULL);
	assert_int_equal(count_messages(fd), 1);
	assert_false(file_exists(AT_FDCWD, work_path(FILE_NAME)));
}

/* What would not be a name in a line of diskstats. */
static void test_names(void **state)
{
	static const char *const bad[] = {"/opt/disk", "/dev/",   "/dev",       "/dev/a b",
					  "/dev/a\nb", "/dev//x", "/devices/x", ""};
	autorelease(proc_view_disks_release) struct proc_view_disks disks = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		proc_view_append_disk(&disks, makedev(8, 16), bad[i]);
	assert_int_equal(disks.list.count, 0);
}

static void test_a_damaged_file_is_named(void **state)
{
	struct proc_view_disks disks;
	struct error err = {0};

	(void)state;
	work_write(FILE_NAME, "{\"version\":1");
	assert_true(proc_view_read_disks(work_path("run"), "abc", 12, 34, &disks, &err) < 0);
	assert_non_null(strstr(err.message, FILE_NAME));
	/* and is replaced */
	write_disks("/dev/sdb", NULL);
	assert_int_equal(count_disks(12, 34), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, work_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_disks),
		TEST(test_names),
		TEST(test_a_damaged_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
