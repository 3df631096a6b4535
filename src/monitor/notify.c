/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the notify socket: what the guest's PID 1 says of itself, sd_notify(3). */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"
#include "model/event.h"
#include "model/paths.h"

int notify_listen(const char *id, int *ret_fd, struct error *err)
{
	autofree char *path = paths_run_host(id);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int fd = -EBADF, directory = -EBADF;
	int r = file_make_directories(path, 0711, err), on = 1;

	if (r < 0)
		return r;
	directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_set_errno(err, "cannot open %s", path);
	unlinkat(directory, "notify", 0);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/notify", directory);
	/* Any user of the guest may write to it; who did is in the credentials. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || fchmodat(directory, "notify", 0666, 0) < 0)
		return error_set_errno(err, "cannot make the notify socket in %s", path);
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* A start is over when what the administrator wants done after it is done. */
static void on_poststart_done(struct monitor *monitor, const struct error *err)
{
	(void)err;
	unit_ready(monitor);
}

void notify_set_ready(struct monitor *monitor)
{
	if (monitor->boot.is_ready)
		return;
	monitor->boot.is_ready = true;
	monitor_set_phase(monitor, monitor->boot.phase == BOOT_RUNNING ? BOOT_READY : (enum boot_phase)monitor->boot.phase);
	event_log(monitor->id, monitor->spec.name, "ready", "pid=%d", monitor->boot.init.pid);
	hooks_run(monitor, SPEC_HOOK_POSTSTART, on_poststart_done);
}

static void read_message(struct monitor *monitor, char *message)
{
	autorelease(strings_release) struct strings lines = {0};

	strings_split(&lines, message, "\n");
	if (strings_contain(&lines, "READY=1"))
		notify_set_ready(monitor);
}

/*
 * One message; false when there is none. Only PID 1 is heard: any process of the guest can write here. It stays in the socket until
 * what it says is on disk: READY=1 comes once, and the next monitor must find it when we are killed here.
 */
static bool receive(struct monitor *monitor)
{
	char message[4096];
	struct iovec vector = {.iov_base = message, .iov_len = sizeof(message) - 1};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct msghdr packet = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	ssize_t length = recvmsg(monitor->run.notify_fd, &packet, MSG_PEEK | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	pid_t sender = 0;

	if (length < 0)
		return errno == EINTR;
	message[length] = '\0';
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&packet); header; header = CMSG_NXTHDR(&packet, header)) {
		struct ucred credentials;

		if (header->cmsg_level != SOL_SOCKET)
			continue;
		if (header->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&credentials, CMSG_DATA(header), sizeof(credentials));
			sender = credentials.pid;
		}
		if (header->cmsg_type == SCM_RIGHTS) /* FDSTORE=1 and the like: nobody may make us keep files open */
			for (size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
				close(((int *)CMSG_DATA(header))[i]);
	}
	if (sender > 0 && sender == monitor->boot.init.pid)
		read_message(monitor, message);
	recv(monitor->run.notify_fd, message, 0, MSG_DONTWAIT);
	return true;
}

static void on_message(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;

	(void)source;
	(void)events;
	for (int i = 0; i < 64 && receive(monitor); i++)
		;
}

void notify_watch(struct monitor *monitor)
{
	monitor->run.notify_source = loop_add(monitor->loop, monitor->run.notify_fd, EPOLLIN, on_message, monitor);
}
