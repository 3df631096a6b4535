/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container's limits need besides its own cgroup. */
#pragma once

#include "kernel/cgroup_limits.h"
#include "model/config.h"
#include "model/spec.h"

/*
 * cgroup_limits_apply() for the container's cgroup. Real-time CPU comes out of its parent cgroup's, which gets what
 * daemon.json says first.
 */
int limits_apply(const struct cgroup_host *host, const struct config *config, const struct spec *spec,
		 const struct cgroup_limits *limits, cgroup_limits_commit *commit, void *data, struct error *err);

/* What /proc/PID/oom_score_adj of its processes begins with: --oom-score-adj, or 0. */
int64_t limits_oom_score_adj(const struct cgroup_limits *limits);
/* Gives it to a process, which must not be reaped meanwhile. */
int limits_set_oom_score_adj(pid_t pid, const struct cgroup_limits *limits, struct error *err);
/* Those processes of a running container that have the old one get the new one; what chose its own keeps that. */
int limits_change_oom_score_adj(const struct cgroup_host *host, const struct spec *spec, int64_t old, int64_t wanted,
				struct error *err);
