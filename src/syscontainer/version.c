/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer version`. */
#include "syscontainer/commands.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

struct version_options {
	char *format;
};

static const struct {
	const char *key, *label;
} lines[] = {
	{"Version", "Version"},
	{"OsArch", "OS/Arch"},
	{"KernelVersion", "Kernel Version"},
};

static struct json *new_half(const struct utsname *host)
{
	autofree char *os_arch = xasprintf("linux/%s", host->machine);
	struct json *half = json_new_object();

	json_set(half, "Version", json_new_string(PACKAGE_VERSION));
	json_set(half, "OsArch", json_new_string(os_arch));
	return half;
}

/* There is no daemon, so that both halves are this program; scripts look for both. */
static struct json *new_document(void)
{
	struct json *document = json_new_object();
	struct utsname host = {0};
	struct json *server;

	uname(&host);
	json_set(document, "Client", new_half(&host));
	server = json_set(document, "Server", new_half(&host));
	json_set(server, "KernelVersion", json_new_string(host.release));
	return document;
}

static void append_half(const struct json *document, const char *name, struct text *out)
{
	const struct json *half = json_get(document, name);

	text_appendf(out, "%s:\n", name);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (json_get(half, lines[i].key))
			text_appendf(out, "  %s:\t%s\n", lines[i].label, json_string(json_get(half, lines[i].key)));
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	autorelease(json_free_scoped) struct json *document = new_document();
	autorelease(text_release) struct text out = {0};
	const struct version_options *options = data;

	(void)operands;
	(void)err;
	if (options->format) {
		json_print(document, 0, &out);
		text_append(&out, "\n");
	} else {
		append_half(document, "Client", &out);
		text_append(&out, "\n");
		append_half(document, "Server", &out);
	}
	fputs(text_get(&out), stdout);
	return 0;
}

static const char *const formats[] = {"json", NULL};

static const struct option_row rows[] = {
	{.name = "format",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct version_options, format),
	 .choices = formats,
	 .argument = "json",
	 .help = "print it as JSON"},
	{0},
};

const struct command command_version = {
	.name = "version",
	.arguments = "[OPTIONS]",
	.summary = "Show the version",
	.options = rows,
	.options_size = sizeof(struct version_options),
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run,
};
