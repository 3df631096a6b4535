/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entering the namespaces of a running process. The one place that calls setns(2). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Which of the namespaces of `pid` differ from ours: CLONE_NEW* flags (namespaces(7)). Joining the user namespace that
 * one is in already is an error for the kernel, and joining others for nothing costs time.
 */
int namespace_differing(pid_t pid, int *ret_flags, struct error *err);

/* For ourselves: we (of the pid namespace: our children to come) are in the namespaces `flags` of the process behind `pidfd` from now on. */
int namespace_join(int pidfd, int flags, struct error *err);

/* The network namespace that the process `pid`, known to be the one behind `pidfd`, is in. Returns the descriptor; -ESRCH when it is gone. */
int namespace_open_network(pid_t pid, int pidfd, struct error *err);

/* Are both descriptors of the same namespace? `fd` negative: ours of the network. */
bool namespace_is_same(int fd, int other_fd);

/*
 * socket(2) in the network namespace that `namespace_fd` (a file of nsfs) is: it stays there, and we don't. Close-on-exec. Returns the descriptor.
 * Only for programs of one thread.
 */
int namespace_open_socket(int namespace_fd, int domain, int type, int protocol, struct error *err);

/*
 * Children that we make from now on have a time namespace (time_namespaces(7)) of their own, in which CLOCK_MONOTONIC and CLOCK_BOOTTIME begin now with 0.
 * On a kernel without them nothing happens.
 */
int namespace_begin_time(struct error *err);

/*
 * We are in a mount namespace (mount_namespaces(7)) of our own from now on. What is mounted in it is not seen outside; with MS_SLAVE as `propagation` what
 * is mounted outside still shows up in it, with MS_PRIVATE not.
 */
int namespace_begin_mounts(unsigned long propagation, struct error *err);

/*
 * We are in a user namespace without maps from now on, and in a mount namespace of its own: a copy of the one before, in which all mounts have their attributes
 * locked (mount_namespaces(7), "Restrictions"). The working directory is the same, in the copy.
 */
int namespace_begin_foreign(struct error *err);

/*
 * Runs `function(data)` in a new process inside the namespaces `flags` of the process behind `pidfd` and ends it with the
 * function's return value. The process is our child (waitpid(2) gives its status), a member of the target's pid
 * namespace, root (0:0, no groups) of its user namespace when that is joined, not dumpable, so that nobody inside can trace it, and
 * its working directory is the root of the target. A failure to enter is reported here; nothing is left running then.
 */
int namespace_spawn(int pidfd, int flags, int (*function)(void *data), void *data, pid_t *ret_pid, struct error *err);

/*
 * The same for a short task: waits for it, at most ten seconds. `function` fills its own struct error, which is brought back. -ETIMEDOUT for one that then had to be
 * killed, because something of the guest, such as a file system that it serves itself, kept it waiting.
 */
int namespace_run(int pidfd, int flags, int (*function)(void *data, struct error *err), void *data, struct error *err);
