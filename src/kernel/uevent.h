/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel tells of devices that come and go (netlink(7), NETLINK_KOBJECT_UEVENT): hearing it on the host, and telling it to one network namespace, whose
 * udevd and the like take it for the kernel's own word (Linux 4.18).
 *
 * An event is an action and properties "KEY=VALUE", in the kernel's words: DEVPATH, SUBSYSTEM, MAJOR, MINOR, DEVNAME (below /dev), DEVTYPE ("disk", "partition"), ...
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"

struct uevent {
	char *action; /* "add", "change", "remove", ... */
	struct strings properties;
};
void uevent_release(struct uevent *event);

/* -EBADMSG for what no kernel would say. The caller releases. */
int uevent_parse(const char *data, size_t length, struct uevent *ret_event);

/*
 * What an event of a device would have for properties now. -ENOENT for a device that /sys does not show. `root` is put in front of paths: "", or a folder that looks
 * like a host (tests).
 */
int uevent_read_properties(const char *root, bool is_block, dev_t number, struct strings *ret_properties, struct error *err);

/*
 * Says it in a network namespace (a file of nsfs), to whoever listens there. `uid` and `gid` are those of the namespace's root, in ids of the host: listeners take
 * no one else's word. ACTION and SEQNUM are added. -EMSGSIZE when it is longer than the kernel takes (2048 bytes).
 */
int uevent_send(int network_fd, uid_t uid, gid_t gid, const char *action, const struct strings *properties,
		struct error *err);

/* Hears all that the kernel says in our own network namespace from now on. Returns a descriptor, non-blocking, to be polled for input. */
int uevent_listen(struct error *err);
/*
 * 1, or 0 when there is nothing more; what did not come from the kernel or is none is passed over. -ENOBUFS: some were lost, as nobody read in time, and the next ones
 * come. The caller releases.
 */
int uevent_receive(int fd, struct uevent *ret_event, struct error *err);
