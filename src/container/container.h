/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container to act on: its spec, its state, and what it does right now. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "kernel/cgroup.h"
#include "model/health.h"
#include "model/spec.h"
#include "model/state.h"

enum container_status {
	CONTAINER_INITED, /* made, never started */
	CONTAINER_STARTING,
	CONTAINER_RUNNING,
	CONTAINER_STOPPING, /* PID 1 was asked to end */
	CONTAINER_PAUSED,
	CONTAINER_RESTARTING, /* between two boots */
	CONTAINER_EXITED,
	CONTAINER_BROKEN, /* a state file cannot be read; `problem` says which and why */
};
/* As in State.Status: "inited", "starting", "running", "running" (while stopping), "paused", "restarting", "exited", "broken". */
const char *container_status_name(enum container_status status);

struct container {
	char *id;
	struct spec spec;
	struct state state;
	struct boot boot;     /* of the last boot; zeroed when there is none on this boot of the host */
	struct health health; /* of the last boot, when the spec has a check */
	bool has_boot;
	bool has_monitor;
	bool is_orphan; /* something is left of a boot, but no monitor: container_settle() */
	bool is_cut_off; /* the host went down under it; whether it comes up again is what the host's boot decides: container_bury() */
	enum container_status status;
	struct error problem;
};

/* Loads what there is; never fails: a file that cannot be read makes it CONTAINER_BROKEN. Nothing is changed. */
void container_load(const char *id, struct container *ret_container);
/*
 * Resolves a name, id or prefix, gives an orphan a monitor again (container_settle()), and loads. A broken container is
 * an error that names the file.
 */
int container_open(const char *reference, struct container *ret_container, struct error *err);
void container_release(struct container *container);
/* After another process may have changed it. */
void container_reload(struct container *container);
bool container_is_live(const struct container *container); /* PID 1 may run: starting to restarting */
/* Of a broken container: is there a monitor or a PID 1? */
bool container_has_remains(const struct container *container);
/*
 * Of a container that is broken, or not live, and has no monitor; the caller holds its lock: kills what runs, as far as what can be read tells where it is, and
 * removes its cgroups, also that of a monitor that was killed before it had written anything down, and what the guest saw as /run/host.
 */
int container_end_remains(const struct container *container, struct error *err);
/* Where its monitor is while it is in no unit: PARENT/ID.monitor, or, as a scope is for one boot of the guest, elsewhere. The caller frees. */
char *container_monitor_cgroup(const struct spec *spec);
/* Kills and removes a container's cgroup, spec_cgroup(), and those that liblxc makes beside it. */
int container_end_cgroups(const struct cgroup_host *host, const char *cgroup, struct error *err);

/* Removes the halves of files that killed processes left among those of a container. */
int container_sweep(const char *id, struct error *err);
/* Commands that change a container hold its lock, for as long as they change it; -EWOULDBLOCK after timeout_ms. Close to release. */
int container_lock(const char *id, int timeout_ms, int *ret_fd, struct error *err);
/*
 * For a container without a monitor of which something is left: starts a monitor that adopts the guest, or buries what died and follows the restart policy.
 * Returns when the monitor knows everything again.
 */
int container_settle(const char *id, struct error *err);
/* The same for one that died or was cut off, after which it stays dead, whatever its restart policy says. */
int container_bury(const char *id, struct error *err);
/* For a command that decides itself what becomes of the container: settles an orphan, buries one that was cut off. */
int container_repair(const struct container *container, struct error *err);
