/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hierarchies that the host has not mounted, for guests that can live with no other: name=systemd of v1 for a systemd that does not know v2, v2 on a host of
 * v1. They are used through a detached mount, so nothing of the host ever sees them. Such a cgroup has a place only: no limits, and liblxc does not know of it.
 */
#pragma once

#include "base/error.h"
#include "kernel/cgroup.h"

enum cgroup_hidden_kind { CGROUP_HIDDEN_SYSTEMD, CGROUP_HIDDEN_V2, CGROUP_HIDDEN_COUNT };

struct cgroup_hidden {
	struct cgroup_host host; /* for all functions that take one */
	int fds[CGROUP_HIDDEN_COUNT];
};

/* Those of them. name=systemd begins to exist by this, and is gone again when nothing is mounted of it and no cgroup is left in it. */
int cgroup_hidden_open(const bool kinds[CGROUP_HIDDEN_COUNT], struct cgroup_hidden *ret_hidden, struct error *err);
/* Those that are there and not among the mounted ones: none on most hosts. Failing to tell is none. */
void cgroup_hidden_load(const struct cgroup_host *mounted, struct cgroup_hidden *ret_hidden);
void cgroup_hidden_release(struct cgroup_hidden *hidden);
/* The same after cgroups were removed there: waits until the kernel is done with them, some 100 ms, so that name=systemd goes with the last. */
void cgroup_hidden_dissolve(struct cgroup_hidden *hidden);

/*
 * Makes "<path>/guest" there, gives it to the guest's root, and moves the calling process into it: what is forked from here on is in it, and a cgroup namespace that
 * is made there begins at it.
 */
int cgroup_hidden_enter(const struct cgroup_hidden *hidden, const char *path, uid_t uid, gid_t gid, struct error *err);
/* Moves a process to where the caller is. */
int cgroup_hidden_leave(const struct cgroup_hidden *hidden, pid_t pid, struct error *err);
