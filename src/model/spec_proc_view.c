/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the JSON of a container's proc view. */
#include "model/spec_proc_view.h"

#include <stddef.h>

#include "base/memory.h"

static const struct schema_field proc_view_fields[] = {
	{.key = "is_off", .type = SCHEMA_BOOL, .offset = offsetof(struct spec_proc_view, is_off)},
	{.key = "hides_quota", .type = SCHEMA_BOOL, .offset = offsetof(struct spec_proc_view, hides_quota)},
};
const struct schema spec_proc_view_schema = {sizeof(struct spec_proc_view), proc_view_fields, ARRAY_SIZE(proc_view_fields)};
