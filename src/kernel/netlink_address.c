/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the messages about addresses. */
#include "kernel/netlink_address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "kernel/netlink_message.h"

/* --- reading -------------------------------------------------------------------------------------------------------- */

struct listing {
	int index;
	void (*take)(struct nlmsghdr *answer, const struct ifaddrmsg *header, struct nlattr *const *attributes,
		     void *target);
	void (*forget)(void *target);
	void *target;
};

static void visit_address(struct nlmsghdr *answer, void *data)
{
	const struct listing *listing = data;
	struct nlattr *attributes[IFA_MAX + 1];
	const struct ifaddrmsg *header;

	if (!answer) {
		listing->forget(listing->target);
		return;
	}
	if (answer->nlmsg_type != RTM_NEWADDR || nlmsg_parse(answer, sizeof(*header), attributes, IFA_MAX, NULL) < 0)
		return;
	header = nlmsg_data(answer);
	if ((int)header->ifa_index == listing->index) /* older kernels list those of all links */
		listing->take(answer, header, attributes, listing->target);
}

static int list(struct netlink *netlink, struct listing *listing, struct error *err)
{
	const struct ifaddrmsg header = {.ifa_index = (uint32_t)listing->index};
	automessage struct nl_msg *message = netlink_message(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	struct error error = {0};
	int r = netlink_ask(netlink, message, visit_address, listing, &error);

	if (r < 0 && r != -ENODEV)
		return error_set(err, r, "cannot list addresses: %s", error.message);
	return 0;
}

static uint32_t flags_of(const struct ifaddrmsg *header, struct nlattr *const *attributes)
{
	return attributes[IFA_FLAGS] ? nla_get_u32(attributes[IFA_FLAGS]) : header->ifa_flags;
}

static bool is_made_by_kernel(const struct ifaddrmsg *header, struct nlattr *const *attributes)
{
	return header->ifa_family == AF_INET6 &&
	       (header->ifa_scope == RT_SCOPE_LINK || flags_of(header, attributes) & IFA_F_TEMPORARY);
}

static void take_address(struct nlmsghdr *answer, const struct ifaddrmsg *header, struct nlattr *const *attributes,
			 void *target)
{
	struct nlattr *own = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	struct netlink_address address = {.ip = {.family = header->ifa_family, .prefix = header->ifa_prefixlen},
					  .is_of_kernel = is_made_by_kernel(header, attributes)};
	struct netlink_addresses *addresses = target;

	(void)answer;
	if (!own || (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) ||
	    nla_len(own) != (int)ip_size(&address.ip))
		return;
	memcpy(address.ip.address, nla_data(own), ip_size(&address.ip));
	addresses->items = xreallocarray(addresses->items, addresses->count + 1, sizeof(address));
	addresses->items[addresses->count++] = address;
}

static void forget_addresses(void *target)
{
	netlink_addresses_release(target);
}

void netlink_addresses_release(struct netlink_addresses *addresses)
{
	free(addresses->items);
	*addresses = (struct netlink_addresses){0};
}

int netlink_address_list(struct netlink *netlink, int index, struct netlink_addresses *ret_addresses, struct error *err)
{
	struct netlink_addresses addresses = {0};
	struct listing listing = {.index = index, .take = take_address, .forget = forget_addresses, .target = &addresses};
	int r = list(netlink, &listing, err);

	if (r < 0)
		netlink_addresses_release(&addresses);
	else
		*ret_addresses = addresses;
	return r;
}

/* --- changing ------------------------------------------------------------------------------------------------------- */

static struct nl_msg *address_message(int type, int flags, int index, const struct ip *ip)
{
	const struct ifaddrmsg header = {.ifa_family = (uint8_t)ip->family,
					 .ifa_prefixlen = (uint8_t)ip->prefix,
					 .ifa_index = (uint32_t)index};
	struct nl_msg *message = netlink_message(type, flags, &header, sizeof(header));

	netlink_put(message, IFA_LOCAL, ip->address, ip_size(ip));
	return message;
}

int netlink_address_add(struct netlink *netlink, int index, const struct ip *ip, struct error *err)
{
	automessage struct nl_msg *message = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, ip);
	struct error error = {0};
	int r;

	netlink_put(message, IFA_ADDRESS, ip->address, ip_size(ip));
	if (ip->family == AF_INET6)
		netlink_put_number(message, IFA_FLAGS, IFA_F_NODAD);
	if (ip->family == AF_INET && ip->prefix <= 30) {
		struct ip broadcast = *ip;

		ip_fill_host_part(&broadcast, true);
		netlink_put(message, IFA_BROADCAST, broadcast.address, ip_size(&broadcast));
	}
	r = netlink_ask(netlink, message, NULL, NULL, &error);
	if (r < 0 && r != -EEXIST) {
		autofree char *text = ip_format_cidr(ip);

		return error_set(err, r, "cannot set the address %s: %s", text, error.message);
	}
	return 0;
}

int netlink_address_remove(struct netlink *netlink, int index, const struct ip *ip, struct error *err)
{
	automessage struct nl_msg *message = address_message(RTM_DELADDR, 0, index, ip);
	struct error error = {0};
	int r = netlink_ask(netlink, message, NULL, NULL, &error);

	if (r < 0 && r != -EADDRNOTAVAIL && r != -ENODEV) {
		autofree char *text = ip_format_cidr(ip);

		return error_set(err, r, "cannot take away the address %s: %s", text, error.message);
	}
	return 0;
}

/* --- keeping -------------------------------------------------------------------------------------------------------- */

static void keep_address(struct nlmsghdr *answer, const struct ifaddrmsg *header, struct nlattr *const *attributes,
			 void *target)
{
	if (!is_made_by_kernel(header, attributes))
		strings_append_owned(target, netlink_keep(answer));
}

static void forget_kept(void *target)
{
	strings_release(target);
}

int netlink_address_save(struct netlink *netlink, int index, struct strings *kept, struct error *err)
{
	autorelease(strings_release) struct strings found = {0};
	struct listing listing = {.index = index, .take = keep_address, .forget = forget_kept, .target = &found};
	int r = list(netlink, &listing, err);

	if (r == 0)
		strings_append_all(kept, &found);
	return r;
}

static int restore_address(struct netlink *netlink, int index, const char *kept, struct error *err)
{
	automessage struct nl_msg *message = NULL;
	int r = netlink_revive(kept, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(struct ifaddrmsg), &message, err);

	if (r < 0)
		return r;
	((struct ifaddrmsg *)nlmsg_data(nlmsg_hdr(message)))->ifa_index = (uint32_t)index;
	r = netlink_ask(netlink, message, NULL, NULL, err);
	return r < 0 ? error_prefix(err, "cannot give an address back") : 0;
}

int netlink_address_restore(struct netlink *netlink, int index, const struct strings *kept, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < kept->count; i++) {
		int one = restore_address(netlink, index, kept->items[i], r < 0 ? NULL : err);

		r = r < 0 ? r : one;
	}
	return r;
}
