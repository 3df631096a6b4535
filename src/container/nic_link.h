/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links of one plugged-in NIC: where they are, and how they are made, moved and taken away. What they are set to is plug_nic.c's matter. */
#pragma once

#include "base/error.h"
#include "container/plug.h"
#include "kernel/netlink_link.h"
#include "model/attached_nic.h"

/* Both sides of one guest's network. */
struct nic_wire {
	const struct plug *plug;
	struct netlink *host, *guest; /* guest NULL: its network is gone */
	int guest_fd;
};
/* Both are opened from outside; see network_pin_open(). */
int nic_wire_open(const struct plug *plug, struct nic_wire *ret_wire, struct error *err);
void nic_wire_release(struct nic_wire *wire);

/* The guest's end. 1: found, and the caller releases; 0: it is not there. */
int nic_link_find(const struct nic_wire *wire, const struct attached_nic *nic, struct netlink_link *ret_link,
		  struct error *err);
/* The host's end of a veth, the same. -EEXIST when the name is that of something else. */
int nic_link_find_host_end(const struct nic_wire *wire, const struct attached_nic *nic, struct netlink_link *ret_link,
			   struct error *err);
/* Makes it, or moves it in; of a veth the host's end gets into its bridge and up. On failure nothing of it is left. */
int nic_link_make(const struct nic_wire *wire, struct attached_nic *nic, struct error *err);
/* Deletes it, or brings it home. It being gone is fine. */
int nic_link_remove(const struct nic_wire *wire, const struct attached_nic *nic, struct error *err);
