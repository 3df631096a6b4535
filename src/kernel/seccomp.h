/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters of system calls: what a profile says, and the program that the kernel runs, seccomp(2). The one user of libseccomp. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"

enum seccomp_action {
	SECCOMP_ALLOW,
	SECCOMP_ERRNO,
	SECCOMP_KILL, /* the thread */
	SECCOMP_KILL_THREAD,
	SECCOMP_KILL_PROCESS,
	SECCOMP_TRAP,
	SECCOMP_TRACE,
	SECCOMP_LOG,
};

enum seccomp_operator {
	SECCOMP_NE,
	SECCOMP_LT,
	SECCOMP_LE,
	SECCOMP_EQ,
	SECCOMP_GE,
	SECCOMP_GT,
	SECCOMP_MASKED_EQ,
};

/* What an argument of the call has to be; for SECCOMP_MASKED_EQ `value` is the mask. */
struct seccomp_argument {
	int index; /* 0 to 5 */
	uint64_t value, value_two;
	int operator; /* enum seccomp_operator */
};

struct seccomp_condition {
	struct strings capabilities;  /* "CAP_SYS_ADMIN" */
	struct strings architectures; /* as Go calls them: "amd64" */
	char *min_kernel;             /* "5.10" */
};

struct seccomp_rule {
	char *name; /* the old form of one name */
	struct strings names;
	int action;        /* enum seccomp_action */
	int64_t errno_ret; /* of SECCOMP_ERRNO and SECCOMP_TRACE */
	struct {
		struct seccomp_argument *items;
		size_t count;
	} arguments; /* all of them have to hold */
	struct seccomp_condition includes, excludes;
	char *comment;
};

/* Which architectures a host of this one takes calls of; "SCMP_ARCH_X86_64". */
struct seccomp_architectures {
	char *native;
	struct strings others;
};

/* Plain data, made by model/seccomp_profile.h. */
struct seccomp_profile {
	int default_action;
	int64_t default_errno;
	struct strings architectures;
	struct {
		struct seccomp_architectures *items;
		size_t count;
	} architecture_map;
	struct {
		struct seccomp_rule *items;
		size_t count;
	} rules;
	char *comment;
};

/* What conditions of rules are about. */
struct seccomp_host {
	uint64_t capabilities;    /* of the container, bit N is capability N */
	const char *architecture; /* "amd64" */
	const char *kernel;       /* uname(2)'s release */
};

/*
 * Does a rule count here? Every capability of `includes`, its architectures and kernel have to be there, and none of `excludes`. An
 * unknown capability is one that nobody has.
 */
bool seccomp_rule_applies(const struct seccomp_rule *rule, const struct seccomp_host *host);

/*
 * The filter of a container with these capabilities on this host: bytes of struct sock_filter. Names that this architecture does not have
 * are skipped, as Docker does; the native architecture is always filtered, and calls of one that is not named end the thread.
 * -E2BIG when it is more than the kernel takes.
 */
int seccomp_compile(const struct seccomp_profile *profile, uint64_t capabilities, struct text *ret_program,
		    struct error *err);
