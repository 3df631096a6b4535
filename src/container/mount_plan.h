/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan of a guest's mounts: what mounts.c makes on the host and mount_plan.c carries out in the guest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/spec.h"

struct mount_operation {
	char *target;
	int tree_fd;      /* what is attached there; -1: what is there already, made read-only */
	bool is_locked;   /* its attributes are kept from the guest's root, see kernel/mount_lock.h */
	bool is_optional; /* only where there is something at the target */
	bool is_kernels;  /* a path of /proc or /sys: must be there, and really be theirs */
};

struct mount_plan {
	const struct spec *spec;
	int userns_fd; /* the guest's; -1: its ids are the host's */
	int proc_fd;   /* the host's /proc: the guest's may be anything */
	struct mount_operation *items;
	size_t count;
};

/*
 * Enters the guest's mount and user namespace, so that nothing is done there which its root could not do, and attaches one after the other, those of /proc and
 * /sys last. Targets that the tree has not are made and belong to its root. An error names the target.
 */
int mount_plan_attach(struct mount_plan *plan, pid_t init, int init_pidfd, struct error *err);
