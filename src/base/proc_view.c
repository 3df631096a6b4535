/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the sender's side of the proc view's control socket. */
#include "base/proc_view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/memory.h"

void proc_view_send(const char *run, char what, const char *id)
{
	autofree char *path = xasprintf("%s/" PROC_VIEW_SOCKET, run), *message = xasprintf("%c%s", what, id);
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	(void)sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address));
}
