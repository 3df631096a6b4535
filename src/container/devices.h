/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of --device as the host has them now, and how a guest gets them. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/spec.h"

struct device {
	char *guest;             /* where it will be */
	const char *permissions; /* of the spec */
	mode_t mode;
	dev_t number;
};

struct devices {
	struct device *items;
	size_t count;
};

/*
 * Looks at each device of the host, and at those below each directory (no symlinks there; anything else is passed over). -ENODEV for what is no
 * device, and for a directory without any; -ENOENT for what is not there. The result points into `wanted`.
 */
int devices_find(const struct spec_devices *wanted, struct devices *ret_devices, struct error *err);
void devices_release(struct devices *devices);
/* Nodes of all of them into the guest with that PID 1, of which nothing has run yet; they belong to its root. */
int devices_attach(const struct spec *spec, int init_pidfd, pid_t init, struct error *err);
