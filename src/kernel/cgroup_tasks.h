/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of a container: which they are, into it, all dead. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "kernel/cgroup.h"

struct cgroup_pids {
	pid_t *items;
	size_t count;
};

void cgroup_pids_release(struct cgroup_pids *pids);

/*
 * The processes (not threads, not zombies) in the cgroup and all below it, in no order, as pids of our pid
 * namespace. No cgroup gives none. Pids may be gone or reused when you look: check by a pidfd before you act. The
 * caller releases.
 */
int cgroup_list_tasks(const struct cgroup_host *host, const char *path, struct cgroup_pids *ret_pids, struct error *err);

/*
 * SIGKILLs all processes in the cgroup and below it, frozen ones too, until none is left: by cgroup.kill where the
 * kernel has it (v2, Linux 5.14), else one by one through pidfds. -ETIMEDOUT names pids that did not die within
 * timeout_ms.
 */
int cgroup_kill(const struct cgroup_host *host, const char *path, int timeout_ms, struct error *err);

/*
 * Moves the calling process to where it is already. Nothing changes, but the kernel does what makes the first move of a process after a pause slow: it
 * waits for an RCU grace period, some 10 ms (cgroup_threadgroup_rwsem, kernel/cgroup/cgroup.c), and moves within the next moments do not wait again. For a process
 * of its own, beside work that will move processes soon.
 */
void cgroup_hasten_moves(void);

/*
 * Moves a process with all its threads into "<path>/<leaf>" of each hierarchy that has `path`; pid 0 is the
 * caller. On v2 a guest whose systemd hands controllers down has no room for processes in the root of its tree
 * ("no internal processes", cgroups(7)): then it goes to "<path>/<leaf>/.exec", made for that. After a failure the
 * process is in some of them: end it.
 */
int cgroup_attach(const struct cgroup_host *host, const char *path, const char *leaf, pid_t pid, struct error *err);
/*
 * Moves us into the cgroup in every hierarchy. One that refuses does not keep us out of the others; the first refusal is the one reported.
 */
int cgroup_enter(const struct cgroup_host *host, const char *path, struct error *err);
