/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the commands of plugged devices: add-device, remove-device, update-device, list-device. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "container/device_look.h"
#include "container/tools_verbs.h"
#include "tools/tools.h"

/* --- limits ------------------------------------------------------------------------------------------------------------ */

struct limit {
	enum attached_limit limit;
	char *path; /* as typed */
	dev_t disk;
	int64_t value;
};

struct limits {
	struct limit *items;
	size_t count;
};

static void limits_release(struct limits *limits)
{
	for (size_t i = 0; i < limits->count; i++)
		free(limits->items[i].path);
	free(limits->items);
	*limits = (struct limits){0};
}

static int limits_add(struct limits *limits, enum attached_limit limit, const char *text, struct error *err)
{
	struct limit item = {.limit = limit};
	int r = attached_limit_parse(limit, text, &item.path, &item.value, err);

	if (r < 0)
		return r;
	limits->items = xreallocarray(limits->items, limits->count + 1, sizeof(item));
	limits->items[limits->count++] = item;
	return device_find_disk(item.path, &limits->items[limits->count - 1].disk, err);
}

/* Which of several mistakes is told has an order that scripts know. */
static int limits_parse(const struct strings texts[ATTACHED_LIMITS], struct limits *limits, struct error *err)
{
	static const enum attached_limit order[] = {ATTACHED_WEIGHT, ATTACHED_READ_BPS, ATTACHED_WRITE_BPS,
						    ATTACHED_READ_IOPS, ATTACHED_WRITE_IOPS};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		for (size_t j = 0; r == 0 && j < texts[order[i]].count; j++)
			r = limits_add(limits, order[i], texts[order[i]].items[j], err);
	return r;
}

static void say_limits(const struct limits *limits)
{
	for (enum attached_limit kind = 0; kind < ATTACHED_LIMITS; kind++)
		for (size_t i = 0; i < limits->count; i++)
			if (limits->items[i].limit == kind)
				tools_say("Update %s for device (%s,%lld) done.", attached_limit_names[kind].words,
					  limits->items[i].path, (long long)limits->items[i].value);
}

/* --- devices of a container -------------------------------------------------------------------------------------------- */

/* What is plugged in now: what is left of a boot that has ended does not count. */
static int load_live(const struct container *container, struct plugged *ret_plugged, struct error *err)
{
	const struct boot_process *init = &container->boot.init;
	int r = plugged_load(container->id, ret_plugged, err);

	if (r == 0 && (!container_is_live(container) || ret_plugged->init.pid != init->pid ||
		       ret_plugged->init.start_time != init->start_time))
		plugged_release(ret_plugged);
	return r;
}

/* One as it is plugged in, or as it would be now; of what the host has no more nothing but the record is known. */
static void look(const struct plugged *plugged, const struct attached_device *item, struct attached_device *ret_device)
{
	const struct attached_device *live = attachments_find(&plugged->live, ATTACHMENT_DEVICE, item);
	struct error ignored;

	*ret_device = (struct attached_device){0};
	schema_copy(&attached_device_schema, live && attached_device_is_equal(live, item) ? live : item, ret_device);
	if (ret_device->now.nodes.count == 0)
		device_look(ret_device, &ignored);
}

static void device_release(struct attached_device *device)
{
	schema_release(&attached_device_schema, device);
}

static struct attached_device *at(const struct attachments *attachments, size_t index)
{
	return attachments_at(attachments, ATTACHMENT_DEVICE, index);
}

static size_t count_of(const struct attachments *attachments)
{
	return attachments->lists[ATTACHMENT_DEVICE].count;
}

static struct attached_device *find_disk(const struct attachments *attachments, const struct plugged *plugged, dev_t disk)
{
	for (size_t i = 0; i < count_of(attachments); i++) {
		autorelease(device_release) struct attached_device device;

		look(plugged, at(attachments, i), &device);
		if (device.now.type == ATTACHED_BLOCK && device.now.nodes.count && device_number(&device) == disk)
			return at(attachments, i);
	}
	return NULL;
}

static int set_limits(const struct container *container, const struct limits *limits, const struct attachments *among,
		      struct attachments *wanted, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host cgroups = {0};
	autorelease(plugged_release) struct plugged plugged = {0};
	int r = cgroup_host_load(&cgroups, err);

	if (r == 0)
		r = load_live(container, &plugged, err);
	for (size_t i = 0; r == 0 && i < limits->count; i++) {
		const struct limit *limit = &limits->items[i];
		struct attached_device *target = find_disk(among, &plugged, limit->disk);
		autorelease(device_release) struct attached_device device = {0};

		if (!target)
			return error_set(err, -ENOENT, "device %s was not added to container or not in add-device args",
					 limit->path);
		target = attachments_find(wanted, ATTACHMENT_DEVICE, target);
		target->limits[limit->limit] = limit->value;
		look(&plugged, target, &device);
		r = device_check_limits(&cgroups, &device, err);
	}
	return r;
}

/* --- add-device -------------------------------------------------------------------------------------------------------- */

struct add_options {
	struct strings limits[ATTACHED_LIMITS];
	bool follows_partitions, is_forced, is_config_only, is_required;
	char *owner, *mode;
};

#define LIMIT_ROW(type_, limit_, option_, argument_, help_) \
	{ \
		.name = (option_), .type = OPTION_STRINGS, \
		.offset = offsetof(type_, limits) + (limit_) * sizeof(struct strings), .argument = (argument_), \
		.help = (help_), .complete = "file" \
	}
#define LIMIT_ROWS(type_) \
	LIMIT_ROW(type_, ATTACHED_WEIGHT, "blkio-weight-device", "PATH:N", \
		  "share of a disk among others, 10 to 1000; 0: none"), \
		LIMIT_ROW(type_, ATTACHED_READ_BPS, "device-read-bps", "PATH:BYTES", \
			  "bytes a second it may read, such as /dev/sda:10m; 0: no limit"), \
		LIMIT_ROW(type_, ATTACHED_WRITE_BPS, "device-write-bps", "PATH:BYTES", "bytes a second it may write"), \
		LIMIT_ROW(type_, ATTACHED_READ_IOPS, "device-read-iops", "PATH:N", "reads a second, such as /dev/sda:1k"), \
		LIMIT_ROW(type_, ATTACHED_WRITE_IOPS, "device-write-iops", "PATH:N", "writes a second")

static int check_mode(const char *text, struct error *err)
{
	mode_t mode;

	return attached_device_parse_mode(text, &mode, err);
}

static const struct option_row add_rows[] = {
	LIMIT_ROWS(struct add_options),
	{.name = "follow-partition",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct add_options, follows_partitions),
	 .help = "with all partitions of the disk, those that come later too"},
	{.name = "force",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct add_options, is_forced),
	 .help = "even if the container has a file of that name, which is covered until the device is removed"},
	{.name = "mode",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct add_options, mode),
	 .argument = "MODE",
	 .help = "permission bits of the node, such as 660 (default: those of the host's)",
	 .check = check_mode},
	{.name = "owner",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct add_options, owner),
	 .argument = "USER[:GROUP]",
	 .help = "whom the node belongs to in the container (default: root, and the group that such a device has)",
	 .check = attached_device_check_owner},
	{.name = "required",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct add_options, is_required),
	 .help = "the container does not start without it"},
	{.name = "update-config-only",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct add_options, is_config_only),
	 .help = "record it for the next start and leave the running container alone"},
	{.name = NULL},
};

struct addition {
	struct attachments devices; /* parsed, with what the host has of them */
	struct limits limits;
};

static void addition_release(struct addition *addition)
{
	attachments_release(&addition->devices);
	limits_release(&addition->limits);
}

/* As scripts know it: "Failed to parse device: ARGUMENT, REASON". */
static int refuse(const char *what, const char *argument, const struct error *reason, struct error *err)
{
	return error_set(err, reason->code, "%s: %s, %s", what, argument, reason->message);
}

static int parse_one(const struct add_options *options, const char *text, struct attachments *devices, struct error *err)
{
	autorelease(device_release) struct attached_device device = {0};
	struct error reason = {0};

	if (attached_device_parse(text, &device, &reason) < 0)
		return refuse("Failed to parse device", text, &reason, err);
	device.follows_partitions = options->follows_partitions;
	device.is_forced = options->is_forced;
	device.is_required = options->is_required;
	device.owner = xstrdup(options->owner);
	device.mode = xstrdup(options->mode);
	if (device_look(&device, &reason) < 0)
		return refuse("Failed to parse device", text, &reason, err);
	if (attachments_find(devices, ATTACHMENT_DEVICE, &device))
		return error_set(err, -EEXIST, "device %s:%s has been already added into container", device.host,
				 device.guest);
	attachments_put(devices, ATTACHMENT_DEVICE, &device);
	return 0;
}

static int check_free(const struct container *container, const struct attachments *wanted,
		      const struct attached_device *device, struct error *err)
{
	const struct spec_devices *own = &container->spec.devices;

	for (size_t i = 0; i < count_of(wanted); i++) {
		const struct attached_device *other = at(wanted, i);

		if (strcmp(other->host, device->host) == 0 || strcmp(other->guest, device->guest) == 0)
			return error_set(err, -EEXIST, "device %s:%s has been already added into container", other->host,
					 other->guest);
	}
	for (size_t i = 0; i < own->list.count; i++)
		if (strcmp(own->list.items[i].guest, device->guest) == 0)
			return error_set(err, -EEXIST,
					 "device %s:%s has been already added into container, by --device of create",
					 own->list.items[i].host, device->guest);
	return 0;
}

/* What the host has now is found out again when it is plugged in: the record does not tell it. */
static void append(struct attachments *wanted, const struct attached_device *device)
{
	struct attached_device plain = *device;

	plain.now = (struct attached_device_now){0};
	attachments_put(wanted, ATTACHMENT_DEVICE, &plain);
}

static int edit_add(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	const struct addition *addition = data;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count_of(&addition->devices); i++) {
		r = check_free(container, wanted, at(&addition->devices, i), err);
		if (r == 0)
			append(wanted, at(&addition->devices, i));
	}
	return r < 0 ? r : set_limits(container, &addition->limits, &addition->devices, wanted, err);
}

static void say_added(const char *container, const struct attachments *devices)
{
	for (size_t i = 0; i < count_of(devices); i++) {
		const struct attached_device *device = at(devices, i);

		tools_say("Add device (%s) to container(%s,%s) done.", device->host, container, device->guest);
		for (size_t j = 1; j < device->now.nodes.count; j++)
			tools_say("Add device (%s) to container(%s,%s) done.", device->now.nodes.items[j].host, container,
				  device->now.nodes.items[j].guest);
	}
}

static int run_add(void *data, const struct strings *operands, struct error *err)
{
	const struct add_options *options = data;
	autorelease(addition_release) struct addition addition = {0};
	const struct tools_change change = {
		.reference = operands->items[0],
		.scope = options->is_config_only ? PLUG_RECORD : PLUG_DIFFERENCE,
		.edit = edit_add,
		.data = &addition,
	};
	int r = limits_parse(options->limits, &addition.limits, err);

	for (size_t i = 1; r == 0 && i < operands->count; i++)
		r = parse_one(options, operands->items[i], &addition.devices, err);
	if (r < 0)
		return r;
	r = tools_change(&change, err);
	if (r < 0)
		return error_prefix(err, "Failed to add device");
	say_added(operands->items[0], &addition.devices);
	say_limits(&addition.limits);
	return 0;
}

const struct command command_add_device = {
	TOOLS_VERB_ADD_DEVICE(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER HOSTDEVICE[:CONTAINERDEVICE][:PERMISSIONS]...",
	.details =
		"PERMISSIONS are of r (read), w (write) and m (make the node), rwm if not given. All devices of one command are plugged in, or none. Of a "
		"container that does not run it is recorded, and done at its next start.",
	.options = add_rows,
	.options_size = sizeof(struct add_options),
	.min_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run_add,
};

/* --- remove-device ----------------------------------------------------------------------------------------------------- */

struct remove_options {
	bool follows_partitions;
};

static const struct option_row remove_rows[] = {
	{.name = "follow-partition",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct remove_options, follows_partitions),
	 .help = "with partitions of the disk that were added by themselves"},
	{.name = NULL},
};

struct removal {
	struct attached_device_text *texts;
	size_t count;
	bool follows_partitions;
	struct attachments removed;
};

static void removal_release(struct removal *removal)
{
	for (size_t i = 0; i < removal->count; i++)
		attached_device_text_release(&removal->texts[i]);
	free(removal->texts);
	attachments_release(&removal->removed);
}

static bool is_named(const struct attached_device *device, const struct attached_device_text *text)
{
	return (!text->host || strcmp(text->host, device->host) == 0) &&
	       (!text->guest || strcmp(text->guest, device->guest) == 0);
}

static struct attached_device *find_named(const struct attachments *wanted, const struct attached_device_text *text)
{
	for (size_t i = 0; i < count_of(wanted); i++)
		if (is_named(at(wanted, i), text))
			return at(wanted, i);
	return NULL;
}

static int refuse_unknown(const struct attachments *wanted, const struct plugged *plugged,
			  const struct attached_device_text *text, struct error *err)
{
	const char *host = text->host ? text->host : text->guest, *guest = text->guest ? text->guest : text->host;

	for (size_t i = 0; i < count_of(wanted); i++) {
		autorelease(device_release) struct attached_device device;

		look(plugged, at(wanted, i), &device);
		for (size_t j = 1; j < device.now.nodes.count; j++)
			if ((text->host && strcmp(device.now.nodes.items[j].host, text->host) == 0) ||
			    strcmp(device.now.nodes.items[j].guest, guest) == 0)
				return error_set(
					err, -EBUSY,
					"Device pair(%s:%s) came with its disk %s (--follow-partition), and would come again: "
					"remove the disk, or add it without that option",
					host, guest, device.host);
	}
	return error_set(
		err, -ENOENT,
		"Device pair(%s:%s) is not added by syscontainer-tools, can not remove it, please check input parameter.",
		host, guest);
}

static void take(struct attachments *wanted, const struct attached_device *device, struct removal *removal)
{
	attachments_put(&removal->removed, ATTACHMENT_DEVICE, device);
	attachments_take(wanted, ATTACHMENT_DEVICE, at(&removal->removed, count_of(&removal->removed) - 1));
}

/* Those that are of the disk by what the host or the record of the running guest says, whatever they are called. */
static void take_partitions(struct attachments *wanted, const struct plugged *plugged, const char *disk,
			    struct removal *removal)
{
	for (size_t i = count_of(wanted); i-- > 0;) {
		autorelease(device_release) struct attached_device device;

		look(plugged, at(wanted, i), &device);
		if (device.now.disk && strcmp(device.now.disk, disk) == 0)
			take(wanted, at(wanted, i), removal);
	}
}

static int edit_remove(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	autorelease(plugged_release) struct plugged plugged = {0};
	struct removal *removal = data;
	int r = load_live(container, &plugged, err);

	for (size_t i = 0; r == 0 && i < removal->count; i++) {
		const struct attached_device *found = find_named(wanted, &removal->texts[i]);
		autorelease(device_release) struct attached_device device = {0};

		if (!found)
			return refuse_unknown(wanted, &plugged, &removal->texts[i], err);
		look(&plugged, found, &device);
		take(wanted, found, removal);
		if (removal->follows_partitions && device.now.nodes.count && !device.now.disk)
			take_partitions(wanted, &plugged, device.now.nodes.items[0].host, removal);
	}
	return r;
}

static void say_removed(const char *container, const struct attachments *removed)
{
	for (size_t i = 0; i < count_of(removed); i++) {
		const struct attached_device *device = at(removed, i);

		tools_say("Remove device (%s) from container(%s,%s) done.", device->host, container, device->guest);
		for (enum attached_limit limit = 0; limit < ATTACHED_LIMITS; limit++)
			if (device->limits[limit])
				tools_say("Remove %s for device (%s) done.", attached_limit_names[limit].words,
					  device->host);
	}
}

static int run_remove(void *data, const struct strings *operands, struct error *err)
{
	const struct remove_options *options = data;
	autorelease(removal_release) struct removal removal = {.follows_partitions = options->follows_partitions};
	const struct tools_change change = {.reference = operands->items[0], .edit = edit_remove, .data = &removal};
	int r;

	removal.texts = xcalloc(operands->count, sizeof(*removal.texts));
	for (size_t i = 1; i < operands->count; i++) {
		struct error reason = {0};

		if (attached_device_split(operands->items[i], &removal.texts[removal.count], &reason) < 0)
			return refuse("Failed to parse device mapping", operands->items[i], &reason, err);
		removal.count++;
	}
	r = tools_change(&change, err);
	if (r < 0)
		return error_prefix(err, "Failed to remove device");
	say_removed(operands->items[0], &removal.removed);
	return 0;
}

const struct command command_remove_device = {
	TOOLS_VERB_REMOVE_DEVICE(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER HOSTDEVICE[:CONTAINERDEVICE]|:CONTAINERDEVICE...",
	.details = "Partitions that came with their disk go with it. All devices of one command are removed, or none.",
	.options = remove_rows,
	.options_size = sizeof(struct remove_options),
	.min_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run_remove,
};

/* --- update-device ----------------------------------------------------------------------------------------------------- */

struct update_options {
	struct strings limits[ATTACHED_LIMITS];
};

static const struct option_row update_rows[] = {
	LIMIT_ROWS(struct update_options),
	{.name = NULL},
};

static int edit_update(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	return set_limits(container, data, wanted, wanted, err);
}

static int run_update(void *data, const struct strings *operands, struct error *err)
{
	const struct update_options *options = data;
	autorelease(limits_release) struct limits limits = {0};
	const struct tools_change change = {.reference = operands->items[0], .edit = edit_update, .data = &limits};
	int r = limits_parse(options->limits, &limits, err);

	if (r < 0)
		return r;
	if (limits.count == 0)
		return error_set(err, -EINVAL, "update device should specify at least one device QOS configuration");
	r = tools_change(&change, err);
	if (r < 0)
		return error_prefix(err, "Failed to update device");
	say_limits(&limits);
	return 0;
}

const struct command command_update_device = {
	TOOLS_VERB_UPDATE_DEVICE(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER",
	.options = update_rows,
	.options_size = sizeof(struct update_options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run_update,
};

/* --- list-device ------------------------------------------------------------------------------------------------------- */

struct list_options {
	bool is_pretty, has_partitions;
};

static const struct option_row list_rows[] = {
	{.name = "pretty",
	 .letter = 'p',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct list_options, is_pretty),
	 .help = "indented"},
	{.name = "sub-partition",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct list_options, has_partitions),
	 .help = "with the partitions that came with their disk"},
	{.name = NULL},
};

static int run_list(void *data, const struct strings *operands, struct error *err)
{
	const struct list_options *options = data;
	autorelease(container_release) struct container container = {0};
	autorelease(plugged_release) struct plugged plugged = {0};
	autorelease(json_free_scoped) struct json *list = json_new_array();
	int r = tools_load(operands->items[0], &container, err);

	if (r == 0)
		r = load_live(&container, &plugged, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count_of(&container.spec.attachments); i++) {
		autorelease(device_release) struct attached_device device;

		look(&plugged, at(&container.spec.attachments, i), &device);
		attached_device_list(&device, options->has_partitions, list);
	}
	tools_print_list(list, options->is_pretty);
	return 0;
}

const struct command command_list_device = {
	TOOLS_VERB_LIST_DEVICE(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER",
	.options = list_rows,
	.options_size = sizeof(struct list_options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run_list,
};
