/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A route that is plugged into a container. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/schema.h"

#define ATTACHED_ROUTE_LIMIT 1024 /* in one container */

/* Each in one form, so that the same route is the same text; "" where there is none. */
struct attached_route {
	char *destination; /* NETWORK/BITS, "default", or "::/0" where nothing else tells that it is IPv6's */
	char *source;      /* that packets get which have none */
	char *gateway;
	char *device; /* the guest's link; "": that on which the gateway is */
	bool is_required;
};
extern const struct schema attached_route_schema;

struct attached_routes {
	struct attached_route *items;
	size_t count;
};

/*
 * '[{"dest": "10.1.0.0/16", "src": ..., "gw": ..., "dev": ...}, ...]', keys in any case; a "dest" that is empty, "default" or of 0 bits is the default route. null is
 * no route. The caller releases.
 */
int attached_routes_parse(const char *text, struct attached_routes *ret_routes, struct error *err);
void attached_routes_release(struct attached_routes *routes);

/* As the kernel takes it; family 0 where there is none. */
struct attached_route_ips {
	struct ip destination, source, gateway;
};
int attached_route_read(const struct attached_route *route, struct attached_route_ips *ret_ips, struct error *err);

int attached_route_check(const struct attached_route *route, struct error *err);
/* A route is all that it says: there is no "same" that is not "equal", but for what only counts at boot. */
bool attached_route_is_same(const struct attached_route *a, const struct attached_route *b);
bool attached_route_is_equal(const struct attached_route *a, const struct attached_route *b);
/* "route {dest:10.1.0.0/16,src:,gw:10.0.0.1,dev:eth1}"; the caller frees. */
char *attached_route_describe(const struct attached_route *route);
