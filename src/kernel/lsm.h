/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labels of security modules: which are on, and the file by which a process takes one at its next execve(2). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum lsm { LSM_NONE, LSM_APPARMOR, LSM_SELINUX };

/* Is it compiled in, switched on, and (of SELinux) is a policy loaded? */
bool lsm_is_on(enum lsm lsm);
/* Is a profile of that name loaded into AppArmor, in whatever mode? */
bool lsm_has_profile(const char *name);
/* Does `list`, of lines "NAME (MODE)" as in apparmor/profiles of securityfs, have it? For names without spaces. */
bool lsm_lists_profile(const char *list, const char *name);
/*
 * attr/exec of `pid` in our own /proc, opened for writing: what the process itself writes to it counts at its next execve(2). The kernel
 * takes a write only from that process, and only until it executes another program, so the descriptor harms nobody when it gets lost.
 * Returns the descriptor.
 */
int lsm_open_attribute(enum lsm lsm, pid_t pid, struct error *err);
/* The SELinux context "user:role:type:level" that the policy on this host has for containers. Caller frees. */
int lsm_read_container_context(char **ret_context, struct error *err);
/* The same from the contents of /etc/selinux/TYPE/contexts/lxc_contexts; NULL when it has none. Caller frees. */
char *lsm_parse_container_context(const char *text);
/* `base` with the given parts (each may be NULL) in the place of its own; NULL when `base` is no context. Caller frees. */
char *lsm_merge_context(const char *base, const char *user, const char *role, const char *type, const char *level);
/*
 * Gives a program, a regular file, another SELinux type; user, role and level of its context (xattr(7) security.selinux) stay. Nothing happens when it has that type. The
 * policy decides whether there is such a type.
 */
int lsm_set_file_type(const char *path, const char *type, struct error *err);
