/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's cgroup hierarchies, and cgroups as paths in all of them at once: v1, hybrid and v2 alike (cgroups(7)). */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"

/*
 * A container has the cgroup "<parent>/<id>" in every hierarchy. It belongs to the host and holds the limits. In
 * it lies "guest", the root of the guest's cgroup namespace, which the guest may write to. All paths here are such
 * paths: absolute in a hierarchy, never made from a guest's words, and refused unless cgroup_path_check() likes
 * them.
 */

/* The cgroup below the container's own one that the guest gets. */
#define CGROUP_GUEST "guest"

struct cgroup_hierarchy {
	char *mount_point;
	char *mounted_root; /* which cgroup is mounted there: "/" unless we are in a container ourselves */
	dev_t device;
	bool is_v2;
	struct strings controllers; /* v1: as mounted, "name=systemd" too; v2: what cgroup.controllers at the top names */
};

struct cgroup_host {
	char *root; /* put in front of every path: "", or a folder that looks like a host (tests) */
	struct cgroup_hierarchy *hierarchies;
	size_t count;
};

/*
 * Reads /proc/self/mountinfo (proc_pid_mountinfo(5)) once; nothing is kept open. A host without any hierarchy is
 * -ENOENT. On a cgroup v2 host the list of controllers is read too. The second form takes all paths below the
 * folder `root`.
 */
int cgroup_host_load(struct cgroup_host *ret_host, struct error *err);
int cgroup_host_load_below(const char *root, struct cgroup_host *ret_host, struct error *err);
void cgroup_host_release(struct cgroup_host *host);

/*
 * The hierarchy with a controller, named as on v1 ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer",
 * "blkio", "pids", "hugetlb", "name=systemd"); NULL when the kernel lacks it. A controller that v1 does not have
 * mounted is looked for on v2, where blkio is called io and cpuacct, devices (by BPF) and freezer are always
 * there.
 */
const struct cgroup_hierarchy *cgroup_find(const struct cgroup_host *host, const char *controller);
/* The same, but a lacking controller is -EOPNOTSUPP with a message that names it and `purpose` ("--pids-limit"). */
int cgroup_require(const struct cgroup_host *host, const char *controller, const char *purpose,
		   const struct cgroup_hierarchy **ret_hierarchy, struct error *err);
/* The v2 tree, with whatever controllers; NULL when none is mounted. */
const struct cgroup_hierarchy *cgroup_find_v2(const struct cgroup_host *host);
/* Does the host have nothing but cgroup v2? */
bool cgroup_is_unified(const struct cgroup_host *host);

#define CGROUP_PATH_MAX (PATH_MAX / 2) /* bytes: what hierarchies and files are called comes to it */
/* -EINVAL unless it is absolute, below the top, no longer than that, and without "", ".", ".." and control characters. */
int cgroup_path_check(const char *path, struct error *err);
/* The cgroup's directory; the caller frees. `path` must be checked. */
char *cgroup_directory(const struct cgroup_hierarchy *hierarchy, const char *path);
/* Is the cgroup there in at least one hierarchy? */
bool cgroup_exists(const struct cgroup_host *host, const char *path);

/*
 * Makes the cgroup and its ancestors (0755, root's) in every hierarchy and fits them for limits: on v1 empty
 * cpusets are filled from the parent (cpuset(7): no task can enter an empty one); on a pure v2 host all ancestors,
 * the top included, hand their controllers down as far as they can, and go on doing so after cgroup_remove(). A
 * hybrid host's v2 tree gets no controllers by this. What is there is left as it is and completed. On failure what
 * was made is removed again. liblxc refuses to start into a limit cgroup that it did not make itself: for
 * containers use it on "<parent>".
 */
int cgroup_create(const struct cgroup_host *host, const char *path, struct error *err);
/* Somebody else made this cgroup for us: cgroup_remove_unused() may remove it, too. */
void cgroup_adopt(const struct cgroup_host *host, const char *path);
/*
 * v2: has every ancestor of the cgroup hand the controller (v1 name) down to it through cgroup.subtree_control;
 * nothing to do on v1. -EBUSY when an ancestor has processes of its own (the "no internal processes" rule of
 * cgroups(7)).
 */
int cgroup_enable_controller(const struct cgroup_hierarchy *hierarchy, const char *path, const char *controller,
			     struct error *err);
/*
 * Removes the cgroup and all below it in every hierarchy; absent is fine. The kernel keeps a cgroup busy for some
 * ms after its last task died: tried for a second in all. -EBUSY with the cgroup's name when processes are still
 * in it.
 */
int cgroup_remove(const struct cgroup_host *host, const char *path, struct error *err);
/*
 * Removes this cgroup and then those above it, as long as cgroup_create() made them or cgroup_adopt() took them, and nothing is in them; anything else is left and is no
 * error. For "<parent>" after the last container.
 */
void cgroup_remove_unused(const struct cgroup_host *host, const char *path);

/*
 * Where a process is, as a path in the hierarchy of `controller` (v1 name); NULL asks name=systemd, or v2 without
 * that. The caller frees *ret_path. -ESRCH for a process that is gone, -ENOENT for one outside of what is mounted.
 */
int cgroup_of_process(const struct cgroup_host *host, pid_t pid, const char *controller, char **ret_path, struct error *err);
/* The same for one hierarchy: asks for the place in the v2 tree beside v1 controllers. */
int cgroup_of_process_in(const struct cgroup_host *host, const struct cgroup_hierarchy *hierarchy, pid_t pid,
			 char **ret_path, struct error *err);
/* The same from the content of a process's /proc/PID/cgroup (cgroups(7)), however long that process lives. */
int cgroup_parse_place(const char *content, const struct cgroup_hierarchy *hierarchy, char **ret_path, struct error *err);
/* Moves us to where that process is, in every hierarchy. */
int cgroup_join(const struct cgroup_host *host, pid_t pid, struct error *err);
/* Is `path` the cgroup `top` or below it? */
bool cgroup_path_is_below(const char *path, const char *top);
