/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A NIC that is plugged into a container. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"
#include "base/strings.h"

#define ATTACHED_NIC_LIMIT     128 /* in one container */
#define ATTACHED_NIC_MTU_LEAST 68  /* bytes, RFC 791 */

enum attached_nic_type {
	ATTACHED_NIC_VETH,    /* a pair: one end in the guest, the other on the host */
	ATTACHED_NIC_ETH,     /* a link of the host, which leaves it */
	ATTACHED_NIC_MACVLAN, /* on top of a link of the host, which stays there */
	ATTACHED_NIC_IPVLAN,
	ATTACHED_NIC_VLAN,
	ATTACHED_NIC_TYPES,
};
extern const char *const attached_nic_types[]; /* "veth" ... NULL */

/* What a link was on the host before it went to the guest, so that it can be that again. */
struct attached_nic_home {
	char *name; /* NULL: none is away */
	struct strings alternative_names;
	char *kind, *parent, *permanent_mac; /* what it is by nature; see struct netlink_link. "" where it has none */
	int lower;                           /* index of the link below, or at its other end */
	bool is_lower_here;                  /* that one is on the host */
	char *mac;
	int mtu, queue_length;
	bool is_up;
	char *master;                     /* name of its bridge; NULL: none */
	struct strings addresses, routes; /* netlink_address_save(), netlink_route_save() */
	int guest_index;                  /* what the guest knows it by; 0: unknown yet */
};

extern const struct schema attached_nic_home_schema;

struct attached_nic_now {
	struct attached_nic_home home;
};

struct attached_nic {
	int type;                /* enum attached_nic_type */
	char *host;              /* veth: name of the host's end; others: name of the host's link */
	char *guest;             /* name in the guest */
	struct strings ips;      /* ADDRESS/BITS */
	char *mac;               /* NULL: a made-up one that stays the same, or the hardware's */
	int mtu, queue_length;   /* 0: the kernel's, or the host's link's */
	char *bridge;            /* veth: of Linux or Open vSwitch; NULL: none */
	struct strings gateways; /* of the default route, one for each IP version at most */
	int vlan;                /* vlan: its number, 1 to 4094 */
	bool is_required;
	struct attached_nic_now now;
};
extern const struct schema attached_nic_schema;

/* "HOST:GUEST", "GUEST", "HOST:": the parts, NULL for one that is not there. The caller frees them. */
int attached_nic_split_name(const char *text, char **ret_host, char **ret_guest, struct error *err);
int attached_nic_parse_type(const char *text, int *ret_type, struct error *err);
/* These two append what was typed in the form that the kernel prints, and refuse what cannot be the address of a NIC, of a gateway. */
int attached_nic_add_ip(struct attached_nic *nic, const char *text, struct error *err);
int attached_nic_add_gateway(struct attached_nic *nic, const char *text, struct error *err);
int attached_nic_set_mac(struct attached_nic *nic, const char *text, struct error *err);

/* All that there is to know without looking at the host: the file may have been edited. */
int attached_nic_check(const struct attached_nic *nic, struct error *err);
/* No two of them have a name, an address or a MAC in common. `nics` is an array of struct attached_nic. */
int attached_nics_check(const struct schema_array *nics, struct error *err);
size_t attached_nics_count_physical(const struct schema_array *nics);
/* The same name in the guest. */
bool attached_nic_is_same(const struct attached_nic *a, const struct attached_nic *b);
/* And the same of everything. `now` does not count. */
bool attached_nic_is_equal(const struct attached_nic *a, const struct attached_nic *b);
/* Of those that are the same: is it another link, so that a change is a new one? */
bool attached_nic_is_other_link(const struct attached_nic *a, const struct attached_nic *b);
/* "NIC eth1 (veth)"; the caller frees. */
char *attached_nic_describe(const struct attached_nic *nic);
