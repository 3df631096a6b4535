/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer inspect`. */
#include "syscontainer/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "container/container.h"
#include "model/registry.h"
#include "syscontainer/describe.h"
#include "syscontainer/template.h"

#define INDENT 4

struct inspect_options {
	char *format;
	int64_t time;
};

static int describe_object(const char *reference, struct json **ret_document, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	autofree char *id = NULL;
	int r = registry_resolve(reference, &id, err);

	if (r == -ENOENT)
		return error_set(err, r, "Inspect error: No such object:%s", reference);
	if (r >= 0)
		r = container_open(reference, &container, err);
	if (r < 0)
		return error_prefix(err, "Inspect error");
	*ret_document = describe_container(&container);
	return 0;
}

static int print_fields(const char *format, const struct json *documents, struct error *err)
{
	autorelease(template_release) struct template template = {0};
	autorelease(text_release) struct text out = {0};
	int r = template_parse(format, &template, err);

	for (size_t i = 0; r >= 0 && i < json_count(documents); i++)
		r = template_evaluate(&template, json_at(documents, i), &out, err);
	fputs(text_get(&out), stdout);
	return r;
}

static int print_documents(const char *format, const struct json *documents, struct error *err)
{
	autorelease(text_release) struct text out = {0};

	if (format && strcmp(format, "json") != 0)
		return print_fields(format, documents, err);
	json_print(documents, INDENT, &out);
	puts(text_get(&out));
	return 0;
}

/* What can be shown is shown, whatever else is missing; the first failure leads the message and gives the code. */
static int collect(const struct strings *references, struct json *documents, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < references->count; i++) {
		struct error failure = {0};
		struct json *document = NULL;
		int r = describe_object(references->items[i], &document, &failure);

		if (r >= 0)
			json_append(documents, document);
		else if (result >= 0)
			result = error_set(err, r, "%s", failure.message);
		else
			error_append(err, "\n%s", failure.message);
	}
	return result;
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	autorelease(json_free_scoped) struct json *documents = json_new_array();
	struct inspect_options *options = data;
	struct error failure = {0};
	int result = collect(operands, documents, err);
	int r = 0;

	if (json_count(documents) > 0)
		r = print_documents(options->format, documents, &failure);
	if (r < 0)
		result = result < 0 ? error_append(err, "\n%s", failure.message) : error_set(err, r, "%s", failure.message);
	return result;
}

static const struct option_row rows[] = {
	{.name = "format",
	 .letter = 'f',
	 .type = OPTION_STRING,
	 .offset = offsetof(struct inspect_options, format),
	 .argument = "TEMPLATE",
	 .help = "print only {{.FIELD}}s or {{json .FIELD}}s, one a line; json is the whole"},
	{.name = "time",
	 .letter = 't',
	 .type = OPTION_INTEGER,
	 .offset = offsetof(struct inspect_options, time),
	 .argument = "SECONDS",
	 .help = "taken for old scripts: there is no daemon whose answer would be waited for"},
	{0},
};

static const struct inspect_options defaults = {.time = 120};

const struct command command_inspect = {
	.name = "inspect",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Show all that is known of containers, as JSON",
	.details =
		"Fields are named by their path, for example {{.State.Status}} or {{json .HostConfig.CgroupParent}}. Several "
		"groups may follow each other; each prints a line of its own, and text between them is dropped.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct inspect_options),
	.min_operands = 1,
	.complete = "container",
	.run = run,
};
