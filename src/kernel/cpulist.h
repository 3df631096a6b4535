/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of CPU or memory node numbers, as the kernel writes them: "0-3,7". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define CPULIST_MAX 8192 /* the largest NR_CPUS that Linux can be built with */

struct cpulist {
	uint64_t words[CPULIST_MAX / 64];
};

/*
 * Reads the "List format" of cpuset(7): numbers and ranges between commas. Empty text is the empty set. Ranges
 * that run backwards, numbers from CPULIST_MAX on and anything else are -EINVAL.
 */
int cpulist_parse(const char *text, struct cpulist *ret_list, struct error *err);
/* Appends the shortest list; nothing for the empty set. */
void cpulist_format(const struct cpulist *list, struct text *out);
bool cpulist_has(const struct cpulist *list, unsigned int number); /* of any number */
bool cpulist_is_empty(const struct cpulist *list);
bool cpulist_equals(const struct cpulist *one, const struct cpulist *other);
/* Is every member of `part` in `whole`? */
bool cpulist_includes(const struct cpulist *whole, const struct cpulist *part);
unsigned int cpulist_count(const struct cpulist *list);
struct cpulist cpulist_union(const struct cpulist *one, const struct cpulist *other);
struct cpulist cpulist_intersection(const struct cpulist *one, const struct cpulist *other);
