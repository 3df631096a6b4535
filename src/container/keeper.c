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
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* Guest-side ends of the pipes must not stay open here, else nobody would see their end. */
static void drop_descriptors(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int standard = 0; standard < 3; standard++)
		dup2(null, standard);
	close(PAYLOAD_FD_STUB);
	close(PAYLOAD_FD_GATE);
}

/* Out of the namespaces that the payload was in: of an image's mount it would pin every mount of the host, of others what should go with its guest. */
static void return_to_host(void)
{
	setns(PAYLOAD_FD_HOST, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
	setns(PAYLOAD_FD_HOST, CLONE_NEWTIME); /* not every kernel has these */
	close(PAYLOAD_FD_HOST);
	if (chdir("/") < 0)
		_exit(1);
}

/*
 * A guest among the processes of others (--pid) has no PID 1 that orphans go to: they become our children, and are reaped here. PID 1 itself is
 * left for main().
 */
static void reap_orphans(int signals, pid_t init)
{
	struct signalfd_siginfo signal;
	siginfo_t child = {0};

	if (read(signals, &signal, sizeof(signal)) < 0)
		return;
	while (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid > 0 && child.si_pid != init) {
		waitpid(child.si_pid, NULL, 0);
		child.si_pid = 0;
	}
}

/* Until PID 1 has ended. It sees the end of its input once the last write end of the pipe is closed, and one of them is ours. */
static void watch(pid_t init)
{
	sigset_t child;
	struct pollfd fds[] = {
		{.fd = (int)syscall(SYS_pidfd_open, init, 0), .events = POLLIN},
		{.fd = PAYLOAD_FD_INPUT_OVER, .events = POLLIN},
		{.events = POLLIN},
	};

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	fds[2].fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	while (fds[0].fd >= 0 && !fds[0].revents) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents) {
			close(PAYLOAD_FD_INPUT);
			fds[1].fd = -1;
			fds[1].revents = 0;
		}
		if (fds[2].revents)
			reap_orphans(fds[2].fd, init);
	}
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
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	watch(init);
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
