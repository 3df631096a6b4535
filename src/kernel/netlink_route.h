/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes of a network namespace. ip-route(8) */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/strings.h"
#include "kernel/netlink.h"

/* One of the main table, to hosts or networks (unicast). */
struct netlink_route {
	struct ip destination; /* the host's part zero; a prefix of 0 is the default route */
	struct ip gateway;     /* family 0: none, the destination is on the link */
	struct ip source;      /* that packets get which have none; family 0: the kernel's choice */
	int index;             /* of the link; 0: that on which the gateway is */
};

/* -EEXIST when there is one to the same destination, be it the same route or not. */
int netlink_route_add(struct netlink *netlink, const struct netlink_route *route, struct error *err);
/* Exactly this one; that there is none is fine. */
int netlink_route_remove(struct netlink *netlink, const struct netlink_route *route, struct error *err);
/* 1: exactly this one is there (of a route without a link or a source, with any); 0: it is not. */
int netlink_route_exists(struct netlink *netlink, const struct netlink_route *route, struct error *err);

/*
 * Those of all tables that lead through the link and do not come by themselves with its addresses or from a router, as texts for netlink_route_restore(). Not those with
 * several next hops.
 */
int netlink_route_save(struct netlink *netlink, int index, struct strings *kept, struct error *err);
/* In an order in which each finds the one that it needs. One that is there is fine; the first failure is reported when all were tried. */
int netlink_route_restore(struct netlink *netlink, int index, const struct strings *kept, struct error *err);
