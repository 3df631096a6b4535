/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The holder keeps the FUSE connections of the proc view open while servers come and go: a server may be killed at any instruction or replaced by a newer program, and no reader gets an
 * error. It is small, does nothing else, and is the only process beside the server that has the descriptors.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum holder_connection {
	HOLDER_TREE, /* a directory for each guest, cached; at RUN/lxcfs/tree */
	HOLDER_DIRECT, /* what the reader itself should see, for guests of other managers; at the mount point that the user names */
	HOLDER_CONNECTIONS,
};

/* Descriptors that a server is born with. */
enum holder_fd {
	HOLDER_FD_FIRST = 3, /* + enum holder_connection; closed when there is no such connection */
	HOLDER_FD_STATUS = HOLDER_FD_FIRST + HOLDER_CONNECTIONS,
	HOLDER_FD_END,
};

/* Exit status of a server one of whose connections was ended: aborted, or unmounted everywhere. */
#define HOLDER_EXIT_OVER 3

/* What a server says through HOLDER_FD_STATUS, a byte each. */
#define HOLDER_SERVING 'S' /* the kernel knows all connections: they outlive this server */
#define HOLDER_NO_RESEND \
	'N'             /* what the server before had taken and not answered is lost: the kernel does not send it again */
#define HOLDER_BIND 'B' /* a guest is not bound yet */

struct holder_options {
	const char *mount_point; /* of the direct connection; NULL: there is none */
	int64_t age_ms;          /* how old an answer may be; 0: never from the cache */
	bool hides_quota;        /* for readers of the direct connection */
	bool is_without_resend;  /* behave as on a kernel before 6.9 */
};

/* Runs until SIGTERM or SIGINT; SIGHUP replaces server and holder by the programs that are installed now. `argv` is main()'s. */
int holder_run(const struct holder_options *options, char **argv, struct error *err);
