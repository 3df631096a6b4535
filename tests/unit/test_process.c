/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of running other programs. The shell here is only a handy child. */
#include "base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"

static struct text out, errors;
static struct error err;
static int status;

static int set_up(void **state)
{
	(void)state;
	text_release(&out);
	text_release(&errors);
	err = (struct error){0};
	status = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	text_release(&out);
	text_release(&errors);
	/* No child is left behind, in whatever way it ended. */
	return waitpid(-1, NULL, WNOHANG) == -1 ? 0 : -1;
}

/* Runs `script` in a shell, with what else `run` says. */
static int run_script(const char *script, struct process_run run)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};

	run.path = "/bin/sh";
	run.argv = argv;
	return process_run(&run, &status, &out, &errors, &err);
}

static void assert_exit(int expected)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void test_output_and_status(void **state)
{
	(void)state;
	text_append(&out, "before ");
	assert_int_equal(run_script("echo one; echo two >&2; exit 3", (struct process_run){0}), 0);
	assert_exit(3);
	assert_string_equal(text_get(&out), "before one\n");
	assert_string_equal(text_get(&errors), "two\n");
	assert_int_equal(run_script("kill -TERM $$", (struct process_run){0}), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void test_arguments_are_not_interpreted(void **state)
{
	char *const argv[] = {(char *)"echo", (char *)"$HOME; `id` *", NULL};
	const struct process_run run = {.path = "/bin/echo", .argv = argv};

	(void)state;
	assert_int_equal(process_run(&run, &status, &out, NULL, &err), 0);
	assert_string_equal(text_get(&out), "$HOME; `id` *\n");
}

static void test_environment(void **state)
{
	char *const environment[] = {(char *)"A=b", NULL};
	char *const argv[] = {(char *)"env", NULL};
	struct process_run run = {.path = "/usr/bin/env", .argv = argv};

	(void)state;
	assert_int_equal(process_run(&run, &status, &out, NULL, &err), 0);
	assert_string_equal(text_get(&out), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
	text_release(&out);
	run.environment = environment;
	assert_int_equal(process_run(&run, &status, &out, NULL, &err), 0);
	assert_string_equal(text_get(&out), "A=b\n");
}

static void test_input(void **state)
{
	autofree char *large = xmalloc(300001);

	(void)state;
	assert_int_equal(run_script("cat", (struct process_run){0}), 0);
	assert_string_equal(text_get(&out), "");
	assert_int_equal(run_script("cat", (struct process_run){.input = "hello"}), 0);
	assert_string_equal(text_get(&out), "hello");
	text_release(&out);

	memset(large, 'x', 300000);
	large[300000] = '\0';
	assert_int_equal(run_script("cat", (struct process_run){.input = large, .max_output = 1 << 20}), 0);
	assert_string_equal(text_get(&out), large);
	/* A child that does not read must not kill us by SIGPIPE. */
	assert_int_equal(run_script("exec <&-; exit 4", (struct process_run){.input = large}), 0);
	assert_exit(4);
}

static void test_output_is_capped(void **state)
{
	(void)state;
	assert_int_equal(run_script("head -c 1000000 /dev/zero | tr '\\0' x; echo y >&2", (struct process_run){0}), 0);
	assert_exit(0);
	assert_int_equal(out.length, 64 << 10);
	assert_string_equal(text_get(&errors), "y\n");
	text_release(&out);
	assert_int_equal(run_script("echo 123456", (struct process_run){.max_output = 3}), 0);
	assert_string_equal(text_get(&out), "123");
}

static void test_exec_failure(void **state)
{
	char *const argv[] = {(char *)"x", NULL};
	struct process_run run = {.path = "/nonexistent/x", .argv = argv};

	(void)state;
	assert_int_equal(process_run(&run, &status, NULL, NULL, &err), -ENOENT);
	assert_string_equal(err.message, "cannot run /nonexistent/x: No such file or directory");
	run.path = "/etc/passwd";
	assert_int_equal(process_run(&run, &status, &out, &errors, &err), -EACCES);
	assert_string_equal(err.message, "cannot run /etc/passwd: Permission denied");
	assert_int_equal(process_run(&run, &status, &out, &errors, NULL), -EACCES);
	assert_int_equal(status, -1);
}

static void assert_quick(int64_t started_ms, int64_t least_ms)
{
	assert_in_range(clock_monotonic_ms() - started_ms, least_ms, 80000);
}

static void test_timeout(void **state)
{
	int64_t started_ms = clock_monotonic_ms();
	pid_t grandchild;

	(void)state;
	/* The group goes: also the child's own child, also one that ignores SIGTERM. */
	assert_int_equal(run_script("trap '' TERM; sleep 100 & echo $!; wait; sleep 100",
				    (struct process_run){.timeout_ms = 300}),
			 -ETIMEDOUT);
	assert_quick(started_ms, 300);
	assert_string_equal(err.message, "cannot run /bin/sh: it did not end within 300 ms and was killed");
	grandchild = (pid_t)atoi(text_get(&out));
	assert_true(grandchild > 1);
	for (int i = 0; i < 500 && kill(grandchild, 0) == 0; i++)
		usleep(10000); /* until somebody has reaped it */
	assert_int_equal(kill(grandchild, 0), -1);
}

static void test_timeout_while_writing(void **state)
{
	int64_t started_ms = clock_monotonic_ms();

	(void)state;
	assert_int_equal(run_script("exec yes", (struct process_run){.timeout_ms = 200}), -ETIMEDOUT);
	assert_quick(started_ms, 200);
	assert_int_equal(out.length, 64 << 10);
}

static void test_timeout_with_closed_output(void **state)
{
	int64_t started_ms = clock_monotonic_ms();

	(void)state;
	assert_int_equal(run_script("exec >&- 2>&-; sleep 100", (struct process_run){.timeout_ms = 200}), -ETIMEDOUT);
	assert_quick(started_ms, 200);
}

static void test_background_child(void **state)
{
	int64_t started_ms = clock_monotonic_ms();
	pid_t background;

	(void)state;
	assert_int_equal(run_script("sleep 100 & echo $!", (struct process_run){0}), 0);
	assert_quick(started_ms, 0);
	assert_exit(0);
	background = (pid_t)atoi(text_get(&out));
	assert_true(background > 1);
	assert_int_equal(kill(background, SIGKILL), 0);
	text_release(&out);

	/* One that never stops to write does not hold us either. */
	assert_int_equal(run_script("trap '' PIPE; (echo $BASHPID; exec yes 2>/dev/null) & echo $! >&2",
				    (struct process_run){.max_output = 8}),
			 0);
	assert_quick(started_ms, 0);
	background = (pid_t)atoi(text_get(&errors));
	assert_true(background > 1);
	kill(background, SIGKILL);
}

/* What we block, ignore or catch is not the child's: a monitor blocks its signals for a signalfd. */
static void test_signals_are_reset(void **state)
{
	sigset_t blocked, before;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run_script("grep -E '^Sig(Blk|Ign)' /proc/self/status", (struct process_run){0}), 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	/* Those of the C library itself, 32 and 33, are left ignored by its posix_spawn(3). */
	assert_non_null(strstr(text_get(&out), "SigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(text_get(&out), "SigIgn:\t"));
	assert_int_equal(strtoull(strstr(text_get(&out), "SigIgn:\t") + 8, NULL, 16) & ~0x180000000ULL, 0);
}

static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void test_descriptors(void **state)
{
	char *const argv[] = {(char *)"ls", (char *)"/proc/self/fd", NULL};
	const struct process_run run = {.path = "/bin/ls", .argv = argv, .input = "x"};
	const struct process_run missing = {.path = "/nonexistent", .argv = argv, .input = "x"};
	int before = count_descriptors();

	(void)state;
	assert_int_equal(process_run(&run, &status, &out, &errors, &err), 0);
	assert_string_equal(text_get(&out), "0\n1\n2\n3\n"); /* 3 is the directory that ls reads */
	assert_true(process_run(&missing, &status, &out, &errors, &err) < 0);
	assert_true(run_script("sleep 100", (struct process_run){.timeout_ms = 50}) < 0);
	assert_int_equal(count_descriptors(), before);
}

/* The child's 0, 1 and 2 must be right when ours are closed. */
static void test_closed_standard_descriptors(void **state)
{
	int saved[3];
	int result;

	(void)state;
	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		close(fd);
	}
	result = run_script("cat; echo two >&2", (struct process_run){.input = "one"});
	for (int fd = 0; fd < 3; fd++) {
		if (saved[fd] < 0)
			continue;
		dup2(saved[fd], fd);
		close(saved[fd]);
	}
	assert_int_equal(result, 0);
	assert_string_equal(text_get(&out), "one");
	assert_string_equal(text_get(&errors), "two\n");
}

static void test_own_group(void **state)
{
	(void)state;
	assert_int_equal(run_script("echo $$ $(ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat)",
				    (struct process_run){0}),
			 0);
	assert_int_equal(atoi(text_get(&out)), atoi(strchr(text_get(&out), ' ')));
}

#define PROCESS_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROCESS_TEST(test_output_and_status),
		PROCESS_TEST(test_arguments_are_not_interpreted),
		PROCESS_TEST(test_environment),
		PROCESS_TEST(test_input),
		PROCESS_TEST(test_output_is_capped),
		PROCESS_TEST(test_exec_failure),
		PROCESS_TEST(test_timeout),
		PROCESS_TEST(test_timeout_while_writing),
		PROCESS_TEST(test_timeout_with_closed_output),
		PROCESS_TEST(test_background_child),
		PROCESS_TEST(test_signals_are_reset),
		PROCESS_TEST(test_descriptors),
		PROCESS_TEST(test_closed_standard_descriptors),
		PROCESS_TEST(test_own_group),
	};

	/* What we were started with is not what process_run() leaks. */
	close_range(3, ~0U, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
