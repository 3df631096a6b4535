/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resource options that create, run and update share: one for each row of kernel/cgroup_limit_rows.h. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "kernel/cgroup_limits.h"

int limit_check_pages(const char *value, struct error *err);
int limit_check_rate(const char *value, struct error *err);
int limit_check_count(const char *value, struct error *err);
int limit_check_weight(const char *value, struct error *err);

#define LIMIT_OPTION_NUMBER  .type = OPTION_INTEGER
#define LIMIT_OPTION_SIZE    .type = OPTION_SIZE, .min = -1
#define LIMIT_OPTION_DECIMAL .type = OPTION_DECIMAL
#define LIMIT_OPTION_SWITCH  .type = OPTION_SWITCH
#define LIMIT_OPTION_LIST    .type = OPTION_STRING
#define LIMIT_OPTION_PAGES   .type = OPTION_STRINGS, .check = limit_check_pages
#define LIMIT_OPTION_RATES   .type = OPTION_STRINGS, .check = limit_check_rate, .complete = "file"
#define LIMIT_OPTION_COUNTS  .type = OPTION_STRINGS, .check = limit_check_count, .complete = "file"
#define LIMIT_OPTION_WEIGHTS .type = OPTION_STRINGS, .check = limit_check_weight, .complete = "file"

#define LIMIT_ROW(of_, kind_, member_, option_, letter_, argument_, help_, ...) \
	, \
	{ \
		.name = option_, .letter = letter_, .offset = (of_) + offsetof(struct cgroup_limits, member_), \
		.argument = argument_, .help = help_, LIMIT_OPTION_##kind_ \
	}
/*
 * For an options struct that has `struct cgroup_limits member_`; defaults are CGROUP_LIMITS_UNSET. It begins with a comma, so
 * it stands directly behind another row.
 */
#define LIMIT_ROWS(owner_, member_) CGROUP_LIMIT_ROWS(LIMIT_ROW, offsetof(owner_, member_))

/* What is done as asked but may not be what was meant, for people; NULL when there is nothing to say. */
const char *limit_options_warning(const struct cgroup_limits *limits);
