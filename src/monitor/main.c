/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the monitor's life: one per running container, from its start to the end that is not followed by a restart. */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/control.h"
#include "container/payload.h"
#include "kernel/cgroup_tasks.h"
#include "model/event.h"
#include "model/paths.h"

#define FIRST_CLIENT_FD 3

void monitor_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int monitor_reload_spec(struct monitor *monitor, struct error *err)
{
	struct spec spec;
	int r = spec_load(monitor->id, &spec, err);

	if (r < 0)
		return r;
	spec_release(&monitor->spec);
	monitor->spec = spec;
	return 0;
}

void monitor_complain(struct monitor *monitor, const struct error *err)
{
	autorelease(text_release) struct text line = {0};

	text_appendf(&line, "syscontainer: %s\n", err->message);
	console_complain(monitor, line.data, line.length);
	event_log(monitor->id, monitor->spec.name, "warning", "code=%d", err->code);
}

void monitor_set_phase(struct monitor *monitor, enum boot_phase phase)
{
	struct error error = {0};

	monitor->boot.phase = (int)phase;
	unit_tell_phase(monitor);
	if (boot_save(monitor->id, &monitor->boot, &error) < 0)
		monitor_complain(monitor, &error);
}

static int load(struct monitor *monitor, struct error *err)
{
	int r = spec_load(monitor->id, &monitor->spec, err);

	if (r == 0)
		r = state_load(monitor->id, &monitor->state, err);
	if (r == 0)
		r = config_load(&monitor->config, err);
	return r == 0 ? cgroup_host_load(&monitor->cgroups, err) : r;
}

/* Takes over, or finds that all is over. */
static int adopt(struct monitor *monitor, bool is_burial, struct error *err)
{
	bool has_boot;
	int r = boot_load(monitor->id, &monitor->boot, &has_boot, err);

	if (r < 0)
		return r;
	if (hooks_load(monitor, err) < 0) /* its guest matters more */
		monitor_complain(monitor, err);
	if (has_boot && monitor->boot.phase == BOOT_RESTARTING) {
		boot_begin(monitor); /* what the dead monitor was about to do */
		return 0;
	}
	r = has_boot ? boot_adopt(monitor, err) : 1;
	if (r == 1) {
		/* "bury": whether it comes back is decided by who asks. */
		monitor->stop.is_wanted = monitor->stop.is_for_host = is_burial;
		ending_bury(monitor);
	}
	return r < 0 ? r : 0;
}

static void answer_first_client(int result, const struct error *err)
{
	autorelease(json_free_scoped) struct json *packet = json_new_object();

	json_set(packet, "done", json_new_bool(true));
	json_set(packet, "code", json_new_integer(result));
	if (result < 0)
		json_set(packet, "message", json_new_string(err->message));
	control_send(FIRST_CLIENT_FD, packet, NULL);
}

/* liblxc will move processes between cgroups in some milliseconds; what makes the kernel slow there can go on meanwhile. */
static void hasten_start(void)
{
	if (fork() != 0)
		return; /* reaped with the payload; without the child it only takes longer */
	close(FIRST_CLIENT_FD);
	cgroup_hasten_moves();
	_exit(0);
}

static int run(struct monitor *monitor, const char *mode, struct error *err)
{
	bool is_burial = strcmp(mode, "bury") == 0, is_adopting = is_burial || strcmp(mode, "adopt") == 0;
	int r;

	if (!is_adopting)
		hasten_start();
	r = paths_prepare(err); /* RUN is gone after a boot of the host */

	if (r == 0)
		r = control_hold_monitor_lock(monitor->id, &monitor->lock_fd, err);
	if (r == 0)
		r = load(monitor, err);
	if (r == 0)
		r = control_listen(monitor->id, &monitor->listen_fd, err);
	if (r < 0)
		return r;
	place_enter(monitor);
	server_watch(monitor);
	unit_watch(monitor);
	if (is_adopting) {
		r = adopt(monitor, is_burial, err);
		if (r < 0)
			return r;
		answer_first_client(0, err);
	} else {
		monitor->state.restart_count = monitor->state.failures = 0;
	}
	server_add_client(monitor, FIRST_CLIENT_FD);
	if (!monitor->is_ending)
		loop_run(monitor->loop);
	return 0;
}

static void prepare_process(void)
{
	/* The guest's memory is what the kernel shall take when it runs out; PID 1 gets 0 again (lxc.proc.oom_score_adj). */
	file_write_value(AT_FDCWD, "/proc/self/oom_score_adj", "-999", NULL);

	/* Only SIGKILL ends us: a guest must not lose its monitor to a signal to a process group. */
	static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE,
				      SIGUSR1, SIGUSR2, SIGTSTP, SIGTTOU, SIGTTIN};

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	/* When the keeper is killed, PID 1 becomes our child, and its exit status does not get lost. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	fcntl(FIRST_CLIENT_FD, F_SETFD, FD_CLOEXEC);
}

int main(int argc, char **argv)
{
	static struct monitor monitor = {
		.lock_fd = -1,
		.listen_fd = -1,
		.unit = {.starter_fd = -1},
		.run = {.payload_pidfd = -1,
			.init_pidfd = -1,
			.gate_fd = -1,
			.failure_fd = -1,
			.executed_fd = -1,
			.notify_fd = -1,
			.oom = CGROUP_OOM_NONE},
	};
	struct error error = {0};
	int r;

	if (argc != 3 || (strcmp(argv[2], "boot") != 0 && strcmp(argv[2], "adopt") != 0 && strcmp(argv[2], "bury") != 0)) {
		fputs("syscontainer-monitor is started by syscontainer(1)\n", stderr);
		return 125;
	}
	prepare_process();
	monitor.id = argv[1];
	monitor.loop = loop_new();
	r = run(&monitor, argv[2], &error);
	if (r < 0) {
		answer_first_client(r, &error);
		return 1;
	}
	unit_await_starter(&monitor);
	return monitor.exit_status;
}
