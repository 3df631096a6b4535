/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the custody of links of the host. */
#include "container/nic_home.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/netlink_address.h"
#include "kernel/netlink_route.h"

#define NAMES_TRIED 100

static int record_master(struct netlink *host, const struct netlink_link *link, struct attached_nic_home *home,
			 struct error *err)
{
	struct netlink_link master = {0};
	int r = netlink_link_find_index(host, link->master, &master, err);

	/* Open vSwitch takes its ports back by itself, by name; what looks like their master is not their bridge. */
	if (r == 1 && strcmp(master.kind, "openvswitch") != 0)
		home->master = xstrdup(master.name);
	netlink_link_release(&master);
	return r < 0 ? r : 0;
}

int nic_home_record(struct netlink *host, const struct netlink_link *link, struct attached_nic_home *home, struct error *err)
{
	int r;

	home->name = xstrdup(link->name);
	strings_append_all(&home->alternative_names, &link->alternative_names);
	home->kind = xstrdup(link->kind);
	home->parent = xstrdup(link->parent);
	home->permanent_mac = mac_format(&link->permanent_mac);
	home->mac = mac_format(&link->mac);
	home->lower = link->lower;
	home->is_lower_here = link->lower && link->lower_number < 0;
	home->mtu = (int)link->mtu;
	home->queue_length = (int)link->queue_length;
	home->is_up = link->is_up;
	r = record_master(host, link, home, err);
	if (r == 0)
		r = netlink_address_save(host, link->index, &home->addresses, err);
	if (r == 0)
		r = netlink_route_save(host, link->index, &home->routes, err);
	return r < 0 ? error_prefix(err, "cannot note down what %s is on the host", link->name) : 0;
}

/* --- finding -------------------------------------------------------------------------------------------------------- */

static bool is_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* What a link is by nature: no guest can make another one with the same. */
static bool is_same_hardware(const struct attached_nic_home *home, const struct netlink_link *link)
{
	autofree char *permanent = mac_format(&link->permanent_mac);

	return is_text(home->kind, link->kind) && is_text(home->parent, link->parent) &&
	       is_text(home->permanent_mac, permanent) && home->lower == link->lower;
}

static bool has_hardware(const struct attached_nic_home *home)
{
	return !is_text(home->parent, "") || !is_text(home->permanent_mac, "");
}

/* 1 when that one is it; otherwise it is released. */
static int judge(const struct attached_nic_home *home, int r, struct netlink_link *link)
{
	if (r == 1 && is_same_hardware(home, link))
		return 1;
	netlink_link_release(link);
	return r < 0 ? r : 0;
}

static int find_hardware(struct netlink *netlink, const struct attached_nic_home *home, struct netlink_link *ret_link,
			 struct error *err)
{
	struct netlink_links links = {0};
	int r;

	if (!has_hardware(home))
		return 0;
	r = netlink_link_list(netlink, &links, err);
	for (size_t i = 0; r == 0 && i < links.count; i++) {
		if (!is_same_hardware(home, &links.items[i]))
			continue;
		*ret_link = links.items[i];
		links.items[i] = (struct netlink_link){0};
		r = 1;
	}
	netlink_links_release(&links);
	return r;
}

int nic_home_find_on_host(struct netlink *host, const struct attached_nic_home *home, const char *mark,
			  struct netlink_link *ret_link, struct error *err)
{
	int r = judge(home, netlink_link_find(host, mark, ret_link, err), ret_link);

	return r == 0 ? find_hardware(host, home, ret_link, err) : r;
}

/* A guest can make a veth with any number; but not one whose other end is the host's. */
static int check_pair(struct netlink *host, int guest_fd, const struct attached_nic_home *home,
		      const struct netlink_link *link, struct error *err)
{
	struct netlink_link end = {0};
	int number, r;

	if (!home->is_lower_here || strcmp(home->kind, "veth") != 0)
		return 1;
	r = netlink_namespace_number(host, guest_fd, &number, err);
	if (r == 0)
		r = netlink_link_find_index(host, home->lower, &end, err);
	if (r == 1)
		r = end.lower == link->index && end.lower_number == number;
	netlink_link_release(&end);
	return r;
}

int nic_home_find_in_guest(struct netlink *host, struct netlink *guest, int guest_fd, const struct attached_nic_home *home,
			   const char *mark, struct netlink_link *ret_link, struct error *err)
{
	int r = judge(home, netlink_link_find(guest, mark, ret_link, err), ret_link);

	if (r == 0)
		r = judge(home, netlink_link_find_index(guest, home->guest_index, ret_link, err), ret_link);
	if (r == 0)
		r = find_hardware(guest, home, ret_link, err);
	if (r == 1)
		r = check_pair(host, guest_fd, home, ret_link, err);
	if (r != 1)
		netlink_link_release(ret_link);
	return r;
}

/* --- coming home ---------------------------------------------------------------------------------------------------- */

/* 1: nobody has the name, or that link has it already; 0: it is taken. */
static int is_free(struct netlink *host, const char *name, int index, struct error *err)
{
	struct netlink_link link = {0};
	int r = netlink_link_find(host, name, &link, err);
	bool is_taken = r == 1 && link.index != index;

	netlink_link_release(&link);
	return r < 0 ? r : !is_taken;
}

int nic_home_choose_name(struct netlink *host, const struct attached_nic_home *home, int index, char **ret_name,
			 struct error *err)
{
	autofree char *name = xstrdup(home->name);
	int r = is_free(host, name, index, err);

	for (int i = 1; r == 0 && i < NAMES_TRIED; i++) {
		free(name);
		name = xasprintf("%.*s-%d", (int)sizeof(((struct netlink_link *)0)->name) - 4, home->name, i);
		r = is_free(host, name, index, err);
	}
	if (r == 0)
		return error_set(err, -EEXIST, "%s and %d names like it are taken on the host", home->name, NAMES_TRIED - 1);
	if (r == 1)
		*ret_name = steal_ptr(name);
	return r < 0 ? r : 0;
}

struct restoring {
	struct netlink *host;
	const struct netlink_link *link; /* as it came */
	const struct attached_nic_home *home;
};

static int change(const struct restoring *of, const struct netlink_link_change *change, struct error *err)
{
	return netlink_link_change(of->host, of->link->index, change, err);
}

static int restore_mac(const struct restoring *of, struct error *err)
{
	struct netlink_link_change wanted = NETLINK_LINK_CHANGE_NOTHING;
	struct mac mac;

	if (!of->home->mac || mac_parse(of->home->mac, &mac, NULL) < 0 || mac_is_equal(&mac, &of->link->mac))
		return 0;
	wanted.mac = &mac;
	return change(of, &wanted, err);
}

static int restore_mtu(const struct restoring *of, struct error *err)
{
	struct netlink_link_change wanted = NETLINK_LINK_CHANGE_NOTHING;

	wanted.mtu = (uint32_t)of->home->mtu;
	return (int)of->link->mtu == of->home->mtu ? 0 : change(of, &wanted, err);
}

static int restore_queue(const struct restoring *of, struct error *err)
{
	struct netlink_link_change wanted = NETLINK_LINK_CHANGE_NOTHING;

	wanted.queue_length = of->home->queue_length;
	return (int)of->link->queue_length == of->home->queue_length ? 0 : change(of, &wanted, err);
}

static int restore_names(const struct restoring *of, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < of->home->alternative_names.count; i++)
		r = netlink_link_add_name(of->host, of->link->index, of->home->alternative_names.items[i], err);
	return r;
}

static int restore_master(const struct restoring *of, struct error *err)
{
	struct netlink_link_change wanted = NETLINK_LINK_CHANGE_NOTHING;
	struct netlink_link master = {0};
	int index, r;

	if (!of->home->master)
		return 0;
	r = netlink_link_find(of->host, of->home->master, &master, err);
	index = master.index;
	netlink_link_release(&master);
	if (r != 1)
		return r < 0 ? r : error_set(err, -ENODEV, "%s is gone", of->home->master);
	wanted.master = &index;
	return change(of, &wanted, err);
}

static int restore_state(const struct restoring *of, struct error *err)
{
	struct netlink_link_change wanted = NETLINK_LINK_CHANGE_NOTHING;
	bool is_up = of->home->is_up;

	wanted.is_up = &is_up;
	return change(of, &wanted, err);
}

static int restore_addresses(const struct restoring *of, struct error *err)
{
	return netlink_address_restore(of->host, of->link->index, &of->home->addresses, err);
}

static int restore_routes(const struct restoring *of, struct error *err)
{
	return netlink_route_restore(of->host, of->link->index, &of->home->routes, err);
}

void nic_home_restore(struct netlink *host, const struct netlink_link *link, const struct attached_nic_home *home,
		      const char *mark, struct strings *problems)
{
	/* Routes need addresses, and those of IPv6 a link that is up. */
	static const struct {
		const char *name;
		int (*restore)(const struct restoring *of, struct error *err);
	} steps[] = {
		{"MAC address", restore_mac},         {"MTU", restore_mtu},       {"queue length", restore_queue},
		{"alternative names", restore_names}, {"bridge", restore_master}, {"state", restore_state},
		{"addresses", restore_addresses},     {"routes", restore_routes},
	};
	const struct restoring of = {.host = host, .link = link, .home = home};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct error error = {0};

		if (steps[i].restore(&of, &error) < 0)
			strings_appendf(problems, "%s: %s", steps[i].name, error.message);
	}
	netlink_link_remove_name(host, link->index, mark, NULL);
}
