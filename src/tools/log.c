/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the log of syscontainer-tools: --log, --log-level, --log-format. */
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "tools/tools.h"

struct tools_log_options tools_log_options = {.level = "info", .format = "text"};
static int log_fd = -1;

static const char *const levels[] = {"debug", "info", "warn", "error", "fatal", "panic", NULL};
static const char *const formats[] = {"text", "json", NULL};

const struct option_row tools_log_rows[] = {
	{.name = "log",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct tools_log_options, file),
	 .argument = "FILE",
	 .complete = "file",
	 .help = "Append messages to FILE, which is made with mode 0600; \".\" is standard output"},
	{.name = "log-level",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct tools_log_options, level),
	 .choices = levels,
	 .argument = "LEVEL",
	 .help = "Messages from this level on: debug, info, warn, error, fatal or panic"},
	{.name = "log-format",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct tools_log_options, format),
	 .choices = formats,
	 .argument = "FORMAT",
	 .help = "text or json"},
	{.name = NULL},
};

static int level_of(const char *name)
{
	int level = 0;

	while (levels[level] && strcmp(levels[level], name) != 0)
		level++;
	return level;
}

int tools_log_open(struct error *err)
{
	const char *file = tools_log_options.file;

	if (!file || log_fd >= 0)
		return 0;
	log_fd = strcmp(file, ".") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	return log_fd < 0 ? error_set_errno(err, "cannot open the log %s", file) : 0;
}

static void write_text(const char *time, const char *level, const char *message, struct text *out)
{
	autorelease(json_free_scoped) struct json *quoted = json_new_string(message);

	text_appendf(out, "time=\"%s\" level=%s msg=", time, level);
	json_print(quoted, 0, out); /* a line stays a line */
}

static void write_json(const char *time, const char *level, const char *message, struct text *out)
{
	autorelease(json_free_scoped) struct json *object = json_new_object();

	json_set(object, "level", json_new_string(level));
	json_set(object, "msg", json_new_string(message));
	json_set(object, "time", json_new_string(time));
	json_print(object, 0, out);
}

/* Best effort: a log that is full must not fail what it tells of. */
void tools_log(const char *level, const char *message)
{
	autorelease(text_release) struct text time = {0}, line = {0};

	if (log_fd < 0 || level_of(level) < level_of(tools_log_options.level))
		return;
	clock_format_rfc3339(clock_real_ns(), &time);
	(strcmp(tools_log_options.format, "json") == 0 ? write_json : write_text)(text_get(&time), level, message, &line);
	text_append(&line, "\n");
	if (write(log_fd, line.data, line.length) < 0)
		return;
}

void tools_say(const char *format, ...)
{
	autofree char *line = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		line = NULL;
	va_end(arguments);
	if (!line)
		return;
	puts(line);
	tools_log("info", line);
}
