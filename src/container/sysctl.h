/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel parameters of a guest that is complete and of which nothing has run: --sysctl and --ns-change-opt. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "model/spec.h"

/*
 * Writes what --sysctl says. Done by root of the host from within the guest's network, IPC and pid namespace only, through the host's own
 * /proc: nothing that the guest or its tree can touch is on the way, and it makes no difference whether the guest has ids of its own. A parameter that turns out to
 * be the host's as well is refused (-EOPNOTSUPP).
 */
int sysctl_apply(const struct spec *spec, int init_pidfd, pid_t init, struct error *err);
/*
 * Makes those files below the guest's /proc/sys writable that --ns-change-opt names, and the network's read-only when it is not named. A privileged guest
 * keeps its network's as they are. Who may write is up to the owner of the namespace, the guest's root (for ipc since Linux 5.19 if it has ids of its own).
 */
int sysctl_protect(const struct spec *spec, int init_pidfd, struct error *err);
