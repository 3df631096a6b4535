/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns that a guest's disks stay those of the host: partitions that come and go with a disk that was plugged in, and a disk that is gone. The kernel says that
 * something happened to block devices; what it was is asked of /sys, by number, so that no name counts and no event that was lost.
 *
 * What has to be done in the guest is not done here but by syscontainer-hooks, which is of the same version as the commands that plug things in: this monitor may be older, and
 * would write plugged.json without what it does not know.
 */
#include "monitor/monitor.h"

#include <string.h>
#include <sys/epoll.h>

#include "base/memory.h"
#include "container/device_look.h"
#include "container/hook.h"
#include "kernel/uevent.h"
#include "model/paths.h"
#include "model/plugged.h"

#define SETTLE_MS  20 /* a new table is a dozen events */
#define TIMEOUT_MS 60000

static const struct attached_device *device_at(const struct plugged *plugged, size_t index)
{
	return attachments_at(&plugged->live, ATTACHMENT_DEVICE, index);
}

static size_t count_devices(const struct plugged *plugged)
{
	return plugged->live.lists[ATTACHMENT_DEVICE].count;
}

/* --- what differs -------------------------------------------------------------------------------------------------------- */

static bool is_watched(const struct attached_device *device)
{
	return device->now.type == ATTACHED_BLOCK;
}

static bool has_changed(const struct attached_device *device)
{
	struct attached_device *now = attachment_copy(ATTACHMENT_DEVICE, device);
	int r = device_look_again(now, NULL);

	attachment_free(ATTACHMENT_DEVICE, now);
	return r != 0;
}

static bool any_device(const struct plugged *plugged, bool (*is_one)(const struct attached_device *device))
{
	bool is_any = false;

	for (size_t i = 0; !is_any && i < count_devices(plugged); i++)
		is_any = is_one(device_at(plugged, i));
	return is_any;
}

/* --- the hook ------------------------------------------------------------------------------------------------------------ */

static int run_hook(void *data, struct text *out, struct error *err)
{
	const struct monitor *monitor = data;
	struct spec_hook hook = {.path = paths_program("syscontainer-hooks")};
	const struct hook_call call = {.spec = &monitor->spec,
				       .stage = SPEC_HOOK_POSTSTART,
				       .hook = &hook,
				       .init_pid = monitor->boot.init.pid};

	(void)out;
	strings_append(&hook.arguments, "syscontainer-hooks");
	strings_append(&hook.arguments, "follow");
	return hook_run(&call, err); /* in a process of its own, whose memory ends with it */
}

static void on_hook_end(struct monitor *monitor, int result, const char *output, const struct error *err)
{
	struct error error = *err;

	(void)output;
	monitor->follow.attendant = NULL;
	if (result < 0) {
		error_prefix(&error, "cannot follow what happened to the disks that are plugged in");
		monitor_complain(monitor, &error);
	}
	if (monitor->follow.is_due)
		follow_update(monitor);
}

static void start_hook(struct monitor *monitor)
{
	const struct attendant_task task = {.run = run_hook,
					    .data = monitor,
					    .timeout_ms = TIMEOUT_MS,
					    .on_end = on_hook_end};
	struct error error = {0};

	monitor->follow.attendant = attendant_start(monitor, &task, &error);
	if (!monitor->follow.attendant)
		monitor_complain(monitor, &error);
}

/* --- events -------------------------------------------------------------------------------------------------------------- */

static void on_settled(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;

	(void)source;
	(void)events;
	monitor->follow.timer = NULL;
	follow_update(monitor);
}

static bool is_of_disks(const struct uevent *event)
{
	const char *subsystem = strings_get_value(&event->properties, "SUBSYSTEM");

	return subsystem && strcmp(subsystem, "block") == 0;
}

static void on_events(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;
	struct uevent event;
	bool is_news = false;
	int r;

	(void)source;
	(void)events;
	while ((r = uevent_receive(monitor->follow.fd, &event, NULL)) > 0) {
		is_news = is_news || is_of_disks(&event);
		uevent_release(&event);
	}
	/* Some were lost: they may have been of disks. */
	if ((is_news || r < 0) && !monitor->follow.timer)
		monitor->follow.timer = loop_add_timer(monitor->loop, SETTLE_MS, on_settled, monitor);
}

static void listen_to_kernel(struct monitor *monitor)
{
	struct error error = {0};

	if (monitor->follow.source)
		return;
	monitor->follow.fd = uevent_listen(&error);
	if (monitor->follow.fd < 0)
		monitor_complain(monitor, &error);
	else
		monitor->follow.source = loop_add(monitor->loop, monitor->follow.fd, EPOLLIN, on_events, monitor);
}

static void stop_listening(struct monitor *monitor)
{
	loop_remove(steal_ptr(monitor->follow.timer));
	if (!monitor->follow.source)
		return;
	loop_remove(steal_ptr(monitor->follow.source));
	monitor_close(&monitor->follow.fd);
}

void follow_update(struct monitor *monitor)
{
	autorelease(plugged_release) struct plugged plugged = {0};
	struct error error = {0};

	if (!monitor->run.init_source)
		return;
	if (monitor->follow.attendant) {
		monitor->follow.is_due = true;
		return;
	}
	monitor->follow.is_due = false;
	if (plugged_load(monitor->id, &plugged, &error) < 0)
		monitor_complain(monitor, &error);
	if (!any_device(&plugged, is_watched)) {
		stop_listening(monitor);
		return;
	}
	/* First, so that nothing happens in between. */
	listen_to_kernel(monitor);
	if (any_device(&plugged, has_changed))
		start_hook(monitor);
}

void follow_cancel(struct monitor *monitor)
{
	attendant_cancel(steal_ptr(monitor->follow.attendant));
	monitor->follow.is_due = false;
	stop_listening(monitor);
}
