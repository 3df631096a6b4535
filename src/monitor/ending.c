/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the end of a boot: how PID 1 ended, what is cleaned up, whether it comes back. */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/proc_view.h"
#include "container/container.h"
#include "container/payload.h"
#include "container/removal.h"
#include "kernel/cgroup_stats.h"
#include "kernel/cgroup_tasks.h"
#include "kernel/procfs.h"
#include "model/event.h"
#include "model/paths.h"

#define REAPER_TIMEOUT_MS 3000
#define KEEPER_TIMEOUT_MS 2000
#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MAX_MS   60000
#define GOOD_RUN_NS       (INT64_C(10) * 1000000000) /* a run of that length ends the back-off */

#define EXIT_CODE_REBOOT 129

/* reboot(2) in a pid namespace ends its PID 1 by SIGHUP for a restart and by SIGINT for halt and power-off. */
static struct monitor_ending interpret(const struct monitor *monitor, int status)
{
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (number == SIGHUP)
		return (struct monitor_ending){.exit_code = EXIT_CODE_REBOOT, .reason = "reboot", .is_reboot = true};
	if (number == SIGINT)
		return (struct monitor_ending){.reason = monitor->stop.is_wanted ? "stopped" : "poweroff"};
	if (number)
		return (struct monitor_ending){.exit_code = 128 + number,
					       .reason = monitor->health.has_ended_guest ? "unhealthy" : "killed"};
	return (struct monitor_ending){.exit_code = WEXITSTATUS(status),
				       .reason = monitor->stop.is_wanted ? "stopped" : "exited"};
}

static bool wait_for_fd(int fd, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int r;

	do
		r = poll(&poll_fd, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

/*
 * Monitor and keeper were killed, and whoever is the parent now does not tell. New kernels do, as soon as that one has reaped it.
 */
static bool read_foreign_status(struct monitor *monitor, int *ret_status)
{
	int64_t deadline_ms = clock_monotonic_ms() + REAPER_TIMEOUT_MS;

	while (monitor->run.init_pidfd >= 0 && clock_monotonic_ms() < deadline_ms) {
		if (procfs_read_exit(monitor->run.init_pidfd, ret_status))
			return true;
		if (errno != ESRCH && errno != 0)
			break;
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	return false;
}

/* From the keeper's file; or, when the keeper was killed, from PID 1 itself, whose parent we then are. */
static bool read_status(struct monitor *monitor, int *ret_status)
{
	autofree char *path = paths_run_container(monitor->id, PAYLOAD_EXIT_FILE), *text = NULL;
	int64_t number;

	if (monitor->run.payload_pidfd >= 0)
		wait_for_fd(monitor->run.payload_pidfd, KEEPER_TIMEOUT_MS);
	if (file_read_line(AT_FDCWD, path, &text, NULL) == 0 && number_parse(text, 0, INT32_MAX, &number, NULL) == 0) {
		*ret_status = (int)number;
		return true;
	}
	if (monitor->boot.init.pid > 0 && waitpid(monitor->boot.init.pid, ret_status, WNOHANG) == monitor->boot.init.pid)
		return true;
	return read_foreign_status(monitor, ret_status);
}

static void end_payload(struct monitor *monitor)
{
	if (monitor->run.payload_pidfd >= 0) {
		syscall(SYS_pidfd_send_signal, monitor->run.payload_pidfd, SIGKILL, NULL, 0);
		wait_for_fd(monitor->run.payload_pidfd, KEEPER_TIMEOUT_MS);
	}
	/* All children: the payload, and PID 1 when the keeper died before it. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void count_out_of_memory(struct monitor *monitor, const char *cgroup)
{
	struct cgroup_stats stats;

	if (cgroup_stats_read(&monitor->cgroups, cgroup, &stats, NULL) > 0 && stats.oom_kills > 0)
		monitor->state.was_out_of_memory = true;
}

static void remove_cgroups(struct monitor *monitor)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);
	struct error error = {0};

	if (container_end_cgroups(&monitor->cgroups, cgroup, &error) < 0)
		monitor_complain(monitor, &error);
}

static void clean_up(struct monitor *monitor)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);

	loop_remove(steal_ptr(monitor->stop.ask_timer));
	loop_remove(steal_ptr(monitor->stop.kill_timer));
	hooks_cancel(monitor);
	health_cancel(monitor);
	follow_cancel(monitor);
	unit_cancel(monitor);
	count_out_of_memory(monitor, cgroup);
	end_payload(monitor);
	console_close(monitor);
	remove_cgroups(monitor);
	boot_close(&monitor->run);
}

static bool should_restart(const struct monitor *monitor, const struct monitor_ending *ending)
{
	const struct spec_restart_policy *policy = &monitor->spec.restart;

	if (monitor->stop.is_wanted)
		return false;
	switch ((enum spec_restart)policy->name) {
	case SPEC_RESTART_NO:
		return false;
	case SPEC_RESTART_ON_REBOOT:
		return ending->is_reboot;
	case SPEC_RESTART_ON_FAILURE:
		return ending->exit_code != 0 && (policy->retries == 0 || monitor->state.failures < policy->retries);
	case SPEC_RESTART_ALWAYS:
	case SPEC_RESTART_UNLESS_STOPPED:
		return true;
	}
	return false;
}

static void on_restart(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;

	(void)source;
	(void)events;
	monitor->restart_timer = NULL;
	boot_begin(monitor);
}

static void schedule_restart(struct monitor *monitor, const struct monitor_ending *ending)
{
	bool was_long = clock_real_ns() - monitor->state.started_ns >= GOOD_RUN_NS;

	if (was_long || monitor->back_off_ms == 0)
		monitor->back_off_ms = BACK_OFF_FIRST_MS;
	monitor->state.failures = ending->exit_code == 0 ? 0 : monitor->state.failures + 1;
	monitor->state.restart_count++;
	monitor_set_phase(monitor, BOOT_RESTARTING);
	event_log(monitor->id, monitor->spec.name, "restart", "exitCode=%d", ending->exit_code);
	monitor->restart_timer = loop_add_timer(monitor->loop, monitor->back_off_ms, on_restart, monitor);
	monitor->back_off_ms = monitor->back_off_ms * 2 < BACK_OFF_MAX_MS ? monitor->back_off_ms * 2 : BACK_OFF_MAX_MS;
}

static void remove_container(struct monitor *monitor)
{
	struct error error = {0};

	if (removal_finish(monitor->id, &monitor->spec, &error) < 0)
		monitor_complain(monitor, &error);
}

static void forget_boot(struct monitor *monitor)
{
	static const char *const leaves[] = {"boot.json", "exit", "exit.new", "lxc.log", "monitor.sock", PROC_VIEW_DISKS};
	autofree char *host = paths_run_host(monitor->id);

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		autofree char *path = paths_run_container(monitor->id, leaves[i]);

		unlink(path);
	}
	file_remove_tree(AT_FDCWD, host, NULL);
}

static void tell_failure(struct monitor *monitor)
{
	if (monitor->ending.failure.code)
		server_boot_failed(monitor, &monitor->ending.failure);
	monitor->ending.failure.code = 0;
}

/* For good: what is known goes to disk first, then those who wait hear it, and then this monitor is gone. */
static void finish(struct monitor *monitor)
{
	struct error error = {0};

	monitor->state.should_run = false;
	monitor->state.was_stopped_by_user = monitor->stop.is_wanted && !monitor->stop.is_for_host;
	monitor->exit_status = monitor->stop.is_wanted || monitor->ending.is_reboot ? 0 : monitor->ending.exit_code;
	if (state_save(monitor->id, &monitor->state, &error) < 0)
		monitor_complain(monitor, &error);
	/* First, as it takes long for who finds no socket any more, and still the lock. */
	place_leave(monitor);
	forget_boot(monitor);
	if (monitor->spec.removes_itself)
		remove_container(monitor);
	unit_tell_end(monitor);
	monitor_close(&monitor->lock_fd);
	tell_failure(monitor);
	server_ended(monitor);
	monitor->is_ending = true;
	loop_stop(monitor->loop);
}

static void record(struct monitor *monitor, const struct monitor_ending *ending)
{
	monitor->state.exit_code = ending->exit_code;
	free(monitor->state.reason);
	monitor->state.reason = xstrdup(ending->reason);
	monitor->state.finished_ns = clock_real_ns();
	monitor->boot.is_ready = false;
	event_log(monitor->id, monitor->spec.name, "die", "exitCode=%d reason=%s", ending->exit_code, ending->reason);
}

static void decide(struct monitor *monitor, const struct monitor_ending *ending)
{
	struct error error = {0};

	if (!should_restart(monitor, ending)) {
		finish(monitor);
		return;
	}
	schedule_restart(monitor, ending);
	server_down(monitor);
	if (state_save(monitor->id, &monitor->state, &error) < 0)
		monitor_complain(monitor, &error);
	tell_failure(monitor);
}

/* The first start of this monitor: one that fails is the caller's to repeat, another one is the policy's. */
static bool is_first_start(const struct monitor *monitor)
{
	return monitor->state.restart_count == 0 && monitor->back_off_ms == 0;
}

static void on_poststop_done(struct monitor *monitor, const struct error *err)
{
	const struct monitor_ending *ending = &monitor->ending;

	(void)err;
	monitor->run.is_active = false;
	monitor_reload_spec(monitor, NULL); /* for `update --restart` and `rename`; unreadable, it leaves us what we know */
	if (ending->failure.code && is_first_start(monitor))
		finish(monitor);
	else
		decide(monitor, ending);
}

/* All of the guest is gone. What prestart hooks made for it, poststop hooks take away; they are run for each guest that had a PID 1, be it only the stub. */
static void end_boot(struct monitor *monitor, const struct monitor_ending *ending)
{
	bool had_guest = monitor->boot.init.pid > 0;

	monitor->ending = *ending;
	clean_up(monitor);
	record(monitor, &monitor->ending);
	if (!had_guest || monitor->hooks.of_boot.stages[SPEC_HOOK_POSTSTOP].count == 0) {
		on_poststop_done(monitor, NULL);
		return;
	}
	monitor->run.is_active = true; /* nobody may begin another boot meanwhile */
	monitor_set_phase(monitor, BOOT_STOPPING);
	hooks_run(monitor, SPEC_HOOK_POSTSTOP, on_poststop_done);
}

void ending_init_died(struct monitor *monitor)
{
	struct monitor_ending ending = {.exit_code = STATE_EXIT_CODE_LOST, .reason = STATE_REASON_LOST};
	int status;

	if (read_status(monitor, &status))
		ending = interpret(monitor, status);
	end_boot(monitor, &ending);
}

void ending_bury(struct monitor *monitor)
{
	struct monitor_ending ending = {.exit_code = STATE_EXIT_CODE_LOST, .reason = STATE_REASON_LOST};
	bool was_starting = monitor->boot.phase == BOOT_STARTING || monitor->boot.phase == BOOT_RESTARTING;
	int status;

	if (!was_starting && read_status(monitor, &status))
		ending = interpret(monitor, status);
	end_boot(monitor, &ending);
}

void ending_boot_failed(struct monitor *monitor, const struct error *err)
{
	struct monitor_ending ending = {
		.exit_code = err->exit_status ? err->exit_status : 125,
		.reason = "failed",
		.failure = *err, /* it may lie in what is cleaned up */
	};

	free(monitor->state.error);
	monitor->state.error = xstrdup(err->message);
	end_boot(monitor, &ending);
}

void ending_cancel_restart(struct monitor *monitor)
{
	loop_remove(monitor->restart_timer);
	monitor->restart_timer = NULL;
	finish(monitor);
}
