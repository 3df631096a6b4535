/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns list-nic: what is recorded of NICs, and beside it what they are in the running guest. */
#include <stddef.h>
#include <string.h>

#include "base/json_strings.h"
#include "base/memory.h"
#include "container/nic_link.h"
#include "container/tools_verbs.h"
#include "kernel/netlink_address.h"
#include "tools/tools.h"

struct options {
	bool is_pretty;
	char *filter;
};

static const struct option_row rows[] = {
	{.name = "filter",
	 .letter = 'f',
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, filter),
	 .argument = "JSON",
	 .help = "only those with these values, such as '{\"Type\": \"veth\"}'"},
	{.name = "pretty",
	 .letter = 'p',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, is_pretty),
	 .help = "indented"},
	{.name = NULL},
};

static void set_list(struct json *object, const char *key, const struct strings *list)
{
	autofree char *text = strings_join(list, ",");

	json_set_string(object, key, text);
}

static void set_text(struct json *object, const char *key, const char *text)
{
	json_set_string(object, key, text ? text : "");
}

/* The first eight keys are those that scripts know, in their order. */
static struct json *write_recorded(const struct attached_nic *nic)
{
	struct json *object = json_new_object();

	set_list(object, "Ip", &nic->ips);
	set_text(object, "Mac", nic->mac);
	json_set_integer(object, "Mtu", nic->mtu);
	json_set_integer(object, "Qlen", nic->queue_length);
	json_set_string(object, "Type", attached_nic_types[nic->type]);
	set_text(object, "Bridge", nic->bridge);
	set_text(object, "HostNicName", nic->host);
	json_set_string(object, "CtrNicName", nic->guest);
	if (nic->gateways.count)
		set_list(object, "Gateway", &nic->gateways);
	if (nic->vlan)
		json_set_integer(object, "Vlan", nic->vlan);
	return object;
}

static void set_addresses(const struct nic_wire *wire, const struct netlink_link *link, struct json *live)
{
	autorelease(netlink_addresses_release) struct netlink_addresses addresses = {0};
	autorelease(strings_release) struct strings ips = {0};

	netlink_address_list(wire->guest, link->index, &addresses, NULL);
	for (size_t i = 0; i < addresses.count; i++)
		if (!addresses.items[i].is_of_kernel)
			strings_append_owned(&ips, ip_format_cidr(&addresses.items[i].ip));
	set_list(live, "Ip", &ips);
}

static void set_live(const struct nic_wire *wire, const struct attached_nic *nic, struct json *object)
{
	const struct attached_nic *plugged = attachments_find(&wire->plug->now.live, ATTACHMENT_NIC, nic);
	struct netlink_link link = {0};
	autofree char *mac = NULL;
	struct json *live;

	if (!plugged || nic_link_find(wire, plugged, &link, NULL) != 1)
		return;
	live = json_set(object, "Live", json_new_object());
	mac = mac_format(&link.mac);
	json_set_string(live, "Name", link.name);
	set_addresses(wire, &link, live);
	json_set_string(live, "Mac", mac);
	json_set_integer(live, "Mtu", link.mtu);
	json_set_integer(live, "Qlen", link.queue_length);
	json_set_bool(live, "Up", link.is_up);
	json_set_bool(live, "Carrier", link.has_carrier);
	netlink_link_release(&link);
}

/* Without a lock, and without a change: a guest whose network is not pinned has no NIC of ours. */
static void append_all(const struct container *container, const struct json *filter, struct json *list)
{
	const struct attachments *attachments = &container->spec.attachments;
	struct plug plug = {.spec = &container->spec, .init_pidfd = -1, .lock_fd = -1};
	struct nic_wire wire = {.guest_fd = -EBADF};

	if (container_is_live(container) && plugged_load(container->id, &plug.now, NULL) == 0)
		nic_wire_open(&plug, &wire, NULL);
	for (size_t i = 0; i < attachments->lists[ATTACHMENT_NIC].count; i++) {
		const struct attached_nic *nic = attachments_at(attachments, ATTACHMENT_NIC, i);
		struct json *object = write_recorded(nic);

		if (!tools_filter_takes(filter, object)) {
			json_free(object);
			continue;
		}
		if (wire.guest)
			set_live(&wire, nic, object);
		json_append(list, object);
	}
	nic_wire_release(&wire);
	plugged_release(&plug.now);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct options *options = data;
	autorelease(container_release) struct container container = {0};
	autorelease(json_free_scoped) struct json *filter = NULL, *list = json_new_array();
	int r = tools_filter_parse(options->filter, &filter, err);

	if (r == 0)
		r = tools_load(operands->items[0], &container, err);
	if (r < 0)
		return r;
	append_all(&container, filter, list);
	tools_print_list(list, options->is_pretty);
	return 0;
}

const struct command command_list_nic = {
	TOOLS_VERB_LIST_NIC(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER",
	.details =
		"Several addresses stand in Ip with commas between. Live is what a NIC is in the running container, whoever changed it.",
	.options = rows,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run,
};
