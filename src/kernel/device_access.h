/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which devices the processes of a cgroup, and of those below it, may use: the devices controller of cgroup v1 (kernel: cgroup-v1/devices.rst), or a
 * BPF program of our own on cgroup v2 (kernel: cgroup-v2.rst, "Device controller").
 *
 * There is one call, and it takes all rules, never one that is new or gone. So nobody has to count who wants a rule: the caller makes the union of all
 * who do, and a device that is taken away stays allowed as long as something else wants it.
 */
#pragma once

#include "base/error.h"
#include "kernel/cgroup.h"
#include "kernel/device_rules.h"

/*
 * From now on exactly this is allowed in the cgroup `path`. What was allowed and still is, is so at every moment between. On failure what was allowed before is. What
 * is in effect already is no change; a call after one that was killed completes or undoes what that one began.
 *
 * v1: not for a cgroup that allows everything by default. A cgroup below that was allowed the same as this one gets what is new; one in which
 * the guest allowed less stays as it is, but loses what is not allowed any more. -EPERM when a cgroup above does not allow it itself.
 * v2: what a guest's manager attaches below can only restrict it further. Needs Linux 5.6; -EOPNOTSUPP for a kernel without CONFIG_CGROUP_BPF.
 */
int device_access_set(const struct cgroup_host *host, const char *path, const struct device_rules *rules, struct error *err);
