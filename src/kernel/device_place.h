/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a node that was plugged in lies in a guest, which may have moved it, covered it, or shown it at other places as well: a node is found by its name
 * (struct device_node), that the kernel's table of mounts tells, and not by where it was put. For functions that run inside of a guest (namespace_run()); `proc_fd`
 * is the host's /proc, because the guest's own may show anything.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "kernel/device_node.h"

/*
 * The node comes to lie at `path`. If there is nothing, a placeholder and directories are made. -EISDIR for a directory, -EEXIST for any other file than the
 * same device, unless it is forced: then that is covered. One that is in the guest already stays where it is. On failure nothing is left but directories.
 */
int device_place_attach(int proc_fd, int root_fd, int node_fd, const struct device_node *node, const char *path,
			bool is_forced, struct error *err);
/*
 * Takes the node with that name off from wherever it is, with the placeholder below it. What lies under something that the guest has mounted over it stays until that
 * goes away; returns how many do.
 */
int device_place_detach(int proc_fd, int root_fd, const char *name, struct error *err);
