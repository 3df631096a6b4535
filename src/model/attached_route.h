/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A route that is plugged into a container. Provisional: the package of routes replaces this file. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"

#define ATTACHED_ROUTE_LIMIT 1024

struct attached_route {
	char *name;
	char *value;
	bool is_required;
};
extern const struct schema attached_route_schema;

bool attached_route_is_same(const struct attached_route *a, const struct attached_route *b);
bool attached_route_is_equal(const struct attached_route *a, const struct attached_route *b);
int attached_route_check(const struct attached_route *route, struct error *err);
char *attached_route_describe(const struct attached_route *route);
