/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer events`. */
#include "syscontainer/commands.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_strings.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/event.h"
#include "model/paths.h"

#define NS_PER_SECOND 1000000000

struct events_options {
	char *name, *since, *until, *format;
};

struct filter {
	const char *name;           /* NULL: all */
	regex_t pattern;            /* of `name` */
	int64_t since_ns, until_ns; /* 0: no end */
	void (*print)(const struct event *event, struct text *out);
};

static int check_time(const char *value, struct error *err)
{
	int64_t time_ns;

	return clock_parse(value, &time_ns, err);
}

/* An event is one line, whatever the words of an exec are. */
static void append_printable(struct text *out, const char *words)
{
	for (; *words; words++)
		text_append_bytes(out, (unsigned char)*words < ' ' || *words == 0x7f ? "?" : words, 1);
}

static void append_attribute(struct text *out, const char *separator, const char *key, const char *value)
{
	text_append(out, separator);
	append_printable(out, key);
	append_printable(out, value);
}

static void print_plain(const struct event *event, struct text *out)
{
	clock_format_rfc3339(event->time_ns, out);
	text_append(out, " container ");
	append_printable(out, event->action);
	append_attribute(out, " ", event->id, " (");
	for (size_t i = 0; i < event->attributes.count; i++)
		append_attribute(out, "", event->attributes.items[i], ", ");
	text_append(out, "image=none");
	if (!strings_get_value(&event->attributes, "name"))
		append_attribute(out, ", ", "name=", event->name);
	text_append(out, ")");
}

static struct json *new_attributes(const struct event *event)
{
	struct json *attributes = json_new_object();

	json_set(attributes, "image", json_new_string("none"));
	json_set(attributes, "name", json_new_string(event->name));
	json_set_pairs(attributes, &event->attributes);
	return attributes;
}

static void print_json(const struct event *event, struct text *out)
{
	autorelease(json_free_scoped) struct json *object = json_new_object();
	struct json *actor;

	json_set(object, "Type", json_new_string("container"));
	json_set(object, "Action", json_new_string(event->action));
	actor = json_set(object, "Actor", json_new_object());
	json_set(actor, "ID", json_new_string(event->id));
	json_set(actor, "Attributes", new_attributes(event));
	json_set(object, "time", json_new_integer(event->time_ns / NS_PER_SECOND));
	json_set(object, "timeNano", json_new_integer(event->time_ns));
	json_print(object, 0, out);
}

static bool is_wanted(const struct filter *filter, const struct event *event)
{
	if (event->time_ns < filter->since_ns || (filter->until_ns && event->time_ns > filter->until_ns))
		return false;
	return !filter->name || strcmp(event->id, filter->name) == 0 ||
	       regexec(&filter->pattern, event->name, 0, NULL, 0) == 0;
}

static int show(const struct event *event, void *data)
{
	autorelease(text_release) struct text line = {0};
	const struct filter *filter = data;

	if (!is_wanted(filter, event))
		return 0;
	filter->print(event, &line);
	puts(text_get(&line));
	return ferror(stdout) != 0;
}

/* History is shown when a time asks for it. */
static int set_times(struct filter *filter, const struct events_options *options, struct error *err)
{
	if (!options->since && !options->until)
		filter->since_ns = clock_real_ns();
	if (options->since && clock_parse(options->since, &filter->since_ns, err) < 0)
		return error_prefix(err, "--since");
	if (options->until && clock_parse(options->until, &filter->until_ns, err) < 0)
		return error_prefix(err, "--until");
	return 0;
}

static int set_name(struct filter *filter, const char *name, struct error *err)
{
	char reason[256];
	int code;

	if (!name)
		return 0;
	code = regcomp(&filter->pattern, name, REG_EXTENDED | REG_NOSUB);
	if (code != 0) {
		regerror(code, &filter->pattern, reason, sizeof(reason));
		return error_set(err, -EINVAL, "--name: \"%s\" is not a regular expression: %s", name, reason);
	}
	filter->name = name;
	return 0;
}

static int run_filter(struct filter *filter, struct error *err)
{
	int r;

	if (filter->until_ns && filter->until_ns <= clock_real_ns())
		return event_read(show, filter, err);
	r = paths_prepare(err); /* there must be a place in which the first event can appear */
	if (r < 0)
		return r;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return event_follow(filter->until_ns, show, filter, err);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct events_options *options = data;
	struct filter filter = {.print = options->format ? print_json : print_plain};
	int r = set_times(&filter, options, err);

	(void)operands;
	if (r >= 0)
		r = set_name(&filter, options->name, err);
	if (r < 0)
		return r;
	r = run_filter(&filter, err);
	if (filter.name)
		regfree(&filter.pattern);
	return r;
}

static const char *const formats[] = {"json", NULL};

#define ROW(member, name_, letter_, type_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(struct events_options, member), \
		##__VA_ARGS__ \
	}

static const struct option_row rows[] = {
	ROW(name, "name", 'n', OPTION_STRING, .argument = "REGEX", .complete = "container",
	    .help = "only of containers whose name fits, or of the one with this full id"),
	ROW(since, "since", 'S', OPTION_STRING, .argument = "TIME", .check = check_time,
	    .help = "begin with what happened then"),
	ROW(until, "until", 'U', OPTION_STRING, .argument = "TIME", .check = check_time,
	    .help = "end with what happened until then"),
	ROW(format, "format", 0, OPTION_CHOICE, .choices = formats, .argument = "json",
	    .help = "print a JSON object a line"),
	{0},
};

const struct command command_events = {
	.name = "events",
	.arguments = "[OPTIONS]",
	.summary = "Show what happens to containers, as it happens",
	.details =
		"TIME is RFC 3339 (2026-11-22T02:10:30Z; without a zone it is local) or Unix seconds. Without --since and "
		"--until only what is new is shown. Goes on until it is interrupted or --until has come.",
	.options = rows,
	.options_size = sizeof(struct events_options),
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run,
};
