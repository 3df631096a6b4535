/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What containers have to do with their host's systemd. All of it goes through the program syscontainer-systemd; where that or systemd is missing, nothing is
 * done and nothing waits.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"
#include "model/spec.h"

/* How "syscontainer-systemd start" ends when it does not work. */
enum host_units_exit {
	HOST_UNITS_FAILED = 1,  /* a unit was started and failed */
	HOST_UNITS_ABSENT = 10, /* there is no such unit, or no systemd that would answer */
	HOST_UNITS_REFUSED,     /* not even begun: a unit that it requires failed, it is masked, the job was canceled, ... */
	HOST_UNITS_PENDING,     /* the time was over first; it goes on */
};

/* Is systemd PID 1 here (sd_booted(3)), and can we talk to it? */
bool host_units_are_there(void);
/* The same for the units syscontainer@NAME.service, which know only the set of containers below the default directories. */
bool host_units_manage_containers(void);
/* "syscontainer@NAME.service"; the caller frees. */
char *host_units_name(const char *container_name);

/* Before a guest in a slice is made: makes its scope, spec_scope(), with that process in it. */
int host_units_make_scope(const struct spec *spec, pid_t pid, struct error *err);
/* The guest in a scope runs: machinectl(1) shall know it. Fine without systemd-machined. */
int host_units_register(const struct spec *spec, pid_t init, struct error *err);
/* Has the container's unit started and does not wait for it. -ENOENT when there is no such unit. */
int host_units_begin(const struct spec *spec, struct error *err);
/* The same for several at once, and waits until all are up; timeout_ms <= 0: for ever. On failure err->exit_status is an enum host_units_exit. */
int host_units_start(const struct strings *container_names, int64_t timeout_ms, struct error *err);
/*
 * Where a container has a unit, that this is enabled is what makes it come up with the host: a link below syscontainer.target.wants, which "systemctl enable" makes and
 * "systemctl is-enabled" looks for. syscontainer.service starts what is there. Otherwise the spec says it (spec_boot.is_enabled).
 */
bool host_units_are_enabled(const char *container_name);
/* Returns whether that changed it; -ENOENT when there is no such unit. */
int host_units_set_enabled(const char *container_name, bool is_enabled, struct error *err);
/* Is the host going down? */
bool host_units_host_is_stopping(void);
