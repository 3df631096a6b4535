/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks as cgroup files name them. */
#pragma once

#include "base/error.h"
#include "kernel/cgroup.h"

/*
 * "8:16" for a block device's path on the host; symbolic links are followed. -EINVAL for what is no block device and for a
 * partition: the kernel limits whole disks. The caller frees.
 */
int cgroup_disk_number(const struct cgroup_host *host, const char *path, char **ret_number, struct error *err);
