/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how a device gets into a running guest: what it may use, how fast, and then its nodes. */
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/memory.h"
#include "container/device_guest.h"
#include "container/device_look.h"
#include "container/device_notice.h"
#include "container/device_policy.h"
#include "container/device_view.h"
#include "container/plug.h"
#include "kernel/cgroup_limits.h"
#include "kernel/device_access.h"
#include "model/state.h"

static const struct attached_device *live_at(const struct plug *plug, size_t index)
{
	return attachments_at(&plug->now.live, ATTACHMENT_DEVICE, index);
}

static size_t live_count(const struct plug *plug)
{
	return plug->now.live.lists[ATTACHMENT_DEVICE].count;
}

/* --- what may be used -------------------------------------------------------------------------------------------------- */

static void add_rules(const struct attached_device *device, struct device_rules *rules)
{
	struct device_rule rule = {.kind = device->now.type == ATTACHED_BLOCK ? 'b' : 'c'};

	device_access_parse(device->permissions, &rule.access);
	for (size_t i = 0; i < device->now.nodes.count; i++) {
		rule.major = (uint32_t)device->now.nodes.items[i].major;
		rule.minor = (uint32_t)device->now.nodes.items[i].minor;
		device_rules_add(rules, &rule);
	}
}

/* All who want something are asked each time, so what is taken away stays allowed as long as another one, or the guest as such, has it. */
static int set_access(const struct plug *plug, const struct attached_device *item, struct error *err)
{
	autorelease(device_rules_release) struct device_rules rules = {0};
	autorelease(boot_release) struct boot boot = {0};
	bool is_there;
	autofree char *cgroup = spec_cgroup(plug->spec);
	int r = boot_load(plug->spec->id, &boot, &is_there, err);

	if (r == 0)
		r = device_policy_of_boot(&boot, &rules, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < live_count(plug); i++)
		add_rules(live_at(plug, i), &rules);
	if (item)
		add_rules(item, &rules);
	return device_access_set(&plug->cgroups, cgroup, &rules, err);
}

/* --- how fast ---------------------------------------------------------------------------------------------------------- */

static bool is_of_disk(const struct attached_device *device, dev_t disk)
{
	return device->now.type == ATTACHED_BLOCK && device->now.nodes.count && device_number(device) == disk;
}

/* Of the device, or else of another name of the same disk, or else what create or update said of it. */
static int64_t find_limit(const struct plug *plug, const struct attached_device *item, dev_t disk, enum attached_limit limit)
{
	int64_t value = item && is_of_disk(item, disk) ? item->limits[limit] : 0;

	for (size_t i = 0; value == 0 && i < live_count(plug); i++)
		if (is_of_disk(live_at(plug, i), disk))
			value = live_at(plug, i)->limits[limit];
	return value ? value
		     : cgroup_limits_of_disk(&plug->cgroups, &plug->spec->limits, attached_limit_names[limit].option, disk);
}

static struct cgroup_disk_limit limit_of(const struct plug *plug, const struct attached_device *subject,
					 const struct attached_device *item, enum attached_limit limit)
{
	return (struct cgroup_disk_limit){
		.option = attached_limit_names[limit].option,
		.value = find_limit(plug, item, device_number(subject), limit),
	};
}

static bool has_disk(const struct attached_device *device)
{
	return device && device->now.type == ATTACHED_BLOCK && device->now.nodes.count;
}

static int set_limits_of(const struct plug *plug, const struct attached_device *subject, const struct attached_device *item,
			 struct error *err)
{
	struct cgroup_disk_limit limits[ATTACHED_LIMITS];
	autofree char *cgroup = spec_cgroup(plug->spec);
	size_t count = 0;

	if (!has_disk(subject))
		return 0;
	for (enum attached_limit limit = 0; limit < ATTACHED_LIMITS; limit++)
		if (subject->limits[limit] || (item && item->limits[limit]))
			limits[count++] = limit_of(plug, subject, item, limit);
	return count ? cgroup_limits_apply_disk(&plug->cgroups, cgroup, device_number(subject), limits, count, err) : 0;
}

/* A change that was not finished may have set what neither of them has. Where the host has no such limits nothing was set. */
static void lift_others(const struct plug *plug, const struct attached_device *subject, const struct attached_device *item)
{
	autofree char *cgroup = spec_cgroup(plug->spec);

	for (enum attached_limit limit = 0; has_disk(subject) && limit < ATTACHED_LIMITS; limit++) {
		struct cgroup_disk_limit one = limit_of(plug, subject, item, limit);

		if (!subject->limits[limit] && !(item && item->limits[limit]))
			cgroup_limits_apply_disk(&plug->cgroups, cgroup, device_number(subject), &one, 1, NULL);
	}
}

/* First those that had some, which may be of another disk by now. A disk that is gone has taken its limits along. */
static int set_limits(const struct plug *plug, const struct attached_device *old, const struct attached_device *item,
		      struct error *err)
{
	int r = set_limits_of(plug, old, item, err);

	if (plug->is_repair)
		lift_others(plug, old, item);
	if (r == -ENODEV || r == -ENXIO)
		r = 0;
	return r == 0 ? set_limits_of(plug, item, item, err) : r;
}

/* --- nodes ------------------------------------------------------------------------------------------------------------- */

struct nodes {
	const struct attached_node **items;
	size_t count;
};

static void nodes_release(struct nodes *nodes)
{
	free(nodes->items);
}

static void nodes_add(struct nodes *nodes, const struct attached_node *node)
{
	nodes->items = xreallocarray(nodes->items, nodes->count + 1, sizeof(void *));
	nodes->items[nodes->count++] = node;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : !a && !b;
}

static bool has_node(const struct attached_device *device, const struct attached_node *wanted)
{
	for (size_t i = 0; i < device->now.nodes.count; i++) {
		const struct attached_node *node = &device->now.nodes.items[i];

		if (node->major == wanted->major && node->minor == wanted->minor && strcmp(node->guest, wanted->guest) == 0)
			return true;
	}
	return false;
}

/* Those of a device that another state of it (may be NULL) has not, or has otherwise. */
static void find_nodes(const struct attached_device *device, const struct attached_device *other, struct nodes *nodes)
{
	bool is_alike =
		device && other && is_same_text(device->owner, other->owner) && is_same_text(device->mode, other->mode);
	size_t count = device ? device->now.nodes.count : 0;

	for (size_t i = 0; i < count; i++)
		if (!is_alike || !has_node(other, &device->now.nodes.items[i]))
			nodes_add(nodes, &device->now.nodes.items[i]);
}

static struct device_guest guest_of(const struct plug *plug, const struct attached_device *device, const struct nodes *nodes)
{
	return (struct device_guest){
		.spec = plug->spec,
		.init = plug->init.pid,
		.init_pidfd = plug->init_pidfd,
		.device = device,
		.others = &plug->now.live,
		.nodes = nodes->items,
		.count = nodes->count,
	};
}

/* The node is there, or gone, for whoever hears of it; nobody does as long as the guest has no program. */
static void tell(const struct plug *plug, const char *action, const struct attached_device *device,
		 const struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		const struct attached_node *node = nodes->items[i];
		const struct device_notice notice = {
			.is_block = device->now.type == ATTACHED_BLOCK,
			.number = makedev((unsigned)node->major, (unsigned)node->minor),
			.path = node->guest,
			.devpath = node->devpath,
		};

		device_notice_send(plug, action, &notice, NULL);
	}
}

static int take_out(const struct plug *plug, const struct attached_device *device, const struct nodes *nodes,
		    struct error *err)
{
	const struct device_guest guest = guest_of(plug, device, nodes);
	int r;

	if (!device || nodes->count == 0)
		return 0;
	r = device_guest_detach(&guest, err);
	if (r == 0)
		tell(plug, "remove", device, nodes);
	/* With the guest they are gone. */
	return r < 0 && !procfs_is_alive(&plug->init) ? 0 : r;
}

static int put_in(const struct plug *plug, const struct attached_device *device, const struct nodes *nodes,
		  struct error *err)
{
	const struct device_guest guest = guest_of(plug, device, nodes);
	int r;

	if (!device || nodes->count == 0)
		return 0;
	r = device_guest_attach(&guest, err);
	if (r == 0)
		tell(plug, "add", device, nodes);
	return r;
}

/* --- from one state of a device to another ----------------------------------------------------------------------------- */

static int fail_if_wanted(struct error *err)
{
	int r = fault_point();

	return r < 0 ? error_set(err, r, "a test wants this to fail") : 0;
}

/* Either may be NULL. What goes is out of the guest before it is forbidden, what comes is allowed before it is in the guest. */
static int change(const struct plug *plug, const struct attached_device *old, const struct attached_device *item,
		  struct error *err)
{
	autorelease(nodes_release) struct nodes gone = {0}, new = {0};
	int r;

	/* After a crash nobody knows which of them are there, and with which owner. */
	find_nodes(old, plug->is_repair ? NULL : item, &gone);
	find_nodes(item, plug->is_repair ? NULL : old, &new);
	r = take_out(plug, old, &gone, err);
	if (r == 0)
		r = fail_if_wanted(err);
	if (r == 0)
		r = set_access(plug, item, err);
	if (r == 0)
		r = fail_if_wanted(err);
	if (r == 0)
		r = set_limits(plug, old, item, err);
	if (r == 0)
		r = fail_if_wanted(err);
	if (r == 0)
		r = put_in(plug, item, &new, err);
	if (r == 0)
		device_view_update(plug, item);
	return r;
}

static int resolve(struct plug *plug, void *data, struct error *err)
{
	const struct attached_device *live = attachments_find(&plug->now.live, ATTACHMENT_DEVICE, data);
	struct attached_device *item = data;
	int r;

	if (live && !item->now.serial)
		item->now.serial = xstrdup(live->now.serial);
	r = device_look(item, err);
	return r < 0 ? r : device_check_limits(&plug->cgroups, item, err);
}

static int attach(struct plug *plug, const void *old, void *item, struct error *err)
{
	int r = change(plug, old, item, err);

	if (r < 0)
		change(plug, item, old, NULL);
	return r;
}

static int detach(struct plug *plug, const void *item, struct error *err)
{
	return change(plug, item, NULL, err);
}

static int refresh(struct plug *plug, void *item, struct error *err)
{
	(void)plug;
	return device_look_again(item, err);
}

const struct plug_kind plug_device = {.resolve = resolve, .attach = attach, .detach = detach, .refresh = refresh};
