/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is done to plug a NIC into a guest. All of it from the host: nothing of ours runs inside. */
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "container/network_pin.h"
#include "container/nic.h"
#include "container/nic_bridge.h"
#include "container/nic_home.h"
#include "container/nic_link.h"
#include "container/plug.h"
#include "container/plug_route.h"
#include "kernel/netlink_address.h"
#include "kernel/netlink_route.h"

/* --- before ---------------------------------------------------------------------------------------------------------- */

/* What is wanted of the host, and of an eth all that it is there. */
static int look_at_host(const struct nic_wire *wire, struct attached_nic *nic, struct error *err)
{
	struct netlink_link link = {0};
	int r = nic_check_host(wire->host, nic, &link, err);

	if (r == 1 && nic->type == ATTACHED_NIC_ETH)
		r = nic_home_record(wire->host, &link, &nic->now.home, err);
	netlink_link_release(&link);
	return r < 0 ? r : 0;
}

static int look(const struct nic_wire *wire, struct attached_nic *nic, struct error *err)
{
	const struct attached_nic *live = attachments_find(&wire->plug->now.live, ATTACHMENT_NIC, nic);
	struct netlink_link end = {0};
	int r = 0;

	if (live && !attached_nic_is_other_link(live, nic)) {
		/* It is there, and its host's end or link is its own. */
		schema_release(&attached_nic_home_schema, &nic->now.home);
		schema_copy(&attached_nic_home_schema, &live->now.home, &nic->now.home);
		return nic->bridge ? nic_bridge_check(wire->host, nic->bridge, err) : 0;
	}
	if (nic->type == ATTACHED_NIC_VETH)
		r = nic_link_find_host_end(wire, nic, &end, err);
	netlink_link_release(&end);
	return r < 0 ? r : look_at_host(wire, nic, err);
}

static int resolve(struct plug *plug, void *item, struct error *err)
{
	struct attached_nic *nic = item;
	struct nic_wire wire = {.guest_fd = -EBADF};
	int r = nic_check_guest(plug->spec, err);

	if (r == 0 && nic->type == ATTACHED_NIC_ETH)
		r = nic_check_elsewhere(plug->spec->id, nic, err);
	if (r == 0)
		r = nic_wire_open(plug, &wire, err);
	if (r < 0)
		return r;
	r = look(&wire, nic, err);
	nic_wire_release(&wire);
	return r;
}

/* --- what it is set to ------------------------------------------------------------------------------------------------ */

/* Each step makes it so, whatever it was. `old` is what was wanted before; NULL. */
struct setting {
	const struct nic_wire *wire;
	const struct attached_nic *old, *nic;
	const struct netlink_link *link; /* the guest's end, as it was found */
};

static int set_host_end(const struct setting *of, struct error *err)
{
	struct netlink_link_change wanted = NETLINK_LINK_CHANGE_NOTHING;
	struct netlink_link end = {0};
	bool is_up = true;
	int r;

	if (of->nic->type != ATTACHED_NIC_VETH)
		return 0;
	r = nic_link_find_host_end(of->wire, of->nic, &end, err);
	wanted.mtu = (int)end.mtu == of->nic->mtu ? 0 : (uint32_t)of->nic->mtu;
	wanted.queue_length = of->nic->queue_length ? of->nic->queue_length : -1;
	wanted.is_up = &is_up;
	if (r == 1)
		r = netlink_link_change(of->wire->host, end.index, &wanted, err);
	if (r == 0 && (!of->old || strcmp(of->old->bridge ?: "", of->nic->bridge ?: "") != 0)) {
		if (of->old && of->old->bridge)
			nic_bridge_leave(of->wire->host, end.name, of->old->bridge);
		r = nic_bridge_join(of->wire->host, &end, of->nic->bridge, err);
	}
	netlink_link_release(&end);
	return r;
}

static int set_guest_end(const struct setting *of, struct error *err)
{
	struct netlink_link_change wanted = NETLINK_LINK_CHANGE_NOTHING;
	struct mac mac;
	bool is_up = true;
	int r;

	if (of->nic->mac && mac_parse(of->nic->mac, &mac, NULL) == 0 && !mac_is_equal(&mac, &of->link->mac))
		wanted.mac = &mac;
	if ((int)of->link->mtu != of->nic->mtu)
		wanted.mtu = (uint32_t)of->nic->mtu;
	if (of->nic->queue_length && (int)of->link->queue_length != of->nic->queue_length)
		wanted.queue_length = of->nic->queue_length;
	if (!of->old) /* later, its guest may want it down */
		wanted.is_up = &is_up;
	r = netlink_link_change(of->wire->guest, of->link->index, &wanted, err);
	if (r == -ENETDOWN)
		error_append(err, ": the host's link %s, on which it stands, must be up first (ip link set %s up)",
			     of->nic->host, of->nic->host);
	return r;
}

/* Only what was ours goes: the guest may have given it others. */
static int set_addresses(const struct setting *of, struct error *err)
{
	struct ip ip;
	int r = 0;

	for (size_t i = 0; of->old && i < of->old->ips.count && r == 0; i++)
		if (!strings_contain(&of->nic->ips, of->old->ips.items[i]) &&
		    ip_parse_cidr(of->old->ips.items[i], &ip, NULL) == 0)
			r = netlink_address_remove(of->wire->guest, of->link->index, &ip, err);
	for (size_t i = 0; i < of->nic->ips.count && r == 0; i++) {
		r = ip_parse_cidr(of->nic->ips.items[i], &ip, err);
		if (r == 0)
			r = netlink_address_add(of->wire->guest, of->link->index, &ip, err);
	}
	return r;
}

static struct netlink_route default_route(const struct setting *of, const char *gateway)
{
	struct netlink_route route = {.index = of->link->index};

	if (ip_parse(gateway, &route.gateway, NULL) == 0)
		route.destination.family = route.gateway.family;
	return route;
}

static int add_gateway(const struct setting *of, const char *gateway, struct error *err)
{
	const struct netlink_route route = default_route(of, gateway);
	int r = netlink_route_add(of->wire->guest, &route, err);

	if (r == -EEXIST && netlink_route_exists(of->wire->guest, &route, NULL) == 1)
		return 0;
	if (r == -EEXIST)
		error_append(err, "; the guest has another default route");
	return r < 0 ? error_prefix(err, "cannot set the gateway %s", gateway) : 0;
}

static int set_gateways(const struct setting *of, struct error *err)
{
	int r = 0;

	for (size_t i = 0; of->old && i < of->old->gateways.count && r == 0; i++) {
		const struct netlink_route route = default_route(of, of->old->gateways.items[i]);

		if (!strings_contain(&of->nic->gateways, of->old->gateways.items[i]))
			r = netlink_route_remove(of->wire->guest, &route, err);
	}
	for (size_t i = 0; i < of->nic->gateways.count && r == 0; i++)
		r = add_gateway(of, of->nic->gateways.items[i], err);
	return r;
}

/* What the kernel drops with an address or below an MTU is there again. */
static int set_routes(const struct setting *of, struct error *err)
{
	(void)err;
	plug_route_restore(of->wire->plug, of->wire->guest);
	return 0;
}

static int set_all(const struct nic_wire *wire, const struct attached_nic *old, const struct attached_nic *nic,
		   struct error *err)
{
	static int (*const steps[])(const struct setting *of, struct error *err) = {set_host_end, set_guest_end,
										    set_addresses, set_gateways, set_routes};
	struct netlink_link link = {0};
	const struct setting setting = {.wire = wire, .old = old, .nic = nic, .link = &link};
	int r = nic_link_find(wire, nic, &link, err);

	if (r == 0)
		r = error_set(err, -ENODEV, "the guest has taken the link away");
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++) {
		r = fault_point();
		r = r < 0 ? error_set(err, r, "a test wants this to fail") : steps[i](&setting, err);
	}
	netlink_link_release(&link);
	return r < 0 ? r : 0;
}

/* --- steps ------------------------------------------------------------------------------------------------------------ */

/* 1: it is there; 0: it is not, or not as the same link. */
static int is_there(const struct nic_wire *wire, const struct attached_nic *nic, struct error *err)
{
	struct netlink_link link = {0};
	int r = nic_link_find(wire, nic, &link, err);

	netlink_link_release(&link);
	return r;
}

/* From nothing. */
static int attach_new(const struct nic_wire *wire, struct attached_nic *nic, struct error *err)
{
	int r = is_there(wire, nic, err);

	if (r == 0)
		r = nic_link_make(wire, nic, err);
	if (r >= 0)
		r = set_all(wire, NULL, nic, err);
	if (r < 0)
		nic_link_remove(wire, nic, NULL);
	return r;
}

static int change(const struct nic_wire *wire, const struct attached_nic *old, struct attached_nic *nic, struct error *err)
{
	int r;

	if (!nic->now.home.name) /* of a change that was not finished only what is there knows it */
		schema_copy(&attached_nic_home_schema, &old->now.home, &nic->now.home);
	r = is_there(wire, nic, err);
	if (r == 0)
		return attach_new(wire, nic, err);
	if (r == 1)
		r = set_all(wire, old, nic, err);
	if (r < 0)
		set_all(wire, nic, old, NULL);
	return r;
}

/* After a removal that stopped half way. */
static void put_back(const struct nic_wire *wire, const struct attached_nic *nic)
{
	struct attached_nic *again = attachment_copy(ATTACHMENT_NIC, nic);

	attach_new(wire, again, NULL);
	attachment_free(ATTACHMENT_NIC, again);
}

static int replace(const struct nic_wire *wire, const struct attached_nic *old, struct attached_nic *nic, struct error *err)
{
	int r = nic_link_remove(wire, old, err);

	if (r == 0)
		r = attach_new(wire, nic, err);
	if (r < 0)
		put_back(wire, old);
	return r;
}

/* What a killed command may have made of it: it goes, before what should be there comes. */
static int undo_intended(const struct nic_wire *wire, struct attached_nic *nic, struct error *err)
{
	const struct attached_nic *intended = attachments_find(&wire->plug->now.intent, ATTACHMENT_NIC, nic);
	int r;

	if (!wire->plug->is_repair || !intended || attached_nic_is_equal(intended, nic))
		return 0;
	if (attached_nic_is_other_link(intended, nic))
		return nic_link_remove(wire, intended, err);
	r = is_there(wire, nic, err);
	return r == 1 ? set_all(wire, intended, nic, err) : r;
}

static int attach_to(const struct nic_wire *wire, const struct attached_nic *old, struct attached_nic *nic,
		     struct error *err)
{
	int r;

	if (!wire->guest)
		return error_set(err, -ESRCH, "the guest is gone");
	r = network_pin_hold(wire->plug, wire->guest_fd, err);
	if (r == 0)
		r = undo_intended(wire, nic, err);
	if (r < 0)
		return r;
	if (!old)
		return attach_new(wire, nic, err);
	return attached_nic_is_other_link(old, nic) ? replace(wire, old, nic, err) : change(wire, old, nic, err);
}

/* Without a NIC there is nothing to hold. */
static int release_if_last(const struct plug *plug, struct error *err)
{
	return plug->now.live.lists[ATTACHMENT_NIC].count == 0 ? network_pin_remove(plug, err) : 0;
}

static int attach(struct plug *plug, const void *old, void *item, struct error *err)
{
	struct nic_wire wire = {.guest_fd = -EBADF};
	int r = nic_wire_open(plug, &wire, err);

	if (r < 0)
		return r;
	r = attach_to(&wire, old, item, err);
	nic_wire_release(&wire);
	if (r < 0 && !old)
		release_if_last(plug, NULL);
	return r;
}

static int detach(struct plug *plug, const void *item, struct error *err)
{
	struct nic_wire wire = {.guest_fd = -EBADF};
	int r = nic_wire_open(plug, &wire, err);

	if (r < 0)
		return r;
	r = nic_link_remove(&wire, item, err);
	if (r < 0 && wire.guest)
		put_back(&wire, item);
	nic_wire_release(&wire);
	return r < 0 ? r : release_if_last(plug, err);
}

/* After the end of the guest the namespace is held until all of them were taken out of it. */
static int retrieve(struct plug *plug, const void *item, struct error *err)
{
	struct nic_wire wire = {.guest_fd = -EBADF};
	int r = nic_wire_open(plug, &wire, err);

	if (r < 0)
		return r;
	r = nic_link_remove(&wire, item, err);
	nic_wire_release(&wire);
	return r;
}

static int clear(struct plug *plug, struct error *err)
{
	return network_pin_remove(plug, err);
}

const struct plug_kind plug_nic = {
	.resolve = resolve, .attach = attach, .detach = detach, .retrieve = retrieve, .clear = clear};
