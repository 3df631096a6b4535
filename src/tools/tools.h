/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* syscontainer-tools: what its commands share. */
#pragma once

#include <stdbool.h>

#include "base/command.h"
#include "base/error.h"
#include "base/json.h"
#include "container/container.h"
#include "container/plug.h"

/* A command edits the list of what is plugged in; the rest is the same for all. */
struct tools_change {
	const char *reference; /* the container as typed */
	enum plug_scope scope;
	/*
	 * Changes `wanted`, which begins as a copy of what the container has; all of it is undone when this or anything later fails. The container is
	 * locked and loaded. NULL: nothing is changed, but what was skipped at boot is tried again.
	 */
	int (*edit)(const struct container *container, struct attachments *wanted, void *data, struct error *err);
	void *data;
	plug_visit *visit; /* hears of each step; may be NULL */
	void *visit_data;
	bool is_dry_run; /* only visit */
	bool is_forced;  /* --force: as struct plug has it */
};

/* All or nothing: the running guest, if there is one, and the record. */
int tools_change(const struct tools_change *change, struct error *err);
/* What is recorded, without a lock. The caller releases. */
int tools_load(const char *reference, struct container *ret_container, struct error *err);

/* Success lines: to standard output, and to the log. */
void tools_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An array on one line, or indented; nothing when it is empty. */
void tools_print_list(const struct json *list, bool is_pretty);

/* filter.c: --filter of lists, an object with keys of the elements in any case. NULL: all. */
int tools_filter_parse(const char *text, struct json **ret_filter, struct error *err);
/* Is each value of the filter that of the element? "" and 0 are like any; what the element has not is not looked at. */
bool tools_filter_takes(const struct json *filter, const struct json *element);

/* log.c: --log, --log-level, --log-format, for all commands. */
struct tools_log_options {
	char *file, *level, *format;
};
extern const struct option_row tools_log_rows[];
extern struct tools_log_options tools_log_options;
/* Opens the file that --log names; without it nothing is logged. */
int tools_log_open(struct error *err);
void tools_log(const char *level, const char *message);

extern const struct command command_attachments, command_apply, command_retry;
extern const struct command command_add_device, command_list_device, command_remove_device, command_update_device;
extern const struct command command_add_path, command_list_path, command_relabel, command_remove_path;
extern const struct command command_add_nic, command_list_nic, command_remove_nic, command_update_nic;
extern const struct command command_add_route, command_list_route, command_remove_route;
