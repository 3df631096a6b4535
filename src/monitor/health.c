/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the health checks of a running guest: one probe at a time, an interval after the one before. */
#include "monitor/monitor.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/memory.h"
#include "container/container.h"
#include "container/enter.h"
#include "model/event.h"

/* Beside the guest's cgroup, so that the limits count and all of a probe can be killed. */
#define PROBE_CGROUP "health"

static int run_probe(void *data, struct text *out, struct error *err)
{
	const struct monitor *monitor = data;
	autorelease(strings_release) struct strings arguments = {0};
	struct enter_request request = {.arguments = &arguments, .cgroup = PROBE_CGROUP};
	struct enter_process process;
	struct container container;
	int status, r;

	container_load(monitor->id, &container);
	strings_append(&arguments, "/bin/sh");
	strings_append(&arguments, "-c");
	strings_append(&arguments, monitor->spec.health.command);
	r = enter_start(&container, &request, &process, err);
	if (r < 0)
		return r;
	r = enter_finish(&process, "/bin/sh", INT_MAX, &status, out, err); /* our attendant looks at the clock */
	if (r < 0)
		return r;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void schedule(struct monitor *monitor);

static void announce(struct monitor *monitor)
{
	struct monitor_health *health = &monitor->health;
	autofree char *action = xasprintf("health_status: %s", health_status_names[health->now.status]);

	event_log(monitor->id, monitor->spec.name, action, "%s", "");
	if (health->now.status == HEALTH_HEALTHY)
		server_healthy(monitor);
	if (health->now.status != HEALTH_UNHEALTHY || !monitor->spec.health.ends_unhealthy)
		return;
	/* No stop by anybody: the restart policy says what follows. */
	health->has_ended_guest = true;
	event_log(monitor->id, monitor->spec.name, "kill", "signal=%d", SIGKILL);
	syscall(SYS_pidfd_send_signal, monitor->run.init_pidfd, SIGKILL, NULL, 0);
}

static char *describe_failure(const struct monitor *monitor, const struct error *err)
{
	if (err->code == -ETIME)
		return xasprintf("Health check exceeded timeout (%gs)", (double)monitor->spec.health.timeout_ms / 1000);
	return xstrdup(err->message);
}

static void on_probe_end(struct monitor *monitor, int result, const char *output, const struct error *err)
{
	struct monitor_health *health = &monitor->health;
	autofree char *failure = result < 0 ? describe_failure(monitor, err) : NULL;
	struct health_result record = {
		.start_ns = health->probe_start_ns,
		.end_ns = clock_real_ns(),
		.exit_code = result >= 0        ? result
			     : err->exit_status ? err->exit_status
						: HEALTH_NO_STATUS,
		.output = failure ? failure : (char *)output,
	};
	struct error error = {0};
	bool has_changed = health_record(&health->now, &monitor->spec.health, monitor->boot.started_ns, &record);

	health->probe = NULL;
	if (health_save(monitor->id, &health->now, &error) < 0)
		monitor_complain(monitor, &error);
	schedule(monitor);
	if (has_changed)
		announce(monitor);
}

static void on_interval(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;
	struct monitor_health *health = &monitor->health;
	autofree char *parent = spec_cgroup(&monitor->spec), *cgroup = xasprintf("%s/" PROBE_CGROUP, parent);
	struct attendant_task task = {
		.run = run_probe,
		.data = monitor,
		.timeout_ms = monitor->spec.health.timeout_ms,
		.cgroup = cgroup,
		.on_end = on_probe_end,
	};
	struct error error = {0};

	(void)source;
	(void)events;
	health->timer = NULL;
	health->probe_start_ns = clock_real_ns();
	health->probe = attendant_start(monitor, &task, &error);
	if (!health->probe)
		on_probe_end(monitor, error.code, "", &error);
}

static void schedule(struct monitor *monitor)
{
	monitor->health.timer = loop_add_timer(monitor->loop, monitor->spec.health.interval_ms, on_interval, monitor);
}

void health_begin(struct monitor *monitor)
{
	struct error error = {0};

	health_release(&monitor->health.now);
	monitor->health.has_ended_guest = false;
	if (!monitor->spec.health.command)
		return;
	if (health_save(monitor->id, &monitor->health.now, &error) < 0)
		monitor_complain(monitor, &error);
	schedule(monitor);
}

void health_adopt(struct monitor *monitor)
{
	struct error error = {0};

	if (!monitor->spec.health.command)
		return;
	if (health_load(monitor->id, &monitor->health.now, &error) < 0)
		monitor_complain(monitor, &error);
	if (monitor->boot.phase != BOOT_PAUSED)
		schedule(monitor);
}

void health_resume(struct monitor *monitor)
{
	if (monitor->spec.health.command && !monitor->health.timer && !monitor->health.probe)
		schedule(monitor);
}

void health_cancel(struct monitor *monitor)
{
	loop_remove(steal_ptr(monitor->health.timer));
	attendant_cancel(steal_ptr(monitor->health.probe));
}
