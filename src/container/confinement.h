/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container's processes may do, and what they start with: the same for PID 1 and for exec. */
#pragma once

#include <stdint.h>

#include "base/strings.h"
#include "container/stub_client.h"
#include "model/config.h"
#include "model/spec.h"
#include "model/state.h"

/* In RUN/ID: the filter of this boot as struct sock_filter, made by the payload; absent: there is none. */
#define CONFINEMENT_FILTER "seccomp"
/* The profile of AppArmor that is shipped, etc/apparmor.d: of guests that ask for none, where it is loaded. */
#define CONFINEMENT_APPARMOR "syscontainer-guest"

/* The capabilities (bit N is capability N) that its processes have at most. */
uint64_t confinement_capabilities(const struct spec *spec);
/*
 * The environment of its processes: ours (PATH, container=, ...), then `boot`'s, which is from a file of the guest, then what the spec sets. For PID 1
 * with NOTIFY_SOCKET and container_uuid.
 */
void confinement_environment(const struct spec *spec, const struct boot *boot, bool is_init,
			     struct strings *ret_environment);

/*
 * The path of the profile that a boot with this configuration is filtered by, NULL for none. Caller frees. Making the filter of it is the
 * payload's (container/filter.h).
 */
char *confinement_profile(const struct spec *spec, const struct config *config);
/* What a boot with this configuration gives its processes: fills boot->mask, boot->ulimits and boot->apparmor. The container's own limits win by name. */
void confinement_settle(const struct spec *spec, const struct config *config, struct boot *boot);

/* Does the host have the security module that the spec asks something of? -EOPNOTSUPP says which is missing. */
int confinement_check(const struct spec_security *security, struct error *err);

/* What the kernel is told of one process, beside what struct stub_order borrows. Zeroed is nothing. */
struct confinement {
	struct text filter;
	char *label;
	int label_fd;
};

/*
 * For the waiting stub with this pid: sets its limits, loads filter and label, and fills the order's capabilities, mask, filter and label
 * with them. `confinement` has to live as long as the order and is released by the caller, also after a failure.
 */
int confinement_prepare(const struct spec *spec, const struct boot *boot, pid_t pid, struct confinement *confinement,
			struct stub_order *order, struct error *err);
void confinement_release(struct confinement *confinement);
