/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's configuration in liblxc's words. With payload_main.c the only user of liblxc. */
#pragma once

#include "base/error.h"
#include "container/guest_layout.h"
#include "model/spec.h"

/* Below RUN, which the guest's root may pass through (RUN/ID it may not). All containers share it: each mounts in a mount namespace of its own. */
#define LAUNCH_MOUNT_POINT "root"
#define LAUNCH_IMAGE_POINT "image"

struct lxc_container;

/*
 * A liblxc container, configured in memory only: no text file is written, and of the user's words only the host name and paths that were
 * checked get into it. `rootfs` is a directory, and `layout` what the guest in it needs. `console` is the number of the host's pts that becomes /dev/console.
 * Freed with lxc_container_put().
 */
int launch_configure(const struct spec *spec, const char *rootfs, const struct guest_layout *layout, const char *console,
		     struct lxc_container **ret_lxc, struct error *err);
/* The lines of liblxc's log that say why it failed, newest run only; appended to the error. */
void launch_explain(const struct spec *spec, struct error *err);
