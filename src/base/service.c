/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the protocol between a service and its manager. */
#include "base/service.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/strings.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

static void send_state(const char *state, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct iovec vector = {.iov_base = (char *)state, .iov_len = strlen(state)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_name = &address, .msg_iov = &vector, .msg_iovlen = 1};
	autoclose int socket_fd = -EBADF;
	size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
		control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS,
						  .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (socket_fd >= 0)
		(void)sendmsg(socket_fd, &message, MSG_NOSIGNAL);
}

void service_notify(const char *state)
{
	send_state(state, -1);
}

void service_store(int fd, const char *name)
{
	autofree char *state = xasprintf("FDSTORE=1\nFDNAME=%s", name);

	send_state(state, fd);
}

int service_find(const char *name)
{
	const char *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");
	autorelease(strings_release) struct strings list = {0};
	int64_t number;

	if (!pid || !names || number_parse(pid, 1, INT32_MAX, &number, NULL) < 0 || number != getpid())
		return -1;
	strings_split(&list, names, ":");
	for (size_t i = 0; i < list.count; i++)
		if (strcmp(list.items[i], name) == 0) {
			int fd = FIRST_FD + (int)i;

			return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : fd;
		}
	return -1;
}

int service_execute(const char *program, char *const *argv, const int *fds, const char *const *names, int count,
		    struct error *err)
{
	autorelease(strings_release) struct strings list = {0};
	autofree char *joined = NULL, *pid = xasprintf("%d", getpid()), *number = NULL;
	int used = 0, copies[8];

	/* First out of the way, then into their places, which also takes close-on-exec from them. */
	for (int i = 0; i < count; i++)
		copies[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < count; i++)
		if (copies[i] >= 0 && dup2(copies[i], FIRST_FD + used) >= 0) {
			strings_append(&list, names[i]);
			used++;
		}
	joined = strings_join(&list, ":");
	number = xasprintf("%d", used);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", joined, 1);
	execv(program, argv);
	return error_set_errno(err, "cannot execute %s", program);
}
