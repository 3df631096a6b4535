/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lookups below a hostile tree: nothing leads out of it, and nothing makes us wait. */
#include "kernel/root.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "work.h"

static int root_fd;

static void link_to(const char *target, const char *name)
{
	assert_int_equal(symlink(target, work_path(name)), 0);
}

static int set_up(void **state)
{
	work_set_up(state);
	work_write("secret", "of the host");
	work_make_directory("tree/etc");
	work_write("tree/etc/passwd", "of the guest");
	work_write("tree/secret", "of the guest");
	link_to("/etc/passwd", "tree/absolute");
	link_to("etc/passwd", "tree/relative");
	link_to("../../../../secret", "tree/etc/up");
	link_to("/../../secret", "tree/up");
	link_to("/etc", "tree/directory");
	link_to("loop", "tree/loop");
	link_to("/nothing", "tree/dangling");
	root_fd = open(work_path("tree"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0;
}

static int tear_down(void **state)
{
	close(root_fd);
	return work_tear_down(state);
}

static void test_every_path_stays_below(void **state)
{
	static const char *const paths[] = {
		"etc/passwd",
		"/etc/passwd",
		"//etc/./passwd",
		"absolute",
		"relative",
		"directory/passwd",
		"/directory/../etc/passwd",
		"../etc/passwd",
		"../../../../etc/passwd",
		"/../secret",
		"../secret",
		"secret",
		"etc/up",
		"up",
		"etc/../../secret",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		autofree char *data = NULL;
		struct error err = {0};
		size_t length = 0;

		if (root_read(root_fd, paths[i], 100, &data, &length, &err) < 0)
			fail_msg("%s", err.message);
		assert_string_equal(data, "of the guest");
		assert_int_equal(length, 12);
	}
}

static void assert_refused(const char *path, size_t max, int code, const char *message)
{
	char *data = NULL;
	struct error err = {0};
	size_t length;

	assert_int_equal(root_read(root_fd, path, max, &data, &length, &err), code);
	assert_int_equal(err.code, code);
	assert_string_equal(err.message, message);
	assert_null(data);
}

static void test_what_is_not_there(void **state)
{
	(void)state;
	assert_refused("missing", 100, -ENOENT, "cannot open missing of the guest: No such file or directory");
	assert_refused("dangling", 100, -ENOENT, "cannot open dangling of the guest: No such file or directory");
	assert_refused("loop", 100, -ELOOP, "cannot open loop of the guest: Too many levels of symbolic links");
	assert_refused("secret/x", 100, -ENOTDIR, "cannot open secret/x of the guest: Not a directory");
	assert_refused("", 100, -ENOENT, "cannot open  of the guest: No such file or directory");
}

static void test_only_regular_files_are_read(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(mkfifo(work_path("tree/fifo"), 0600), 0);
	link_to("fifo", "tree/to-fifo");
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", work_path("tree/socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	alarm(60); /* a FIFO that is waited for ends the test */
	assert_refused("fifo", 100, -EINVAL, "fifo of the guest is no regular file");
	assert_refused("to-fifo", 100, -EINVAL, "to-fifo of the guest is no regular file");
	assert_refused("etc", 100, -EINVAL, "etc of the guest is no regular file");
	assert_refused("socket", 100, -ENXIO, "cannot open socket of the guest: No such device or address");
	alarm(0);
}

static void test_sizes(void **state)
{
	autofree char *data = NULL;
	size_t length;

	(void)state;
	assert_int_equal(root_read(root_fd, "secret", 12, &data, &length, NULL), 0);
	assert_int_equal(length, 12);
	assert_refused("secret", 11, -EFBIG, "secret of the guest is larger than 11 bytes");
	work_write("tree/empty", "");
	free(steal_ptr(data));
	assert_int_equal(root_read(root_fd, "empty", 0, &data, &length, NULL), 0);
	assert_string_equal(data, "");
	assert_int_equal(truncate(work_path("tree/empty"), (off_t)1 << 40), 0);
	assert_refused("empty", 1 << 20, -EFBIG, "empty of the guest is larger than 1048576 bytes");
}

/* What a guest's /proc has: links of the kernel's, which lead anywhere. */
static void test_magic_links_are_refused(void **state)
{
	autoclose int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *path = xasprintf("/proc/self/fd/%d", host_fd);
	struct error err = {0};

	(void)state;
	assert_true(proc_fd >= 0 && host_fd >= 0);
	assert_int_equal(root_open(proc_fd, "/self/root/etc/passwd", O_RDONLY, 0, &err), -ELOOP);
	assert_int_equal(root_open(proc_fd, "/self/exe", O_RDONLY, 0, &err), -ELOOP);
	assert_int_equal(root_open(proc_fd, "/self/cwd", O_PATH, 0, &err), -ELOOP);
	assert_int_equal(root_open(host_fd, path, O_PATH, 0, &err), -ELOOP);
}

static void test_opens_are_close_on_exec_and_make_files_below(void **state)
{
	autoclose int fd = -EBADF, directory = -EBADF;

	(void)state;
	fd = root_open(root_fd, "../new", O_WRONLY | O_CREAT | O_EXCL, 0640, NULL);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(file_exists(AT_FDCWD, work_path("tree/new")));
	assert_false(file_exists(AT_FDCWD, work_path("new")));
	directory = root_open(root_fd, "directory", O_PATH | O_DIRECTORY, 0777, NULL);
	assert_true(directory >= 0);
	assert_true(file_exists(directory, "passwd"));
	assert_int_equal(root_open(root_fd, "directory", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, NULL), -ENOTDIR);
}

/* A process of the guest may hold a lease (fcntl(2)) and not give it up for /proc/sys/fs/lease-break-time seconds. */
static void test_a_lease_does_not_hold_us(void **state)
{
	autoclose int fd = open(work_path("tree/secret"), O_RDWR | O_CLOEXEC);
	int64_t begin_ms = clock_monotonic_ms();

	(void)state;
	signal(SIGIO, SIG_IGN);
	assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	assert_refused("secret", 100, -EAGAIN, "cannot open secret of the guest: Resource temporarily unavailable");
	assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	assert_true(clock_monotonic_ms() - begin_ms < 2000);
}

static void assert_content(const char *name, const char *expected)
{
	autofree char *content = work_read(name);

	assert_string_equal(content, expected);
}

static void test_replace(void **state)
{
	struct stat stat_buffer;
	struct error err = {0};

	(void)state;
	assert_int_equal(chmod(work_path("tree/etc/passwd"), 0640), 0);
	assert_int_equal(root_check_replace(root_fd, "/etc/passwd", &err), 0);
	assert_int_equal(root_replace(root_fd, "/etc/passwd", "new", 3, 0600, &err), 0);
	assert_content("tree/etc/passwd", "new");
	assert_int_equal(stat(work_path("tree/etc/passwd"), &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode & 07777, 0640);
	/* Through a symlinked directory, and into directories that are made. */
	assert_int_equal(root_replace(root_fd, "/directory/passwd", "newer", 5, 0600, &err), 0);
	assert_content("tree/etc/passwd", "newer");
	assert_int_equal(root_check_replace(root_fd, "/made/on/the/way", &err), 0);
	assert_int_not_equal(access(work_path("tree/made"), F_OK), 0);
	assert_int_equal(root_replace(root_fd, "/made/on/the/way", "", 0, 0640, &err), 0);
	assert_int_equal(stat(work_path("tree/made/on/the/way"), &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode & 07777, 0640);
	assert_int_equal(stat(work_path("tree/made/on"), &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode & 07777, 0755);
}

/* What a killed writer left, or a guest put in its place, is in nobody's way, is not written to, and does not stay. */
static void test_replace_after_a_crash(void **state)
{
	struct error err = {0};

	(void)state;
	work_write("tree/etc/.passwd.syscontainer", "half");
	assert_int_equal(root_replace(root_fd, "/etc/passwd", "whole", 5, 0600, &err), 0);
	assert_content("tree/etc/passwd", "whole");
	assert_int_not_equal(access(work_path("tree/etc/.passwd.syscontainer"), F_OK), 0);
	link_to("../../secret", "tree/etc/.passwd.syscontainer");
	assert_int_equal(root_replace(root_fd, "/etc/passwd", "again", 5, 0600, &err), 0);
	assert_content("tree/etc/passwd", "again");
	assert_content("secret", "of the host");
}

static void test_replace_refuses(void **state)
{
	static const struct {
		const char *path;
		int code;
	} rows[] = {
		{"/absolute", -EINVAL}, {"/etc/up", -EINVAL},    {"/up", -EINVAL},    {"/dangling", -EINVAL},
		{"/etc", -EINVAL},      {"/loop", -EINVAL},      {"/loop/x", -ELOOP}, {"/secret/x", -ENOTDIR},
		{"/fifo", -EINVAL},     {"/outside/x", -ENOENT},
	};

	(void)state;
	assert_int_equal(mkfifo(work_path("tree/fifo"), 0600), 0);
	link_to("../../elsewhere", "tree/outside");
	work_make_directory("elsewhere");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int r = root_replace(root_fd, rows[i].path, "x", 1, 0600, &err);

		if (r != rows[i].code)
			fail_msg("%s: %d: %s", rows[i].path, r, err.message);
		/* Where the way to it is missing, nothing is wrong before somebody makes it. */
		if (rows[i].code != -ENOENT)
			assert_int_equal(root_check_replace(root_fd, rows[i].path, &err), rows[i].code);
	}
	assert_content("secret", "of the host");
	assert_content("tree/secret", "of the guest");
	assert_int_not_equal(access(work_path("elsewhere/x"), F_OK), 0);
}

static void assert_missing(const char *path, const char *expected)
{
	struct error err = {0};
	int length = root_find_missing(root_fd, path, &err);

	if (length < 0)
		fail_msg("%s: %s", path, err.message);
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(path, expected, strlen(expected));
}

static bool is_there(const char *name)
{
	struct stat status;

	return lstat(work_path(name), &status) == 0;
}

static void test_what_is_missing(void **state)
{
	struct error err = {0};

	(void)state;
	assert_missing("/", "");
	assert_missing("/etc/passwd", "");
	assert_missing("/directory/passwd", "");
	assert_missing("/new", "/new");
	assert_missing("/new/er/est", "/new");
	assert_missing("/directory/new/er", "/directory/new");
	assert_missing("/secret-not", "/secret-not");
	assert_int_equal(root_find_missing(root_fd, "/loop/x", &err), -ELOOP);
	assert_int_equal(root_find_missing(root_fd, "/secret/x/y", &err), -ENOTDIR);
}

static void make_point(const char *path, bool is_directory)
{
	struct error err = {0};
	autoclose int fd = root_make_point(root_fd, path, is_directory, &err);

	if (fd < 0)
		fail_msg("%s", err.message);
}

static void test_mount_points_are_taken_back(void **state)
{
	(void)state;
	make_point("/etc/a/b/c", true);
	root_unmake_point(root_fd, "/etc/a/b/c", "/etc/a");
	assert_false(is_there("tree/etc/a"));
	assert_true(is_there("tree/etc"));
	make_point("/etc/a/file", false);
	root_unmake_point(root_fd, "/etc/a/file", "/etc/a/file");
	assert_false(is_there("tree/etc/a/file"));
	assert_true(is_there("tree/etc/a"));
	/* What somebody put there meanwhile. */
	make_point("/etc/a/b/c", true);
	work_write("tree/etc/a/b/kept", "of the guest");
	root_unmake_point(root_fd, "/etc/a/b/c", "/etc/a");
	assert_false(is_there("tree/etc/a/b/c"));
	assert_content("tree/etc/a/b/kept", "of the guest");
	root_unmake_point(root_fd, "/etc/a/b/kept", "/etc/a");
	assert_content("tree/etc/a/b/kept", "of the guest");
	/* A symlink in the place is none of ours, nor what it leads to. */
	work_make_directory("tree/empty");
	work_make_directory("outside");
	link_to("/empty", "tree/link");
	link_to("../outside", "tree/out");
	root_unmake_point(root_fd, "/link", "/link");
	root_unmake_point(root_fd, "/out/", "/out");
	assert_true(is_there("tree/link") && is_there("tree/out") && is_there("tree/empty") && is_there("outside"));
	root_unmake_point(root_fd, "/nowhere/at/all", "/nowhere");
}

int main(void)
{
#define ROOT_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		ROOT_TEST(test_every_path_stays_below),
		ROOT_TEST(test_what_is_not_there),
		ROOT_TEST(test_only_regular_files_are_read),
		ROOT_TEST(test_sizes),
		ROOT_TEST(test_magic_links_are_refused),
		ROOT_TEST(test_opens_are_close_on_exec_and_make_files_below),
		ROOT_TEST(test_a_lease_does_not_hold_us),
		ROOT_TEST(test_replace),
		ROOT_TEST(test_replace_after_a_crash),
		ROOT_TEST(test_replace_refuses),
		ROOT_TEST(test_what_is_missing),
		ROOT_TEST(test_mount_points_are_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
