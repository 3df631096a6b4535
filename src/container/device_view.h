/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disks that are plugged into a guest as the proc view shows them: /proc/diskstats and /proc/partitions. */
#pragma once

#include "container/plug.h"
#include "model/attached_device.h"

/*
 * After a change: tells the proc view of all block devices of plug->now.live, and of `item` (may be NULL), which is about to be there too. That the guest has a device does not
 * depend on whether it is shown, so a failure is none.
 */
void device_view_update(const struct plug *plug, const struct attached_device *item);
