/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's side of the stub: making it, telling it what to become, hearing what became of it. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "container/stub_protocol.h"

/* The stub's program in a sealed memory file that anybody may execute and nobody may write (memfd_create(2)). Returns the descriptor. */
int stub_open_program(struct error *err);

struct stub_order {
	uint32_t flags; /* enum stub_flags */
	uint32_t mask;
	uint64_t capabilities;
	const struct strings *arguments, *environment, *groups; /* groups may be NULL */
	const char *working_directory, *user;                   /* NULL: "/", root */
	const struct text *filter;                              /* struct sock_filter; NULL or empty: none */
	const char *label;                                      /* what is written to label_fd; NULL: nothing */
	int label_fd;
};

/* Waits for STUB_READY on the socket; *ret_report_fd is the pipe that closes on success, *ret_pid (may be NULL) the stub's pid as we see it. */
int stub_await(int socket_fd, int *ret_report_fd, pid_t *ret_pid, struct error *err);
int stub_send(int socket_fd, const struct stub_order *order, struct error *err);
/* Waits until the command was executed (0) or failed: error with exit status 125, 126 or 127. */
int stub_finish(int report_fd, struct error *err);
