/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the parentage of a guest's PID 1: waits for it and writes down how it ended.
 *
 * liblxc's process executes this program in its own place as soon as the guest runs (payload_main.c), so that nothing of
 * liblxc stays in memory and PID 1 keeps a parent that outlives the monitor. It also holds open what a new monitor must get
 * back (console and notify socket, see container/payload.h), and does nothing else. Static, for its size.
 */
#include "container/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Guest-side ends of the pipes must not stay open here, else nobody would see their end. */
static void drop_descriptors(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int standard = 0; standard < 3; standard++)
		dup2(null, standard);
	close(PAYLOAD_FD_STUB);
	close(PAYLOAD_FD_GATE);
}

/* Out of the mount namespace that an image was mounted in: it would pin every mount of the host. */
static void return_to_host(void)
{
	setns(PAYLOAD_FD_HOST, CLONE_NEWNS);
	close(PAYLOAD_FD_HOST);
	if (chdir("/") < 0)
		_exit(1);
}

/* PID 1 sees the end of its input once the last write end of the pipe is closed, and one of them is ours. */
static void guard_input(pid_t init)
{
	struct pollfd fds[] = {
		{.fd = (int)syscall(SYS_pidfd_open, init, 0), .events = POLLIN},
		{.fd = PAYLOAD_FD_INPUT_OVER, .events = POLLIN},
	};

	while (fds[0].fd >= 0 && !fds[0].revents && !fds[1].revents)
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
	if (fds[1].revents & POLLIN)
		close(PAYLOAD_FD_INPUT);
	close(fds[0].fd);
}

/* keeper PID FILE: the wait status goes to FILE as a decimal number, by rename, so that it is whole or absent. */
int main(int argc, char **argv)
{
	char temporary[4096], text[32];
	int status = -1, fd, length;
	sigset_t all;
	pid_t init;

	if (argc != 3)
		return 1;
	init = atoi(argv[1]);
	sigfillset(&all); /* only SIGKILL ends us early */
	sigprocmask(SIG_SETMASK, &all, NULL);
	drop_descriptors();
	return_to_host();
	guard_input(init);
	while (waitpid(init, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	length = snprintf(text, sizeof(text), "%d\n", status);
	snprintf(temporary, sizeof(temporary), "%s.new", argv[2]);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, (size_t)length) != length || rename(temporary, argv[2]) < 0)
		return 1;
	return 0;
}
