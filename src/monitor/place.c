/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns where the monitor is among the host's cgroups: in PARENT/ID.monitor. Whoever ends the processes of the command that started it (a service that is
   stopped, a session that is over) ends that command only. */
#include <stdio.h>

#include "base/memory.h"
#include "container/container.h"
#include "kernel/cgroup_tasks.h"
#include "monitor/monitor.h"

static char *own_cgroup(const struct monitor *monitor)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);

	return xasprintf("%s" CONTAINER_CGROUP_MONITOR, cgroup);
}

void place_enter(struct monitor *monitor)
{
	autofree char *path = own_cgroup(monitor);
	struct error error = {0};
	int r = cgroup_create(&monitor->cgroups, path, &error);

	if (r == 0)
		r = cgroup_enter(&monitor->cgroups, path, &error);
	if (r < 0) { /* the guest matters more */
		error_prefix(&error, "the container's monitor stays where it was started");
		monitor_complain(monitor, &error);
	}
}

void place_leave(struct monitor *monitor)
{
	autofree char *path = own_cgroup(monitor);
	struct error error = {0};

	/* To the host's first process, the one place that is always there and where a process may always be: for the few steps to our end. */
	cgroup_join(&monitor->cgroups, 1, NULL);
	if (cgroup_remove(&monitor->cgroups, path, &error) < 0)
		monitor_complain(monitor, &error);
	cgroup_remove_unused(&monitor->cgroups, monitor->spec.cgroup_parent);
}
