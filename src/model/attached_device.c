/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provisional: the package of devices replaces this file. */
#include "model/attached_device.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"

static const struct schema_field fields[] = {
	{.key = "name", .type = SCHEMA_STRING, .offset = offsetof(struct attached_device, name), .is_required = true},
	{.key = "value",
	 .type = SCHEMA_STRING,
	 .offset = offsetof(struct attached_device, value),
	 .is_omitted_when_empty = true},
	{.key = "required",
	 .type = SCHEMA_BOOL,
	 .offset = offsetof(struct attached_device, is_required),
	 .is_omitted_when_empty = true},
};
const struct schema attached_device_schema = {sizeof(struct attached_device), fields, ARRAY_SIZE(fields)};

bool attached_device_is_same(const struct attached_device *a, const struct attached_device *b)
{
	return strcmp(a->name, b->name) == 0;
}

bool attached_device_is_equal(const struct attached_device *a, const struct attached_device *b)
{
	return a->is_required == b->is_required && strcmp(a->value ? a->value : "", b->value ? b->value : "") == 0;
}

int attached_device_check(const struct attached_device *device, struct error *err)
{
	return device->name[0] ? 0 : error_set(err, -EINVAL, "it has no name");
}

char *attached_device_describe(const struct attached_device *device)
{
	return xasprintf("device %s", device->name);
}
