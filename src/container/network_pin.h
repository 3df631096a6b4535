/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network namespace of a guest that has NICs of ours, held by a mount of it at RUN/ID/netns. Without that it would die with the guest's last process, and
 * take along or return half of what was lent to it, before we can take it back.
 */
#pragma once

#include "base/error.h"
#include "container/plug.h"

/*
 * The guest's network namespace; after the end of PID 1 the pinned one. 0: there is none any more, and *ret_fd is negative. The caller closes.
 * -EPERM when the guest is in the host's.
 */
int network_pin_open(const struct plug *plug, int *ret_fd, struct error *err);
/* Holds that one from now on, if it was not held yet. Only for what is on record: poststop looks for nothing else. */
int network_pin_hold(const struct plug *plug, int namespace_fd, struct error *err);
/* Lets it go; none is fine. */
int network_pin_remove(const struct plug *plug, struct error *err);
