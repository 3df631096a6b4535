/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Visits a cgroup and all below it, however deep a guest has nested them. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * One visit. `fd` is the cgroup's directory, open for reading and borrowed; `depth` is 0 for the top. A negative
 * return ends the walk and is what cgroup_walk() returns.
 */
typedef int cgroup_visit(int fd, size_t depth, void *data, struct error *err);

struct cgroup_walker {
	cgroup_visit *before; /* on the way down, before the children; may be NULL */
	cgroup_visit *after;  /* on the way up, behind the children; may be NULL */
	/* Called after `after` with the parent's directory, for cgroups below the top only; may be NULL. */
	int (*left)(int parent_fd, const char *name, void *data, struct error *err);
	void *data;
};

/*
 * Walks the tree below the directory. What vanishes meanwhile is passed over; an absent top is -ENOENT without a
 * message. Uses two descriptors and heap, no recursion: the guest decides how deep its tree is, and must not
 * decide about our stack or descriptors.
 */
int cgroup_walk(const char *directory, const struct cgroup_walker *walker, struct error *err);
