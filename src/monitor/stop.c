/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the stop: asking PID 1 in its own language, waiting, and the kill that says what it killed. */
#include "monitor/monitor.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/container.h"
#include "container/enter.h"
#include "kernel/cgroup_freeze.h"
#include "kernel/cgroup_tasks.h"
#include "kernel/procfs.h"
#include "model/event.h"

#define MAX_DESCRIBED      100 /* it has to fit into one packet, CONTROL_MAX_PACKET */
#define LOOK_AGAIN_MS      20  /* for PID 1's handler */
#define ASK_AGAIN_MS       1000
#define COMMAND_TIMEOUT_MS 10000

static void describe_remains(struct monitor *monitor)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);
	autorelease(cgroup_pids_release) struct cgroup_pids pids = {0};

	text_release(&monitor->stop.remains);
	if (cgroup_list_tasks(&monitor->cgroups, cgroup, &pids, NULL) < 0)
		return;
	procfs_describe_tasks(pids.items, pids.count < MAX_DESCRIBED ? pids.count : MAX_DESCRIBED, &monitor->stop.remains);
	if (pids.count > MAX_DESCRIBED)
		text_appendf(&monitor->stop.remains, "  and %zu more\n", pids.count - MAX_DESCRIBED);
}

static void on_still_there(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;
	struct error error = {0};

	(void)source;
	(void)events;
	monitor->stop.kill_timer = NULL;
	describe_remains(monitor);
	error_set(&error, -EBUSY, "PID 1 of container %s does not die of SIGKILL; what is left:\n%s", monitor->spec.name,
		  text_get(&monitor->stop.remains));
	monitor_complain(monitor, &error);
	server_stop_failed(monitor, &error);
}

static void kill_guest(struct monitor *monitor)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);

	monitor->stop.was_killed = true;
	event_log(monitor->id, monitor->spec.name, "kill", "signal=%d", SIGKILL);
	syscall(SYS_pidfd_send_signal, monitor->run.init_pidfd, SIGKILL, NULL, 0);
	/* A frozen task dies only once it is thawed. */
	cgroup_freeze(&monitor->cgroups, cgroup, false, 1000, NULL);
	monitor->stop.kill_timer = loop_add_timer(monitor->loop, STOP_DEATH_TIMEOUT_MS, on_still_there, monitor);
}

static void on_timeout(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;

	(void)source;
	(void)events;
	monitor->stop.kill_timer = NULL;
	loop_remove(monitor->stop.ask_timer);
	monitor->stop.ask_timer = NULL;
	/* Still starting: stop_continue() will find the time is over. */
	if (!monitor->run.init_source)
		return;
	describe_remains(monitor);
	kill_guest(monitor);
}

/* In a process of its own, because it enters the guest and waits there: one at a time. */
static void run_stop_command(struct monitor *monitor, const struct init_language *language)
{
	static const char *const last_resort[] = {"/sbin/poweroff", NULL};
	struct container container;
	struct error error = {0};
	int status = -1;

	if (monitor->stop.command > 0 && waitpid(monitor->stop.command, NULL, WNOHANG) == 0)
		return;
	monitor->stop.command = fork();
	if (monitor->stop.command != 0)
		return;
	container_load(monitor->id, &container);
	if ((enter_run(&container, language->stop_command, COMMAND_TIMEOUT_MS, &status, NULL, &error) < 0 || status != 0) &&
	    !language->repeats)
		enter_run(&container, last_resort, COMMAND_TIMEOUT_MS, &status, NULL, &error);
	_exit(0);
}

static int stop_signal(const struct monitor *monitor)
{
	const char *name = monitor->stop.signal ? monitor->stop.signal : monitor->spec.stop_signal;
	int number = 0;

	if (name && spec_parse_signal(name, &number, NULL) == 0)
		return number;
	return 0;
}

static void ask(struct monitor *monitor);

static void on_ask_again(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;

	(void)source;
	(void)events;
	monitor->stop.ask_timer = NULL;
	ask(monitor);
}

/*
 * A signal that PID 1 has no handler for yet is lost: the kernel ignores it for the first process of a pid namespace (pid_namespaces(7)). So it is sent once
 * the handler is there.
 */
static void ask(struct monitor *monitor)
{
	const struct init_language *language = init_language(monitor->run.init_kind);
	int chosen = stop_signal(monitor), number = chosen ? chosen : language->stop_signal;

	if (!number) {
		run_stop_command(monitor, language);
	} else if ((chosen || language->waits_for_handler) && number != SIGKILL && number != SIGSTOP &&
		   !procfs_takes_signal(monitor->boot.init.pid, number) && monitor->run.init_kind != INIT_OTHER) {
		monitor->stop.ask_timer = loop_add_timer(monitor->loop, LOOK_AGAIN_MS, on_ask_again, monitor);
		return;
	} else {
		syscall(SYS_pidfd_send_signal, monitor->run.init_pidfd, number, NULL, 0);
	}
	if (!chosen && language->repeats)
		monitor->stop.ask_timer = loop_add_timer(monitor->loop, ASK_AGAIN_MS, on_ask_again, monitor);
	if (monitor->stop.was_asked)
		return;
	monitor->stop.was_asked = true;
	event_log(monitor->id, monitor->spec.name, "stopping", "signal=%d", number);
}

static void begin(struct monitor *monitor)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);

	if (monitor->boot.phase == BOOT_PAUSED)
		cgroup_freeze(&monitor->cgroups, cgroup, false, 1000, NULL);
	monitor_set_phase(monitor, BOOT_STOPPING);
	health_cancel(monitor);
	if (monitor->stop.timeout_ms != 0 || stop_signal(monitor) != SIGKILL)
		ask(monitor);
	if (monitor->stop.timeout_ms == 0)
		kill_guest(monitor);
}

void stop_continue(struct monitor *monitor)
{
	if (!monitor->stop.is_wanted)
		return;
	if (monitor->stop.kill_timer || monitor->stop.timeout_ms < 0)
		begin(monitor);
	else
		kill_guest(monitor);
}

bool stop_abort_start(struct monitor *monitor)
{
	struct error error = {0};

	if (!monitor->stop.is_wanted || !hooks_run_stage(monitor, SPEC_HOOK_PRESTART))
		return false;
	error_set(&error, -ECANCELED, "it was stopped while its prestart hooks ran");
	ending_boot_failed(monitor, &error);
	return true;
}

void stop_request(struct monitor *monitor, int64_t timeout_ms, const char *signal)
{
	struct monitor_stop *stop = &monitor->stop;
	bool was_wanted = stop->is_wanted;

	stop->is_wanted = true;
	stop->timeout_ms = timeout_ms;
	if (signal) {
		free(stop->signal);
		stop->signal = xstrdup(signal);
	}
	if (monitor->boot.phase == BOOT_RESTARTING) {
		ending_cancel_restart(monitor);
		return;
	}
	if (stop_abort_start(monitor))
		return;
	/* A later request may be more impatient than the first. */
	if (!stop->was_killed) {
		loop_remove(stop->kill_timer);
		stop->kill_timer = timeout_ms > 0 ? loop_add_timer(monitor->loop, timeout_ms, on_timeout, monitor) : NULL;
	}
	if (!monitor->run.init_source)
		return; /* stop_continue() */
	if (!was_wanted)
		begin(monitor);
	else if (timeout_ms == 0 && !stop->was_killed)
		kill_guest(monitor);
}
