/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the messages about routes. */
#include "kernel/netlink_route.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "kernel/netlink_message.h"

/* --- changing ------------------------------------------------------------------------------------------------------- */

/* A route with the scope of the universe and no gateway would make later gateways "invalid": what is on the link has the link's. */
static struct nl_msg *route_message(int type, int flags, const struct netlink_route *route)
{
	const struct rtmsg header = {
		.rtm_family = (uint8_t)route->destination.family,
		.rtm_dst_len = (uint8_t)route->destination.prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_type = RTN_UNICAST,
		.rtm_scope =
			route->gateway.family || route->destination.family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
	};
	struct nl_msg *message = netlink_message(type, flags, &header, sizeof(header));

	if (route->destination.prefix)
		netlink_put(message, RTA_DST, route->destination.address, ip_size(&route->destination));
	if (route->gateway.family)
		netlink_put(message, RTA_GATEWAY, route->gateway.address, ip_size(&route->gateway));
	if (route->source.family)
		netlink_put(message, RTA_PREFSRC, route->source.address, ip_size(&route->source));
	if (route->index)
		netlink_put_number(message, RTA_OIF, (uint32_t)route->index);
	return message;
}

int netlink_route_add(struct netlink *netlink, const struct netlink_route *route, struct error *err)
{
	automessage struct nl_msg *message = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);

	return netlink_ask(netlink, message, NULL, NULL, err);
}

int netlink_route_remove(struct netlink *netlink, const struct netlink_route *route, struct error *err)
{
	automessage struct nl_msg *message = route_message(RTM_DELROUTE, 0, route);
	struct error error = {0};
	int r = netlink_ask(netlink, message, NULL, NULL, &error);

	return r == 0 || r == -ESRCH || r == -ENODEV ? 0 : error_set(err, r, "%s", error.message);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

/* Routes of one family, of one link when `index` is not 0: newer kernels leave out the others by themselves. */
static int list(struct netlink *netlink, int family, int table, int index,
		void (*visit)(struct nlmsghdr *answer, void *data), void *data, struct error *err)
{
	const struct rtmsg header = {.rtm_family = (uint8_t)family, .rtm_table = (uint8_t)table};
	automessage struct nl_msg *message = netlink_message(RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header));
	struct error error = {0};
	int r;

	if (index)
		netlink_put_number(message, RTA_OIF, (uint32_t)index);
	r = netlink_ask(netlink, message, visit, data, &error);
	/* ENOENT: there is no such table yet; EOPNOTSUPP, EAFNOSUPPORT: a kernel without IPv6 */
	if (r < 0 && r != -ENOENT && r != -EOPNOTSUPP && r != -EAFNOSUPPORT && r != -ENODEV)
		return error_set(err, r, "cannot list routes: %s", error.message);
	return 0;
}

static struct ip ip_of(int family, int prefix, struct nlattr *attribute)
{
	struct ip ip = {.family = family, .prefix = prefix};

	if (attribute && nla_len(attribute) == (int)ip_size(&ip))
		memcpy(ip.address, nla_data(attribute), ip_size(&ip));
	return ip;
}

static bool is_ip(const struct ip *wanted, int family, struct nlattr *attribute)
{
	struct ip found = ip_of(family, wanted->prefix, attribute);

	return attribute && ip_is_equal(wanted, &found);
}

struct search {
	const struct netlink_route *route;
	bool is_found;
};

static bool is_route(const struct netlink_route *route, const struct rtmsg *header, struct nlattr *const *attributes)
{
	struct ip destination = ip_of(header->rtm_family, header->rtm_dst_len, attributes[RTA_DST]);

	return header->rtm_table == RT_TABLE_MAIN && header->rtm_type == RTN_UNICAST &&
	       ip_is_equal(&destination, &route->destination) && (!route->gateway.family) == (!attributes[RTA_GATEWAY]) &&
	       (!route->gateway.family || is_ip(&route->gateway, header->rtm_family, attributes[RTA_GATEWAY])) &&
	       (!route->source.family || is_ip(&route->source, header->rtm_family, attributes[RTA_PREFSRC])) &&
	       (!route->index || (attributes[RTA_OIF] && nla_get_s32(attributes[RTA_OIF]) == route->index));
}

static void visit_search(struct nlmsghdr *answer, void *data)
{
	struct nlattr *attributes[RTA_MAX + 1];
	struct search *search = data;

	if (answer && answer->nlmsg_type == RTM_NEWROUTE &&
	    nlmsg_parse(answer, sizeof(struct rtmsg), attributes, RTA_MAX, NULL) == 0)
		search->is_found |= is_route(search->route, nlmsg_data(answer), attributes);
}

int netlink_route_exists(struct netlink *netlink, const struct netlink_route *route, struct error *err)
{
	struct search search = {.route = route};
	int r = list(netlink, route->destination.family, RT_TABLE_MAIN, route->index, visit_search, &search, err);

	return r < 0 ? r : search.is_found;
}

/* --- keeping -------------------------------------------------------------------------------------------------------- */

struct keeping {
	int index;
	struct strings *kept;
	size_t before; /* how many there were */
};

static bool is_worth_keeping(const struct rtmsg *header, struct nlattr *const *attributes, int index)
{
	return attributes[RTA_OIF] && nla_get_s32(attributes[RTA_OIF]) == index && !attributes[RTA_MULTIPATH] &&
	       header->rtm_table != RT_TABLE_LOCAL && !(header->rtm_flags & RTM_F_CLONED) &&
	       header->rtm_protocol != RTPROT_KERNEL && header->rtm_protocol != RTPROT_REDIRECT &&
	       header->rtm_protocol != RTPROT_RA;
}

static void visit_keep(struct nlmsghdr *answer, void *data)
{
	struct nlattr *attributes[RTA_MAX + 1];
	struct keeping *keeping = data;

	while (!answer && keeping->kept->count > keeping->before)
		strings_remove(keeping->kept, keeping->kept->count - 1);
	if (answer && answer->nlmsg_type == RTM_NEWROUTE &&
	    nlmsg_parse(answer, sizeof(struct rtmsg), attributes, RTA_MAX, NULL) == 0 &&
	    is_worth_keeping(nlmsg_data(answer), attributes, keeping->index))
		strings_append_owned(keeping->kept, netlink_keep(answer));
}

int netlink_route_save(struct netlink *netlink, int index, struct strings *kept, struct error *err)
{
	static const int families[] = {AF_INET, AF_INET6};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families) && r == 0; i++) {
		struct keeping keeping = {.index = index, .kept = kept, .before = kept->count};

		r = list(netlink, families[i], RT_TABLE_UNSPEC, index, visit_keep, &keeping, err);
	}
	return r;
}

static int restore_route(struct netlink *netlink, int index, const char *kept, struct error *err)
{
	automessage struct nl_msg *message = NULL;
	struct nlattr *link;
	struct rtmsg *header;
	int r = netlink_revive(kept, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*header), &message, err);

	if (r < 0)
		return r;
	header = nlmsg_data(nlmsg_hdr(message));
	header->rtm_flags &=
		RTNH_F_ONLINK | RTNH_F_PERVASIVE; /* the others tell of a state that the kernel wants nobody to set */
	link = nlmsg_find_attr(nlmsg_hdr(message), sizeof(*header), RTA_OIF);
	if (link && nla_len(link) == (int)sizeof(index))
		memcpy(nla_data(link), &index, sizeof(index));
	r = netlink_ask(netlink, message, NULL, NULL, err);
	if (r == -EEXIST)
		return 0;
	return r < 0 ? error_prefix(err, "cannot give a route back") : 0;
}

int netlink_route_restore(struct netlink *netlink, int index, const struct strings *kept, struct error *err)
{
	autorelease(strings_release) struct strings left = {0};
	struct error error;
	size_t before;
	int r;

	strings_append_all(&left, kept);
	do {
		r = 0;
		before = left.count;
		for (size_t i = left.count; i-- > 0;) {
			int one = restore_route(netlink, index, left.items[i], &error);

			if (one == 0)
				strings_remove(&left, i);
			r = one < 0 ? one : r;
		}
	} while (left.count > 0 && left.count < before);
	return r < 0 ? error_set(err, r, "%s", error.message) : 0;
}
