/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provisional: the package of paths replaces this file. */
#include "model/attached_path.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"

static const struct schema_field fields[] = {
	{.key = "name", .type = SCHEMA_STRING, .offset = offsetof(struct attached_path, name), .is_required = true},
	{.key = "value",
	 .type = SCHEMA_STRING,
	 .offset = offsetof(struct attached_path, value),
	 .is_omitted_when_empty = true},
	{.key = "required",
	 .type = SCHEMA_BOOL,
	 .offset = offsetof(struct attached_path, is_required),
	 .is_omitted_when_empty = true},
};
const struct schema attached_path_schema = {sizeof(struct attached_path), fields, ARRAY_SIZE(fields)};

bool attached_path_is_same(const struct attached_path *a, const struct attached_path *b)
{
	return strcmp(a->name, b->name) == 0;
}

bool attached_path_is_equal(const struct attached_path *a, const struct attached_path *b)
{
	return a->is_required == b->is_required && strcmp(a->value ? a->value : "", b->value ? b->value : "") == 0;
}

int attached_path_check(const struct attached_path *path, struct error *err)
{
	return path->name[0] ? 0 : error_set(err, -EINVAL, "it has no name");
}

char *attached_path_describe(const struct attached_path *path)
{
	return xasprintf("path %s", path->name);
}
