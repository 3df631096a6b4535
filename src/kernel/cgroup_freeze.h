/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops all of a container's tasks where they are, and lets them go on. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "kernel/cgroup.h"

/*
 * Freezes or thaws the cgroup and all below it and waits until every task has followed (v1 freezer-subsystem.rst,
 * v2 cgroup.freeze). Whatever the guest freezes below stays its own affair. -ETIMEDOUT when that takes longer than
 * timeout_ms: then the request is undone. -ENOENT without such a cgroup.
 */
int cgroup_freeze(const struct cgroup_host *host, const char *path, bool frozen, int timeout_ms, struct error *err);
/* 1 once every task is frozen at the request of the cgroup or one above it, 0 otherwise and without such a cgroup. */
int cgroup_is_frozen(const struct cgroup_host *host, const char *path, struct error *err);
