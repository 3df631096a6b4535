/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "attachments": the one list of everything that is plugged in, in the form that "apply" takes. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/table.h"
#include "container/tools_verbs.h"
#include "tools/tools.h"

struct options {
	char *format;
};

static const char *const formats[] = {"table", "json", NULL};
static const struct options defaults = {.format = "table"};
static const struct option_row rows[] = {
	{.name = "format",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct options, format),
	 .choices = formats,
	 .argument = "FORMAT",
	 .help = "table, or json: the document that apply takes"},
	{.name = NULL},
};

static void print_json(const struct container *container)
{
	autorelease(json_free_scoped) struct json *document =
		schema_write(&attachments_schema, &container->spec.attachments);
	autorelease(text_release) struct text out = {0};

	json_print(document, 4, &out);
	puts(text_get(&out));
}

/* Of an item: in the guest, only recorded for the next boot, or why it is not there. */
static const char *state_of(const struct container *container, const struct plugged *plugged, enum attachment_kind kind,
			    const void *item, const char *what)
{
	const char *reason;

	if (!container_is_live(container))
		return "recorded";
	if (attachments_find(&plugged->live, kind, item))
		return "plugged";
	reason = plugged_find_skip(plugged, what);
	return reason ? reason : "recorded";
}

static int print_table(const struct container *container, struct error *err)
{
	static const char *const headers[] = {"ATTACHMENT", "STATE"};
	autorelease(plugged_release) struct plugged plugged = {0};
	const struct attachments *attachments = &container->spec.attachments;
	struct table *table;
	int r = plugged_load(container->id, &plugged, err);

	if (r < 0)
		return r;
	table = table_new(headers, ARRAY_SIZE(headers));
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		for (size_t i = 0; i < attachments->lists[kind].count; i++) {
			const void *item = attachments_at(attachments, kind, i);
			autofree char *what = attachment_types[kind].describe(item);

			table_append(table, (const char *[]){what, state_of(container, &plugged, kind, item, what)});
		}
	table_print(table, true, stdout);
	table_free(table);
	return 0;
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	const struct options *options = data;
	int r = tools_load(operands->items[0], &container, err);

	if (r < 0)
		return r;
	if (strcmp(options->format, "json") != 0)
		return print_table(&container, err);
	print_json(&container);
	return 0;
}

const struct command command_attachments = {
	TOOLS_VERB_ATTACHMENTS(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER",
	.details =
		"STATE is \"plugged\" (in the guest now), \"recorded\" (from the next boot on), or why it could not be plugged in at boot.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run,
};
