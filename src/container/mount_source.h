/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gets mounted into a guest, as the host has it. */
#pragma once

#include "base/error.h"
#include "model/spec.h"

/*
 * One of the spec's mounts, detached: its attributes, propagation and ids are those that it has in the guest. `userns_fd` is the user namespace by which the
 * ids are shifted, negative when the guest's are the host's. Returns the descriptor, see kernel/mount.h.
 */
int mount_source_open(const struct spec *spec, int userns_fd, const struct spec_mount *mount, struct error *err);
/*
 * At create: can each source be mounted? A missing directory of a volume (-v) is made, 0750, as users of the reference expect; other missing sources
 * are -ENOENT. Nothing else is changed.
 */
int mount_source_check_all(const struct spec *spec, struct error *err);
