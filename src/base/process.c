/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how other programs are started, listened to and ended. */
#include "base/process.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define DEFAULT_MAX_OUTPUT ((size_t)64 << 10)
#define KILL_GRACE_MS      5000 /* a task in an uninterruptible sleep may not die at all */

/* One of the child's outputs. */
struct stream {
	int fd; /* our end of the pipe; -EBADF when it ended or nobody wants it */
	struct text *text;
	size_t room; /* what may still be kept */
};

struct child {
	pid_t pid;
	int pidfd;
	struct stream streams[2];
};

static void close_stream(struct stream *stream)
{
	memory_close_scoped(&stream->fd);
	stream->fd = -EBADF;
}

static void child_release(struct child *child)
{
	memory_close_scoped(&child->pidfd);
	close_stream(&child->streams[0]);
	close_stream(&child->streams[1]);
}

/*
 * What becomes the child's 0, 1 and 2 must not be one of these numbers before, or one dup2(2) would overwrite the source
 * of the next. That only happens to a caller who has closed its own.
 */
static int raise_fd(int fd)
{
	int raised;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	raised = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return raised;
}

/* A file in memory instead of a pipe: nothing to feed while the child runs, and no SIGPIPE when it does not read. */
static int open_input(const char *input, struct error *err)
{
	autoclose int fd = -EBADF;
	int result;

	fd = raise_fd(input ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (fd < 0)
		return error_set_errno(err, "cannot make its standard input");
	if (input) {
		result = file_write_all(fd, input, strlen(input), err);
		if (result < 0)
			return result;
		if (lseek(fd, 0, SEEK_SET) < 0)
			return error_set_errno(err, "cannot rewind its standard input");
	}
	return steal_fd(&fd);
}

/* Gives the child's end back; ours goes into the stream. */
static int open_output(struct stream *stream, struct error *err)
{
	autoclose int fd = -EBADF;
	int ends[2];

	if (!stream->text) {
		fd = raise_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	} else {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return error_set_errno(err, "cannot make a pipe for its output");
		stream->fd = raise_fd(ends[0]);
		fd = raise_fd(ends[1]);
		/* Only our end: O_NONBLOCK belongs to the open file, and the two ends are two. */
		if (stream->fd < 0 || fcntl(stream->fd, F_SETFL, O_NONBLOCK) < 0)
			return error_set_errno(err, "cannot make a pipe for its output");
	}
	if (fd < 0)
		return error_set_errno(err, "cannot make its output");
	return steal_fd(&fd);
}

/* A process group of its own, and the signals as if nobody had touched them: we may block some for a signalfd(2). */
static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
}

/* posix_spawn(3) returns the errno of a failed execve(2), and copies no page tables of a large caller. */
static int spawn(const struct process_run *run, const int fds[static 3], pid_t *ret_pid, struct error *err)
{
	static char path_only[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const default_environment[] = {path_only, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code = 0;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	set_attributes(&attributes);
	for (int i = 0; i < 3 && code == 0; i++)
		code = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	if (code == 0)
		code = posix_spawn(ret_pid, run->path, &actions, &attributes, run->argv,
				   run->environment ? run->environment : default_environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (code)
		return error_set(err, -code, "%s", strerror(code));
	return 0;
}

/* SIGKILL for all that the child started and that stayed in its group. */
static void kill_group(const struct child *child)
{
	kill(-child->pid, SIGKILL);
	kill(child->pid, SIGKILL);
}

static int start(const struct process_run *run, struct child *child, struct error *err)
{
	int result = 0;
	int fds[3] = {-EBADF, -EBADF, -EBADF};

	fds[0] = open_input(run->input, err);
	fds[1] = fds[0] < 0 ? fds[0] : open_output(&child->streams[0], err);
	fds[2] = fds[1] < 0 ? fds[1] : open_output(&child->streams[1], err);
	result = fds[2] < 0 ? fds[2] : spawn(run, fds, &child->pid, err);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		memory_close_scoped(&fds[i]);
	if (result < 0)
		return result;
	child->pidfd = pidfd_open(child->pid, 0);
	if (child->pidfd < 0) {
		result = error_set_errno(err, "cannot watch the process");
		kill_group(child);
		waitpid(child->pid, NULL, 0);
	}
	return result;
}

/* One read(2). Returns how many bytes there were, 0 when no more will come or none are there now. */
static size_t read_stream(struct stream *stream)
{
	char chunk[16384];
	ssize_t count;
	size_t kept;

	do {
		count = read(stream->fd, chunk, sizeof(chunk));
	} while (count < 0 && errno == EINTR);
	if (count <= 0) {
		if (count == 0 || errno != EAGAIN)
			close_stream(stream);
		return 0;
	}
	kept = (size_t)count < stream->room ? (size_t)count : stream->room;
	text_append_bytes(stream->text, chunk, kept);
	stream->room -= kept;
	return (size_t)count;
}

/* What is there now and no more: a background process that has the pipe too may write for ever. */
static void drain_stream(struct stream *stream)
{
	size_t count = 1;
	int left = 0;

	if (stream->fd < 0 || ioctl(stream->fd, FIONREAD, &left) < 0)
		return;
	for (; left > 0 && count > 0 && stream->fd >= 0; left -= (int)count)
		count = read_stream(stream);
}

static int remaining_ms(int64_t deadline_ms)
{
	int64_t left_ms;

	if (deadline_ms < 0)
		return -1;
	left_ms = deadline_ms - clock_monotonic_ms();
	if (left_ms <= 0)
		return 0;
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/* Keeps the pipes flowing until the child ends. Returns false when the deadline (< 0: none) came first. */
static bool follow(struct child *child, int64_t deadline_ms)
{
	struct stream *streams = child->streams;

	for (;;) {
		struct pollfd polled[] = {
			{.fd = child->pidfd, .events = POLLIN},
			{.fd = streams[0].fd, .events = POLLIN},
			{.fd = streams[1].fd, .events = POLLIN},
		};
		int timeout_ms = remaining_ms(deadline_ms);
		int count = poll(polled, ARRAY_SIZE(polled), timeout_ms);

		if (count > 0 && polled[0].revents)
			return true;
		/* Also with busy pipes: a child that always writes has a deadline too. */
		if (timeout_ms == 0)
			return false;
		for (size_t i = 0; count > 0 && i < 2; i++) {
			if (polled[i + 1].revents)
				read_stream(&streams[i]);
		}
	}
}

static int reap(pid_t pid, int options, int *ret_status)
{
	pid_t reaped;

	do {
		reaped = waitpid(pid, ret_status, options);
	} while (reaped < 0 && errno == EINTR);
	return reaped < 0 ? -errno : 0;
}

static int end(const struct process_run *run, struct child *child, int *ret_status, struct error *err)
{
	int64_t deadline_ms = run->timeout_ms > 0 ? clock_monotonic_ms() + run->timeout_ms : -1;
	bool in_time = follow(child, deadline_ms);
	int ignored;

	if (!in_time) {
		kill_group(child);
		follow(child, clock_monotonic_ms() + KILL_GRACE_MS);
	}
	drain_stream(&child->streams[0]);
	drain_stream(&child->streams[1]);
	if (!in_time) {
		reap(child->pid, WNOHANG, &ignored);
		return error_set(err, -ETIMEDOUT, "it did not end within %d ms and was killed", run->timeout_ms);
	}
	if (reap(child->pid, 0, ret_status) < 0)
		return error_set_errno(err, "cannot learn its exit status");
	return 0;
}

int process_run(const struct process_run *run, int *ret_status, struct text *out, struct text *errors, struct error *err)
{
	size_t max_output = run->max_output ? run->max_output : DEFAULT_MAX_OUTPUT;
	autorelease(child_release) struct child child = {
		.pidfd = -EBADF,
		.streams =
			{
				{.fd = -EBADF, .text = out, .room = max_output},
				{.fd = -EBADF, .text = errors, .room = max_output},
			},
	};
	int result;

	result = start(run, &child, err);
	if (result >= 0)
		result = end(run, &child, ret_status, err);
	if (result < 0)
		error_prefix(err, "cannot run %s", run->path);
	return result;
}
