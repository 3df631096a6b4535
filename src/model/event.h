/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened, for people and scripts: RUN/events.jsonl, one JSON object a line, bounded. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"

/* One event. `attributes` are "key=value" ("pid=123", "exitCode=0", "signal=15", "name=web"). */
struct event {
	int64_t time_ns; /* real time */
	char *id;
	char *name;   /* of the container */
	char *action; /* "create", "start", "die", ...: manager.md's words */
	struct strings attributes;
};

/*
 * Appends one line with a single write(2) to a file opened O_APPEND, so that writers need no lock; when the file has passed 1 MiB it becomes
 * events.jsonl.1 (one older generation is kept). Best effort: a full disk must not fail what the event speaks of.
 */
void event_log(const char *id, const char *name, const char *action, const char *attributes_format, ...)
	__attribute__((format(printf, 4, 5))); /* attributes separated by blanks, "pid=%d exitCode=%d"; may be "" */
/* All events that are kept, oldest first, through `visit`, which returns 0 to go on. A line that is no event is skipped. */
int event_read(int (*visit)(const struct event *event, void *data), void *data, struct error *err);
/* The same, and then waits for new ones (inotify(7)) until `visit` returns other than 0 or until_ns (0: never) is past. */
int event_follow(int64_t until_ns, int (*visit)(const struct event *event, void *data), void *data, struct error *err);
