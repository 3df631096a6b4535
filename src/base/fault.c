/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the counter of places where tests let us fail. */
#include "base/fault.h"

#ifdef FAULT_INJECTION

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	atomic_ulong *passed; /* shared with all children */
	unsigned long wanted;
	int code;      /* 0: kill */
	bool is_alone; /* only who is at the place */
	int first_fd;  /* pidfd of the process that began: pids mean something else in a guest */
	int killer_fd;
} fault;

/* A child that is in a guest may not kill us; whoever writes to the pipe has this one do it, and it goes with us. */
static void begin_killer(void)
{
	struct pollfd fds[2] = {{.events = POLLIN}, {.fd = fault.first_fd, .events = POLLIN}};
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) < 0 || fork() != 0) {
		fault.killer_fd = pipe_fds[1];
		close(pipe_fds[0]);
		return;
	}
	fds[0].fd = pipe_fds[0];
	while (poll(fds, 2, -1) < 0)
		;
	if (fds[0].revents)
		syscall(SYS_pidfd_send_signal, fault.first_fd, SIGKILL, NULL, 0);
	_exit(0);
}

static void kill_all(void)
{
	struct pollfd first = {.fd = fault.first_fd, .events = POLLIN};

	while (write(fault.killer_fd, "", 1) != 1 || poll(&first, 1, -1) < 0)
		;
}

static void begin(void)
{
	const char *value = getenv("SYSCONTAINER_FAULT");
	char *end;

	fault.passed = mmap(NULL, sizeof(*fault.passed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fault.first_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (!value)
		return;
	fault.wanted = strtoul(value, &end, 10);
	fault.is_alone = strcmp(end, ":alone") == 0;
	fault.code = *end == ':' ? (int)strtol(end + 1, NULL, 10) : 0;
	if (!fault.is_alone)
		begin_killer();
}

int fault_point(void)
{
	if (!fault.passed)
		begin();
	if (fault.passed == MAP_FAILED || fault.wanted == 0 || atomic_fetch_add(fault.passed, 1) + 1 != fault.wanted)
		return 0;
	if (fault.code)
		return -fault.code;
	if (!fault.is_alone)
		kill_all();
	raise(SIGKILL);
	return 0;
}

#endif
