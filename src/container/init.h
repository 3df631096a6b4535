/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of PID 1, and the language in which each is asked to end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum init_kind { INIT_SYSTEMD, INIT_SYSVINIT, INIT_OPENRC, INIT_RUNIT, INIT_BUSYBOX, INIT_OTHER };

/* How one kind is stopped: by a signal, or by running a program of the guest. */
struct init_language {
	const char *name;
	int stop_signal;                 /* 0: none */
	bool waits_for_handler;          /* do not send stop_signal before PID 1 catches or blocks it */
	bool repeats;                    /* its readiness to be asked cannot be seen, so it is asked again until it ends */
	const char *const *stop_command; /* argv run in the guest as root; NULL: none */
	bool speaks_notify;              /* says READY=1 on NOTIFY_SOCKET */
};

/* By the executable of PID 1, once the stub has executed it (/proc/PID/exe). What the guest pretends to be only harms itself. */
enum init_kind init_detect(pid_t pid);
/* By the program, as a path with all links followed, and argv[0]. */
enum init_kind init_kind_of_program(const char *executable, const char *argument);
/* Whether a program of that name (the last component counts) is an init, which has to be PID 1. */
bool init_is_name(const char *path);
const struct init_language *init_language(enum init_kind kind);
/* The kind of that name; INIT_OTHER for NULL and unknown names. */
enum init_kind init_kind_of_name(const char *name);
