/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns events.jsonl. */
#include "model/event.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/schema.h"
#include "base/text.h"
#include "model/lines.h"
#include "model/paths.h"

#define FILE_NAME      "events.jsonl"
#define FILE_MAX_BYTES (1 << 20)

#define FIELD(member, field_type) \
	{ \
		.key = #member, .type = field_type, .offset = offsetof(struct event, member), .is_required = true \
	}
static const struct schema_field event_fields[] = {
	FIELD(time_ns, SCHEMA_INT64), FIELD(id, SCHEMA_STRING),          FIELD(name, SCHEMA_STRING),
	FIELD(action, SCHEMA_STRING), FIELD(attributes, SCHEMA_STRINGS),
};
#undef FIELD
static const struct schema event_schema = {sizeof(struct event), event_fields, ARRAY_SIZE(event_fields)};

static void event_release(struct event *event)
{
	schema_release(&event_schema, event);
}

/* Writing */

/* Who holds the lock of the file that has the name may take the name away; a second one finds that it has gone already. */
static void rotate(int fd, const char *path)
{
	autofree char *older = xasprintf("%s.1", path);
	struct stat ours, there;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		rename(path, older);
}

/* A full disk may have taken a part of the last line. */
static bool ends_in_line(int fd, int64_t size)
{
	char last;

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static void append_line(const char *line, size_t length)
{
	autofree char *path = paths_run_file(FILE_NAME);
	autoclose int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	struct stat status;
	bool is_torn;

	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	is_torn = ends_in_line(fd, status.st_size);
	/* `line` begins with a newline for that case. */
	if (write(fd, is_torn ? line : line + 1, is_torn ? length : length - 1) > 0 &&
	    status.st_size + (off_t)length > FILE_MAX_BYTES)
		rotate(fd, path);
}

static void format_line(const struct event *event, struct text *out)
{
	autorelease(json_free_scoped) struct json *value = schema_write(&event_schema, event);

	text_append(out, "\n");
	json_print(value, 0, out);
	text_append(out, "\n");
}

void event_log(const char *id, const char *name, const char *action, const char *attributes_format, ...)
{
	autorelease(event_release) struct event event = {0};
	autorelease(text_release) struct text line = {0};
	autofree char *attributes = NULL;
	va_list arguments;

	va_start(arguments, attributes_format);
	if (vasprintf(&attributes, attributes_format, arguments) < 0)
		attributes = NULL;
	va_end(arguments);

	event = (struct event){.time_ns = clock_real_ns(),
			       .id = xstrdup(id),
			       .name = xstrdup(name ? name : ""),
			       .action = xstrdup(action)};
	if (attributes)
		strings_split(&event.attributes, attributes, " ");
	format_line(&event, &line);
	append_line(line.data, line.length);
}

/* Reading */

/* 1 when `visit` had enough. */
static int visit_line(const char *line, size_t length, int (*visit)(const struct event *event, void *data), void *data)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	autorelease(event_release) struct event event = {0};

	if (json_parse(line, length, &value, NULL) < 0 ||
	    schema_read(&event_schema, value, SCHEMA_TOLERANT, &event, NULL) < 0)
		return 0;
	return visit(&event, data) != 0;
}

static int visit_lines(struct lines *lines, int (*visit)(const struct event *event, void *data), void *data,
		       struct error *err)
{
	const char *line;
	size_t length;
	int r;

	while ((r = lines_next(lines, &line, &length, err)) > 0)
		if (visit_line(line, length, visit, data))
			return 1;
	return r;
}

int event_read(int (*visit)(const struct event *event, void *data), void *data, struct error *err)
{
	autorelease(lines_close_scoped) struct lines *lines = NULL;
	int r;

	r = lines_open(paths_run(), FILE_NAME, &lines, err);
	if (r == -ENOENT)
		return 0; /* nothing ever happened */
	if (r == 0)
		r = visit_lines(lines, visit, data, err);
	return r < 0 ? r : 0;
}

int event_follow(int64_t until_ns, int (*visit)(const struct event *event, void *data), void *data, struct error *err)
{
	autorelease(lines_close_scoped) struct lines *lines = NULL;
	int r;

	r = lines_open(paths_run(), FILE_NAME, &lines, err);
	while (r == 0) {
		int64_t left_ms = until_ns ? (until_ns - clock_real_ns()) / 1000000 : INT64_MAX;

		r = visit_lines(lines, visit, data, err);
		if (r != 0 || left_ms < 0)
			break;
		lines_wait(lines, left_ms < 1000 ? (int)left_ms + 1 : 1000); /* real time may be set */
	}
	return r < 0 ? r : 0;
}
