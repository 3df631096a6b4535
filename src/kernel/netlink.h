/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A way to the links, addresses and routes of one network namespace: rtnetlink(7). Who holds one acts there without being in it. */
#pragma once

#include "base/error.h"

struct netlink;

/*
 * In the network namespace behind `namespace_fd` (a file of nsfs), or in ours for a negative one. The socket is used with our rights, whatever the
 * namespace's owner has. Nothing that is asked through it waits longer than ten seconds: -ETIMEDOUT. The caller closes.
 */
int netlink_open(int namespace_fd, struct netlink **ret_netlink, struct error *err);
void netlink_close(struct netlink *netlink); /* takes NULL */
static inline void netlink_close_scoped(struct netlink **netlink)
{
	netlink_close(*netlink);
}

/*
 * The number by which the namespace of `netlink` knows that behind `namespace_fd`: what links say of where their other end is (struct netlink_link). Negative: it
 * has none, so no link leads there.
 */
int netlink_namespace_number(struct netlink *netlink, int namespace_fd, int *ret_number, struct error *err);
