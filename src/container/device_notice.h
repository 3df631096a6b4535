/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling a guest that a device came or went: the uevent that its udevd, or whoever listens there, would hear from the kernel of a machine of its own. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "container/plug.h"

struct device_notice {
	bool is_block;
	dev_t number;
	const char *path;    /* where the node is in the guest */
	const char *devpath; /* of one that may be gone: what device_notice_devpath() gave while it was there; may be NULL */
};

/* Where /sys has the device ("/devices/pci0000:00/.../block/sdb"): to be kept, as the kernel forgets it with the device. NULL when it is not there. The caller frees. */
char *device_notice_devpath(bool is_block, dev_t number);
/*
 * `action` is "add", "change" or "remove": what is true by now, so when a node is there, and when it is gone. Nothing is said where nobody of the guest's own would hear it:
 * in a network that it shares with the host or another container, at boot before its first program, and of a device that /sys does not show.
 */
int device_notice_send(const struct plug *plug, const char *action, const struct device_notice *notice, struct error *err);
