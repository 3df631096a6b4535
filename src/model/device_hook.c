/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way from the reference's record to ours. */
#include "model/device_hook.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"

struct hook_device {
	char *host, *guest, *permissions, *parent;
};

struct hook_limit {
	char *path, *value;
};

struct hook_nic {
	char *ip, *mac, *type, *bridge, *host, *guest;
	int mtu, queue_length;
};

struct hook_limits {
	struct hook_limit *items;
	size_t count;
};

struct hook {
	struct strings paths;
	struct {
		struct hook_device *items;
		size_t count;
	} devices;
	struct hook_limits limits[ATTACHED_LIMITS];
	struct {
		struct hook_nic *items;
		size_t count;
	} nics;
};

#define STRING(owner, member, key_) \
	{ \
		.key = key_, .type = SCHEMA_STRING, .offset = offsetof(struct owner, member) \
	}
static const struct schema_field device_fields[] = {
	STRING(hook_device, host, "PathOnHost"),
	STRING(hook_device, guest, "PathInContainer"),
	STRING(hook_device, permissions, "CgroupPermissions"),
	STRING(hook_device, parent, "Parent"),
};
static const struct schema device_schema = {sizeof(struct hook_device), device_fields, ARRAY_SIZE(device_fields)};

static const struct schema_field limit_fields[] = {
	STRING(hook_limit, path, "path"),
	STRING(hook_limit, value, "value"),
};
static const struct schema limit_schema = {sizeof(struct hook_limit), limit_fields, ARRAY_SIZE(limit_fields)};

static const struct schema_field nic_fields[] = {
	STRING(hook_nic, ip, "Ip"),
	STRING(hook_nic, mac, "Mac"),
	STRING(hook_nic, type, "Type"),
	STRING(hook_nic, bridge, "Bridge"),
	STRING(hook_nic, host, "HostNicName"),
	STRING(hook_nic, guest, "CtrNicName"),
	{.key = "Mtu", .type = SCHEMA_INT, .offset = offsetof(struct hook_nic, mtu)},
	{.key = "Qlen", .type = SCHEMA_INT, .offset = offsetof(struct hook_nic, queue_length)},
};
static const struct schema nic_schema = {sizeof(struct hook_nic), nic_fields, ARRAY_SIZE(nic_fields)};

#define ARRAY(member, key_, nested_) \
	{ \
		.key = key_, .type = SCHEMA_ARRAY, .offset = offsetof(struct hook, member), .nested = (nested_) \
	}
static const struct schema_field hook_fields[] = {
	{.key = "bindToAdd", .type = SCHEMA_STRINGS, .offset = offsetof(struct hook, paths)},
	ARRAY(devices, "deviceToAdd", &device_schema),
	ARRAY(limits[ATTACHED_READ_IOPS], "readIops", &limit_schema),
	ARRAY(limits[ATTACHED_WRITE_IOPS], "writeIops", &limit_schema),
	ARRAY(limits[ATTACHED_READ_BPS], "readBps", &limit_schema),
	ARRAY(limits[ATTACHED_WRITE_BPS], "writeBps", &limit_schema),
	ARRAY(limits[ATTACHED_WEIGHT], "blkioWeight", &limit_schema),
	ARRAY(nics, "networkInterfaces", &nic_schema),
};
static const struct schema hook_schema = {sizeof(struct hook), hook_fields, ARRAY_SIZE(hook_fields)};
#define ROUTES_KEY "networkRoute"

bool device_hook_is_one(const struct json *document)
{
	for (size_t i = 0; i < ARRAY_SIZE(hook_fields); i++)
		if (json_get(document, hook_fields[i].key))
			return true;
	return json_get(document, ROUTES_KEY) != NULL;
}

static int add(struct attachments *attachments, enum attachment_kind kind, void *item, struct error *err)
{
	int r = attachment_types[kind].check(item, err);

	if (r == 0 && attachments_find(attachments, kind, item))
		r = error_set(err, -EEXIST, "it is there twice");
	if (r == 0)
		attachments_put(attachments, kind, item);
	return r;
}

/* --- devices ---------------------------------------------------------------------------------------------------------- */

static const struct hook_device *find_device(const struct hook *hook, const char *host)
{
	for (size_t i = 0; host && *host && i < hook->devices.count; i++)
		if (hook->devices.items[i].host && strcmp(hook->devices.items[i].host, host) == 0)
			return &hook->devices.items[i];
	return NULL;
}

static bool has_partitions(const struct hook *hook, const char *host)
{
	for (size_t i = 0; i < hook->devices.count; i++)
		if (hook->devices.items[i].parent && strcmp(hook->devices.items[i].parent, host) == 0)
			return true;
	return false;
}

static int take_limits(const struct hook *hook, struct attached_device *device, struct error *err)
{
	int r = 0;

	for (int limit = 0; r == 0 && limit < ATTACHED_LIMITS; limit++)
		for (size_t i = 0; r == 0 && i < hook->limits[limit].count; i++) {
			const struct hook_limit *found = &hook->limits[limit].items[i];
			autofree char *text = NULL, *path = NULL;

			if (!found->path || !found->value || strcmp(found->path, device->host) != 0)
				continue;
			text = xasprintf("%s:%s", found->path, found->value);
			r = attached_limit_parse((enum attached_limit)limit, text, &path, &device->limits[limit], err);
		}
	return r;
}

static int take_device(const struct hook *hook, const struct hook_device *found, struct attachments *attachments,
		       struct error *err)
{
	struct attached_device device = {
		.host = xstrdup(found->host ? found->host : ""),
		.guest = xstrdup(found->guest ? found->guest : ""),
		.permissions = xstrdup(found->permissions ? found->permissions : ""),
	};
	int r;

	device.follows_partitions = has_partitions(hook, device.host);
	r = take_limits(hook, &device, err);
	if (r == 0)
		r = add(attachments, ATTACHMENT_DEVICE, &device, err);
	schema_release(&attached_device_schema, &device);
	return r;
}

static int take_devices(const struct hook *hook, struct attachments *attachments, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < hook->devices.count; i++) {
		const struct hook_device *found = &hook->devices.items[i];

		if (find_device(hook, found->parent))
			continue;
		r = take_device(hook, found, attachments, err);
		if (r < 0)
			error_prefix(err, "deviceToAdd[%zu]", i);
	}
	return r;
}

/* --- the others ------------------------------------------------------------------------------------------------------- */

static int take_paths(const struct hook *hook, struct attachments *attachments, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < hook->paths.count; i++) {
		struct attached_path path = {0};

		r = attached_path_parse(hook->paths.items[i], &path, err);
		if (r == 0)
			r = add(attachments, ATTACHMENT_PATH, &path, err);
		if (r < 0)
			error_prefix(err, "bindToAdd[%zu]", i);
		attached_path_release(&path);
	}
	return r;
}

static bool is_given(const char *text)
{
	return text && *text;
}

static int fill_nic(const struct hook_nic *found, struct attached_nic *nic, struct error *err)
{
	int r = attached_nic_parse_type(found->type ? found->type : "", &nic->type, err);

	nic->host = xstrdup(found->host ? found->host : "");
	nic->guest = xstrdup(found->guest ? found->guest : "");
	nic->bridge = is_given(found->bridge) ? xstrdup(found->bridge) : NULL;
	nic->mtu = found->mtu;
	nic->queue_length = found->queue_length;
	if (r == 0 && is_given(found->ip))
		r = attached_nic_add_ip(nic, found->ip, err);
	/* The reference gave physical NICs other addresses; we do not. */
	if (r == 0 && is_given(found->mac) && nic->type != ATTACHED_NIC_ETH)
		r = attached_nic_set_mac(nic, found->mac, err);
	return r;
}

static int take_nics(const struct hook *hook, struct attachments *attachments, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < hook->nics.count; i++) {
		struct attached_nic nic = {0};

		r = fill_nic(&hook->nics.items[i], &nic, err);
		if (r == 0)
			r = add(attachments, ATTACHMENT_NIC, &nic, err);
		if (r < 0)
			error_prefix(err, "networkInterfaces[%zu]", i);
		schema_release(&attached_nic_schema, &nic);
	}
	return r;
}

static int take_routes(const struct json *array, struct attachments *attachments, struct error *err)
{
	struct attached_routes routes = {0};
	autorelease(text_release) struct text text = {0};
	int r;

	if (!array)
		return 0;
	json_print(array, 0, &text);
	r = attached_routes_parse(text_get(&text), &routes, err);
	for (size_t i = 0; r == 0 && i < routes.count; i++)
		r = add(attachments, ATTACHMENT_ROUTE, &routes.items[i], err);
	attached_routes_release(&routes);
	return r < 0 ? error_prefix(err, ROUTES_KEY) : 0;
}

int device_hook_read(const struct json *document, struct attachments *ret_attachments, struct error *err)
{
	struct hook hook = {0};
	int r = schema_read(&hook_schema, document, SCHEMA_TOLERANT, &hook, err);

	*ret_attachments = (struct attachments){0};
	if (r < 0)
		return r;
	r = take_devices(&hook, ret_attachments, err);
	if (r == 0)
		r = take_paths(&hook, ret_attachments, err);
	if (r == 0)
		r = take_nics(&hook, ret_attachments, err);
	if (r == 0)
		r = take_routes(json_get(document, ROUTES_KEY), ret_attachments, err);
	if (r == 0)
		r = attachments_check(ret_attachments, err);
	if (r < 0)
		attachments_release(ret_attachments);
	schema_release(&hook_schema, &hook);
	return r;
}
