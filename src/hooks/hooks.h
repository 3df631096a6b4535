/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of syscontainer-hooks: what this manager does itself around each boot. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "model/spec.h"

/* The container that the hook was called for. */
struct hooks_container {
	struct spec spec;
	pid_t init_pid; /* PID 1 as the host sees it; 0 at poststop */
};

/* modules.c: loads what KERNEL_MODULES names; all of it must be there before the first is loaded. */
int hooks_load_modules(const struct hooks_container *container, struct error *err);
/* attachments.c: plugs in what the spec has, before the guest's first program. */
int hooks_plug(const struct hooks_container *container, struct error *err);
/* attachments.c: makes a running guest agree with what the host has of its disks now. */
int hooks_follow(const struct hooks_container *container, struct error *err);
/* attachments.c: takes home what belongs to the host. */
int hooks_retrieve(const struct hooks_container *container, struct error *err);
