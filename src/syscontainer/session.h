/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our standard input and output joined to a container's console, or to the monitor's connection for it. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "container/container.h"

struct session {
	int fd;       /* an attached connection to the monitor */
	bool has_tty; /* the container's console is a terminal */
	bool has_input;
	bool may_detach; /* Ctrl-a q ends the session and not the container */
};

/*
 * Copies until the container ends or the user detaches. Returns the exit status of PID 1, or 0 after a detach (*ret_detached). End of file on our
 * standard input ends its input, and nothing else.
 */
int session_run(const struct session *session, bool *ret_detached, struct error *err);
