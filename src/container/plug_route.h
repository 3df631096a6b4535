/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes that are plugged in stay so when something that they need was taken away for a moment. */
#pragma once

#include "container/plug.h"
#include "kernel/netlink.h"

/* Those of plug->now.live that the guest lost are there again, as far as the kernel takes them. */
void plug_route_restore(const struct plug *plug, struct netlink *guest);
