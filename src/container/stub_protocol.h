/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the stub is told: the one message that turns it into the container's process.
 *
 * The stub (stub.c) is a small static program. It is the first thing that liblxc executes as PID 1, and what enters a
 * guest for exec: always from a sealed memory file, so that nothing in a guest ever sees a binary of the host. It says
 * STUB_READY on its socket together with the reading end of a pipe, waits for one message of this form, and executes the
 * command. The pipe closes when that worked; else a struct stub_failure comes through it.
 */
#pragma once

#include <stdint.h>

#define STUB_MAX_MESSAGE (256 * 1024) /* without the filter */
#define STUB_MAX_FILTER  (32 * 1024)  /* BPF_MAXINSNS instructions */
#define STUB_READY       'R'

enum stub_flags {
	STUB_CONSOLE = 1 << 0,           /* open /dev/console as standard input, output and error */
	STUB_TERMINAL = 1 << 1,          /* standard input is a terminal that becomes the controlling one */
	STUB_MAKE_DIRECTORY = 1 << 2,    /* make the working directory when it is not there */
	STUB_NO_NEW_PRIVILEGES = 1 << 3, /* PR_SET_NO_NEW_PRIVS, prctl(2) */
};

/*
 * Followed by: the filter, then argv strings, environment strings, groups, working directory, user and label, each ended by NUL. With a label
 * (not "") a descriptor of the stub's own attr/exec in the host's /proc comes along. All of one machine and build.
 */
struct stub_request {
	uint32_t flags;
	uint32_t mask;         /* umask(2) */
	uint64_t capabilities; /* all that stays in any of its capability sets, capabilities(7) */
	uint32_t argument_count, environment_count, group_count;
	uint32_t filter_length; /* bytes of struct sock_filter; 0: none */
	uint32_t length;        /* of what follows */
};

struct stub_failure {
	int32_t code;        /* errno */
	int32_t exit_status; /* 125, 126 or 127 */
	char message[400];
};
