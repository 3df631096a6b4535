/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what inspect says of what is plugged in. */
#include "base/json_strings.h"
#include "base/memory.h"
#include "model/plugged.h"
#include "syscontainer/describe_parts.h"

static void append(struct json *array, enum attachment_kind kind, const void *item, const struct plugged *plugged)
{
	struct json *object = json_append(array, json_new_object());
	autofree char *what = attachment_types[kind].describe(item);
	const char *reason = plugged_find_skip(plugged, what);
	bool is_plugged = attachments_find(&plugged->live, kind, item) != NULL;

	json_set_string(object, "Type", attachment_types[kind].name);
	json_set_string(object, "Description", what);
	json_set_bool(object, "Plugged", is_plugged);
	json_set_string(object, "Warning", reason && !is_plugged ? reason : "");
}

void describe_attachments(const struct container *container, struct json *document)
{
	struct json *array = json_set(document, "Attachments", json_new_array());
	const struct attachments *attachments = &container->spec.attachments;
	autorelease(plugged_release) struct plugged plugged = {0};

	if (attachments_are_empty(attachments))
		return;
	if (container_is_live(container))
		plugged_load(container->id, &plugged, NULL); /* one that cannot be read is a matter of whoever changes it */
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		for (size_t i = 0; i < attachments->lists[kind].count; i++)
			append(array, kind, attachments_at(attachments, kind, i), &plugged);
}
