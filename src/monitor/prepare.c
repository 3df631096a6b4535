/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is done to a guest between its making and its first program: one step a feature, in this order. */
#include "base/memory.h"
#include "kernel/cgroup_limits.h"
#include "monitor/monitor.h"

typedef int prepare_step(struct monitor *monitor, struct error *err);

static int prepare_limits(struct monitor *monitor, struct error *err)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);

	return cgroup_limits_apply(&monitor->cgroups, cgroup, &monitor->spec.limits, err);
}

static prepare_step *const steps[] = {
	prepare_limits,
};

int prepare_guest(struct monitor *monitor, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](monitor, err);
	return r;
}
