/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provisional: the package of nics replaces this file. */
#include "model/attached_nic.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"

static const struct schema_field fields[] = {
	{.key = "name", .type = SCHEMA_STRING, .offset = offsetof(struct attached_nic, name), .is_required = true},
	{.key = "value",
	 .type = SCHEMA_STRING,
	 .offset = offsetof(struct attached_nic, value),
	 .is_omitted_when_empty = true},
	{.key = "required",
	 .type = SCHEMA_BOOL,
	 .offset = offsetof(struct attached_nic, is_required),
	 .is_omitted_when_empty = true},
};
const struct schema attached_nic_schema = {sizeof(struct attached_nic), fields, ARRAY_SIZE(fields)};

bool attached_nic_is_same(const struct attached_nic *a, const struct attached_nic *b)
{
	return strcmp(a->name, b->name) == 0;
}

bool attached_nic_is_equal(const struct attached_nic *a, const struct attached_nic *b)
{
	return a->is_required == b->is_required && strcmp(a->value ? a->value : "", b->value ? b->value : "") == 0;
}

int attached_nic_check(const struct attached_nic *nic, struct error *err)
{
	return nic->name[0] ? 0 : error_set(err, -EINVAL, "it has no name");
}

char *attached_nic_describe(const struct attached_nic *nic)
{
	return xasprintf("nic %s", nic->name);
}
