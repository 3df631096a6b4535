/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the links of plugged-in NICs. */
#include "container/nic_link.h"

#include <fcntl.h>
#include <string.h>

#include "base/memory.h"
#include "container/network_pin.h"
#include "container/nic_bridge.h"
#include "container/nic_home.h"
#include "model/event.h"

/* A link of ours has this alternative name: on the host (of a veth), or in the guest, where it stays when the link is renamed. */
static char *mark_of(const struct nic_wire *wire, const struct attached_nic *nic)
{
	return xasprintf("syscontainer-%.12s-%s", wire->plug->spec->id, nic->guest);
}

/* Linux before 5.5 has no alternative names: then it is known by name and number alone. */
static int set_mark(struct netlink *netlink, int index, const char *mark, struct error *err)
{
	struct error error = {0};
	int r = netlink_link_add_name(netlink, index, mark, &error);

	return r == 0 || r == -EOPNOTSUPP ? 0 : error_set(err, r, "%s", error.message);
}

static int inject_fault(struct error *err)
{
	int r = fault_point();

	return r < 0 ? error_set(err, r, "a test wants this to fail") : 0;
}

int nic_wire_open(const struct plug *plug, struct nic_wire *ret_wire, struct error *err)
{
	struct nic_wire wire = {.plug = plug, .guest_fd = -EBADF};
	int r = network_pin_open(plug, &wire.guest_fd, err);

	if (r == 0)
		r = netlink_open(-EBADF, &wire.host, err);
	if (r == 0 && wire.guest_fd >= 0)
		r = netlink_open(wire.guest_fd, &wire.guest, err);
	if (r < 0)
		nic_wire_release(&wire);
	else
		*ret_wire = wire;
	return r;
}

void nic_wire_release(struct nic_wire *wire)
{
	netlink_close(wire->host);
	netlink_close(wire->guest);
	if (wire->guest_fd >= 0)
		close(wire->guest_fd);
	*wire = (struct nic_wire){.guest_fd = -EBADF};
}

/* --- finding -------------------------------------------------------------------------------------------------------- */

/* Does that end of a pair lead into the guest? */
static int leads_to_guest(const struct nic_wire *wire, const struct netlink_link *link, struct error *err)
{
	int number, r;

	if (wire->guest_fd < 0 || strcmp(link->kind, "veth") != 0 || link->lower_number < 0)
		return 0;
	r = netlink_namespace_number(wire->host, wire->guest_fd, &number, err);
	return r < 0 ? r : link->lower_number == number;
}

int nic_link_find_host_end(const struct nic_wire *wire, const struct attached_nic *nic, struct netlink_link *ret_link,
			   struct error *err)
{
	autofree char *mark = mark_of(wire, nic);
	struct netlink_link link = {0};
	int r = netlink_link_find(wire->host, mark, &link, err);

	if (r == 0) {
		r = netlink_link_find(wire->host, nic->host, &link, err);
		if (r == 1 && leads_to_guest(wire, &link, NULL) != 1)
			r = error_set(err, -EEXIST, "Host has nic with name %s, please choose another one", nic->host);
	}
	if (r == 1)
		*ret_link = link;
	else
		netlink_link_release(&link);
	return r;
}

static int find_veth(const struct nic_wire *wire, const struct attached_nic *nic, struct netlink_link *ret_link,
		     struct error *err)
{
	struct netlink_link end = {0};
	struct error error = {0};
	int r = nic_link_find_host_end(wire, nic, &end, &error);

	if (r == 1)
		r = leads_to_guest(wire, &end, &error);
	if (r == 1)
		r = netlink_link_find_index(wire->guest, end.lower, ret_link, &error);
	netlink_link_release(&end);
	if (r == -EEXIST)
		return 0; /* that one is nothing of ours */
	return r < 0 ? error_set(err, r, "%s", error.message) : r;
}

/* What stands on a link of the host was made in the guest; the guest may have renamed it and taken our mark away. */
static int find_upper(const struct nic_wire *wire, const struct attached_nic *nic, struct netlink_link *ret_link,
		      struct error *err)
{
	autofree char *mark = mark_of(wire, nic);
	int r = netlink_link_find(wire->guest, mark, ret_link, err);

	if (r == 0)
		r = netlink_link_find(wire->guest, nic->guest, ret_link, err);
	if (r == 1 && strcmp(ret_link->kind, attached_nic_types[nic->type]) != 0) {
		netlink_link_release(ret_link);
		r = 0;
	}
	return r;
}

int nic_link_find(const struct nic_wire *wire, const struct attached_nic *nic, struct netlink_link *ret_link,
		  struct error *err)
{
	autofree char *mark = mark_of(wire, nic);

	if (!wire->guest)
		return 0;
	if (nic->type == ATTACHED_NIC_VETH)
		return find_veth(wire, nic, ret_link, err);
	if (nic->type != ATTACHED_NIC_ETH)
		return find_upper(wire, nic, ret_link, err);
	if (!nic->now.home.name)
		return 0;
	return nic_home_find_in_guest(wire->host, wire->guest, wire->guest_fd, &nic->now.home, mark, ret_link, err);
}

/* --- making --------------------------------------------------------------------------------------------------------- */

static int check_free_in_guest(const struct nic_wire *wire, const char *name, struct error *err)
{
	struct netlink_link link = {0};
	int r = netlink_link_find(wire->guest, name, &link, err);

	netlink_link_release(&link);
	return r == 1 ? error_set(err, -EEXIST, "the guest has a link with the name %s already", name) : r;
}

static struct mac mac_of(const struct nic_wire *wire, const struct attached_nic *nic)
{
	autofree char *seed = xasprintf("%s %s", wire->plug->spec->id, nic->guest);
	struct mac mac;

	if (!nic->mac || mac_parse(nic->mac, &mac, NULL) < 0)
		mac = mac_derive(seed);
	return mac;
}

/*
 * The end that stays on the host. It is given an address, as systemd-udevd exchanges one that the kernel chose (MACAddressPolicy=); a high one, as a bridge takes the lowest of its ports for its own; and
 * one that begins so that udev knows our links by it (udev/60-syscontainer.rules).
 */
static struct mac mac_of_host_end(const struct nic_wire *wire, const struct attached_nic *nic)
{
	static const unsigned char prefix[] = {0xfe, 0x73, 0x63};
	autofree char *seed = xasprintf("%s %s host", wire->plug->spec->id, nic->guest);
	struct mac mac = mac_derive(seed);

	memcpy(mac.bytes, prefix, sizeof(prefix));
	return mac;
}

static int make_veth(const struct nic_wire *wire, struct attached_nic *nic, struct error *err)
{
	autofree char *mark = mark_of(wire, nic);
	const struct mac mac = mac_of(wire, nic), host_mac = mac_of_host_end(wire, nic);
	const struct netlink_new_link inner = {.name = nic->guest,
					       .namespace_fd = wire->guest_fd,
					       .mac = &mac,
					       .mtu = (uint32_t)nic->mtu,
					       .queue_length = -1};
	const struct netlink_new_link outer = {.kind = "veth",
					       .name = nic->host,
					       .namespace_fd = -EBADF,
					       .mac = &host_mac,
					       .mtu = (uint32_t)nic->mtu,
					       .queue_length = -1,
					       .peer = &inner};
	struct netlink_link end = {0};
	int r = nic_link_find_host_end(wire, nic, &end, err);

	/* One whose other end the guest has sent elsewhere is of no use any more. */
	if (r == 1)
		r = netlink_link_delete(wire->host, end.index, err);
	netlink_link_release(&end);
	if (r == 0)
		r = netlink_link_create(wire->host, &outer, err);
	if (r == 0)
		r = inject_fault(err);
	if (r == 0)
		r = netlink_link_find(wire->host, nic->host, &end, err);
	if (r == 1)
		r = set_mark(wire->host, end.index, mark, err);
	netlink_link_release(&end);
	return r;
}

static int find_lower(const struct nic_wire *wire, const struct attached_nic *nic, struct netlink_link *ret_link,
		      struct error *err)
{
	int r = netlink_link_find(wire->host, nic->host, ret_link, err);

	return r == 0 ? error_set(err, -ENODEV, "HostNic(%s) not found, please check", nic->host) : r;
}

static int make_upper(const struct nic_wire *wire, struct attached_nic *nic, struct error *err)
{
	autofree char *mark = mark_of(wire, nic);
	const struct mac mac = mac_of(wire, nic);
	const char *kind = attached_nic_types[nic->type];
	struct netlink_new_link upper = {.kind = kind,
					 .name = nic->guest,
					 .namespace_fd = wire->guest_fd,
					 .vlan = nic->vlan,
					 .mac = nic->mac || nic->type == ATTACHED_NIC_MACVLAN ? &mac : NULL,
					 .mtu = (uint32_t)nic->mtu,
					 .queue_length = -1};
	struct netlink_link link = {0};
	int r = find_lower(wire, nic, &link, err);

	upper.lower = link.index;
	netlink_link_release(&link);
	if (r == 1)
		r = netlink_link_create(wire->host, &upper, err);
	if (r == -EOPNOTSUPP)
		error_append(err, "; this kernel has no %s", kind);
	if (r == 0)
		r = inject_fault(err);
	if (r == 0)
		r = netlink_link_find(wire->guest, nic->guest, &link, err);
	if (r == 1)
		r = set_mark(wire->guest, link.index, mark, err);
	netlink_link_release(&link);
	return r;
}

static int move_in(const struct nic_wire *wire, struct attached_nic *nic, struct error *err)
{
	autofree char *mark = mark_of(wire, nic);
	struct netlink_link link = {0};
	int r = find_lower(wire, nic, &link, err);

	if (r == 1)
		r = nic->now.home.name ? 0 : nic_home_record(wire->host, &link, &nic->now.home, err);
	if (r == 0)
		r = set_mark(wire->host, link.index, mark, err);
	if (r == 0)
		r = inject_fault(err);
	if (r == 0 && netlink_link_move(wire->host, link.index, wire->guest_fd, nic->guest, err) < 0)
		r = error_prefix(err, "cannot move %s into the guest", link.name);
	netlink_link_release(&link);
	if (r == 0)
		r = inject_fault(err);
	if (r < 0)
		return r;
	r = nic_home_find_in_guest(wire->host, wire->guest, wire->guest_fd, &nic->now.home, mark, &link, err);
	if (r == 1)
		nic->now.home.guest_index = link.index;
	netlink_link_release(&link);
	return r == 0 ? error_set(err, -ENODEV, "the guest has sent %s elsewhere", nic->guest) : r;
}

int nic_link_make(const struct nic_wire *wire, struct attached_nic *nic, struct error *err)
{
	int r = check_free_in_guest(wire, nic->guest, err);

	if (r < 0)
		return r;
	r = nic->type == ATTACHED_NIC_VETH  ? make_veth(wire, nic, err)
	    : nic->type == ATTACHED_NIC_ETH ? move_in(wire, nic, err)
					    : make_upper(wire, nic, err);
	if (r < 0)
		nic_link_remove(wire, nic, NULL);
	return r < 0 ? r : 0;
}

/* --- removing ------------------------------------------------------------------------------------------------------- */

static int remove_veth(const struct nic_wire *wire, const struct attached_nic *nic, struct error *err)
{
	struct netlink_link end = {0};
	struct error error = {0};
	int r = nic_link_find_host_end(wire, nic, &end, &error);

	if (r == 1) {
		nic_bridge_leave(wire->host, end.name, nic->bridge);
		r = netlink_link_delete(wire->host, end.index, &error);
	}
	netlink_link_release(&end);
	/* What has the name by now and is nothing of ours stays. */
	return r < 0 && r != -EEXIST ? error_set(err, r, "%s", error.message) : 0;
}

static int remove_upper(const struct nic_wire *wire, const struct attached_nic *nic, struct error *err)
{
	struct netlink_link link = {0};
	int r = nic_link_find(wire, nic, &link, err);

	if (r == 1)
		r = netlink_link_delete(wire->guest, link.index, err);
	netlink_link_release(&link);
	return r;
}

/* The host's events tell of what is not as it was. */
static void warn_lost(const struct nic_wire *wire, const struct attached_nic_home *home)
{
	const struct spec *spec = wire->plug->spec;
	struct netlink_link link = {0};

	if (netlink_link_find(wire->host, home->name, &link, NULL) == 0)
		event_log(spec->id, spec->name, "nic_lost", "nic=%s", home->name);
	netlink_link_release(&link);
}

static void warn(const struct nic_wire *wire, const struct attached_nic_home *home, const char *name,
		 const struct strings *problems)
{
	const struct spec *spec = wire->plug->spec;

	if (strcmp(home->name, name) != 0)
		event_log(spec->id, spec->name, "nic_renamed", "nic=%s name=%s", home->name, name);
	for (size_t i = 0; i < problems->count; i++)
		event_log(spec->id, spec->name, "nic_incomplete", "nic=%s lost=%.*s", name,
			  (int)strcspn(problems->items[i], " :"), problems->items[i]);
}

static int move_to_host(const struct nic_wire *wire, const struct netlink_link *link, const struct attached_nic_home *home,
			struct error *err)
{
	autoclose int host_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	autofree char *name = NULL;
	int r;

	if (host_fd < 0)
		return error_set_errno(err, "cannot open our own network namespace");
	r = nic_home_choose_name(wire->host, home, 0, &name, err);
	return r < 0 ? r : netlink_link_move(wire->guest, link->index, host_fd, name, err);
}

static int move_out(const struct nic_wire *wire, const struct attached_nic_home *home, const char *mark, struct error *err)
{
	struct netlink_link link = {0};
	int r = wire->guest ? nic_home_find_in_guest(wire->host, wire->guest, wire->guest_fd, home, mark, &link, err) : 0;

	if (r == 1) {
		set_mark(wire->guest, link.index, mark, NULL); /* the guest may have taken it away */
		r = move_to_host(wire, &link, home, err);
	}
	netlink_link_release(&link);
	return r < 0 ? error_prefix(err, "cannot bring %s home", home->name) : 0;
}

/* The kernel may have given it back by itself, under a name of its choice. */
static int rename_home(const struct nic_wire *wire, const struct attached_nic_home *home, const struct netlink_link *link,
		       char **ret_name, struct error *err)
{
	struct netlink_link_change down = NETLINK_LINK_CHANGE_NOTHING, renamed = NETLINK_LINK_CHANGE_NOTHING;
	bool is_up = false;
	int r = nic_home_choose_name(wire->host, home, link->index, ret_name, err);

	if (r < 0 || strcmp(*ret_name, link->name) == 0)
		return r;
	down.is_up = &is_up;
	renamed.name = *ret_name;
	r = netlink_link_change(wire->host, link->index, &down, err);
	if (r == 0)
		r = netlink_link_change(wire->host, link->index, &renamed, err);
	return r < 0 ? error_prefix(err, "cannot call %s %s again", link->name, *ret_name) : 0;
}

static int bring_home(const struct nic_wire *wire, const struct attached_nic *nic, struct error *err)
{
	const struct attached_nic_home *home = &nic->now.home;
	autorelease(strings_release) struct strings problems = {0};
	autofree char *mark = mark_of(wire, nic), *name = NULL;
	struct netlink_link link = {0};
	int r;

	if (!home->name)
		return 0; /* it never left */
	r = move_out(wire, home, mark, err);
	if (r == 0)
		r = inject_fault(err);
	if (r == 0)
		r = nic_home_find_on_host(wire->host, home, mark, &link, err);
	if (r == 0)
		warn_lost(wire, home);
	if (r == 1) {
		r = rename_home(wire, home, &link, &name, err);
		nic_home_restore(wire->host, &link, home, mark, &problems);
		warn(wire, home, r < 0 ? link.name : name, &problems);
	}
	netlink_link_release(&link);
	return r;
}

int nic_link_remove(const struct nic_wire *wire, const struct attached_nic *nic, struct error *err)
{
	if (nic->type == ATTACHED_NIC_VETH)
		return remove_veth(wire, nic, err);
	return nic->type == ATTACHED_NIC_ETH ? bring_home(wire, nic, err) : remove_upper(wire, nic, err);
}
