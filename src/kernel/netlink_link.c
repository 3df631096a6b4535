/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the messages about links. */
#include "kernel/netlink_link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "kernel/netlink_message.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif
#define PARENT_DEVICE_NAME 56 /* IFLA_PARENT_DEV_NAME; headers before Linux 5.14 do not have it */
#define ATTRIBUTE_MAX      64

void netlink_link_release(struct netlink_link *link)
{
	strings_release(&link->alternative_names);
	*link = (struct netlink_link){0};
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static void copy_text(struct nlattr *attribute, char *target, size_t size)
{
	if (attribute)
		nla_strlcpy(target, attribute, size);
}

static void copy_number(struct nlattr *attribute, uint32_t *target)
{
	if (attribute && nla_len(attribute) >= (int)sizeof(*target))
		*target = nla_get_u32(attribute);
}

static void copy_index(struct nlattr *attribute, int *target)
{
	if (attribute && nla_len(attribute) >= (int)sizeof(*target))
		*target = nla_get_s32(attribute);
}

static void copy_mac(struct nlattr *attribute, struct mac *target)
{
	size_t length = attribute ? (size_t)nla_len(attribute) : 0;

	if (length == 0 || length > sizeof(target->bytes))
		return;
	memcpy(target->bytes, nla_data(attribute), length);
	target->length = length;
}

static void copy_names(struct nlattr *list, struct strings *names)
{
	struct nlattr *attribute;
	int left;

	if (!list)
		return;
	nla_for_each_nested(attribute, list, left)
	{
		char name[NETLINK_ALTERNATIVE_NAME_MAX];

		if (nla_type(attribute) != IFLA_ALT_IFNAME)
			continue;
		copy_text(attribute, name, sizeof(name));
		strings_append(names, name);
	}
}

static void copy_kind(struct nlattr *information, struct netlink_link *link)
{
	struct nlattr *attributes[IFLA_INFO_MAX + 1];

	if (information && nla_parse_nested(attributes, IFLA_INFO_MAX, information, NULL) == 0)
		copy_text(attributes[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
}

static void read_link(struct nlmsghdr *answer, struct netlink_link *ret_link)
{
	struct nlattr *attributes[ATTRIBUTE_MAX + 1];
	const struct ifinfomsg *header;

	*ret_link = (struct netlink_link){.lower_number = -1};
	if (answer->nlmsg_type != RTM_NEWLINK || nlmsg_parse(answer, sizeof(*header), attributes, ATTRIBUTE_MAX, NULL) < 0)
		return;
	header = nlmsg_data(answer);
	ret_link->index = header->ifi_index;
	ret_link->is_up = (header->ifi_flags & IFF_UP) != 0;
	ret_link->has_carrier = (header->ifi_flags & IFF_RUNNING) != 0;
	copy_text(attributes[IFLA_IFNAME], ret_link->name, sizeof(ret_link->name));
	copy_names(attributes[IFLA_PROP_LIST], &ret_link->alternative_names);
	copy_kind(attributes[IFLA_LINKINFO], ret_link);
	copy_text(attributes[PARENT_DEVICE_NAME], ret_link->parent, sizeof(ret_link->parent));
	copy_mac(attributes[IFLA_ADDRESS], &ret_link->mac);
	copy_mac(attributes[IFLA_PERM_ADDRESS], &ret_link->permanent_mac);
	copy_number(attributes[IFLA_MTU], &ret_link->mtu);
	copy_number(attributes[IFLA_TXQLEN], &ret_link->queue_length);
	copy_index(attributes[IFLA_MASTER], &ret_link->master);
	copy_index(attributes[IFLA_LINK], &ret_link->lower);
	copy_index(attributes[IFLA_LINK_NETNSID], &ret_link->lower_number);
}

static void visit_one(struct nlmsghdr *answer, void *data)
{
	struct netlink_link *link = data;

	if (answer && !link->index)
		read_link(answer, link);
}

static void visit_each(struct nlmsghdr *answer, void *data)
{
	struct netlink_links *links = data;

	if (!answer) {
		netlink_links_release(links);
		return;
	}
	links->items = xreallocarray(links->items, links->count + 1, sizeof(*links->items));
	read_link(answer, &links->items[links->count]);
	links->count += links->items[links->count].index != 0;
}

void netlink_links_release(struct netlink_links *links)
{
	for (size_t i = 0; i < links->count; i++)
		netlink_link_release(&links->items[i]);
	free(links->items);
	*links = (struct netlink_links){0};
}

int netlink_link_list(struct netlink *netlink, struct netlink_links *ret_links, struct error *err)
{
	const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
	automessage struct nl_msg *message = netlink_message(RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
	struct netlink_links links = {0};
	int r;

	netlink_put_number(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = netlink_ask(netlink, message, visit_each, &links, err);
	if (r < 0) {
		netlink_links_release(&links);
		return error_prefix(err, "cannot list links");
	}
	*ret_links = links;
	return 0;
}

static int find(struct netlink *netlink, struct nl_msg *message, struct netlink_link *ret_link, struct error *err)
{
	struct netlink_link link = {0};
	struct error error = {0};
	int r;

	netlink_put_number(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = netlink_ask(netlink, message, visit_one, &link, &error);
	if (r < 0) {
		netlink_link_release(&link);
		return r == -ENODEV ? 0 : error_set(err, r, "%s", error.message);
	}
	*ret_link = link;
	return link.index != 0;
}

int netlink_link_find(struct netlink *netlink, const char *name, struct netlink_link *ret_link, struct error *err)
{
	const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
	automessage struct nl_msg *message = netlink_message(RTM_GETLINK, 0, &header, sizeof(header));
	int r;

	if (!*name || strlen(name) >= NETLINK_ALTERNATIVE_NAME_MAX)
		return 0;
	/* The kernel looks for alternative names behind the first attribute too, and kernels before 5.5 know no other. */
	netlink_put_string(message, strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	r = find(netlink, message, ret_link, err);
	return r < 0 ? error_prefix(err, "cannot look for the link %s", name) : r;
}

int netlink_link_find_index(struct netlink *netlink, int index, struct netlink_link *ret_link, struct error *err)
{
	const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	automessage struct nl_msg *message = netlink_message(RTM_GETLINK, 0, &header, sizeof(header));
	int r;

	if (index <= 0)
		return 0;
	r = find(netlink, message, ret_link, err);
	return r < 0 ? error_prefix(err, "cannot look for link number %d", index) : r;
}

/* --- making and removing -------------------------------------------------------------------------------------------- */

static void put_link(struct nl_msg *message, const struct netlink_new_link *link);

static void put_peer(struct nl_msg *message, const struct netlink_new_link *peer)
{
	const struct ifinfomsg header = {0};
	struct nlattr *nest = nla_nest_start(message, VETH_INFO_PEER);

	nlmsg_append(message, (void *)&header, sizeof(header), NLMSG_ALIGNTO);
	put_link(message, peer);
	nla_nest_end(message, nest);
}

static void put_kind(struct nl_msg *message, const struct netlink_new_link *link)
{
	struct nlattr *information = nla_nest_start(message, IFLA_LINKINFO), *data;
	const uint16_t vlan = (uint16_t)link->vlan, ipvlan_mode = IPVLAN_MODE_L2;

	netlink_put_string(message, IFLA_INFO_KIND, link->kind);
	data = nla_nest_start(message, IFLA_INFO_DATA);
	if (link->peer)
		put_peer(message, link->peer);
	else if (strcmp(link->kind, "macvlan") == 0)
		netlink_put_number(message, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	else if (strcmp(link->kind, "ipvlan") == 0)
		netlink_put(message, IFLA_IPVLAN_MODE, &ipvlan_mode, sizeof(ipvlan_mode));
	else if (strcmp(link->kind, "vlan") == 0)
		netlink_put(message, IFLA_VLAN_ID, &vlan, sizeof(vlan));
	nla_nest_end(message, data);
	nla_nest_end(message, information);
}

static void put_link(struct nl_msg *message, const struct netlink_new_link *link)
{
	netlink_put_string(message, IFLA_IFNAME, link->name);
	if (link->namespace_fd >= 0)
		netlink_put_number(message, IFLA_NET_NS_FD, (uint32_t)link->namespace_fd);
	if (link->lower)
		netlink_put_number(message, IFLA_LINK, (uint32_t)link->lower);
	if (link->mac)
		netlink_put(message, IFLA_ADDRESS, link->mac->bytes, link->mac->length);
	if (link->mtu)
		netlink_put_number(message, IFLA_MTU, link->mtu);
	if (link->queue_length >= 0)
		netlink_put_number(message, IFLA_TXQLEN, (uint32_t)link->queue_length);
	if (link->master)
		netlink_put_number(message, IFLA_MASTER, (uint32_t)link->master);
}

int netlink_link_create(struct netlink *netlink, const struct netlink_new_link *link, struct error *err)
{
	const struct ifinfomsg header = {0};
	automessage struct nl_msg *message =
		netlink_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));

	put_link(message, link);
	put_kind(message, link);
	if (netlink_ask(netlink, message, NULL, NULL, err) < 0)
		return error_prefix(err, "cannot make the %s link %s", link->kind, link->name);
	return 0;
}

int netlink_link_delete(struct netlink *netlink, int index, struct error *err)
{
	const struct ifinfomsg header = {.ifi_index = index};
	automessage struct nl_msg *message = netlink_message(RTM_DELLINK, 0, &header, sizeof(header));
	struct error error = {0};
	int r = netlink_ask(netlink, message, NULL, NULL, &error);

	return r == 0 || r == -ENODEV ? 0 : error_set(err, r, "cannot delete link number %d: %s", index, error.message);
}

/* --- changing ------------------------------------------------------------------------------------------------------- */

int netlink_link_change(struct netlink *netlink, int index, const struct netlink_link_change *change, struct error *err)
{
	const struct ifinfomsg header = {.ifi_index = index,
					 .ifi_flags = change->is_up && *change->is_up ? IFF_UP : 0,
					 .ifi_change = change->is_up ? IFF_UP : 0};
	automessage struct nl_msg *message = netlink_message(RTM_NEWLINK, 0, &header, sizeof(header));

	if (change->mac)
		netlink_put(message, IFLA_ADDRESS, change->mac->bytes, change->mac->length);
	if (change->mtu)
		netlink_put_number(message, IFLA_MTU, change->mtu);
	if (change->name)
		netlink_put_string(message, IFLA_IFNAME, change->name);
	if (change->master)
		netlink_put_number(message, IFLA_MASTER, (uint32_t)*change->master);
	if (change->queue_length >= 0)
		netlink_put_number(message, IFLA_TXQLEN, (uint32_t)change->queue_length);
	return netlink_ask(netlink, message, NULL, NULL, err);
}

int netlink_link_move(struct netlink *netlink, int index, int namespace_fd, const char *name, struct error *err)
{
	const struct ifinfomsg header = {.ifi_index = index};
	automessage struct nl_msg *message = netlink_message(RTM_NEWLINK, 0, &header, sizeof(header));

	netlink_put_number(message, IFLA_NET_NS_FD, (uint32_t)namespace_fd);
	netlink_put_string(message, IFLA_IFNAME, name);
	return netlink_ask(netlink, message, NULL, NULL, err);
}

static int change_names(struct netlink *netlink, int type, int flags, int index, const char *name, int fine,
			struct error *err)
{
	const struct ifinfomsg header = {.ifi_index = index};
	automessage struct nl_msg *message = netlink_message(type, flags, &header, sizeof(header));
	struct nlattr *list = nla_nest_start(message, IFLA_PROP_LIST);
	struct error error = {0};
	int r;

	netlink_put_string(message, IFLA_ALT_IFNAME, name);
	nla_nest_end(message, list);
	r = netlink_ask(netlink, message, NULL, NULL, &error);
	return r == 0 || r == fine ? 0 : error_set(err, r, "cannot change the alternative name %s: %s", name, error.message);
}

int netlink_link_add_name(struct netlink *netlink, int index, const char *name, struct error *err)
{
	struct netlink_link link = {0};
	bool is_there;

	if (netlink_link_find(netlink, name, &link, NULL) == 1) {
		is_there = link.index == index;
		netlink_link_release(&link);
		if (is_there)
			return 0;
	}
	return change_names(netlink, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, index, name, 0, err);
}

int netlink_link_remove_name(struct netlink *netlink, int index, const char *name, struct error *err)
{
	return change_names(netlink, RTM_DELLINKPROP, 0, index, name, -ENOENT, err);
}
