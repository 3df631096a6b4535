/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's side of --host-channel: a directory with a tmpfs on it, made for one container and removed with it. */
#pragma once

#include "base/error.h"
#include "model/spec.h"

/* All do nothing for a container without one. A channel is known by its tmpfs' name, which has the container's id in it. */

/* Before the container is made: nothing may be at its path, and the size may be half of memory at most. */
int host_channel_check(const struct spec_host_channel *channel, struct error *err);
/* With the container: makes the directory, and those above it that are missing. -EEXIST when somebody was faster. */
int host_channel_make(const struct spec *spec, struct error *err);
/* At each start: mounts the tmpfs unless it is there already (it is gone with the host's boot), and returns a detached copy of its mount. */
int host_channel_open(const struct spec *spec, struct error *err);
/* With the container: unmounts it and removes the directory, unless somebody else has put something there. Absent is fine. */
int host_channel_remove(const struct spec *spec, struct error *err);
