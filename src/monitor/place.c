/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns where the monitor is among the host's cgroups: in PARENT/ID.monitor, or the container's unit. Whoever ends the processes of the command that started it (a service that is
   stopped, a session that is over) ends that command only. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "container/container.h"
#include "kernel/cgroup_tasks.h"
#include "monitor/monitor.h"

void place_enter(struct monitor *monitor)
{
	autofree char *path = container_monitor_cgroup(&monitor->spec);
	struct error error = {0};
	int r = cgroup_create(&monitor->cgroups, path, &error);

	if (r == 0)
		r = cgroup_enter(&monitor->cgroups, path, &error);
	if (r < 0) { /* the guest matters more */
		error_prefix(&error, "the container's monitor stays where it was started");
		monitor_complain(monitor, &error);
	}
}

static void remove_place(struct monitor *monitor)
{
	autofree char *path = container_monitor_cgroup(&monitor->spec);
	struct error error = {0};

	if (cgroup_remove(&monitor->cgroups, path, &error) < 0)
		monitor_complain(monitor, &error);
	*strrchr(path, '/') = '\0';
	cgroup_remove_unused(&monitor->cgroups, path);
}

int place_join(struct monitor *monitor, pid_t pid, struct error *err)
{
	int r = cgroup_join(&monitor->cgroups, pid, err);

	if (r == 0)
		remove_place(monitor);
	return r;
}

void place_leave(struct monitor *monitor)
{
	autofree char *parent = spec_cgroup_parent(&monitor->spec);

	/* To the host's first process, the one place that is always there and where a process may always be: for the few steps to our end. In a unit we are to end. */
	if (!monitor->unit.is_joined) {
		cgroup_join(&monitor->cgroups, 1, NULL);
		remove_place(monitor);
	}
	cgroup_remove_unused(&monitor->cgroups, parent);
}
