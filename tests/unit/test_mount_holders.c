/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the search for the processes that use a mount, with mounts of a namespace that goes with the test. */
#include "kernel/mount_holders.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kernel/mount.h"
#include "work.h"

static int set_up(void **state)
{
	work_become_root();
	work_set_up(state);
	work_make_directory("mount");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return mount("test", work_path("mount"), "tmpfs", 0, NULL);
}

static int tear_down(void **state)
{
	umount2(work_path("mount"), MNT_DETACH);
	return work_tear_down(state);
}

/* A child that does `use` and waits for its end. */
static pid_t spawn(bool (*use)(void))
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (use() && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static size_t describe(const pid_t *pids, size_t count, struct text *out)
{
	autorelease(mountinfo_release) struct mountinfo table = {0};
	autoclose int fd = open(work_path("mount"), O_PATH | O_DIRECTORY);
	struct mount_identity identity;
	size_t index;

	assert_int_equal(mountinfo_read(getpid(), &table, NULL), 0);
	assert_int_equal(mount_identify(fd, &identity, NULL), 0);
	index = (size_t)(mountinfo_find(&table, identity.id) - table.entries);
	return mount_holders_describe(getpid(), &table, &index, 1, pids, count, out);
}

static bool use_nothing(void)
{
	return true;
}

static bool use_directory(void)
{
	return chdir(work_path("mount")) == 0;
}

static bool use_root(void)
{
	return chroot(work_path("mount")) == 0;
}

static bool use_file(void)
{
	return open(work_path("mount/file"), O_RDWR | O_CREAT, 0600) >= 0;
}

static bool use_mapping(void)
{
	int fd = open(work_path("mount/mapped"), O_RDWR | O_CREAT, 0600);

	return ftruncate(fd, 4096) == 0 && mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED && close(fd) == 0;
}

/* The mount namespace is another one, the mount a copy. */
static bool use_copy(void)
{
	return unshare(CLONE_NEWNS) == 0 && chdir(work_path("mount")) == 0;
}

static void test_uses(void **state)
{
	/* /proc/PID/map_files is for the host's root. */
	bool is_root = access("/proc/self/map_files", X_OK) == 0;
	const struct {
		bool (*use)(void);
		const char *text;
	} rows[] = {
		{use_directory, "working directory"},
		{use_root, "root directory"},
		{use_file, "open file"},
		{use_copy, "working directory"},
		{use_nothing, NULL},
		{use_mapping, is_root ? "mapped file" : NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(text_release) struct text out = {0};
		pid_t pid = spawn(rows[i].use);

		assert_int_equal(describe(&pid, 1, &out), rows[i].text ? 1 : 0);
		if (rows[i].text) {
			autofree char *expected = xasprintf("%d (test_mount_hold: %s)", pid, rows[i].text);

			assert_string_equal(text_get(&out), expected);
		}
		end(pid);
	}
}

static void test_a_few_are_named(void **state)
{
	autorelease(text_release) struct text out = {0};
	pid_t pids[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = spawn(use_directory);
	assert_int_equal(describe(pids, ARRAY_SIZE(pids), &out), 5);
	assert_non_null(strstr(text_get(&out), "), "));
	assert_non_null(strstr(text_get(&out), " and others"));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		end(pids[i]);
	text_clear(&out);
	/* All of them are gone now. */
	assert_int_equal(describe(pids, ARRAY_SIZE(pids), &out), 0);
}

static void test_mappings(void **state)
{
	static const struct {
		const char *line;
		bool is_good;
		struct mount_mapping mapping;
	} rows[] = {
		{"00400000-0040b000 r-xp 00000000 fe:10 131 /bin/cat", true, {0x400000, 0x40b000, 0xfe, 0x10}},
		{"7f0000000000-7f0000001000 rw-s 00002000 00:2f 5 /a b", true, {0x7f0000000000, 0x7f0000001000, 0, 0x2f}},
		{"7ffc0000-7ffd0000 rw-p 00000000 00:00 0", true, {0x7ffc0000, 0x7ffd0000, 0, 0}},
		{"", false, {0}},
		{"00400000-0040b000", false, {0}},
		{"00400000 r-xp 00000000 fe:10 131", false, {0}},
		{"x-y r-xp 0 0:0 1", false, {0}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mount_mapping mapping = {0};

		assert_int_equal(mount_holders_parse_mapping(rows[i].line, &mapping), rows[i].is_good);
		assert_memory_equal(&mapping, &rows[i].mapping, sizeof(mapping));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_uses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_few_are_named, set_up, tear_down),
		cmocka_unit_test(test_mappings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
