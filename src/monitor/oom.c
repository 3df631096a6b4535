/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is told of a container that runs out of memory. */
#include "base/clock.h"
#include "base/memory.h"
#include "model/event.h"
#include "monitor/monitor.h"

#define EVENT_PAUSE_MS 1000 /* a guest that runs out of memory all the time shall not push out all other events */

static void on_out_of_memory(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;
	int64_t now_ms = clock_monotonic_ms();
	struct error error = {0};
	bool is_killing;

	(void)source;
	(void)events;
	if (!cgroup_oom_take(&monitor->run.oom, &is_killing))
		return;
	if (monitor->run.oom_told_ms == 0 || now_ms - monitor->run.oom_told_ms >= EVENT_PAUSE_MS) {
		event_log(monitor->id, monitor->spec.name, "oom", "killed=%s", is_killing ? "true" : "false");
		monitor->run.oom_told_ms = now_ms;
	}
	if (!is_killing || monitor->state.was_out_of_memory)
		return;
	monitor->state.was_out_of_memory = true;
	if (state_save(monitor->id, &monitor->state, &error) < 0)
		monitor_complain(monitor, &error);
}

/* Without it the end of the boot still finds what the kernel has counted. */
void oom_watch(struct monitor *monitor)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);
	struct error error = {0};
	int r = cgroup_oom_watch(&monitor->cgroups, cgroup, &monitor->run.oom, &error);

	if (r < 0)
		monitor_complain(monitor, &error);
	if (r > 0)
		monitor->run.oom_source =
			loop_add(monitor->loop, monitor->run.oom.fd, monitor->run.oom.events, on_out_of_memory, monitor);
}
