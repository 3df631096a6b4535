/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IP addresses of links. ip-address(8) */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/strings.h"
#include "kernel/netlink.h"

struct netlink_address {
	struct ip ip;      /* with the prefix of its network */
	bool is_of_kernel; /* one that IPv6 makes of the link alone (fe80::) */
};

struct netlink_addresses {
	struct netlink_address *items;
	size_t count;
};

/* In the order of the kernel. The caller releases. */
int netlink_address_list(struct netlink *netlink, int index, struct netlink_addresses *ret_addresses, struct error *err);
void netlink_addresses_release(struct netlink_addresses *addresses);

/*
 * The network is reached through the link from then on, as far as it is up. One that is there is fine. An IPv6 address can be used at once: it is not asked
 * around whether somebody else has it.
 */
int netlink_address_add(struct netlink *netlink, int index, const struct ip *ip, struct error *err);
/* One that is not there is fine. */
int netlink_address_remove(struct netlink *netlink, int index, const struct ip *ip, struct error *err);

/*
 * All that the link has, with what the kernel knows of them (flags, scope, lifetimes, peers), as texts for netlink_address_restore(); but for those that IPv6
 * makes by itself. They are appended.
 */
int netlink_address_save(struct netlink *netlink, int index, struct strings *kept, struct error *err);
/* All of them; the first failure is reported when all were tried. */
int netlink_address_restore(struct netlink *netlink, int index, const struct strings *kept, struct error *err);
