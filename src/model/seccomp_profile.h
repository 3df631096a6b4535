/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles of system calls, the JSON that Docker made known. */
#pragma once

#include "base/error.h"
#include "kernel/seccomp.h"

#define SECCOMP_PROFILE_MAX_BYTES ((size_t)1 << 20)

extern const struct schema seccomp_profile_schema;

/*
 * Strict: an unknown key, action or operator is named by its path, and so is what cannot be meant (an argument twice in one rule, an errno
 * that is none). null counts as absent. What needs a process that listens (SCMP_ACT_NOTIFY, listenerPath) is refused. Names of calls are
 * not checked: a profile may know more than this host.
 */
int seccomp_profile_parse(const char *text, size_t length, struct seccomp_profile *ret_profile, struct error *err);
/* The same of a file; every error names it. */
int seccomp_profile_load(const char *path, struct seccomp_profile *ret_profile, struct error *err);
void seccomp_profile_release(struct seccomp_profile *profile);
