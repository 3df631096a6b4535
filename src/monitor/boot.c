/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way from a spec to a running PID 1. */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "container/confinement.h"
#include "container/control.h"
#include "container/hook.h"
#include "container/launch.h"
#include "container/payload.h"
#include "container/rootfs.h"
#include "container/stub_client.h"
#include "kernel/cgroup_freeze.h"
#include "model/event.h"
#include "model/paths.h"
#include "model/registry.h"

void boot_close(struct monitor_boot *run)
{
	loop_remove(run->gate_source);
	loop_remove(run->failure_source);
	loop_remove(run->payload_source);
	loop_remove(run->init_source);
	loop_remove(run->executed_source);
	loop_remove(run->notify_source);
	loop_remove(run->oom_source);
	monitor_close(&run->payload_pidfd);
	monitor_close(&run->init_pidfd);
	monitor_close(&run->gate_fd);
	monitor_close(&run->failure_fd);
	monitor_close(&run->executed_fd);
	monitor_close(&run->notify_fd);
	cgroup_oom_close(&run->oom);
	*run = (struct monitor_boot){
		.payload_pidfd = -1,
		.init_pidfd = -1,
		.gate_fd = -1,
		.failure_fd = -1,
		.executed_fd = -1,
		.notify_fd = -1,
		.oom = CGROUP_OOM_NONE,
	};
}

static void fail(struct monitor *monitor, const struct error *err)
{
	ending_boot_failed(monitor, err);
}

static void on_init_end(struct loop_source *source, uint32_t events, void *data)
{
	(void)source;
	(void)events;
	ending_init_died(data);
}

static void watch_init(struct monitor *monitor)
{
	monitor->run.init_source = loop_add(monitor->loop, monitor->run.init_pidfd, EPOLLIN, on_init_end, monitor);
}

/* Tells the payload that the guest lives and it can become the keeper; pidfd_send_signal(2) with PID 1's pid as the value. */
static void settle_payload(struct monitor *monitor)
{
	siginfo_t info = {.si_signo = PAYLOAD_SETTLE_SIGNAL, .si_code = SI_QUEUE};

	info.si_pid = getpid();
	info.si_value.sival_int = monitor->boot.init.pid;
	syscall(SYS_pidfd_send_signal, monitor->run.payload_pidfd, PAYLOAD_SETTLE_SIGNAL, &info, 0);
}

/* The payload was in the guest's cgroup of such a hierarchy until PID 1 was born there. */
static int free_payload(struct monitor *monitor, struct error *err)
{
	autorelease(cgroup_hidden_release) struct cgroup_hidden hidden = {0};

	cgroup_hidden_load(&monitor->cgroups, &hidden);
	return cgroup_hidden_leave(&hidden, monitor->run.payload_pid, err);
}

/* The stub's report is there: PID 1 is the guest's own program now, or it never will be. */
static void finish_start(struct monitor *monitor)
{
	struct error error = {0};

	if (stub_finish(monitor->run.executed_fd, &error) < 0) {
		fail(monitor, &error);
		return;
	}
	loop_remove(monitor->run.executed_source);
	loop_remove(monitor->run.payload_source);
	monitor->run.executed_source = monitor->run.payload_source = NULL;
	monitor_close(&monitor->run.executed_fd);
	monitor->run.init_kind = init_detect(monitor->boot.init.pid);
	monitor->boot.init_kind = xstrdup(init_language(monitor->run.init_kind)->name);
	monitor->boot.started_ns = clock_real_ns();
	monitor_set_phase(monitor, BOOT_RUNNING);
	event_log(monitor->id, monitor->spec.name, "start", "pid=%d", monitor->boot.init.pid);
	watch_init(monitor);
	health_begin(monitor);
	follow_update(monitor);
	unit_announce(monitor);
	server_started(monitor);
	if (!init_language(monitor->run.init_kind)->speaks_notify)
		notify_set_ready(monitor);
	stop_continue(monitor);
}

static void on_executed(struct loop_source *source, uint32_t events, void *data)
{
	(void)source;
	(void)events;
	finish_start(data);
}

static int send_order(struct monitor *monitor, struct error *err)
{
	autorelease(confinement_release) struct confinement confinement = {.label_fd = -1};
	autorelease(strings_release) struct strings environment = {0};
	/* An init hands its console to those that it starts: a remapped one could not take it back from itself (ioctl_tty(2), TIOCSCTTY). */
	int terminal = init_is_name(monitor->spec.command.items[0]) ? STUB_CONSOLE : STUB_CONSOLE | STUB_TERMINAL;
	struct stub_order order = {
		.flags = STUB_MAKE_DIRECTORY | (monitor->spec.has_tty ? terminal : 0),
		.arguments = &monitor->spec.command,
		.environment = &environment,
		.groups = &monitor->spec.groups,
		.working_directory = monitor->spec.working_directory,
		.user = monitor->spec.user,
	};

	int r;

	confinement_environment(&monitor->spec, &monitor->boot, true, &environment);
	r = confinement_prepare(&monitor->spec, &monitor->boot, monitor->boot.init.pid, &confinement, &order, err);
	return r < 0 ? r : stub_send(monitor->run.gate_fd, &order, err);
}

static int greet_stub(struct monitor *monitor, pid_t pid, struct error *err)
{
	struct process_id init;
	int r = procfs_identify(pid, &init, err);

	if (r == 0)
		r = procfs_open_pidfd(&init, &monitor->run.init_pidfd, err);
	if (r < 0)
		return r;
	monitor->boot.init = (struct boot_process){.pid = init.pid, .start_time = init.start_time};
	monitor_set_phase(monitor, BOOT_STARTING);
	r = free_payload(monitor, err);
	if (r < 0)
		return r;
	settle_payload(monitor);
	return prepare_guest(monitor, err);
}

/* Once all is prepared and PID 1 has the parent that will see its end, it may begin. */
static void release_stub(struct monitor *monitor)
{
	struct error error = {0};

	if (!monitor->run.is_prepared || !monitor->run.is_settled)
		return;
	if (send_order(monitor, &error) < 0)
		fail(monitor, &error);
	else
		monitor->run.executed_source =
			loop_add(monitor->loop, monitor->run.executed_fd, EPOLLIN, on_executed, monitor);
}

static void on_prestart_done(struct monitor *monitor, const struct error *err)
{
	if (err) {
		fail(monitor, err);
		return;
	}
	monitor->run.is_prepared = true;
	release_stub(monitor);
}

static void on_gate(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;
	struct error error = {0};
	pid_t pid;
	int r;

	(void)events;
	loop_remove(source);
	monitor->run.gate_source = NULL;
	r = stub_await(monitor->run.gate_fd, &monitor->run.executed_fd, &pid, &error);
	/* The stub is gone with its parent: that one's report, or its end, says why. */
	if (r == -ECHILD)
		return;
	if (r == 0)
		r = greet_stub(monitor, pid, &error);
	if (r < 0) {
		fail(monitor, &error);
		return;
	}
	hooks_run(monitor, SPEC_HOOK_PRESTART, on_prestart_done);
	stop_abort_start(monitor);
}

/* Closed without a report: the payload became the keeper, or it died, which has an event of its own. */
static void on_failure_report(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;
	struct error error = {0};
	ssize_t length = read(monitor->run.failure_fd, &error, sizeof(error));

	(void)events;
	if (length == sizeof(error) && error.code < 0) {
		fail(monitor, &error);
		return;
	}
	loop_remove(source);
	monitor->run.failure_source = NULL;
	monitor_close(&monitor->run.failure_fd);
	monitor->run.is_settled = true;
	release_stub(monitor);
}

static bool is_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return fd >= 0 && poll(&poll_fd, 1, 0) > 0;
}

static void on_payload_end(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;
	struct error error = {0};

	(void)events;
	if (is_readable(monitor->run.failure_fd) && read(monitor->run.failure_fd, &error, sizeof(error)) == sizeof(error) &&
	    error.code < 0) {
		fail(monitor, &error);
		return;
	}
	/* A PID 1 that ended at once takes the keeper with it; the stub's report was there before. */
	if (monitor->run.executed_source && is_readable(monitor->run.executed_fd)) {
		loop_remove(source);
		monitor->run.payload_source = NULL;
		finish_start(monitor);
		return;
	}
	error_set(&error, -ECHILD, "the process that starts the guest was killed");
	fail(monitor, &error);
}

static void __attribute__((noreturn)) execute_payload(struct monitor *monitor, const int *fds, const int *standard)
{
	autofree char *program = paths_program("syscontainer-payload"),
		      *console = xasprintf("%d", console_number(monitor->console)),
		      *profile = confinement_profile(&monitor->spec, &monitor->config);
	char *const argv[] = {(char *)"syscontainer-payload", monitor->id, console, profile, NULL};
	int moved[PAYLOAD_FD_END];
	sigset_t none;

	for (int fd = PAYLOAD_FD_STUB; fd < PAYLOAD_FD_END; fd++)
		moved[fd] = fds[fd] < 0 ? -1 : fcntl(fds[fd], F_DUPFD_CLOEXEC, PAYLOAD_FD_END);
	for (int i = 0; i < 3; i++)
		dup2(standard[i], i);
	for (int fd = PAYLOAD_FD_STUB; fd < PAYLOAD_FD_END; fd++) {
		if (moved[fd] < 0)
			close(fd);
		else
			dup2(moved[fd], fd);
	}
	/* execve(2) keeps what is ignored. */
	for (int number = 1; number < SIGRTMIN; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(program, argv);
	_exit(125);
}

struct boot_fds {
	int fds[PAYLOAD_FD_END]; /* what the payload gets; those that are only for it are closed here afterwards */
	int failure_fd, gate_fd; /* ours */
	int standard[3];
};

static void boot_fds_release(struct boot_fds *fds)
{
	static const int only_for_payload[] = {PAYLOAD_FD_STUB, PAYLOAD_FD_GATE, PAYLOAD_FD_REPORT, PAYLOAD_FD_HOST,
					       PAYLOAD_FD_ROOTFS};

	for (size_t i = 0; i < ARRAY_SIZE(only_for_payload); i++)
		monitor_close(&fds->fds[only_for_payload[i]]);
	monitor_close(&fds->failure_fd);
	monitor_close(&fds->gate_fd);
}

static int open_pairs(struct boot_fds *fds, struct error *err)
{
	int pair[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set_errno(err, "cannot make a socket");
	fds->gate_fd = pair[0];
	fds->fds[PAYLOAD_FD_GATE] = pair[1];
	if (setsockopt(fds->gate_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return error_set_errno(err, "cannot set SO_PASSCRED");
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_set_errno(err, "cannot make a pipe");
	fds->failure_fd = pair[0];
	fds->fds[PAYLOAD_FD_REPORT] = pair[1];
	return 0;
}

/* Which container it is that has our tree; the lock itself does not say. */
static void name_user_of_rootfs(const struct monitor *monitor, struct error *err)
{
	autorelease(strings_release) struct strings ids = {0};

	if (registry_list(&ids, NULL) < 0)
		return;
	for (size_t i = 0; i < ids.count; i++) {
		autorelease(spec_release) struct spec spec = {0};

		if (strcmp(ids.items[i], monitor->id) == 0 || control_find_monitor(ids.items[i]) == 0 ||
		    spec_load(ids.items[i], &spec, NULL) < 0)
			continue;
		if (strcmp(spec.rootfs, monitor->spec.rootfs) == 0)
			error_append(err, ", %s", spec.name);
	}
}

static int open_fds(struct monitor *monitor, struct boot_fds *fds, struct error *err)
{
	int r = rootfs_lock(monitor->spec.rootfs, &fds->fds[PAYLOAD_FD_ROOTFS], err);

	if (r == -EBUSY)
		name_user_of_rootfs(monitor, err);
	if (r < 0)
		return r;
	if (!rootfs_is_image(monitor->spec.rootfs)) {
		r = rootfs_check(monitor->spec.rootfs, &monitor->spec, err);
		if (r < 0)
			return r;
	}
	fds->fds[PAYLOAD_FD_STUB] = r = stub_open_program(err);
	if (r < 0)
		return r;
	fds->fds[PAYLOAD_FD_HOST] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (fds->fds[PAYLOAD_FD_HOST] < 0)
		return error_set_errno(err, "cannot open our own process");
	r = notify_listen(monitor->id, &monitor->run.notify_fd, err);
	if (r == 0)
		r = console_open(monitor, err);
	if (r == 0)
		r = open_pairs(fds, err);
	if (r < 0)
		return r;
	fds->fds[PAYLOAD_FD_NOTIFY] = monitor->run.notify_fd;
	console_pass(monitor->console, fds->fds, fds->standard);
	return 0;
}

static int start_payload(struct monitor *monitor, struct error *err)
{
	autorelease(boot_fds_release) struct boot_fds fds;
	struct process_id payload = {0};
	autofree char *exit_file = paths_run_container(monitor->id, PAYLOAD_EXIT_FILE);
	pid_t pid;
	int r;

	memset(&fds, -1, sizeof(fds)); /* -1 in every int */
	unlink(exit_file);
	r = open_fds(monitor, &fds, err);
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0)
		execute_payload(monitor, fds.fds, fds.standard);
	if (pid < 0)
		return error_set_errno(err, "cannot fork");
	console_forget_guest_ends(monitor->console);
	monitor->run.payload_pid = pid;
	/* Nobody else reaps it: the pid is its own even if it has failed and ended already, and then its report says why. */
	r = procfs_identify(pid, &payload, err);
	if (r < 0)
		return r;
	monitor->run.payload_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (monitor->run.payload_pidfd < 0)
		return error_set_errno(err, "cannot open process %d", pid);
	monitor->boot.keeper = (struct boot_process){.pid = pid, .start_time = payload.start_time};
	monitor->run.gate_fd = steal_fd(&fds.gate_fd);
	monitor->run.failure_fd = steal_fd(&fds.failure_fd);
	return 0;
}

static void watch_start(struct monitor *monitor)
{
	struct monitor_boot *run = &monitor->run;

	run->gate_source = loop_add(monitor->loop, run->gate_fd, EPOLLIN, on_gate, monitor);
	run->failure_source = loop_add(monitor->loop, run->failure_fd, EPOLLIN, on_failure_report, monitor);
	run->payload_source = loop_add(monitor->loop, run->payload_pidfd, EPOLLIN, on_payload_end, monitor);
	notify_watch(monitor);
}

/* A daemon.json that somebody just breaks shall not keep a guest from its reboot. */
static void reload_config(struct monitor *monitor)
{
	struct config config;
	struct error error = {0};

	if (config_load(&config, &error) < 0) {
		monitor_complain(monitor, &error);
		return;
	}
	config_release(&monitor->config);
	monitor->config = config;
}

static int begin(struct monitor *monitor, struct error *err)
{
	int r = monitor_reload_spec(monitor, err); /* each boot is a full start from the spec as it is now */

	if (r == 0)
		r = hooks_load(monitor, err);
	if (r == 0)
		r = hook_check_programs(&monitor->hooks.of_boot, err);
	if (r < 0)
		return r;
	reload_config(monitor);
	confinement_settle(&monitor->spec, &monitor->config, &monitor->boot);
	r = start_payload(monitor, err);
	if (r < 0)
		return r;
	watch_start(monitor);
	monitor_set_phase(monitor, BOOT_STARTING);
	/* Written while liblxc works. From here on a crash of everything leaves a container that should run and does not. */
	monitor->state.was_started = monitor->state.should_run = true;
	monitor->state.was_stopped_by_user = false;
	monitor->state.was_out_of_memory = false;
	monitor->state.started_ns = clock_real_ns();
	free(steal_ptr(monitor->state.error));
	return state_save(monitor->id, &monitor->state, err);
}

void boot_begin(struct monitor *monitor)
{
	struct error error = {0};

	loop_remove(monitor->restart_timer);
	monitor->restart_timer = NULL;
	boot_release(&monitor->boot);
	monitor->run.is_active = true;
	event_log(monitor->id, monitor->spec.name, "starting", "%s", "");
	if (begin(monitor, &error) < 0)
		fail(monitor, &error);
}

/* The keeper of a start that was not finished is still liblxc: nobody can finish it without the stub's socket, so it ends. */
static int adopt_guest(struct monitor *monitor, struct error *err)
{
	struct process_id init = boot_process_id(&monitor->boot.init), keeper = boot_process_id(&monitor->boot.keeper);

	if (procfs_open_pidfd(&keeper, &monitor->run.payload_pidfd, NULL) < 0)
		monitor->run.payload_pidfd = -1;
	if (monitor->boot.phase == BOOT_STARTING || monitor->boot.phase == BOOT_RESTARTING)
		return 1;
	if (procfs_open_pidfd(&init, &monitor->run.init_pidfd, NULL) < 0)
		return 1;
	/* A guest without a console is better than one without a monitor. */
	if (console_adopt(monitor, monitor->run.payload_pidfd, err) < 0)
		monitor_complain(monitor, err);
	if (monitor->run.payload_pidfd >= 0)
		monitor->run.notify_fd = (int)syscall(SYS_pidfd_getfd, monitor->run.payload_pidfd, PAYLOAD_FD_NOTIFY, 0);
	return 0;
}

/* A pause, or the end of one, that the dead monitor did not get to write down is taken back. */
static void settle_freezer(struct monitor *monitor)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec);
	struct error error = {0};

	if (cgroup_freeze(&monitor->cgroups, cgroup, monitor->boot.phase == BOOT_PAUSED, MONITOR_FREEZE_TIMEOUT_MS, &error) <
	    0)
		monitor_complain(monitor, &error);
}

int boot_adopt(struct monitor *monitor, struct error *err)
{
	int r;

	monitor->run.is_active = true;
	r = adopt_guest(monitor, err);
	if (r != 0)
		return r;
	settle_freezer(monitor);
	monitor->run.init_kind = init_kind_of_name(monitor->boot.init_kind);
	watch_init(monitor);
	oom_watch(monitor);
	if (monitor->run.notify_fd >= 0)
		notify_watch(monitor);
	/* What follows on_executed()'s record of the running guest may not have been done; twice does no harm, the keeper blocks the signal. */
	if (monitor->run.payload_pidfd >= 0)
		settle_payload(monitor);
	if (!init_language(monitor->run.init_kind)->speaks_notify)
		notify_set_ready(monitor);
	health_adopt(monitor);
	follow_update(monitor);
	unit_announce(monitor);
	/* A stop that the dead monitor was asked for is over; whoever asked was told. */
	if (monitor->boot.phase == BOOT_STOPPING)
		monitor_set_phase(monitor, monitor->boot.is_ready ? BOOT_READY : BOOT_RUNNING);
	event_log(monitor->id, monitor->spec.name, "adopt", "pid=%d", monitor->boot.init.pid);
	return 0;
}
