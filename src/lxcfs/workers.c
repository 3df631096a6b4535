/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns work in parallel processes. */
#include "lxcfs/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define KILL_MS 5000 /* for a killed process to be gone, on a busy host too */

struct worker {
	size_t index;
	pid_t pid; /* 0: none */
	int fd;    /* its struct error comes here; its end is the end of the worker */
	int64_t deadline_ms;
	bool was_killed;
};

struct crew {
	struct worker workers[WORKERS_AT_ONCE];
	int timeout_ms;
	struct error *errors;
};

static void start(struct crew *crew, struct worker *worker, size_t index, int (*work)(size_t, void *, struct error *),
		  void *data)
{
	struct error *error = &crew->errors[index];
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		error_set_errno(error, "cannot make a pipe");
		return;
	}
	*worker = (struct worker){.index = index,
				  .fd = pipe_fds[0],
				  .deadline_ms = clock_monotonic_ms() + crew->timeout_ms,
				  .pid = fork()};
	if (worker->pid == 0) {
		struct error own = {0};

		work(index, data, &own);
		_exit(write(pipe_fds[1], &own, sizeof(own)) == sizeof(own) ? 0 : 1);
	}
	close(pipe_fds[1]);
	if (worker->pid > 0)
		return;
	error_set_errno(error, "cannot fork");
	close(pipe_fds[0]);
	worker->pid = 0;
}

static void finish(struct crew *crew, struct worker *worker)
{
	struct error *error = &crew->errors[worker->index];

	if (worker->was_killed)
		error_set(error, -ETIMEDOUT, "it did not answer within %d s", crew->timeout_ms / 1000);
	else if (read(worker->fd, error, sizeof(*error)) != sizeof(*error))
		error_set(error, -ECHILD, "the process that worked on it was killed");
	waitpid(worker->pid, NULL, 0);
	close(worker->fd);
	worker->pid = 0;
}

/* A process in an uninterruptible wait does not die: it is not waited for. */
static void give_up(struct crew *crew, struct worker *worker)
{
	error_set(&crew->errors[worker->index], -ETIMEDOUT,
		  "it did not answer within %d s, and process %d that waits for it cannot be killed",
		  crew->timeout_ms / 1000, worker->pid);
	close(worker->fd);
	worker->pid = 0;
}

static void wait_for_some(struct crew *crew)
{
	struct pollfd fds[WORKERS_AT_ONCE];
	int64_t now_ms = clock_monotonic_ms(), wait_ms = crew->timeout_ms;

	for (size_t i = 0; i < WORKERS_AT_ONCE; i++) {
		struct worker *worker = &crew->workers[i];

		fds[i] = (struct pollfd){.fd = worker->pid ? worker->fd : -1, .events = POLLIN};
		if (worker->pid && worker->deadline_ms - now_ms < wait_ms)
			wait_ms = worker->deadline_ms > now_ms ? worker->deadline_ms - now_ms : 0;
	}
	if (poll(fds, WORKERS_AT_ONCE, (int)wait_ms) < 0)
		return;
	now_ms = clock_monotonic_ms();
	for (size_t i = 0; i < WORKERS_AT_ONCE; i++) {
		struct worker *worker = &crew->workers[i];

		if (!worker->pid)
			continue;
		if (fds[i].revents) {
			finish(crew, worker);
		} else if (now_ms >= worker->deadline_ms && !worker->was_killed) {
			kill(worker->pid, SIGKILL);
			worker->was_killed = true;
			worker->deadline_ms = now_ms + KILL_MS;
		} else if (now_ms >= worker->deadline_ms) {
			give_up(crew, worker);
		}
	}
}

void workers_run(size_t count, int timeout_ms, int (*work)(size_t index, void *data, struct error *err), void *data,
		 struct error *ret_errors)
{
	struct crew crew = {.timeout_ms = timeout_ms, .errors = ret_errors};
	size_t next = 0;

	for (;;) {
		bool is_busy = false;

		for (size_t i = 0; i < WORKERS_AT_ONCE; i++) {
			while (!crew.workers[i].pid && next < count)
				start(&crew, &crew.workers[i], next++, work, data);
			is_busy = is_busy || crew.workers[i].pid;
		}
		if (!is_busy)
			return;
		wait_for_some(&crew);
	}
}
