/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest needs to be given to boot well, by what its tree says of itself. Guests are fitted by what we mount, never by a change of the tree; and the tree is
 * foreign: it is looked at, and nothing of it is run.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "container/init.h"
#include "kernel/cgroup_hidden.h"
#include "model/spec.h"

struct guest_facts {
	enum init_kind init;
	/* Of the tree's systemd, where that is its init; 0 otherwise. GUEST_SYSTEMD_OLD stands for all that are too old to tell. */
	unsigned systemd_version;
};

/* systemd 231 was the first with a library that has the version in its name, 230 the first that lives on v2. */
#define GUEST_SYSTEMD_OLD 229

enum guest_cgroups {
	GUEST_CGROUPS_ANY,     /* it finds its way: its own cgroup namespace of what the host has */
	GUEST_CGROUPS_V2,      /* v2 mounted on /sys/fs/cgroup, and nothing of v1 */
	GUEST_CGROUPS_SYSTEMD, /* v1 name=systemd, and nothing else */
};

struct guest_layout {
	enum guest_cgroups cgroups;
	bool hidden
		[CGROUP_HIDDEN_COUNT]; /* of what is not mounted on the host: where it gets a cgroup, because it needs that or because it could mount it */
	bool has_tty1; /* the console is /dev/tty1 too: where these inits have a login */
};

/* By the program that becomes PID 1 (a name or path, as in the spec) and what lies beside it. A tree that tells nothing has an init of kind INIT_OTHER. */
void guest_facts_find(int root_fd, const char *program, struct guest_facts *ret_facts);
/* The version in "libsystemd-shared-252.so", "libsystemd-shared-255.4-1.fc40.so"; 0 for other names. */
unsigned guest_systemd_version(const char *library);
/* Opens that program as PID 1 would find it, on the PATH that it gets; -ENOENT and the like when it is not there. */
int guest_open_program(int root_fd, const char *program);

/*
 * The decision, of nothing but its arguments. -EOPNOTSUPP, with the reason, when what the guest needs can be had only in a cgroup namespace of its own, and it is to
 * have none.
 */
int guest_layout_decide(const struct guest_facts *facts, const struct cgroup_host *host, const struct spec *spec,
			struct guest_layout *ret_layout, struct error *err);
/* Both for a tree that is mounted at `root_fd`, on this host. */
int guest_layout_find(int root_fd, const struct spec *spec, struct guest_layout *ret_layout, struct error *err);
/* Can it be had? Asks the kernel for what the host has not mounted; nothing is left. */
int guest_layout_check(int root_fd, const struct spec *spec, struct error *err);
