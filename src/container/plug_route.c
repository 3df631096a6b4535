/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is done to plug a route into a guest. */
#include "container/plug_route.h"

#include "base/memory.h"
#include "container/nic.h"
#include "kernel/namespace.h"
#include "kernel/netlink_link.h"
#include "kernel/netlink_route.h"

static int resolve(struct plug *plug, void *item, struct error *err)
{
	(void)item;
	return nic_check_guest(plug->spec, err);
}

/* NULL when the guest is gone, and with it its routes. */
static int open_guest(const struct plug *plug, struct netlink **ret_guest, struct error *err)
{
	autoclose int namespace_fd = -EBADF;

	*ret_guest = NULL;
	if (plug->init_pidfd < 0)
		return 0;
	namespace_fd = namespace_open_network(plug->init.pid, plug->init_pidfd, err);
	if (namespace_fd < 0)
		return namespace_fd;
	if (namespace_is_same(-1, namespace_fd))
		return error_set(err, -EPERM, "the guest is in the network of the host");
	return netlink_open(namespace_fd, ret_guest, err);
}

/* 1: it can be; 0: its link is not there. */
static int translate(struct netlink *guest, const struct attached_route *route, struct netlink_route *ret_route,
		     struct error *err)
{
	struct attached_route_ips ips;
	struct netlink_link link = {0};
	int r = attached_route_read(route, &ips, err);

	if (r < 0)
		return r;
	*ret_route = (struct netlink_route){.destination = ips.destination, .gateway = ips.gateway, .source = ips.source};
	if (!*route->device)
		return 1;
	r = netlink_link_find(guest, route->device, &link, err);
	ret_route->index = link.index;
	netlink_link_release(&link);
	return r;
}

static int add(struct netlink *guest, const struct attached_route *item, struct error *err)
{
	struct netlink_route route;
	int r = translate(guest, item, &route, err);

	if (r <= 0)
		return r < 0 ? r
			     : error_set(err, -ENODEV, "failed to get link by name %s: the guest has none", item->device);
	r = netlink_route_add(guest, &route, err);
	if (r == -EEXIST && netlink_route_exists(guest, &route, NULL) == 1)
		return 0;
	if (r == -EEXIST)
		error_append(err, "; the guest has another route to the same destination");
	return r;
}

static int attach(struct plug *plug, const void *old, void *item, struct error *err)
{
	autorelease(netlink_close_scoped) struct netlink *guest = NULL;
	int r = open_guest(plug, &guest, err);

	(void)old; /* two routes that are the same differ in nothing that the kernel knows */
	return r < 0 || !guest ? r : add(guest, item, err);
}

static int detach(struct plug *plug, const void *item, struct error *err)
{
	autorelease(netlink_close_scoped) struct netlink *guest = NULL;
	struct netlink_route route;
	int r = open_guest(plug, &guest, err);

	if (r < 0 || !guest)
		return r;
	r = translate(guest, item, &route, err);
	return r == 1 ? netlink_route_remove(guest, &route, err) : r;
}

void plug_route_restore(const struct plug *plug, struct netlink *guest)
{
	for (size_t i = 0; i < plug->now.live.lists[ATTACHMENT_ROUTE].count; i++)
		add(guest, attachments_at(&plug->now.live, ATTACHMENT_ROUTE, i), NULL);
}

const struct plug_kind plug_route = {.resolve = resolve, .attach = attach, .detach = detach};
