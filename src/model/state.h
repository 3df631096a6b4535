/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened to a container (state.json, survives the host's reboot) and what it is doing now (boot.json, in /run). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/schema.h"
#include "kernel/procfs.h"
#include "model/ulimit.h"

#define STATE_VERSION 1

/* How a boot ended whose end nobody saw. */
#define STATE_EXIT_CODE_LOST 255
#define STATE_REASON_LOST    "lost"

/* What was seen last. Written by the monitor, or by the command that finds the remains of one. */
struct state {
	int version;
	bool was_started; /* false: never yet ("inited") */
	bool should_run;  /* from start until it ends for good; finding it true without a monitor means a crash */
	bool was_stopped_by_user;
	int exit_code;
	char *reason; /* "poweroff", "reboot", "exited", "killed", "stopped", "failed", "lost"; NULL before the first end */
	char *error;  /* why the last start failed */
	int restart_count;
	int failures;                    /* of those the last ones in a row, for on-failure:N */
	int64_t started_ns, finished_ns; /* real time; 0 is never */
	bool was_out_of_memory;
};

enum boot_phase {
	BOOT_STARTING, /* monitor is there, PID 1 does not run yet */
	BOOT_RUNNING,  /* PID 1 was executed */
	BOOT_READY,    /* it said READY=1, or it does not speak the notify protocol */
	BOOT_STOPPING,
	BOOT_RESTARTING, /* between two boots, waiting for the back-off */
	BOOT_PAUSED,
};
extern const char *const boot_phase_names[];

struct boot_process {
	int pid;
	uint64_t start_time;
};

/* One boot, in RUN/ID/boot.json: gone with the host's boot, like what it speaks of. */
struct boot {
	int phase;                  /* enum boot_phase */
	bool is_ready;              /* kept while stopping or paused */
	struct boot_process init;   /* PID 1 as the host sees it */
	struct boot_process keeper; /* its parent, see container/keeper.c */
	char *init_kind;            /* "systemd", "sysvinit", ..., see container/init.h */
	int64_t started_ns;         /* real time of PID 1's exec */
	struct strings environment; /* "KEY=VALUE": what only the guest's --env-target-file has */
	struct strings
		devices; /* rules ("c 1:3 rwm") of all that the guest was started with, see container/device_policy.h */
	/* What exec gives its processes too, whatever the configuration says by then. */
	int mask; /* umask(2) */
	struct ulimits ulimits;
	char *apparmor; /* profile of AppArmor; NULL: none */
};

extern const struct schema state_schema, boot_schema;

int state_load(const char *id, struct state *ret_state, struct error *err);
int state_save(const char *id, const struct state *state, struct error *err);
void state_release(struct state *state);

/* *ret_is_there says whether there is one. */
int boot_load(const char *id, struct boot *ret_boot, bool *ret_is_there, struct error *err);
int boot_save(const char *id, const struct boot *boot, struct error *err);
void boot_release(struct boot *boot);

static inline struct process_id boot_process_id(const struct boot_process *process)
{
	return (struct process_id){.pid = process->pid, .start_time = process->start_time};
}
