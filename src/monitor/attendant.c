/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns work that may block, beside the loop: a process of its own, the attendant, whose child does the work. The attendant adopts whatever that child
 * starts, so that at the end of the time, when the work fails, when it is cancelled, and when the monitor is killed, all of it is killed with it.
 */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/cgroup_tasks.h"
#include "kernel/descendants.h"

#define MAX_OUTPUT        8192 /* with struct error it fits into a pipe: nobody reads before the attendant has ended */
#define CANCEL_TIMEOUT_MS 5000
#define KILL_TIMEOUT_MS   10000

/* What comes back through the pipe, with the output behind it. */
struct report {
	int result;
	struct error error;
};

struct attendant {
	struct monitor *monitor;
	void (*on_end)(struct monitor *monitor, int result, const char *output, const struct error *err);
	pid_t pid;
	int pidfd, report_fd;
	int lifeline_fd; /* a byte in it, or its end, tells the attendant to give up */
	struct loop_source *source;
};

/* --- in the attendant ------------------------------------------------------------------------------------------------- */

enum attendant_fd { FD_LIFELINE = 3, FD_REPORT, FD_END };

/* Nothing of the monitor's stays open in a process that may live longer. */
static void keep_only(int lifeline_fd, int report_fd)
{
	int moved[] = {fcntl(lifeline_fd, F_DUPFD_CLOEXEC, FD_END), fcntl(report_fd, F_DUPFD_CLOEXEC, FD_END)};

	if (moved[0] < 0 || moved[1] < 0 || dup3(moved[0], FD_LIFELINE, O_CLOEXEC) < 0 ||
	    dup3(moved[1], FD_REPORT, O_CLOEXEC) < 0)
		_exit(125);
	syscall(SYS_close_range, (unsigned)FD_END, ~0u, 0u);
}

static void send_report(const struct report *report, const struct text *output)
{
	struct iovec vectors[] = {
		{.iov_base = (void *)report, .iov_len = sizeof(*report)},
		{.iov_base = output ? output->data : NULL,
		 .iov_len = !output                       ? 0
			    : output->length < MAX_OUTPUT ? output->length
							  : MAX_OUTPUT},
	};

	if (writev(FD_REPORT, vectors, 2) < 0)
		_exit(1);
}

static void __attribute__((noreturn)) work(const struct attendant_task *task)
{
	struct report report = {0};
	struct text output = {0};

	close(FD_LIFELINE);
	report.result = task->run(task->data, &output, &report.error);
	send_report(&report, &output);
	_exit(report.result == 0 ? 0 : 1);
}

/* True when the worker ended well by itself. */
static bool await_worker(pid_t worker, int64_t timeout_ms)
{
	struct pollfd fds[] = {{.fd = pidfd_open(worker, 0), .events = POLLIN}, {.fd = FD_LIFELINE, .events = POLLIN}};
	struct report report = {.result = -ETIME};
	int r = poll(fds, ARRAY_SIZE(fds), timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms), status = -1;

	if (r > 0 && fds[0].revents)
		return waitpid(worker, &status, 0) == worker && status == 0;
	if (r == 0) {
		error_set(&report.error, -ETIME, "it did not end within %lld s and was killed",
			  (long long)timeout_ms / 1000);
		send_report(&report, NULL); /* the first one counts: what the worker says from here on comes too late */
	}
	return false;
}

static void __attribute__((noreturn)) attend(struct monitor *monitor, const struct attendant_task *task)
{
	bool is_good;
	pid_t worker;

	/* What the administrator runs is no more precious to the host than other programs of his. */
	file_write_value(AT_FDCWD, "/proc/self/oom_score_adj", "0", NULL);
	descendants_adopt();
	worker = fork();
	if (worker == 0)
		work(task);
	is_good = worker > 0 && await_worker(worker, task->timeout_ms);
	if (task->cgroup)
		cgroup_kill(&monitor->cgroups, task->cgroup, KILL_TIMEOUT_MS, NULL);
	/* What a task that went well left in the background was meant to be there. */
	if (!is_good)
		descendants_kill();
	_exit(0);
}

/* --- in the monitor --------------------------------------------------------------------------------------------------- */

static void release(struct attendant *attendant)
{
	loop_remove(attendant->source);
	waitpid(attendant->pid, NULL, WNOHANG);
	monitor_close(&attendant->pidfd);
	monitor_close(&attendant->report_fd);
	monitor_close(&attendant->lifeline_fd);
	free(attendant);
}

static void on_attendant_end(struct loop_source *source, uint32_t events, void *data)
{
	struct attendant *attendant = data;
	struct monitor *monitor = attendant->monitor;
	char bytes[sizeof(struct report) + MAX_OUTPUT + 1];
	ssize_t length = read(attendant->report_fd, bytes, sizeof(bytes) - 1);
	void (*on_end)(struct monitor *, int, const char *, const struct error *) = attendant->on_end;
	struct report report = {0};

	(void)source;
	(void)events;
	release(attendant);
	if (length < (ssize_t)sizeof(report)) {
		error_set(&report.error, -ECHILD, "the process that looked after it was killed");
		on_end(monitor, -ECHILD, "", &report.error);
		return;
	}
	memcpy(&report, bytes, sizeof(report));
	bytes[length] = '\0';
	on_end(monitor, report.result, bytes + sizeof(report), &report.error);
}

static int open_pipes(struct attendant *attendant, int *ret_lifeline, int *ret_report, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	*ret_lifeline = fds[0];
	attendant->lifeline_fd = fds[1];
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_set_errno(err, "cannot make a pipe");
	attendant->report_fd = fds[0];
	*ret_report = fds[1];
	return 0;
}

struct attendant *attendant_start(struct monitor *monitor, const struct attendant_task *task, struct error *err)
{
	struct attendant *attendant = xcalloc(1, sizeof(*attendant));
	autoclose int lifeline = -EBADF, report = -EBADF;
	int r;

	*attendant = (struct attendant){monitor, task->on_end, -1, -1, -1, -1, NULL};
	r = open_pipes(attendant, &lifeline, &report, err);
	if (r == 0) {
		attendant->pid = fork();
		if (attendant->pid == 0) {
			keep_only(lifeline, report);
			attend(monitor, task);
		}
		if (attendant->pid > 0)
			attendant->pidfd = pidfd_open(attendant->pid, 0);
		if (attendant->pidfd < 0)
			r = error_set_errno(err, "cannot make a process");
	}
	if (r < 0) {
		release(attendant); /* its lifeline ends */
		return NULL;
	}
	attendant->source = loop_add(monitor->loop, attendant->pidfd, EPOLLIN, on_attendant_end, attendant);
	return attendant;
}

void attendant_cancel(struct attendant *attendant)
{
	struct pollfd poll_fd;

	if (!attendant)
		return;
	poll_fd = (struct pollfd){.fd = attendant->pidfd, .events = POLLIN};
	/* Not only closed: another child of ours may hold the same pipe for a moment. */
	if (write(attendant->lifeline_fd, "x", 1) == 1)
		poll(&poll_fd, 1, CANCEL_TIMEOUT_MS);
	release(attendant);
}
