/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host has of a device that is plugged in, or is to be: read anew each time, because numbers change and partitions come and go. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "kernel/cgroup.h"
#include "model/attached_device.h"

/*
 * Fills device->now: type, numbers, partitions that come with it, and a serial unless it has one. -ENOENT when the host has no such file, -ENODEV when it is
 * no device, -EINVAL for partitions of what can have none.
 */
int device_look(struct attached_device *device, struct error *err);
/*
 * Of one that was looked at: the partitions that its disk has now, and that disk by its number, whatever the path leads to by now. Returns 1 when that makes a difference, 0
 * when not, -ENOENT when the host has that disk no more.
 */
int device_look_again(struct attached_device *device, struct error *err);
/* What device->limits need: a whole disk; for a weight also a scheduler that knows weights (-EOPNOTSUPP). After device_look(). */
int device_check_limits(const struct cgroup_host *cgroups, const struct attached_device *device, struct error *err);
/* The number of the device itself. After device_look(). */
dev_t device_number(const struct attached_device *device);
/* That of a path on the host, for limits: -EINVAL for what is no whole disk. */
int device_find_disk(const char *path, dev_t *ret_number, struct error *err);
