/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the monitor and its payload process agree on.
 *
 * The payload (payload_main.c) fills liblxc's configuration from the spec and calls liblxc's start(), which makes the guest with the stub as PID 1 and then
 * stays as its parent. When the stub waits there for its order, the monitor sends PAYLOAD_SETTLE_SIGNAL, and the payload executes the keeper (keeper.c)
 * in its own place: same pid, still the parent of PID 1, nothing of liblxc in memory. A guest's reboot or halt is then no matter of
 * liblxc any more: the monitor reads PID 1's wait status from the keeper's file and decides.
 */
#pragma once

#include <signal.h>

/* Descriptors that the payload is born with, and that the keeper goes on holding for a monitor to come (pidfd_getfd(2)). */
enum payload_fd {
	PAYLOAD_FD_STUB = 10, /* the stub's program, stub_open_program() */
	PAYLOAD_FD_GATE,      /* the stub's socket */
	PAYLOAD_FD_REPORT,    /* one struct error comes through when liblxc cannot start; close-on-exec */
	PAYLOAD_FD_HOST,      /* pidfd of the monitor, in whose namespaces the keeper is to be */
	PAYLOAD_FD_ROOTFS,    /* flock(2) on the tree: one running container each */
	PAYLOAD_FD_CONSOLE,   /* master of /dev/console */
	PAYLOAD_FD_NOTIFY,    /* the host's end of NOTIFY_SOCKET */
	PAYLOAD_FD_INPUT,     /* our ends of PID 1's pipes, without a tty */
	PAYLOAD_FD_OUTPUT,
	PAYLOAD_FD_ERRORS,
	PAYLOAD_FD_INPUT_OVER, /* eventfd(2): raised when PID 1's input has ended, and the keeper too must close its end */
	PAYLOAD_FD_END,
};

/* liblxc blocks all signals while it starts and waits, but not this one. */
#define PAYLOAD_SETTLE_SIGNAL SIGWINCH
/* Argument vector: syscontainer-payload ID CONSOLE-NUMBER [SECCOMP-PROFILE]. Keeper: syscontainer-keeper PID-OF-INIT FILE. */
/* Where the keeper writes PID 1's wait status: RUN/ID/exit. */
#define PAYLOAD_EXIT_FILE "exit"
