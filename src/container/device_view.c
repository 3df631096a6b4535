/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what the proc view is told of plugged disks. */
#include "container/device_view.h"

#include <sys/sysmacros.h>

#include "base/memory.h"
#include "base/proc_view.h"
#include "model/paths.h"

static void append(const struct attached_device *device, struct proc_view_disks *disks)
{
	if (device->now.type != ATTACHED_BLOCK)
		return;
	for (size_t i = 0; i < device->now.nodes.count; i++) {
		const struct attached_node *node = &device->now.nodes.items[i];

		proc_view_append_disk(disks, makedev((unsigned)node->major, (unsigned)node->minor), node->guest);
	}
}

void device_view_update(const struct plug *plug, const struct attached_device *item)
{
	autorelease(proc_view_disks_release) struct proc_view_disks disks = {
		.init = plug->init.pid,
		.init_start_time = plug->init.start_time,
	};

	for (size_t i = 0; i < plug->now.live.lists[ATTACHMENT_DEVICE].count; i++)
		append(attachments_at(&plug->now.live, ATTACHMENT_DEVICE, i), &disks);
	if (item)
		append(item, &disks);
	proc_view_write_disks(paths_run(), plug->spec->id, &disks, NULL);
}
