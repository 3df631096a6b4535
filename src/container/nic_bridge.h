/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bridges that the host's end of a veth is a port of: of Linux, or of Open vSwitch, which is only asked about names that are no bridge of Linux. */
#pragma once

#include "base/error.h"
#include "kernel/netlink_link.h"

/* Is there a bridge of that name? Says where it was looked for if not. */
int nic_bridge_check(struct netlink *host, const char *bridge, struct error *err);
/* The link becomes a port of it, and of no other; `bridge` NULL: of none. What is so already is fine. */
int nic_bridge_join(struct netlink *host, const struct netlink_link *link, const char *bridge, struct error *err);
/* Before a port is deleted: Open vSwitch would remember it. One that cannot be asked does so, and is no reason to keep the link. */
void nic_bridge_leave(struct netlink *host, const char *name, const char *bridge);
