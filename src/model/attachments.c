/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the lists of what is plugged in, and the table of its kinds. */
#include "model/attachments.h"

#include <string.h>

#include "base/memory.h"

#define KINDS(ROW) \
	ROW(ATTACHMENT_DEVICE, device, "devices", ATTACHED_DEVICE_LIMIT) \
	ROW(ATTACHMENT_PATH, path, "paths", ATTACHED_PATH_LIMIT) \
	ROW(ATTACHMENT_NIC, nic, "nics", ATTACHED_NIC_LIMIT) \
	ROW(ATTACHMENT_ROUTE, route, "routes", ATTACHED_ROUTE_LIMIT)

/* From what the kinds say of their own structs to what those who know none of them call. */
#define ADAPTERS(kind_, name_, key_, limit_) \
	static bool name_##_is_same(const void *a, const void *b) \
	{ \
		return attached_##name_##_is_same(a, b); \
	} \
	static bool name_##_is_equal(const void *a, const void *b) \
	{ \
		return attached_##name_##_is_equal(a, b); \
	} \
	static bool name_##_is_required(const void *item) \
	{ \
		return ((const struct attached_##name_ *)item)->is_required; \
	} \
	static int name_##_check(const void *item, struct error *err) \
	{ \
		return attached_##name_##_check(item, err); \
	} \
	static char *name_##_describe(const void *item) \
	{ \
		return attached_##name_##_describe(item); \
	}
KINDS(ADAPTERS)

#define TYPE(kind_, name_, key_, limit_) \
	[kind_] = {#name_,           &attached_##name_##_schema, limit_,        name_##_is_same, \
		   name_##_is_equal, name_##_is_required,        name_##_check, name_##_describe},
const struct attachment_type attachment_types[ATTACHMENT_KINDS] = {KINDS(TYPE)};

#define FIELD(kind_, name_, key_, limit_) \
	{.key = key_, \
	 .type = SCHEMA_ARRAY, \
	 .offset = offsetof(struct attachments, lists) + (kind_) * sizeof(struct schema_array), \
	 .nested = &attached_##name_##_schema, \
	 .is_omitted_when_empty = true},
static const struct schema_field fields[] = {KINDS(FIELD)};
const struct schema attachments_schema = {sizeof(struct attachments), fields, ARRAY_SIZE(fields)};

static void *at(const struct schema_array *list, const struct schema *schema, size_t index)
{
	return (char *)list->items + index * schema->size;
}

void *attachments_at(const struct attachments *attachments, enum attachment_kind kind, size_t index)
{
	return at(&attachments->lists[kind], attachment_types[kind].schema, index);
}

void *attachments_find(const struct attachments *attachments, enum attachment_kind kind, const void *item)
{
	for (size_t i = 0; i < attachments->lists[kind].count; i++) {
		void *found = attachments_at(attachments, kind, i);

		if (attachment_types[kind].is_same(found, item))
			return found;
	}
	return NULL;
}

void attachments_put(struct attachments *attachments, enum attachment_kind kind, const void *item)
{
	const struct schema *schema = attachment_types[kind].schema;
	struct schema_array *list = &attachments->lists[kind];
	void *place = attachments_find(attachments, kind, item), *copy = attachment_copy(kind, item);

	if (place) {
		schema_release(schema, place);
	} else {
		list->items = xreallocarray(list->items, list->count + 1, schema->size);
		place = at(list, schema, list->count++);
	}
	memcpy(place, copy, schema->size);
	free(copy);
}

void attachments_take(struct attachments *attachments, enum attachment_kind kind, const void *item)
{
	const struct schema *schema = attachment_types[kind].schema;
	struct schema_array *list = &attachments->lists[kind];
	char *place = attachments_find(attachments, kind, item);
	size_t behind;

	if (!place)
		return;
	schema_release(schema, place);
	behind = (size_t)((char *)at(list, schema, list->count) - (place + schema->size));
	memmove(place, place + schema->size, behind);
	list->count--;
}

void *attachment_copy(enum attachment_kind kind, const void *item)
{
	const struct schema *schema = attachment_types[kind].schema;
	void *copy = xcalloc(1, schema->size);

	schema_copy(schema, item, copy);
	return copy;
}

void attachment_free(enum attachment_kind kind, void *item)
{
	if (item)
		schema_release(attachment_types[kind].schema, item);
	free(item);
}

bool attachments_are_empty(const struct attachments *attachments)
{
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		if (attachments->lists[kind].count)
			return false;
	return true;
}

void attachments_copy(const struct attachments *source, struct attachments *target)
{
	schema_copy(&attachments_schema, source, target);
}

void attachments_release(struct attachments *attachments)
{
	schema_release(&attachments_schema, attachments);
}

static int check_item(const struct attachments *attachments, enum attachment_kind kind, size_t index, struct error *err)
{
	const struct attachment_type *type = &attachment_types[kind];
	const void *item = attachments_at(attachments, kind, index);
	autofree char *name = NULL;
	int r = type->check(item, err);

	if (r < 0)
		return error_prefix(err, "%s %zu", type->name, index + 1);
	name = type->describe(item);
	return attachments_find(attachments, kind, item) == item ? 0 : error_set(err, -EEXIST, "%s is there twice", name);
}

int attachments_check(const struct attachments *attachments, struct error *err)
{
	int r = 0;

	for (enum attachment_kind kind = 0; r == 0 && kind < ATTACHMENT_KINDS; kind++) {
		const struct attachment_type *type = &attachment_types[kind];
		size_t count = attachments->lists[kind].count;

		if (count > type->limit)
			return error_set(err, -E2BIG, "a container has at most %zu %ss, not %zu", type->limit, type->name,
					 count);
		for (size_t i = 0; r == 0 && i < count; i++)
			r = check_item(attachments, kind, i, err);
	}
	return r < 0 ? r : attached_nics_check(&attachments->lists[ATTACHMENT_NIC], err);
}
