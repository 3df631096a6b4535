/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gets mounted into a guest, as the host has it. */
#pragma once

#include "base/error.h"
#include "model/attached_path.h"
#include "model/spec.h"

/*
 * One of the spec's mounts, detached: its attributes, propagation and ids are those that it has in the guest. `userns_fd` is the user namespace by which the
 * ids are shifted, negative when the guest's are the host's. Returns the descriptor, see kernel/mount.h.
 */
int mount_source_open(const struct spec *spec, int userns_fd, const struct spec_mount *mount, struct error *err);
/*
 * The same of a path that is plugged in; `source_fd` is what it was found to be on the host. As a slave it sees what the host mounts there later, if the source lies on a shared
 * mount. Read-only is out of the reach of a guest's root that has ids of its own.
 */
int mount_source_open_path(const struct attached_path *path, int source_fd, int userns_fd, struct error *err);
/*
 * At create: can each source be mounted? A missing directory of a volume (-v) is made, 0750, as users of the reference expect; other missing sources
 * are -ENOENT. Nothing else is changed.
 */
int mount_source_check_all(const struct spec *spec, struct error *err);
