/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way into a running process's namespaces. */
#include "kernel/namespace.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

/* Far above what any short task takes, on an emulated machine too. */
#define NAMESPACE_TIMEOUT_MS 10000

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct {
	const char *name;
	int flag;
} namespaces[] = {
	{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},  {"pid", CLONE_NEWPID},       {"net", CLONE_NEWNET},
	{"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
};

static int namespace_stat(const char *process, const char *name, struct stat *ret_stat)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, name);
	return stat(path, ret_stat);
}

int namespace_differing(pid_t pid, int *ret_flags, struct error *err)
{
	char process[16];

	snprintf(process, sizeof(process), "%d", pid);
	*ret_flags = 0;
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		struct stat own, other;

		if (namespace_stat("self", namespaces[i].name, &own) < 0)
			continue; /* this kernel has no such namespace */
		if (namespace_stat(process, namespaces[i].name, &other) < 0)
			return error_set_errno(err, "cannot look at the namespaces of process %d", pid);
		if (own.st_ino != other.st_ino || own.st_dev != other.st_dev)
			*ret_flags |= namespaces[i].flag;
	}
	return 0;
}

int namespace_join(int pidfd, int flags, struct error *err)
{
	return setns(pidfd, flags) < 0 ? error_set_errno(err, "cannot join the namespaces of another process") : 0;
}

int namespace_open_network(pid_t pid, int pidfd, struct error *err)
{
	autoclose int fd = -EBADF;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "cannot open the network namespace of process %d", pid);
	/* It lives now, so its pid was nobody else's when the file was opened. */
	if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
		return error_set_errno(err, "process %d is gone", pid);
	return steal_fd(&fd);
}

bool namespace_is_same(int fd, int other_fd)
{
	struct stat one, other;

	return (fd < 0 ? stat("/proc/self/ns/net", &one) : fstat(fd, &one)) == 0 && fstat(other_fd, &other) == 0 &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

int namespace_open_socket(int namespace_fd, int domain, int type, int protocol, struct error *err)
{
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd, r = 0;

	if (own < 0)
		return error_set_errno(err, "cannot open our own network namespace");
	if (setns(namespace_fd, CLONE_NEWNET) < 0)
		return error_set_errno(err, "cannot enter a network namespace");
	fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		r = error_set_errno(err, "cannot make a socket in a network namespace");
	if (setns(own, CLONE_NEWNET) < 0)
		abort(); /* whatever we did next, it would hit the guest instead of the host */
	return fd < 0 ? r : fd;
}

/* The kernel wants the nanoseconds to be positive, whatever the seconds are. */
static void append_offset(const char *name, clockid_t clock, struct text *offsets)
{
	struct timespec now;

	clock_gettime(clock, &now);
	text_appendf(offsets, "%s %lld %ld\n", name, -(long long)now.tv_sec - 1, 1000000000 - 1 - now.tv_nsec);
}

int namespace_begin_time(struct error *err)
{
	autorelease(text_release) struct text offsets = {0};

	if (unshare(CLONE_NEWTIME) < 0)
		return errno == EINVAL ? 0 : error_set_errno(err, "cannot make a time namespace");
	append_offset("monotonic", CLOCK_MONOTONIC, &offsets);
	append_offset("boottime", CLOCK_BOOTTIME, &offsets);
	return file_write_value(AT_FDCWD, "/proc/self/timens_offsets", text_get(&offsets), err);
}

int namespace_begin_mounts(unsigned long propagation, struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | propagation, NULL) < 0)
		return error_set_errno(err, "cannot make a mount namespace");
	return 0;
}

int namespace_begin_foreign(struct error *err)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? error_set_errno(err, "cannot make a user namespace") : 0;
}

struct entry {
	int pidfd, flags;
	int (*function)(void *data);
	void *data;
	int report_fd;
};

static int become_root_inside(const struct entry *entry, struct error *err)
{
	if (!(entry->flags & CLONE_NEWUSER))
		return 0;
	if (setgroups(0, NULL) < 0 && errno != EPERM) /* EPERM: /proc/PID/setgroups says deny */
		return error_set_errno(err, "cannot drop groups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_set_errno(err, "cannot become root of the user namespace");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

/*
 * The process between: joining a pid namespace only counts for children, so the one that does the work is its child, but with
 * CLONE_PARENT ours.
 */
static void __attribute__((noreturn)) enter_and_clone(const struct entry *entry)
{
	struct error error = {0};
	pid_t pid = -1;
	int r = 0;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (entry->flags && setns(entry->pidfd, entry->flags) < 0)
		r = error_set_errno(&error, "cannot join the namespaces of the guest");
	if (r == 0)
		r = become_root_inside(entry, &error);
	if (r == 0) {
		pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
		if (pid < 0)
			r = error_set_errno(&error, "cannot make a process in the guest");
	}
	if (pid == 0) {
		close(entry->report_fd);
		_exit(entry->function(entry->data));
	}
	error.exit_status = pid; /* travels to the parent beside the error */
	if (write(entry->report_fd, &error, sizeof(error)) != sizeof(error))
		r = -EIO;
	_exit(r < 0 ? 1 : 0);
}

static void wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int namespace_spawn(int pidfd, int flags, int (*function)(void *data), void *data, pid_t *ret_pid, struct error *err)
{
	struct entry entry = {.pidfd = pidfd, .flags = flags, .function = function, .data = data};
	autoclose int report_read = -EBADF;
	struct error report;
	int pipe_fds[2];
	ssize_t length;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	report_read = pipe_fds[0];
	entry.report_fd = pipe_fds[1];
	pid = fork();
	if (pid == 0)
		enter_and_clone(&entry);
	close(pipe_fds[1]);
	if (pid < 0)
		return error_set_errno(err, "cannot fork");
	do
		length = read(report_read, &report, sizeof(report));
	while (length < 0 && errno == EINTR);
	wait_for(pid);
	if (length != sizeof(report))
		return error_set(err, -ECHILD, "the process that should enter the guest died");
	if (report.code < 0)
		return error_set(err, report.code, "%s", report.message);
	*ret_pid = report.exit_status;
	return 0;
}

struct short_task {
	int (*function)(void *data, struct error *err);
	void *data;
	int report_fd;
};

static int run_short_task(void *data)
{
	struct short_task *task = data;
	struct error error = {0};

	error.code = task->function(task->data, &error);
	return write(task->report_fd, &error, sizeof(error)) == sizeof(error) ? 0 : 1;
}

static bool is_readable_within(int fd, int timeout_ms)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	int64_t now = clock_monotonic_ms(), end = now + timeout_ms;
	int r = -1;

	for (; r < 0 && now < end; now = clock_monotonic_ms())
		r = poll(&pollfd, 1, (int)(end - now));
	return r > 0;
}

/* Killed it may still hang in the kernel for what the guest's file systems do, and is then left to whoever reaps after us. */
static void give_up(pid_t pid)
{
	kill(pid, SIGKILL);
	for (int i = 0; i < 100 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		usleep(10000);
}

static int receive(int report_fd, pid_t pid, struct error *ret_report, struct error *err)
{
	ssize_t length;

	if (!is_readable_within(report_fd, NAMESPACE_TIMEOUT_MS)) {
		give_up(pid);
		return error_set(
			err, -ETIMEDOUT,
			"it takes longer than %d s in the guest: something there, such as a file system that the guest "
			"serves itself, does not answer",
			NAMESPACE_TIMEOUT_MS / 1000);
	}
	length = read(report_fd, ret_report, sizeof(*ret_report));
	wait_for(pid);
	return length == sizeof(*ret_report) ? 0 : error_set(err, -ECHILD, "the process in the guest died");
}

int namespace_run(int pidfd, int flags, int (*function)(void *data, struct error *err), void *data, struct error *err)
{
	struct short_task task = {.function = function, .data = data};
	autoclose int report_read = -EBADF;
	struct error report = {0};
	int pipe_fds[2], r;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	report_read = pipe_fds[0];
	task.report_fd = pipe_fds[1];
	r = namespace_spawn(pidfd, flags, run_short_task, &task, &pid, err);
	close(pipe_fds[1]);
	if (r == 0)
		r = receive(report_read, pid, &report, err);
	if (r < 0)
		return r;
	if (report.code < 0)
		return error_set_exit(err, report.code, report.exit_status, "%s", report.message);
	return report.code;
}
