/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor of one container: what its parts share. One thread, one loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/text.h"
#include "container/init.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_oom.h"
#include "model/config.h"
#include "model/console_log.h"
#include "model/health.h"
#include "model/spec.h"
#include "model/state.h"

#define MONITOR_FREEZE_TIMEOUT_MS 10000 /* for a guest to stop where it is, and to go on */

struct attendant;
struct client;
struct console;
struct monitor;

/* One boot: from the fork of the payload to the end of PID 1. */
struct monitor_boot {
	bool is_active;
	pid_t payload_pid; /* our child; 0 when it was adopted */
	int payload_pidfd, init_pidfd;
	int gate_fd, failure_fd; /* while starting: the stub's socket, the payload's report */
	int executed_fd;         /* the stub's report */
	int notify_fd;
	bool is_prepared, is_settled; /* prestart hooks are over, the payload is the keeper: both, and PID 1 may begin */
	struct loop_source *gate_source, *failure_source, *payload_source, *init_source, *executed_source, *notify_source,
		*oom_source;
	struct cgroup_oom oom;
	int64_t oom_told_ms; /* monotonic; 0: not yet */
	enum init_kind init_kind;
};

/* A request to end, until PID 1 has ended. */
struct monitor_stop {
	bool is_wanted, was_asked, was_killed;
	bool is_for_host;   /* which goes down; no user wants it */
	int64_t timeout_ms; /* negative: for ever */
	char *signal;       /* the request's own; NULL */
	pid_t command;      /* our last child that runs init's stop command; 0: none yet */
	struct loop_source *ask_timer, *kill_timer;
	struct text remains; /* what had to be killed */
};

/* How a boot ended, until that is dealt with. */
struct monitor_ending {
	int exit_code;
	const char *reason;
	bool is_reboot;
	struct error failure; /* of a boot that never ran */
};

struct monitor_hooks {
	struct spec_hooks of_boot; /* the daemon-wide ones first */
	bool is_running;
	enum spec_hook_stage stage;
	size_t next;
	struct attendant *attendant;
	void (*on_done)(struct monitor *monitor, const struct error *err);
};

struct monitor_health {
	struct health now; /* as in health.json */
	struct loop_source *timer;
	struct attendant *probe;
	int64_t probe_start_ns;
	bool has_ended_guest;
};

struct monitor_follow {
	int fd; /* of the kernel's events; open while `source` is there */
	struct loop_source *source, *timer;
	struct attendant *attendant;
	bool is_due; /* something happened while it worked */
};

/* What the host's systemd, if there is one, is told. */
struct monitor_unit {
	bool is_joined; /* we are the main process of the container's unit */
	int starter_fd; /* which this process starts */
	bool is_ready_held;
	struct attendant *announcement, *question;
};

struct monitor {
	struct loop *loop;
	char *id;
	int lock_fd, listen_fd;
	struct config config;
	struct spec spec;
	struct state state;
	struct boot boot; /* as in boot.json */
	struct cgroup_host cgroups;
	struct monitor_boot run;
	struct monitor_stop stop;
	struct monitor_ending ending;
	struct monitor_hooks hooks;
	struct monitor_health health;
	struct monitor_follow follow;
	struct monitor_unit unit;
	struct console *console;
	struct client *clients;
	struct loop_source *restart_timer;
	int64_t back_off_ms;
	bool is_ending;  /* the loop stops after this round */
	int exit_status; /* our own: not 0 when the container failed */
};

/* main.c */
/* Writes boot.json with this phase. */
void monitor_set_phase(struct monitor *monitor, enum boot_phase phase);
/* A change that must not get lost quietly, but must not end the guest either: goes to events and to the container's log. */
void monitor_complain(struct monitor *monitor, const struct error *err);
void monitor_close(int *fd);
/* The spec as it is on disk now; on failure the one we have stays. */
int monitor_reload_spec(struct monitor *monitor, struct error *err);

/* place.c */
/* Into a cgroup of our own, from that of whoever started us; what cannot be is told and no error. */
void place_enter(struct monitor *monitor);
/* Out of it and away with it: the last thing that is done to cgroups. */
/* To where that process is, which starts the container's unit. */
int place_join(struct monitor *monitor, pid_t pid, struct error *err);
void place_leave(struct monitor *monitor);

/* boot.c: each is one step; failures come back through ending_boot_failed(). */
void boot_begin(struct monitor *monitor);
/* Takes over what a dead monitor left: 0 the guest runs and is ours, 1 it is dead and must be buried. */
int boot_adopt(struct monitor *monitor, struct error *err);
void boot_close(struct monitor_boot *run);

/* prepare.c */
/* The guest is complete and empty, and its PID 1 is our stub that waits: what must be there before the first program. */
int prepare_guest(struct monitor *monitor, struct error *err);

/* attendant.c */
/* What may take long: done in a process of its own, which ends with everything that it started when it fails, is late or is not wanted any more. */
struct attendant_task {
	/* In that process. 0 is success; what it appends to `out` comes back, some kilobytes of it. */
	int (*run)(void *data, struct text *out, struct error *err);
	void *data;
	int64_t timeout_ms;
	const char *cgroup; /* NULL, or one whose processes are killed at the end, however that comes */
	/* In the monitor, once. A negative result has its error. */
	void (*on_end)(struct monitor *monitor, int result, const char *output, const struct error *err);
};
/* NULL on failure. It is gone when on_end() is called. */
struct attendant *attendant_start(struct monitor *monitor, const struct attendant_task *task, struct error *err);
/* Ends it without on_end(). Takes NULL. */
void attendant_cancel(struct attendant *attendant);

/* hooks.c */
/* Those of daemon.json's file as it is now, then the spec's. On failure the spec's alone. */
int hooks_load(struct monitor *monitor, struct error *err);
/* One after the other. `err` is only given for prestart, whose first failure is the last hook; of the others failures are events and words in the log. */
void hooks_run(struct monitor *monitor, enum spec_hook_stage stage,
	       void (*on_done)(struct monitor *monitor, const struct error *err));
void hooks_cancel(struct monitor *monitor);
bool hooks_run_stage(const struct monitor *monitor, enum spec_hook_stage stage);

/* health.c */
void health_begin(struct monitor *monitor);
void health_adopt(struct monitor *monitor);
/* No probes from here on; and again. */
void health_cancel(struct monitor *monitor);
void health_resume(struct monitor *monitor);

/* follow.c */
/* Something may have happened to the host's disks or to what is plugged in: looks at both, and from here on listens to the kernel if there is a disk to follow. */
void follow_update(struct monitor *monitor);
void follow_cancel(struct monitor *monitor);

/* notify.c */
/* The socket RUN/host/ID/notify, which the guest sees as /run/host/notify. */
int notify_listen(const char *id, int *ret_fd, struct error *err);
void notify_watch(struct monitor *monitor);
void notify_set_ready(struct monitor *monitor);

/* unit.c */
/* The process at the other end starts the container's unit: we go where it is and are the unit's main process from now on. */
int unit_join(struct monitor *monitor, int starter_fd, const char *notify_socket, struct error *err);
/* PID 1 was executed, or adopted: machined and systemd shall know, in the background. */
void unit_announce(struct monitor *monitor);
/* The guest is ready, and those who wait for that are told once the host's tools know it too. */
void unit_ready(struct monitor *monitor);
bool unit_holds_ready(const struct monitor *monitor);
void unit_cancel(struct monitor *monitor);
void unit_tell_phase(struct monitor *monitor);
void unit_tell_end(struct monitor *monitor);
/* We are about to exit, and with us the unit: what its starter has to say of that must not get lost. */
void unit_await_starter(struct monitor *monitor);
/* SIGTERM from the host's PID 1 is a stop. */
void unit_watch(struct monitor *monitor);

/* oom.c */
void oom_watch(struct monitor *monitor);

/* ending.c */
void ending_boot_failed(struct monitor *monitor, const struct error *err);
void ending_init_died(struct monitor *monitor);
/* Of an adopted container whose PID 1 is dead. */
void ending_bury(struct monitor *monitor);
/* A pending restart is given up. */
void ending_cancel_restart(struct monitor *monitor);

/* stop.c */
#define STOP_DEATH_TIMEOUT_MS 90000 /* after SIGKILL; only tasks in the state D need it */
void stop_request(struct monitor *monitor, int64_t timeout_ms, const char *signal);
/* A guest that shall end is not begun: gives a start up whose prestart hooks run. Says whether it did. */
bool stop_abort_start(struct monitor *monitor);
/* PID 1 was executed while a stop was wanted already. */
void stop_continue(struct monitor *monitor);

/* console.c */
int console_open(struct monitor *monitor, struct error *err); /* new ones */
int console_adopt(struct monitor *monitor, int keeper_pidfd, struct error *err);
int console_number(const struct console *console);
/* The descriptors that the payload is born with: ours by enum payload_fd, and PID 1's standard ones. */
void console_pass(const struct console *console, int *ret_fds, int ret_standard[3]);
void console_forget_guest_ends(struct console *console);
/* A line of our own: to the log, and to those who are attached. */
void console_complain(struct monitor *monitor, const char *line, size_t length);
void console_input(struct monitor *monitor, const void *data, size_t length);
void console_end_of_input(struct monitor *monitor);
void console_resize(struct monitor *monitor, unsigned rows, unsigned columns);
/* Stops or goes on reading, because a client does not keep up. */
void console_set_flowing(struct monitor *monitor, bool is_flowing);
/* Reads what is left, writes the log out, closes. */
void console_close(struct monitor *monitor);

/* server.c */
void server_watch(struct monitor *monitor);
void server_add_client(struct monitor *monitor, int fd);
/* Input that the guest does not take yet waits with its clients. */
void server_set_input_flowing(struct monitor *monitor, bool is_flowing);
void server_send_output(struct monitor *monitor, int stream, const void *data, size_t length);
/* Tells everybody who waits: PID 1 was executed, it is ready, it will not come back. */
void server_started(struct monitor *monitor);
void server_ready(struct monitor *monitor);
void server_healthy(struct monitor *monitor);
/* This boot is over and its restart is decided. */
void server_down(struct monitor *monitor);
void server_boot_failed(struct monitor *monitor, const struct error *err);
void server_ended(struct monitor *monitor);
/* PID 1 does not die: nobody shall wait for that for ever. */
void server_stop_failed(struct monitor *monitor, const struct error *err);
