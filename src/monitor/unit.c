/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what the host's systemd knows of a guest: the unit whose main process we are, and the machine. Without systemd all of it does nothing. */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/service.h"
#include "container/host_units.h"

#define ANNOUNCE_TIMEOUT_MS 60000
#define STOP_MARGIN_MS      (STOP_DEATH_TIMEOUT_MS + 10000) /* what a stop may take behind its own time */
#define STARTER_TIMEOUT_MS  5000
#define FOR_EVER_MS         (INT64_C(365) * 24 * 3600 * 1000)

static const char *const status_of_phase[] = {
	[BOOT_STARTING] = "Starting", [BOOT_RUNNING] = "Booting",       [BOOT_READY] = "Ready",
	[BOOT_STOPPING] = "Stopping", [BOOT_RESTARTING] = "Restarting", [BOOT_PAUSED] = "Paused",
};

/* --- the unit --------------------------------------------------------------------------------------------------------- */

static void tell(const struct monitor *monitor, char *state)
{
	autofree char *owned = state;

	if (monitor->unit.is_joined)
		service_notify(owned);
}

void unit_tell_phase(struct monitor *monitor)
{
	if (monitor->boot.init.pid > 0)
		tell(monitor, xasprintf("STATUS=%s; PID 1 is process %d", status_of_phase[monitor->boot.phase],
					monitor->boot.init.pid));
	else
		tell(monitor, xasprintf("STATUS=%s", status_of_phase[monitor->boot.phase]));
}

int unit_join(struct monitor *monitor, int starter_fd, const char *notify_socket, struct error *err)
{
	struct ucred starter;
	socklen_t length = sizeof(starter);
	int r;

	if (getsockopt(starter_fd, SOL_SOCKET, SO_PEERCRED, &starter, &length) < 0)
		return error_set_errno(err, "cannot learn who starts the unit");
	r = place_join(monitor, starter.pid, err);
	if (r < 0)
		return error_prefix(err, "cannot enter the unit");
	setenv("NOTIFY_SOCKET", notify_socket, 1);
	monitor->unit.is_joined = true;
	monitor_close(&monitor->unit.starter_fd);
	monitor->unit.starter_fd = fcntl(starter_fd, F_DUPFD_CLOEXEC, 0);
	tell(monitor, xasprintf("MAINPID=%d", getpid()));
	if (monitor->run.is_active && monitor->boot.is_ready && !unit_holds_ready(monitor))
		tell(monitor, xstrdup("READY=1"));
	unit_tell_phase(monitor);
	return 0;
}

/* It hangs up when it has read the answer and told it; systemd kills it with the unit. */
void unit_await_starter(struct monitor *monitor)
{
	struct pollfd poll_fd = {.fd = monitor->unit.starter_fd, .events = POLLRDHUP};

	if (poll_fd.fd >= 0)
		poll(&poll_fd, 1, STARTER_TIMEOUT_MS);
}

void unit_tell_end(struct monitor *monitor)
{
	tell(monitor, xstrdup("STOPPING=1"));
}

/* --- the machine, and a unit for a guest that was started otherwise ---------------------------------------------------- */

struct announcement {
	const struct spec *spec;
	pid_t init;
	bool wants_machine, wants_unit;
};

static int announce(void *data, struct text *out, struct error *err)
{
	const struct announcement *announcement = data;
	int r = announcement->wants_machine ? host_units_register(announcement->spec, announcement->init, err) : 0;
	int unit = announcement->wants_unit ? host_units_begin(announcement->spec, r < 0 ? NULL : err) : 0;

	(void)out;
	return r < 0 || unit == 0 || unit == -ENOENT ? r : unit;
}

static void let_ready(struct monitor *monitor)
{
	monitor->unit.is_ready_held = false;
	tell(monitor, xstrdup("READY=1"));
	server_ready(monitor);
}

static void on_announced(struct monitor *monitor, int result, const char *output, const struct error *err)
{
	struct error error = *err;

	(void)output;
	monitor->unit.announcement = NULL;
	if (result < 0) {
		error_prefix(&error, "the host's systemd does not know the guest");
		monitor_complain(monitor, &error);
	}
	if (monitor->unit.is_ready_held)
		let_ready(monitor);
}

void unit_announce(struct monitor *monitor)
{
	struct announcement announcement = {
		.spec = &monitor->spec,
		.init = monitor->boot.init.pid,
		.wants_machine = spec_has_slice(&monitor->spec) && host_units_are_there(),
		.wants_unit = !monitor->unit.is_joined && host_units_manage_containers(),
	};
	struct attendant_task task = {.run = announce,
				      .data = &announcement,
				      .timeout_ms = ANNOUNCE_TIMEOUT_MS,
				      .on_end = on_announced};
	struct error error = {0};

	if (!announcement.wants_machine && !announcement.wants_unit)
		return;
	monitor->unit.announcement = attendant_start(monitor, &task, &error);
	if (!monitor->unit.announcement)
		monitor_complain(monitor, &error);
}

bool unit_holds_ready(const struct monitor *monitor)
{
	return monitor->unit.is_ready_held;
}

void unit_ready(struct monitor *monitor)
{
	monitor->unit.is_ready_held = true;
	if (!monitor->unit.announcement)
		let_ready(monitor);
}

void unit_cancel(struct monitor *monitor)
{
	attendant_cancel(steal_ptr(monitor->unit.announcement));
	monitor->unit.is_ready_held = false;
}

/* --- systemctl stop, and the host's shutdown --------------------------------------------------------------------------- */

static int terminated_fd = -1;
static pid_t monitor_pid;

/* From everybody else SIGTERM is ignored, and in processes that we fork, which have this handler until they execute something. */
static void on_sigterm(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_pid == 1 && getpid() == monitor_pid)
		eventfd_write(terminated_fd, 1);
}

static int ask_whether_host_stops(void *data, struct text *out, struct error *err)
{
	(void)data;
	(void)err;
	text_append(out, host_units_host_is_stopping() ? "stopping" : "");
	return 0;
}

/* A guest that goes down with its host was not stopped by a user: it comes up again with it. */
static void on_asked(struct monitor *monitor, int result, const char *output, const struct error *err)
{
	(void)result;
	(void)err;
	monitor->unit.question = NULL;
	monitor->stop.is_for_host = output[0] != '\0';
	stop_request(monitor, monitor->spec.stop_timeout_ms, NULL);
}

static void on_terminated(struct loop_source *source, uint32_t events, void *data)
{
	struct attendant_task task = {.run = ask_whether_host_stops, .timeout_ms = ANNOUNCE_TIMEOUT_MS, .on_end = on_asked};
	struct monitor *monitor = data;
	int64_t timeout_ms = monitor->spec.stop_timeout_ms;
	eventfd_t count;

	(void)source;
	(void)events;
	eventfd_read(terminated_fd, &count);
	if (!monitor->unit.is_joined || monitor->unit.question)
		return;
	/* The container knows how long its stop may take; the unit does not. */
	tell(monitor, xasprintf("STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld",
				(long long)(timeout_ms < 0 ? FOR_EVER_MS : timeout_ms + STOP_MARGIN_MS) * 1000));
	monitor->unit.question = attendant_start(monitor, &task, NULL);
	if (!monitor->unit.question)
		stop_request(monitor, timeout_ms, NULL);
}

void unit_watch(struct monitor *monitor)
{
	struct sigaction action = {.sa_sigaction = on_sigterm, .sa_flags = SA_SIGINFO | SA_RESTART};

	terminated_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (terminated_fd < 0)
		return;
	monitor_pid = getpid();
	loop_add(monitor->loop, terminated_fd, EPOLLIN, on_terminated, monitor);
	sigaction(SIGTERM, &action, NULL);
}
