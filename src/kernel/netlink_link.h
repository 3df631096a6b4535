/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links of a network namespace: NICs, and what looks like one. ip-link(8) */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mac.h"
#include "base/strings.h"
#include "kernel/netlink.h"

#define NETLINK_ALTERNATIVE_NAME_MAX 128 /* with its NUL */

struct netlink_link {
	int index;
	char name[IFNAMSIZ];
	struct strings alternative_names;
	char kind[16];   /* "veth", "bridge", ...; "" of a real NIC */
	char parent[64]; /* the device that a real NIC is, "0000:00:03.0", where the kernel tells (Linux 5.14) */
	struct mac mac;
	struct mac permanent_mac; /* that of the hardware */
	uint32_t mtu, queue_length;
	bool is_up;
	bool has_carrier;
	int master;       /* index; 0: none */
	int lower;        /* index of the link below, or of a veth's other end; 0: none */
	int lower_number; /* of the namespace where that is, netlink_namespace_number(); -1: in the same */
};
void netlink_link_release(struct netlink_link *link);

/* By its name or an alternative one. 1: found, and the caller releases; 0: there is none. */
int netlink_link_find(struct netlink *netlink, const char *name, struct netlink_link *ret_link, struct error *err);
int netlink_link_find_index(struct netlink *netlink, int index, struct netlink_link *ret_link, struct error *err);

struct netlink_links {
	struct netlink_link *items;
	size_t count;
};
/* All of the namespace. The caller releases. */
int netlink_link_list(struct netlink *netlink, struct netlink_links *ret_links, struct error *err);
void netlink_links_release(struct netlink_links *links);

/* A link that is made, all of it or nothing. It is down: the kernel cannot make a pair that is up. */
struct netlink_new_link {
	const char *kind; /* "veth", "macvlan" (mode bridge), "ipvlan" (mode l2), "vlan" */
	const char *name;
	int namespace_fd;                    /* where it goes; negative: the namespace of the socket */
	int lower;                           /* index, in the namespace of the socket; 0: needs none */
	int vlan;                            /* the number of a vlan */
	const struct mac *mac;               /* NULL: the kernel's choice */
	uint32_t mtu;                        /* 0: the kernel's choice */
	int64_t queue_length;                /* negative: the kernel's choice */
	int master;                          /* index; 0: none */
	const struct netlink_new_link *peer; /* the other end of a veth */
};
/* -EEXIST when the name is taken in the namespace where it goes. */
int netlink_link_create(struct netlink *netlink, const struct netlink_new_link *link, struct error *err);
/* A link that is gone is fine. */
int netlink_link_delete(struct netlink *netlink, int index, struct error *err);

/* What of a link is to change. The kernel goes through it in this order, and stops at what it refuses. */
struct netlink_link_change {
	const struct mac *mac; /* NULL: as it is */
	uint32_t mtu;          /* 0: as it is */
	const char *name;      /* NULL: as it is. Before Linux 6.2 only of a link that is down */
	int *master;           /* index, 0 for none; NULL: as it is */
	bool *is_up;           /* NULL: as it is */
	int64_t queue_length;  /* negative: as it is */
};
#define NETLINK_LINK_CHANGE_NOTHING ((struct netlink_link_change){.queue_length = -1})
int netlink_link_change(struct netlink *netlink, int index, const struct netlink_link_change *change, struct error *err);

/*
 * Into the network namespace behind `namespace_fd`, where it is called `name`. It loses its addresses, routes and master, and comes down. -EEXIST when the name
 * is taken there: it may have moved all the same, with its old name.
 */
int netlink_link_move(struct netlink *netlink, int index, int namespace_fd, const char *name, struct error *err);

/* Linux 5.5. A name that it has, or has no longer, is fine. */
int netlink_link_add_name(struct netlink *netlink, int index, const char *name, struct error *err);
int netlink_link_remove_name(struct netlink *netlink, int index, const char *name, struct error *err);
