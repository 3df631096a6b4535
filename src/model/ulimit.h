/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of single processes, getrlimit(2), by the names that "ulimit" options have. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/schema.h"

#define ULIMIT_COUNT     15
#define ULIMIT_UNLIMITED (-1)

struct ulimit {
	char *name;         /* "nofile" */
	int64_t soft, hard; /* in setrlimit(2)'s units, or ULIMIT_UNLIMITED */
};

/* One entry a name. */
struct ulimits {
	struct ulimit *items;
	size_t count;
};

/* Of one struct ulimit. */
extern const struct schema ulimit_schema;

/* The name of the index-th one, below ULIMIT_COUNT, in alphabetical order; and RLIMIT_* of a name, or -EINVAL. */
const char *ulimit_name(size_t index);
int ulimit_resource(const char *name);
/* "NAME=SOFT[:HARD]"; messages as users of the reference know them. The caller frees ret_limit->name. */
int ulimit_parse(const char *text, struct ulimit *ret_limit, struct error *err);
int ulimit_check(const struct ulimit *limit, struct error *err);
/* Replaces or appends; the name is copied. */
void ulimits_set(struct ulimits *list, const struct ulimit *limit);
void ulimits_release(struct ulimits *list);
