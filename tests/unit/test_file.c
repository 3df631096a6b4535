/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of whole-file reads, replacement, trees and locks. */
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"

static char *work; /* a directory of this test's own */
static int work_fd;

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	work = xasprintf("%s/test_file.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(work));
	work_fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return work_fd < 0;
}

static int tear_down(void **state)
{
	struct error err = {0};

	(void)state;
	close(work_fd);
	if (file_remove_tree(AT_FDCWD, work, &err) < 0)
		print_error("%s\n", err.message);
	if (file_exists(AT_FDCWD, work))
		return -1;
	free(work);
	return 0;
}

static void put(const char *path, const char *content)
{
	struct error err = {0};

	assert_int_equal(file_replace(work_fd, path, content, strlen(content), 0600, &err), 0);
}

static void assert_content(const char *path, const char *expected)
{
	autofree char *data = NULL;
	struct error err = {0};
	size_t length;

	assert_int_equal(file_read(work_fd, path, 1 << 20, &data, &length, &err), 0);
	assert_string_equal(data, expected);
	assert_int_equal(length, strlen(expected));
}

static int count_entries(void)
{
	DIR *directory = fdopendir(openat(work_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int count = -2; /* "." and ".." */

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void test_read(void **state)
{
	struct error err = {0};
	char *data = NULL;
	size_t length = 0;

	(void)state;
	put("five", "12345");
	assert_content("five", "12345");
	assert_int_equal(file_read(work_fd, "five", 5, &data, &length, &err), 0);
	free(data);
	assert_int_equal(file_read(work_fd, "five", 4, &data, &length, &err), -EFBIG);
	assert_string_equal(err.message, "five is larger than 4 bytes");
	assert_int_equal(file_read(work_fd, "none", 4, &data, &length, &err), -ENOENT);
	assert_string_equal(err.message, "cannot open none: No such file or directory");
	assert_int_equal(file_read(work_fd, ".", 4, &data, &length, &err), -EISDIR);
	assert_int_equal(file_read(work_fd, "none", 4, &data, &length, NULL), -ENOENT);

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 1 << 16, &data, &length, &err), 0);
	assert_true(length > 100 && strlen(data) == length);
	free(data);
}

static void test_read_binary(void **state)
{
	static char content[100000];
	autofree char *data = NULL;
	struct error err = {0};
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * 7);
	assert_int_equal(file_replace(work_fd, "binary", content, sizeof(content), 0600, &err), 0);
	assert_int_equal(file_read(work_fd, "binary", sizeof(content), &data, &length, &err), 0);
	assert_int_equal(length, sizeof(content));
	assert_memory_equal(data, content, length);
	assert_int_equal(data[length], '\0');
}

static void test_read_line_and_number(void **state)
{
	unsigned long long value = 7;
	struct error err = {0};
	char *line = NULL;

	(void)state;
	put("line", "first\nsecond\n");
	assert_int_equal(file_read_line(work_fd, "line", &line, &err), 0);
	assert_string_equal(line, "first");
	free(line);
	put("line", "");
	assert_int_equal(file_read_line(work_fd, "line", &line, &err), 0);
	assert_string_equal(line, "");
	free(line);

	put("number", "18446744073709551614\n");
	assert_int_equal(file_read_number(work_fd, "number", &value, &err), 0);
	assert_true(value == UINT64_MAX - 1);
	put("number", "max\n");
	assert_int_equal(file_read_number(work_fd, "number", &value, &err), 0);
	assert_true(value == UINT64_MAX);
	put("number", "-1\n");
	assert_int_equal(file_read_number(work_fd, "number", &value, &err), -EINVAL);
	assert_non_null(strstr(err.message, "cannot read a number from number"));
	assert_int_equal(file_read_number(work_fd, "number", &value, NULL), -EINVAL);
}

static void test_write_value(void **state)
{
	struct error err = {0};

	(void)state;
	put("value", "");
	assert_int_equal(file_write_value(work_fd, "value", "12", &err), 0);
	assert_content("value", "12");
	assert_int_equal(file_write_value(work_fd, "absent", "12", &err), -ENOENT);
	assert_string_equal(err.message, "cannot open absent to write \"12\": No such file or directory");
	assert_false(file_exists(work_fd, "absent"));
	assert_int_equal(file_write_value(AT_FDCWD, "/dev/full", "12", &err), -ENOSPC);
	assert_string_equal(err.message, "cannot write \"12\" to /dev/full: No space left on device");
}

static void test_replace(void **state)
{
	struct error err = {0};
	struct stat status;
	mode_t mask = umask(077);

	(void)state;
	assert_int_equal(file_replace(work_fd, "state", "old", 3, 0644, &err), 0);
	assert_int_equal(file_replace(work_fd, "state", "newer", 5, 0664, &err), 0);
	umask(mask);
	assert_content("state", "newer");
	assert_int_equal(fstatat(work_fd, "state", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0664);
	assert_int_equal(count_entries(), 1);

	/* A link is replaced, what it points to is not touched. */
	assert_int_equal(symlinkat("state", work_fd, "link"), 0);
	assert_int_equal(file_replace(work_fd, "link", "x", 1, 0600, &err), 0);
	assert_content("state", "newer");
	assert_content("link", "x");
}

static void test_replace_fails(void **state)
{
	struct rlimit limit, small;
	struct error err = {0};
	char content[100] = {0};
	int result;

	(void)state;
	put("state", "old");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 10;
	setrlimit(RLIMIT_FSIZE, &small);
	result = file_replace(work_fd, "state", content, sizeof(content), 0600, &err);
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(result, -EFBIG);
	assert_string_equal(err.message, "cannot replace state: cannot write: File too large");
	assert_content("state", "old");

	assert_int_equal(mkdirat(work_fd, "directory", 0700), 0);
	assert_int_equal(file_replace(work_fd, "directory", "x", 1, 0600, &err), -EISDIR);
	assert_int_equal(file_replace(work_fd, "absent/state", "x", 1, 0600, &err), -ENOENT);
	assert_int_equal(file_replace(work_fd, "..", "x", 1, 0600, &err), -EINVAL);
	assert_int_equal(count_entries(), 2);
}

/* Its directory as others find it when a writer was killed in the middle. */
static void replace_and_die(void)
{
	struct rlimit limit = {.rlim_cur = 10, .rlim_max = 10};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		char content[100] = {0};

		signal(SIGXFSZ, SIG_DFL);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(file_replace(work_fd, "state", content, sizeof(content), 0600, NULL) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void test_sweep(void **state)
{
	autofree char *absent = xasprintf("%s/absent", work);
	autofree char *file = xasprintf("%s/state", work);
	autoclose int living = -EBADF;
	struct error err = {0};

	(void)state;
	put("state", "old");
	replace_and_die();
	replace_and_die();
	assert_int_equal(count_entries(), 3);
	living = openat(work_fd, ".tmp-0123456789abcdef", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(living, LOCK_EX), 0);
	assert_int_equal(file_sweep(work, &err), 0);
	assert_int_equal(count_entries(), 2);
	assert_content("state", "old");

	assert_int_equal(flock(living, LOCK_UN), 0);
	assert_int_equal(file_sweep(work, &err), 0);
	assert_int_equal(count_entries(), 1);
	assert_int_equal(file_sweep(absent, &err), 0);
	assert_int_equal(file_sweep(file, &err), -ENOTDIR);
}

/* Two write while two sweep: no writer may lose its file. */
static void test_sweep_leaves_writers_alone(void **state)
{
	pid_t pids[4];
	int status;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] > 0)
			continue;
		for (int round = 0; round < 500; round++)
			if ((i % 2 ? file_sweep(work, NULL) : file_replace(work_fd, "state", "x", 1, 0600, NULL)) < 0)
				_exit(1);
		_exit(0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_entries(), 1);
}

static void test_make_directories(void **state)
{
	autofree char *path = xasprintf("%s/a//b/c/", work);
	autofree char *below_link = xasprintf("%s/link/d", work);
	autofree char *link = xasprintf("%s/link/", work);
	autofree char *below_file = xasprintf("%s/file/d", work);
	autofree char *file = xasprintf("%s/file", work);
	struct error err = {0};
	struct stat status;
	mode_t mask = umask(077);

	(void)state;
	assert_int_equal(file_make_directories(path, 0711, &err), 0);
	umask(mask);
	assert_int_equal(fstatat(work_fd, "a/b/c", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0711);
	assert_int_equal(file_make_directories(path, 0700, &err), 0);
	assert_int_equal(fstatat(work_fd, "a/b/c", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0711);
	assert_int_equal(file_make_directories("/", 0700, &err), 0);

	assert_int_equal(symlinkat("a", work_fd, "link"), 0);
	assert_int_equal(file_make_directories(below_link, 0700, &err), 0);
	assert_true(file_exists(work_fd, "a/d"));
	assert_int_equal(file_make_directories(link, 0700, &err), -ENOTDIR);
	assert_non_null(strstr(err.message, "is in the way: it is not a directory"));
	put("file", "");
	assert_int_equal(file_make_directories(below_file, 0700, &err), -ENOTDIR);
	assert_int_equal(file_make_directories(file, 0700, &err), -ENOTDIR);
}

static void test_remove_tree(void **state)
{
	autofree char *path = xasprintf("%s/tree/a/b", work);
	struct error err = {0};

	(void)state;
	put("outside", "stays");
	assert_int_equal(mkdirat(work_fd, "kept", 0700), 0);
	put("kept/file", "stays");
	assert_int_equal(file_make_directories(path, 0700, &err), 0);
	put("tree/a/file", "goes");
	assert_int_equal(symlinkat("../outside", work_fd, "tree/file-link"), 0);
	assert_int_equal(symlinkat("../kept", work_fd, "tree/directory-link"), 0);
	assert_int_equal(mkfifoat(work_fd, "tree/fifo", 0600), 0);

	assert_int_equal(file_remove_tree(work_fd, "tree/", &err), 0);
	assert_false(file_exists(work_fd, "tree"));
	assert_content("kept/file", "stays");
	assert_content("outside", "stays");

	assert_int_equal(symlinkat("kept", work_fd, "link"), 0);
	assert_int_equal(file_remove_tree(work_fd, "link", &err), 0);
	assert_false(file_exists(work_fd, "link"));
	assert_content("kept/file", "stays");
	assert_int_equal(file_remove_tree(work_fd, "outside", &err), 0);
	assert_false(file_exists(work_fd, "outside"));

	assert_int_equal(file_remove_tree(work_fd, "absent", &err), 0);
	assert_int_equal(file_remove_tree(work_fd, "absent/below", &err), 0);
	assert_int_equal(file_remove_tree(work_fd, "kept/..", &err), -EINVAL);
	assert_int_equal(file_remove_tree(work_fd, "/", &err), -EINVAL);
	assert_int_equal(file_remove_tree(work_fd, "", &err), -EINVAL);
}

static void test_remove_large_tree(void **state)
{
	struct rlimit limit, small;
	struct error err = {0};
	int fd, result;

	(void)state;
	assert_int_equal(mkdirat(work_fd, "deep", 0700), 0);
	fd = openat(work_fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int depth = 0; depth < 1000; depth++) {
		int below;

		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		close(openat(fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		below = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		close(fd);
		fd = below;
	}
	for (int i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "file-%d", i);
		close(openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	close(fd);

	getrlimit(RLIMIT_NOFILE, &limit);
	small = limit;
	small.rlim_cur = 100;
	setrlimit(RLIMIT_NOFILE, &small);
	result = file_remove_tree(work_fd, "deep", &err);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_string_equal(err.message, "");
	assert_int_equal(result, 0);
	assert_false(file_exists(work_fd, "deep"));
}

/* Returns 0 when both mounts stopped the removal, 77 when we may not mount here. */
static int try_mounts(void)
{
	struct error err = {0};

	/* In this order: unshare(2) moves the working directory into the new mount namespace, but no descriptor. */
	if (fchdir(work_fd) < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    mount("kept", "tree/a", "", MS_BIND, NULL) < 0)
		return 77;
	if (file_remove_tree(AT_FDCWD, "tree", &err) != -EXDEV || !strstr(err.message, "unmount it first"))
		return 1;
	if (!file_exists(AT_FDCWD, "kept/file"))
		return 2;
	if (file_remove_tree(AT_FDCWD, "tree/a", &err) != -EXDEV || !file_exists(AT_FDCWD, "kept/file"))
		return 3;
	return 0;
}

static void test_remove_stops_at_mount(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(mkdirat(work_fd, "kept", 0700), 0);
	assert_int_equal(mkdirat(work_fd, "tree", 0700), 0);
	assert_int_equal(mkdirat(work_fd, "tree/a", 0700), 0);
	put("kept/file", "stays");
	pid = fork();
	if (pid == 0)
		_exit(try_mounts());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
	assert_content("kept/file", "stays");
}

static void test_write_all(void **state)
{
	struct error err = {0};
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(file_write_all(ends[1], "abc", 3, &err), 0);
	assert_int_equal(file_write_all(ends[0], "abc", 3, &err), -EBADF);
	close(ends[0]);
	close(ends[1]);
}

static void ignore_signal(int signal_number)
{
	(void)signal_number;
}

static void test_lock(void **state)
{
	struct itimerval ticks = {.it_interval.tv_usec = 3000, .it_value.tv_usec = 3000};
	struct sigaction action = {.sa_handler = ignore_signal};
	struct itimerval none = {0};
	struct error err = {0};
	struct stat status;
	int first, second, result;
	int64_t started_ms;

	(void)state;
	assert_int_equal(file_lock(work_fd, "lock", 0, &first, &err), 0);
	assert_int_equal(fcntl(first, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(first, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(file_lock(work_fd, "lock", 0, &second, &err), -EWOULDBLOCK);

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &ticks, NULL);
	started_ms = clock_monotonic_ms();
	result = file_lock(work_fd, "lock", 100, &second, &err);
	setitimer(ITIMER_REAL, &none, NULL);
	assert_int_equal(result, -EWOULDBLOCK);
	assert_string_equal(err.message, "cannot lock lock: another process holds it; tried for 100 ms");
	assert_in_range(clock_monotonic_ms() - started_ms, 100, 50000);

	close(first);
	assert_int_equal(file_lock(work_fd, "lock", 100, &second, &err), 0);
	close(second);

	assert_int_equal(symlinkat("lock", work_fd, "link"), 0);
	assert_int_equal(file_lock(work_fd, "link", 0, &first, &err), -ELOOP);
	assert_int_equal(file_lock(work_fd, "absent/lock", 0, &first, &err), -ENOENT);
}

/* Who waits for a lock whose file goes away must get a lock on the file of that name. */
static void wait_for_removed_lock(int timeout_ms)
{
	struct error err = {0};
	int fd, status;
	pid_t pid;

	assert_int_equal(file_lock(work_fd, "lock", 0, &fd, &err), 0);
	pid = fork();
	if (pid == 0) {
		struct stat ours, there;

		close(fd);
		if (file_lock(work_fd, "lock", timeout_ms, &fd, &err) < 0)
			_exit(1);
		_exit(fstat(fd, &ours) < 0 || fstatat(work_fd, "lock", &there, 0) < 0 || ours.st_ino != there.st_ino);
	}
	usleep(50000);
	assert_int_equal(unlinkat(work_fd, "lock", 0), 0);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_lock_removed(void **state)
{
	(void)state;
	wait_for_removed_lock(-1);
	wait_for_removed_lock(5000);
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static void test_read_regular(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *message;
	} bad[] = {
		{"fifo", -EINVAL, " is no regular file"},
		{"folder", -EINVAL, " is no regular file"},
		{"loop", -ELOOP, ": Too many levels of symbolic links"},
		{"missing", -ENOENT, ": No such file or directory"},
	};
	char directory[] = "/tmp/test_file.XXXXXX";
	autofree char *content = NULL, *other = NULL;
	struct error err = {0};
	size_t length;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(mkfifo("fifo", 0600) | mkdir("folder", 0700) | symlink("loop", "loop") | symlink("file", "link"),
			 0);
	assert_int_equal(file_replace(AT_FDCWD, "file", "1234", 4, 0600, NULL), 0);
	assert_int_equal(file_read_regular(AT_FDCWD, "link", 4, &content, &length, NULL), 0);
	assert_int_equal(length, 4);
	assert_int_equal(file_read_regular(AT_FDCWD, "file", 3, &other, &length, &err), -EFBIG);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(file_read_regular(AT_FDCWD, bad[i].name, 4, &other, &length, &err), bad[i].code);
		assert_non_null(strstr(err.message, bad[i].message));
	}
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(file_remove_tree(AT_FDCWD, directory, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_regular),
		FILE_TEST(test_read),
		FILE_TEST(test_read_binary),
		FILE_TEST(test_read_line_and_number),
		FILE_TEST(test_write_value),
		FILE_TEST(test_replace),
		FILE_TEST(test_replace_fails),
		FILE_TEST(test_sweep),
		FILE_TEST(test_sweep_leaves_writers_alone),
		FILE_TEST(test_make_directories),
		FILE_TEST(test_remove_tree),
		FILE_TEST(test_remove_large_tree),
		FILE_TEST(test_remove_stops_at_mount),
		FILE_TEST(test_write_all),
		FILE_TEST(test_lock),
		FILE_TEST(test_lock_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
