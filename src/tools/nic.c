/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the commands of plugged NICs: add-nic, remove-nic, update-nic. list-nic is in nic_list.c. */
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "container/nic.h"
#include "container/tools_verbs.h"
#include "tools/tools.h"

#define DEFAULT_MTU   1500
#define DEFAULT_QUEUE 1000

static void nic_release(struct attached_nic *nic)
{
	schema_release(&attached_nic_schema, nic);
}

static struct attached_nic *at(const struct attachments *attachments, size_t index)
{
	return attachments_at(attachments, ATTACHMENT_NIC, index);
}

static size_t count_of(const struct attachments *attachments)
{
	return attachments->lists[ATTACHMENT_NIC].count;
}

/* --- what add-nic and update-nic have in common ----------------------------------------------------------------------- */

/* Empty values count as not given: scripts write them. */
struct options {
	char *type, *name, *mac, *bridge;
	struct strings ips, gateways;
	int64_t mtu, queue_length, vlan;
	bool is_mtu_given, is_queue_given, is_required, is_config_only;
};

#define NAME_ROW(argument_, help_) \
	{ \
		.name = "name", .type = OPTION_STRING, .offset = offsetof(struct options, name), .argument = (argument_), \
		.help = (help_) \
	}
#define TYPE_ROW(help_) \
	{ \
		.name = "type", .type = OPTION_STRING, .offset = offsetof(struct options, type), .argument = "TYPE", \
		.help = (help_) \
	}
#define SETTING_ROWS \
	{.name = "ip", \
	 .type = OPTION_STRINGS, \
	 .offset = offsetof(struct options, ips), \
	 .argument = "ADDRESS/BITS", \
	 .help = "an address, IPv4 or IPv6; may be repeated"}, \
		{.name = "mac", \
		 .type = OPTION_STRING, \
		 .offset = offsetof(struct options, mac), \
		 .argument = "MAC", \
		 .help = "hardware address (not of a physical NIC)"}, \
		{.name = "mtu", \
		 .type = OPTION_INTEGER, \
		 .offset = offsetof(struct options, mtu), \
		 .given_offset = offsetof(struct options, is_mtu_given), \
		 .argument = "BYTES", \
		 .help = "largest packet, at least 68 (default: 1500 of a veth, else that of the host's link)"}, \
		{.name = "qlen", \
		 .type = OPTION_INTEGER, \
		 .offset = offsetof(struct options, queue_length), \
		 .given_offset = offsetof(struct options, is_queue_given), \
		 .argument = "PACKETS", \
		 .help = "length of the queue (default: 1000 of a veth, else that of the host's link)"}, \
		{.name = "bridge", \
		 .type = OPTION_STRING, \
		 .offset = offsetof(struct options, bridge), \
		 .argument = "BRIDGE", \
		 .help = "that the host's end of a veth becomes a port of, of Linux or Open vSwitch"}, \
		{.name = "gateway", \
		 .type = OPTION_STRINGS, \
		 .offset = offsetof(struct options, gateways), \
		 .argument = "ADDRESS", \
		 .help = "of the default route; once for IPv4 and once for IPv6"}, \
	{ \
		.name = "update-config-only", .type = OPTION_FLAG, .offset = offsetof(struct options, is_config_only), \
		.help = "record it for the next start and leave the running container alone" \
	}

static const char *given(const char *value)
{
	return value && *value ? value : NULL;
}

static bool has_any(const struct strings *values)
{
	for (size_t i = 0; i < values->count; i++)
		if (*values->items[i])
			return true;
	return false;
}

static int check_numbers(const struct options *options, struct error *err)
{
	if (options->is_mtu_given && options->mtu && (options->mtu < ATTACHED_NIC_MTU_LEAST || options->mtu > INT32_MAX))
		return error_set(err, -EINVAL, "Mtu must not be less than %d", ATTACHED_NIC_MTU_LEAST);
	if (options->queue_length < 0 || options->queue_length > INT32_MAX)
		return error_set(err, -EINVAL, "Qlen must not be less than 0");
	if (options->vlan < 0 || options->vlan > INT32_MAX)
		return error_set(err, -EINVAL, "Vlan must be 1 to 4094");
	return 0;
}

static int apply_lists(const struct options *options, struct attached_nic *nic, struct error *err)
{
	int r = 0;

	if (has_any(&options->ips))
		strings_release(&nic->ips);
	if (has_any(&options->gateways))
		strings_release(&nic->gateways);
	for (size_t i = 0; r == 0 && i < options->ips.count; i++)
		if (*options->ips.items[i])
			r = attached_nic_add_ip(nic, options->ips.items[i], err);
	for (size_t i = 0; r == 0 && i < options->gateways.count; i++)
		if (*options->gateways.items[i])
			r = attached_nic_add_gateway(nic, options->gateways.items[i], err);
	return r;
}

/* What was given replaces what `nic` has. */
static int apply(const struct options *options, struct attached_nic *nic, struct error *err)
{
	int r = check_numbers(options, err);

	if (r == 0)
		r = apply_lists(options, nic, err);
	if (r == 0 && given(options->mac))
		r = attached_nic_set_mac(nic, options->mac, err);
	if (r < 0)
		return r;
	if (given(options->bridge)) {
		free(nic->bridge);
		nic->bridge = xstrdup(options->bridge);
	}
	if (options->mtu)
		nic->mtu = (int)options->mtu;
	if (options->queue_length)
		nic->queue_length = (int)options->queue_length;
	return 0;
}

/* --- add-nic ---------------------------------------------------------------------------------------------------------- */

static const struct option_row add_rows[] = {
	TYPE_ROW("veth, eth (a link of the host goes into the container), macvlan, ipvlan or vlan"),
	NAME_ROW("[HOST:]GUEST",
		 "its name in the container; before the colon the host's link, or a name for the host's end of a veth"),
	SETTING_ROWS,
	{.name = "vlan",
	 .type = OPTION_INTEGER,
	 .offset = offsetof(struct options, vlan),
	 .argument = "NUMBER",
	 .help = "of a vlan, 1 to 4094"},
	{.name = "required",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, is_required),
	 .help = "the container does not start without it"},
	{.name = NULL},
};

static int parse(const struct options *options, struct attached_nic *nic, struct error *err)
{
	int r = attached_nic_parse_type(options->type ? options->type : "", &nic->type, err);

	if (r == 0 && !given(options->name))
		r = error_set(err, -EINVAL, "failed to get container nic name: write --name [HOST:]GUEST");
	if (r == 0)
		r = attached_nic_split_name(options->name, &nic->host, &nic->guest, err);
	if (r == 0)
		r = apply(options, nic, err);
	nic->vlan = (int)options->vlan;
	nic->is_required = options->is_required;
	return r == 0 ? attached_nic_check(nic, err) : r;
}

/* What was not given is as the host has it. */
static void take_from_host(const struct netlink_link *link, struct attached_nic *nic)
{
	if (!nic->mtu)
		nic->mtu = link->mtu <= INT32_MAX ? (int)link->mtu : 0;
	if (!nic->queue_length)
		nic->queue_length = link->queue_length <= INT32_MAX ? (int)link->queue_length : 0;
}

static int complete_veth(struct netlink *host, const struct container *container, struct attached_nic *nic,
			 struct error *err)
{
	struct attached_nic without_bridge = {.type = ATTACHED_NIC_VETH, .host = nic->host};
	struct netlink_link link = {0};

	nic->mtu = nic->mtu ? nic->mtu : DEFAULT_MTU;
	nic->queue_length = nic->queue_length ? nic->queue_length : DEFAULT_QUEUE;
	if (!nic->host)
		return nic_choose_host_name(host, container->spec.name, &nic->host, err);
	return nic_check_host(host, &without_bridge, &link, err); /* a bridge may come before the next start */
}

static int complete(const struct container *container, struct attached_nic *nic, struct error *err)
{
	autorelease(netlink_close_scoped) struct netlink *host = NULL;
	struct netlink_link link = {0};
	int r = netlink_open(-1, &host, err);

	if (r < 0 || nic->type == ATTACHED_NIC_VETH)
		return r < 0 ? r : complete_veth(host, container, nic, err);
	r = nic_check_host(host, nic, &link, err);
	if (r == 1) {
		take_from_host(&link, nic);
		r = nic->type == ATTACHED_NIC_ETH ? nic_check_elsewhere(container->id, nic, err) : 0;
	}
	netlink_link_release(&link);
	return r;
}

/* Before the host is asked: a link that is in this container already is there no more. */
static int check_conflicts(const struct attachments *wanted, const struct attached_nic *nic, struct error *err)
{
	struct attached_nic *pair = xcalloc(2, sizeof(*pair)); /* shallow copies */
	int r = 0;

	for (size_t i = 0; r == 0 && i < count_of(wanted); i++) {
		pair[0] = *at(wanted, i);
		pair[1] = *nic;
		r = attached_nics_check(&(struct schema_array){pair, 2}, err);
	}
	free(pair);
	return r;
}

static int edit_add(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	struct attached_nic *nic = data;
	int r = nic_check_guest(&container->spec, err);

	if (r == 0 && count_of(wanted) >= ATTACHED_NIC_LIMIT)
		r = error_set(err, -E2BIG, "Nic already reach max limit: a container has at most %d", ATTACHED_NIC_LIMIT);
	if (r == 0)
		r = check_conflicts(wanted, nic, err);
	if (r == 0)
		r = complete(container, nic, err);
	if (r == 0)
		attachments_put(wanted, ATTACHMENT_NIC, nic);
	return r;
}

static int run_add(void *data, const struct strings *operands, struct error *err)
{
	const struct options *options = data;
	autorelease(nic_release) struct attached_nic nic = {0};
	const struct tools_change change = {
		.reference = operands->items[0],
		.scope = options->is_config_only ? PLUG_RECORD : PLUG_DIFFERENCE,
		.edit = edit_add,
		.data = &nic,
	};

	if (parse(options, &nic, err) < 0)
		return error_prefix(err, "invalid network option");
	if (tools_change(&change, err) < 0)
		return error_prefix(err, "failed to add nic into container");
	tools_say("Add network interface (%s) to container (%s,%s) done", nic.host, operands->items[0], nic.guest);
	return 0;
}

const struct command command_add_nic = {
	TOOLS_VERB_ADD_NIC(TOOLS_NAMED),
	.arguments = "--type TYPE --name [HOST:]GUEST [OPTIONS] CONTAINER",
	.details =
		"A link of the host (eth) leaves it, with all that it is there noted down, and comes back as it was: when it is removed, and whenever the "
		"container ends. Of a container that does not run the NIC is recorded, and plugged in at its next start.",
	.options = add_rows,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run_add,
};

/* --- remove-nic ------------------------------------------------------------------------------------------------------- */

static const struct option_row remove_rows[] = {
	TYPE_ROW("only if it is of this type"),
	NAME_ROW("[HOST:]GUEST", "as it was added; HOST: alone will do"),
	{.name = NULL},
};

struct removal {
	char *host, *guest;
	const char *type, *reference;
	struct attachments removed;
};

static void removal_release(struct removal *removal)
{
	free(removal->host);
	free(removal->guest);
	attachments_release(&removal->removed);
}

static bool is_named(const struct attached_nic *nic, const struct removal *removal)
{
	return (!removal->host || strcmp(nic->host ? nic->host : "", removal->host) == 0) &&
	       (!removal->guest || strcmp(nic->guest, removal->guest) == 0) &&
	       (!removal->type || strcmp(attached_nic_types[nic->type], removal->type) == 0);
}

static const struct attached_nic *find(const struct attachments *wanted, const struct removal *removal)
{
	for (size_t i = 0; i < count_of(wanted); i++)
		if (is_named(at(wanted, i), removal))
			return at(wanted, i);
	return NULL;
}

static void take(struct attachments *wanted, enum attachment_kind kind, const void *item, struct attachments *removed)
{
	attachments_put(removed, kind, item);
	attachments_take(wanted, kind, attachments_at(removed, kind, removed->lists[kind].count - 1));
}

/* Routes that name the link go with it, as they do in the kernel. */
static int edit_remove(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	struct removal *removal = data;
	const struct attached_nic *nic = find(wanted, removal);
	autofree char *guest = NULL;

	(void)container;
	if (!nic)
		return error_set(err, -ENOENT, "Network interface %s,%s with type %s not exist in container %s",
				 removal->host ? removal->host : "", removal->guest ? removal->guest : "",
				 removal->type ? removal->type : "", removal->reference);
	guest = xstrdup(nic->guest);
	take(wanted, ATTACHMENT_NIC, nic, &removal->removed);
	for (size_t i = wanted->lists[ATTACHMENT_ROUTE].count; i-- > 0;) {
		const struct attached_route *route = attachments_at(wanted, ATTACHMENT_ROUTE, i);

		if (strcmp(route->device, guest) == 0)
			take(wanted, ATTACHMENT_ROUTE, route, &removal->removed);
	}
	return 0;
}

static void say_removed(const char *container, const struct attachments *removed)
{
	const struct attached_nic *nic = at(removed, 0);

	for (size_t i = 0; i < removed->lists[ATTACHMENT_ROUTE].count; i++) {
		const struct attached_route *route = attachments_at(removed, ATTACHMENT_ROUTE, i);

		tools_say("Remove route from container %s, route: {dest:%s,src:%s,gw:%s,dev:%s} done", container,
			  route->destination, route->source, route->gateway, route->device);
	}
	tools_say("Remove network interface (%s) from container (%s,%s) done", nic->host, container, nic->guest);
}

static int run_remove(void *data, const struct strings *operands, struct error *err)
{
	const struct options *options = data;
	autorelease(removal_release) struct removal removal = {.type = given(options->type),
							       .reference = operands->items[0]};
	const struct tools_change change = {.reference = operands->items[0], .edit = edit_remove, .data = &removal};
	int r = given(options->name) ? attached_nic_split_name(options->name, &removal.host, &removal.guest, err)
				     : error_set(err, -EINVAL, "write --name [HOST:]GUEST");

	if (r == 0)
		r = tools_change(&change, err);
	if (r < 0)
		return error_prefix(err, "failed to remove nic from container");
	say_removed(operands->items[0], &removal.removed);
	return 0;
}

const struct command command_remove_nic = {
	TOOLS_VERB_REMOVE_NIC(TOOLS_NAMED),
	.arguments = "--name [HOST:]GUEST [OPTIONS] CONTAINER",
	.details =
		"A link of the host comes home with the name, addresses, routes and all that it had there. Added routes that name the link go with it.",
	.options = remove_rows,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run_remove,
};

/* --- update-nic ------------------------------------------------------------------------------------------------------- */

static const struct option_row update_rows[] = {
	NAME_ROW("GUEST", "its name in the container, as it was added"),
	SETTING_ROWS,
	{.name = NULL},
};

static int edit_update(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	const struct options *options = data;
	const struct attached_nic named = {.guest = options->name};
	struct attached_nic *nic = attachments_find(wanted, ATTACHMENT_NIC, &named);

	if (!nic)
		return error_set(err, -ENOENT, "Network interface %s not exist in container %s", options->name,
				 container->spec.name);
	return apply(options, nic, err);
}

static void say_updated(const struct options *options)
{
	const char *name = options->name;

	if (has_any(&options->ips)) {
		autofree char *ips = strings_join(&options->ips, ",");

		tools_say("Update IP address for network interface (%s,%s) done", name, ips);
	}
	if (given(options->mac))
		tools_say("Update MAC address for network interface (%s,%s) done", name, options->mac);
	if (given(options->bridge))
		tools_say("Update Bridge for network interface (%s,%s) done", name, options->bridge);
	if (options->mtu)
		tools_say("Update Mtu for network interface (%s,%lld) done", name, (long long)options->mtu);
	if (options->is_queue_given)
		tools_say("Update Qlen for network interface (%s,%lld)", name, (long long)options->queue_length);
	if (has_any(&options->gateways)) {
		autofree char *gateways = strings_join(&options->gateways, ",");

		tools_say("Update Gateway for network interface (%s,%s) done", name, gateways);
	}
}

static int run_update(void *data, const struct strings *operands, struct error *err)
{
	struct options *options = data;
	const struct tools_change change = {
		.reference = operands->items[0],
		.scope = options->is_config_only ? PLUG_RECORD : PLUG_DIFFERENCE,
		.edit = edit_update,
		.data = options,
	};

	if (!given(options->name))
		return error_set(err, -EINVAL, "Network interface name in container must be provided");
	if (tools_change(&change, err) < 0)
		return error_prefix(err, "failed to update nic in container");
	say_updated(options);
	return 0;
}

const struct command command_update_nic = {
	TOOLS_VERB_UPDATE_NIC(TOOLS_NAMED),
	.arguments = "--name GUEST [OPTIONS] CONTAINER",
	.details =
		"What is not given stays. --ip and --gateway replace all that were given before; the link stays up, and routes stay.",
	.options = update_rows,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run_update,
};
