/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what a guest is told of a device. */
#include "container/device_notice.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "base/memory.h"
#include "kernel/namespace.h"
#include "kernel/uevent.h"

char *device_notice_devpath(bool is_block, dev_t number)
{
	autorelease(strings_release) struct strings properties = {0};

	uevent_read_properties("", is_block, number, &properties, NULL);
	return xstrdup(strings_get_value(&properties, "DEVPATH"));
}

/* One that is gone has no entry in /sys, or another device has its number by now. */
static int remember(const struct device_notice *notice, struct strings *properties)
{
	autofree char *major_text = xasprintf("%u", major(notice->number)),
		      *minor_text = xasprintf("%u", minor(notice->number));

	if (!notice->devpath || !notice->is_block)
		return -ENOENT;
	strings_release(properties);
	strings_set_value(properties, "DEVPATH", notice->devpath);
	strings_set_value(properties, "SUBSYSTEM", "block");
	strings_set_value(properties, "MAJOR", major_text);
	strings_set_value(properties, "MINOR", minor_text);
	return 0;
}

static int collect(const struct device_notice *notice, struct strings *properties)
{
	const char *devpath;
	int r = uevent_read_properties("", notice->is_block, notice->number, properties, NULL);

	devpath = strings_get_value(properties, "DEVPATH");
	if (r < 0 || (notice->devpath && strcmp(notice->devpath, devpath) != 0))
		r = remember(notice, properties);
	return r;
}

/* As the guest calls it. A node that is not below /dev is none for udev. */
static void set_name(struct strings *properties, const char *path)
{
	if (strncmp(path, "/dev/", 5) == 0) {
		strings_set_value(properties, "DEVNAME", path + 5);
		return;
	}
	for (size_t i = properties->count; i-- > 0;)
		if (strncmp(properties->items[i], "DEVNAME=", 8) == 0)
			strings_remove(properties, i);
}

int device_notice_send(const struct plug *plug, const char *action, const struct device_notice *notice, struct error *err)
{
	autorelease(strings_release) struct strings properties = {0};
	autoclose int network = -EBADF;

	if (plug->is_boot || plug->init_pidfd < 0 || !spec_namespace_is_own(&plug->spec->namespaces, SPEC_NAMESPACE_NET) ||
	    collect(notice, &properties) < 0)
		return 0;
	set_name(&properties, notice->path);
	network = namespace_open_network(plug->init.pid, plug->init_pidfd, err);
	if (network < 0)
		return network;
	return uevent_send(network, (uid_t)plug->spec->idmap.uid, (gid_t)plug->spec->idmap.gid, action, &properties, err);
}
