/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nodes of plugged devices in a running guest. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/attachments.h"
#include "model/spec.h"

/* Some of the nodes of one device, and the guest that they are for. */
struct device_guest {
	const struct spec *spec;
	pid_t init;
	int init_pidfd;
	const struct attached_device *device;
	const struct attachments *others; /* what else is plugged in */
	const struct attached_node *const *nodes;
	size_t count;
};

/*
 * Puts them into the guest, with the owner and group that the device asks for as the guest's own files tell them. What is there already stays. On
 * failure none of them is there.
 */
int device_guest_attach(const struct device_guest *guest, struct error *err);
/* Takes them out, wherever the guest has moved them. What is not there is fine. */
int device_guest_detach(const struct device_guest *guest, struct error *err);
