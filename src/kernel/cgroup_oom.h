/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hearing of a container that has run out of its memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/cgroup.h"

struct cgroup_oom {
	int fd;          /* for epoll(7), with `events`; -1 when nothing is watched */
	int control_fd;  /* v1: memory.oom_control */
	uint32_t events; /* EPOLLIN on v1, EPOLLPRI on v2 */
	uint64_t seen;   /* v2: kills that were told already */
};
#define CGROUP_OOM_NONE \
	{ \
		.fd = -1, .control_fd = -1 \
	}

/*
 * Watches the cgroup's memory: on v1 by an eventfd that the kernel rings when its limit leaves nothing to reclaim
 * (cgroup-v1/memory.rst, "OOM Control"), on v2 by memory.events, which counts the kills in it and in all below it.
 * Returns 1, or 0 where the kernel has no memory controller.
 */
int cgroup_oom_watch(const struct cgroup_host *host, const char *path, struct cgroup_oom *ret_oom, struct error *err);
/*
 * To be called when the descriptor is ready: has the container been out of memory since the last call? *ret_is_killing is
 * false where its processes wait instead of being killed (v1 oom_kill_disable).
 */
bool cgroup_oom_take(struct cgroup_oom *oom, bool *ret_is_killing);
void cgroup_oom_close(struct cgroup_oom *oom);
