/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "apply": from what is plugged in to what a file says. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "container/tools_verbs.h"
#include "model/device_hook.h"
#include "tools/tools.h"

struct options {
	bool is_dry_run;
};

static const struct option_row rows[] = {
	{.name = "dry-run",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, is_dry_run),
	 .help = "Print what would be changed and change nothing"},
	{.name = NULL},
};

/* "-" is standard input. */
static int read_file(const char *path, struct attachments *ret_wanted, struct error *err)
{
	autorelease(json_free_scoped) struct json *document = NULL;
	int r = json_read_file(AT_FDCWD, strcmp(path, "-") == 0 ? "/dev/stdin" : path, JSON_MAX_BYTES, &document, err);

	if (r < 0)
		return r;
	if (device_hook_is_one(document)) {
		r = device_hook_read(document, ret_wanted, err);
	} else {
		r = schema_read(&attachments_schema, document, SCHEMA_STRICT, ret_wanted, err);
		if (r == 0)
			r = attachments_check(ret_wanted, err);
	}
	return r < 0 ? error_prefix(err, "%s", path) : 0;
}

static int edit(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	(void)container;
	(void)err;
	attachments_release(wanted);
	attachments_copy(data, wanted);
	return 0;
}

static void print(const char *action, const char *what, void *data)
{
	(void)data;
	tools_say("%s %s", action, what);
}

/* Of a container that does not run nothing is plugged in: the record alone tells what changes. */
static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct options *options = data;
	autorelease(attachments_release) struct attachments wanted = {0};
	const struct tools_change change = {
		.reference = operands->items[0],
		.scope = PLUG_ALL,
		.edit = edit,
		.data = &wanted,
		.visit = print,
		.is_dry_run = options->is_dry_run,
	};
	int r = read_file(operands->items[1], &wanted, err);

	return r < 0 ? r : tools_change(&change, err);
}

const struct command command_apply = {
	TOOLS_VERB_APPLY(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER FILE|-",
	.details =
		"FILE is what \"attachments --format json\" prints. What it lacks is taken out, what is new is plugged in, what differs is "
		"changed, in the running guest and in the record; all or nothing. Each change is printed. A device_hook.json of "
		"isulad-tools or syscontainer-tools of openEuler is taken, too.",
	.options = rows,
	.options_size = sizeof(struct options),
	.min_operands = 2,
	.max_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run,
};
