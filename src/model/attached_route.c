/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provisional: the package of routes replaces this file. */
#include "model/attached_route.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"

static const struct schema_field fields[] = {
	{.key = "name", .type = SCHEMA_STRING, .offset = offsetof(struct attached_route, name), .is_required = true},
	{.key = "value",
	 .type = SCHEMA_STRING,
	 .offset = offsetof(struct attached_route, value),
	 .is_omitted_when_empty = true},
	{.key = "required",
	 .type = SCHEMA_BOOL,
	 .offset = offsetof(struct attached_route, is_required),
	 .is_omitted_when_empty = true},
};
const struct schema attached_route_schema = {sizeof(struct attached_route), fields, ARRAY_SIZE(fields)};

bool attached_route_is_same(const struct attached_route *a, const struct attached_route *b)
{
	return strcmp(a->name, b->name) == 0;
}

bool attached_route_is_equal(const struct attached_route *a, const struct attached_route *b)
{
	return a->is_required == b->is_required && strcmp(a->value ? a->value : "", b->value ? b->value : "") == 0;
}

int attached_route_check(const struct attached_route *route, struct error *err)
{
	return route->name[0] ? 0 : error_set(err, -EINVAL, "it has no name");
}

char *attached_route_describe(const struct attached_route *route)
{
	return xasprintf("route %s", route->name);
}
