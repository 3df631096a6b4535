/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer logs`. */
#include "syscontainer/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "container/container.h"
#include "model/console_log.h"
#include "model/registry.h"

struct logs_options {
	bool follow, timestamps;
	char *tail;
};

struct view {
	bool has_timestamps;
	bool is_within_line[CONSOLE_STREAM_STDERR + 1]; /* the last piece had no newline */
	struct container container;                     /* with --follow only */
};

/* -1 for all. */
static int parse_tail(const char *text, int64_t *ret_tail, struct error *err)
{
	*ret_tail = -1;
	if (strcmp(text, "all") == 0)
		return 0;
	if (number_parse(text, INT64_MIN, INT64_MAX, ret_tail, err) < 0)
		return error_append(err, "; give a number of lines or all");
	return 0;
}

static int check_tail(const char *value, struct error *err)
{
	int64_t tail;

	return parse_tail(value, &tail, err);
}

static void print_timestamp(int64_t time_ns, FILE *out)
{
	autorelease(text_release) struct text stamp = {0};

	clock_format_rfc3339(time_ns, &stamp);
	fprintf(out, "%s ", text_get(&stamp));
}

static int print_line(const struct console_line *line, void *data)
{
	struct view *view = data;
	FILE *out = line->stream == CONSOLE_STREAM_STDERR ? stderr : stdout;
	bool *is_within_line = &view->is_within_line[line->stream];

	if (out == stderr)
		fflush(stdout); /* so that the two keep their order where they end up in one place */
	if (view->has_timestamps && !*is_within_line)
		print_timestamp(line->time_ns, out);
	fwrite(line->text, 1, line->length, out);
	*is_within_line = line->length > 0 && line->text[line->length - 1] != '\n';
	if (*is_within_line)
		fflush(out);
	return ferror(out) != 0;
}

static int has_ended(void *data)
{
	struct view *view = data;

	container_reload(&view->container);
	return !container_is_live(&view->container);
}

static int follow(const char *reference, int64_t tail, struct view *view, struct error *err)
{
	autofree char *id = NULL;
	int r = container_open(reference, &view->container, err);

	if (r < 0)
		return r;
	id = xstrdup(view->container.id);
	setvbuf(stdout, NULL, _IOLBF, 0);
	r = console_log_follow(id, tail, print_line, has_ended, view, err);
	container_release(&view->container);
	return r;
}

/* Without --follow nothing but the files is looked at, so that the log of a broken container can be read. */
static int show(const char *reference, int64_t tail, struct view *view, struct error *err)
{
	autofree char *id = NULL;
	int r = registry_resolve(reference, &id, err);

	return r < 0 ? r : console_log_read(id, tail, print_line, view, err);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct logs_options *options = data;
	struct view view = {.has_timestamps = options->timestamps};
	int64_t tail;
	int r = parse_tail(options->tail, &tail, err);

	if (r < 0)
		return r;
	return (options->follow ? follow : show)(operands->items[0], tail, &view, err);
}

#define ROW(member, name_, letter_, type_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(struct logs_options, member), \
		##__VA_ARGS__ \
	}

static const struct option_row rows[] = {
	ROW(follow, "follow", 'f', OPTION_FLAG, .help = "go on with new lines until the container ends"),
	ROW(tail, "tail", 0, OPTION_STRING, .argument = "N|all", .check = check_tail, .help = "begin at the last N lines"),
	ROW(timestamps, "timestamps", 't', OPTION_FLAG, .help = "put the time in front of each line"),
	{0},
};

static const struct logs_options defaults = {.tail = (char *)"all"};

const struct command command_logs = {
	.name = "logs",
	.arguments = "[OPTIONS] CONTAINER",
	.summary = "Print the console output of a container",
	.details =
		"Earlier boots are in it too, as far as the rotated files reach. What a container without a terminal wrote to "
		"its standard error goes to standard error.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct logs_options),
	.min_operands = 1,
	.max_operands = 1,
	.complete = "container",
	.run = run,
};
