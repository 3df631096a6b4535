/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what a plugged-in NIC may be. */
#include "model/attached_nic.h"

#include <net/if.h>
#include <string.h>

#include "base/ip.h"
#include "base/mac.h"
#include "base/memory.h"

#define LONG_NAME_MAX 127 /* of an alternative name */
#define MTU_MAX       65535
#define QUEUE_MAX     1000000
#define IPS_MAX       64

const char *const attached_nic_types[] = {"veth", "eth", "macvlan", "ipvlan", "vlan", NULL};

#define HOME(member) offsetof(struct attached_nic_home, member)
static const struct schema_field home_fields[] = {
	{.key = "name", .type = SCHEMA_STRING, .offset = HOME(name), .is_omitted_when_empty = true},
	{.key = "alternative-names",
	 .type = SCHEMA_STRINGS,
	 .offset = HOME(alternative_names),
	 .is_omitted_when_empty = true},
	{.key = "kind", .type = SCHEMA_STRING, .offset = HOME(kind), .is_omitted_when_empty = true},
	{.key = "parent", .type = SCHEMA_STRING, .offset = HOME(parent), .is_omitted_when_empty = true},
	{.key = "permanent-mac", .type = SCHEMA_STRING, .offset = HOME(permanent_mac), .is_omitted_when_empty = true},
	{.key = "lower", .type = SCHEMA_INT, .offset = HOME(lower), .is_omitted_when_empty = true},
	{.key = "lower-here", .type = SCHEMA_BOOL, .offset = HOME(is_lower_here), .is_omitted_when_empty = true},
	{.key = "mac", .type = SCHEMA_STRING, .offset = HOME(mac), .is_omitted_when_empty = true},
	{.key = "mtu", .type = SCHEMA_INT, .offset = HOME(mtu), .is_omitted_when_empty = true},
	{.key = "qlen", .type = SCHEMA_INT, .offset = HOME(queue_length), .is_omitted_when_empty = true},
	{.key = "up", .type = SCHEMA_BOOL, .offset = HOME(is_up), .is_omitted_when_empty = true},
	{.key = "master", .type = SCHEMA_STRING, .offset = HOME(master), .is_omitted_when_empty = true},
	{.key = "addresses", .type = SCHEMA_STRINGS, .offset = HOME(addresses), .is_omitted_when_empty = true},
	{.key = "routes", .type = SCHEMA_STRINGS, .offset = HOME(routes), .is_omitted_when_empty = true},
	{.key = "guest-index", .type = SCHEMA_INT, .offset = HOME(guest_index), .is_omitted_when_empty = true},
};
const struct schema attached_nic_home_schema = {sizeof(struct attached_nic_home), home_fields, ARRAY_SIZE(home_fields)};

static const struct schema_field now_fields[] = {
	{.key = "home",
	 .type = SCHEMA_OBJECT,
	 .offset = offsetof(struct attached_nic_now, home),
	 .nested = &attached_nic_home_schema,
	 .is_omitted_when_empty = true},
};
static const struct schema now_schema = {sizeof(struct attached_nic_now), now_fields, ARRAY_SIZE(now_fields)};

#define NIC(member) offsetof(struct attached_nic, member)
static const struct schema_field fields[] = {
	{.key = "type", .type = SCHEMA_ENUM, .offset = NIC(type), .names = attached_nic_types, .is_required = true},
	{.key = "host", .type = SCHEMA_STRING, .offset = NIC(host), .is_omitted_when_empty = true},
	{.key = "guest", .type = SCHEMA_STRING, .offset = NIC(guest), .is_required = true},
	{.key = "ips", .type = SCHEMA_STRINGS, .offset = NIC(ips), .is_omitted_when_empty = true},
	{.key = "mac", .type = SCHEMA_STRING, .offset = NIC(mac), .is_omitted_when_empty = true},
	{.key = "mtu", .type = SCHEMA_INT, .offset = NIC(mtu), .is_omitted_when_empty = true},
	{.key = "qlen", .type = SCHEMA_INT, .offset = NIC(queue_length), .is_omitted_when_empty = true},
	{.key = "bridge", .type = SCHEMA_STRING, .offset = NIC(bridge), .is_omitted_when_empty = true},
	{.key = "gateways", .type = SCHEMA_STRINGS, .offset = NIC(gateways), .is_omitted_when_empty = true},
	{.key = "vlan", .type = SCHEMA_INT, .offset = NIC(vlan), .is_omitted_when_empty = true},
	{.key = "required", .type = SCHEMA_BOOL, .offset = NIC(is_required), .is_omitted_when_empty = true},
	{.key = "now", .type = SCHEMA_OBJECT, .offset = NIC(now), .nested = &now_schema, .is_omitted_when_empty = true},
};
const struct schema attached_nic_schema = {sizeof(struct attached_nic), fields, ARRAY_SIZE(fields)};

/* --- what is typed -------------------------------------------------------------------------------------------------- */

int attached_nic_split_name(const char *text, char **ret_host, char **ret_guest, struct error *err)
{
	const char *colon = strchr(text, ':');
	const char *guest = colon ? colon + 1 : text;

	if (strchr(guest, ':') || !text[0] || strcmp(text, ":") == 0)
		return error_set(err, -EINVAL, "\"%s\" is no name of a NIC; write [HOST:]GUEST", text);
	*ret_host = colon && colon > text ? xstrndup(text, (size_t)(colon - text)) : NULL;
	*ret_guest = *guest ? xstrdup(guest) : NULL;
	return 0;
}

int attached_nic_parse_type(const char *text, int *ret_type, struct error *err)
{
	for (int type = 0; type < ATTACHED_NIC_TYPES; type++) {
		if (strcmp(attached_nic_types[type], text) != 0)
			continue;
		*ret_type = type;
		return 0;
	}
	return error_set(err, -EINVAL, "unsupported type %s; use veth, eth, macvlan, ipvlan or vlan", text);
}

static int check_ip(const char *text, struct ip *ret_ip, struct error *err)
{
	int r = ip_parse_cidr(text, ret_ip, err);

	if (r == 0 && (!ip_is_of_host(ret_ip) || ret_ip->prefix == 0))
		return error_set(err, -EINVAL, "invalid CIDR address: %s (a NIC cannot have it)", text);
	return r;
}

int attached_nic_add_ip(struct attached_nic *nic, const char *text, struct error *err)
{
	struct ip ip;
	int r = check_ip(text, &ip, err);

	if (r == 0)
		strings_append_owned(&nic->ips, ip_format_cidr(&ip));
	return r;
}

static int check_gateway(const char *text, struct ip *ret_ip, struct error *err)
{
	if (ip_parse(text, ret_ip, NULL) < 0 || !ip_is_of_host(ret_ip))
		return error_set(err, -EINVAL, "\"%s\" is no address of a gateway", text);
	return 0;
}

int attached_nic_add_gateway(struct attached_nic *nic, const char *text, struct error *err)
{
	struct ip ip;
	int r = check_gateway(text, &ip, err);

	if (r == 0)
		strings_append_owned(&nic->gateways, ip_format(&ip));
	return r;
}

static int check_mac(const char *text, struct mac *ret_mac, struct error *err)
{
	int r = mac_parse(text, ret_mac, err);

	if (r == 0 && !mac_is_of_link(ret_mac))
		return error_set(err, -EINVAL, "%s cannot be the MAC address of one NIC", text);
	return r;
}

int attached_nic_set_mac(struct attached_nic *nic, const char *text, struct error *err)
{
	struct mac mac;
	int r = check_mac(text, &mac, err);

	if (r < 0)
		return r;
	free(nic->mac);
	nic->mac = mac_format(&mac);
	return 0;
}

/* --- checks --------------------------------------------------------------------------------------------------------- */

/* What the kernel takes, without '%', which it would fill in, what nobody can type, and what programs would take for an option. */
static bool is_link_name(const char *name, size_t max)
{
	if (!*name || *name == '-' || strlen(name) > max || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (*name <= ' ' || *name > '~' || strchr("/:%", *name))
			return false;
	return true;
}

/* These have a meaning below /proc/sys/net. */
static bool is_reserved(const char *name)
{
	return strcmp(name, "lo") == 0 || strcmp(name, "all") == 0 || strcmp(name, "default") == 0;
}

static int check_names(const struct attached_nic *nic, struct error *err)
{
	size_t host_max = nic->type == ATTACHED_NIC_VETH ? IFNAMSIZ - 1 : LONG_NAME_MAX;

	if (!nic->guest || !*nic->guest)
		return error_set(err, -EINVAL, "failed to get container nic name: write --name [HOST:]GUEST");
	if (!is_link_name(nic->guest, IFNAMSIZ - 1) || is_reserved(nic->guest))
		return error_set(
			err, -EINVAL,
			"\"%s\" cannot be the name of a NIC: 1 to 15 visible characters without '/', ':' and '%%', and not lo, all or default",
			nic->guest);
	if (!nic->host && nic->type != ATTACHED_NIC_VETH)
		return error_set(err, -EINVAL, "host nic name input error: a NIC of type %s needs --name HOST:GUEST",
				 attached_nic_types[nic->type]);
	if (nic->host && (!is_link_name(nic->host, host_max) || is_reserved(nic->host)))
		return error_set(err, -EINVAL, "\"%s\" cannot be the name of a link of the host", nic->host);
	if (nic->bridge && !is_link_name(nic->bridge, IFNAMSIZ - 1))
		return error_set(err, -EINVAL, "\"%s\" cannot be the name of a bridge", nic->bridge);
	return 0;
}

static int check_numbers(const struct attached_nic *nic, struct error *err)
{
	if (nic->mtu && nic->mtu < ATTACHED_NIC_MTU_LEAST)
		return error_set(err, -EINVAL, "Mtu must not be less than %d", ATTACHED_NIC_MTU_LEAST);
	if (nic->mtu > MTU_MAX)
		return error_set(err, -EINVAL, "Mtu must not be more than %d", MTU_MAX);
	if (nic->queue_length < 0 || nic->queue_length > QUEUE_MAX)
		return error_set(err, -EINVAL, "Qlen must be 0 to %d", QUEUE_MAX);
	if (nic->type == ATTACHED_NIC_VLAN && (nic->vlan < 1 || nic->vlan > 4094))
		return error_set(err, -EINVAL, "a NIC of type vlan needs --vlan with a number from 1 to 4094");
	return 0;
}

/* What a type cannot have. */
static int check_type(const struct attached_nic *nic, struct error *err)
{
	if (nic->type < 0 || nic->type >= ATTACHED_NIC_TYPES)
		return error_set(err, -EINVAL, "a NIC has an unknown type");
	if (nic->bridge && nic->type != ATTACHED_NIC_VETH)
		return error_set(err, -EINVAL, "for %s type, bridge cannot be set", attached_nic_types[nic->type]);
	if (nic->mac && nic->type == ATTACHED_NIC_ETH)
		return error_set(err, -EINVAL, "the MAC address of a physical NIC (%s) may not be changed",
				 nic->host ? nic->host : "eth");
	if (nic->mac && nic->type == ATTACHED_NIC_IPVLAN)
		return error_set(err, -EINVAL, "a NIC of type ipvlan has the MAC address of the host's link");
	if (nic->vlan && nic->type != ATTACHED_NIC_VLAN)
		return error_set(err, -EINVAL, "for %s type, vlan cannot be set", attached_nic_types[nic->type]);
	return 0;
}

static int check_ips(const struct attached_nic *nic, struct error *err)
{
	struct ip ip, other;
	int r;

	if (nic->ips.count > IPS_MAX)
		return error_set(err, -E2BIG, "a NIC has at most %d addresses", IPS_MAX);
	for (size_t i = 0; i < nic->ips.count; i++) {
		r = check_ip(nic->ips.items[i], &ip, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++)
			if (ip_parse_cidr(nic->ips.items[j], &other, NULL) == 0 && ip_is_equal(&ip, &other))
				return error_set(err, -EEXIST, "the address %s is given twice", nic->ips.items[i]);
	}
	return 0;
}

static int check_gateways(const struct attached_nic *nic, struct error *err)
{
	int family = 0;

	for (size_t i = 0; i < nic->gateways.count; i++) {
		struct ip ip;
		int r = check_gateway(nic->gateways.items[i], &ip, err);

		if (r < 0)
			return r;
		if (i >= 2 || ip.family == family)
			return error_set(err, -EINVAL, "a NIC has one gateway for IPv4 and one for IPv6 at most");
		family = ip.family;
	}
	return 0;
}

int attached_nic_check(const struct attached_nic *nic, struct error *err)
{
	static int (*const checks[])(const struct attached_nic *, struct error *) = {check_type, check_names, check_numbers,
										     check_ips, check_gateways};
	struct mac mac;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(checks) && r == 0; i++)
		r = checks[i](nic, err);
	return r == 0 && nic->mac ? check_mac(nic->mac, &mac, err) : r;
}

/* --- several -------------------------------------------------------------------------------------------------------- */

static bool is_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_list(const struct strings *a, const struct strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* Whose host part is the name of one link that only one NIC can have. */
static bool owns_host_link(const struct attached_nic *nic)
{
	return nic->type == ATTACHED_NIC_VETH || nic->type == ATTACHED_NIC_ETH;
}

/* The same address, be it in networks of different sizes. */
static const char *find_common_ip(const struct attached_nic *a, const struct attached_nic *b)
{
	struct ip one, other;

	for (size_t i = 0; i < a->ips.count; i++)
		for (size_t j = 0; j < b->ips.count; j++)
			if (ip_parse_cidr(a->ips.items[i], &one, NULL) == 0 &&
			    ip_parse_cidr(b->ips.items[j], &other, NULL) == 0 && one.family == other.family &&
			    memcmp(one.address, other.address, sizeof(one.address)) == 0)
				return a->ips.items[i];
	return NULL;
}

static int check_pair(const struct attached_nic *a, const struct attached_nic *b, struct error *err)
{
	const char *ip = find_common_ip(a, b);

	if (strcmp(a->guest, b->guest) == 0)
		return error_set(err, -EEXIST, "interface name conflict: %s", a->guest);
	if (a->host && b->host && (owns_host_link(a) || owns_host_link(b)) && strcmp(a->host, b->host) == 0)
		return error_set(err, -EEXIST, "interface name conflict: %s", a->host);
	if (a->type == ATTACHED_NIC_VLAN && b->type == ATTACHED_NIC_VLAN && a->vlan == b->vlan && is_text(a->host, b->host))
		return error_set(err, -EEXIST, "interface vlan conflict: number %d of %s", a->vlan, a->host);
	if (a->mac && b->mac && strcmp(a->mac, b->mac) == 0)
		return error_set(err, -EEXIST, "interface mac conflict: %s", a->mac);
	return ip ? error_set(err, -EEXIST, "interface ip conflict: %s", ip) : 0;
}

int attached_nics_check(const struct schema_array *nics, struct error *err)
{
	const struct attached_nic *items = nics->items;
	int r = 0;

	for (size_t i = 0; i < nics->count; i++)
		for (size_t j = 0; j < i && r == 0; j++)
			r = check_pair(&items[i], &items[j], err);
	return r;
}

size_t attached_nics_count_physical(const struct schema_array *nics)
{
	const struct attached_nic *items = nics->items;
	size_t count = 0;

	for (size_t i = 0; i < nics->count; i++)
		count += items[i].type == ATTACHED_NIC_ETH;
	return count;
}

bool attached_nic_is_same(const struct attached_nic *a, const struct attached_nic *b)
{
	return strcmp(a->guest, b->guest) == 0;
}

bool attached_nic_is_other_link(const struct attached_nic *a, const struct attached_nic *b)
{
	return a->type != b->type || a->vlan != b->vlan || !is_text(a->host, b->host);
}

bool attached_nic_is_equal(const struct attached_nic *a, const struct attached_nic *b)
{
	return attached_nic_is_same(a, b) && !attached_nic_is_other_link(a, b) && is_list(&a->ips, &b->ips) &&
	       is_list(&a->gateways, &b->gateways) && is_text(a->mac, b->mac) && is_text(a->bridge, b->bridge) &&
	       a->mtu == b->mtu && a->queue_length == b->queue_length && a->is_required == b->is_required;
}

char *attached_nic_describe(const struct attached_nic *nic)
{
	return xasprintf("NIC %s (%s)", nic->guest, attached_nic_types[nic->type]);
}
