/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices may be used, and how: a set of rules in the words of cgroup v1 (kernel: cgroup-v1/devices.rst), by which v2 goes too. Plain data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* As in <linux/bpf.h>. */
enum device_access { DEVICE_MAKE = 1, DEVICE_READ = 2, DEVICE_WRITE = 4, DEVICE_ALL = 7 };

#define DEVICE_ANY UINT32_MAX

struct device_rule {
	char kind;             /* 'b' or 'c' */
	uint32_t major, minor; /* or DEVICE_ANY */
	unsigned access;       /* of enum device_access */
};

/* No two rules are of the same devices: "c 1:3 r" and "c 1:3 w" are one. */
struct device_rules {
	struct device_rule *items;
	size_t count;
};
void device_rules_release(struct device_rules *rules);

/* "rw": r, w and m, each once at most, in any order. */
bool device_access_parse(const char *text, unsigned *ret_access);

/* Joined with the rule that there is of the same devices. */
void device_rules_add(struct device_rules *rules, const struct device_rule *rule);
void device_rules_add_all(struct device_rules *rules, const struct device_rules *more);
/*
 * "b|c|a MAJOR|*:MINOR|* PERMISSIONS" with exactly one blank between. "a" adds a rule for either kind.
 * -EINVAL says how it is written.
 */
int device_rules_parse(struct device_rules *rules, const char *text, struct error *err);
/* The caller frees. */
char *device_rule_format(const struct device_rule *rule);
/* What a set allows and the other does not, told by rules of the same devices: a wider rule is another one. */
void device_rules_subtract(const struct device_rules *rules, const struct device_rules *less, struct device_rules *ret_rest);
bool device_rules_are_equal(const struct device_rules *a, const struct device_rules *b);
/* May the device be used in all of these ways? The kernel's answer: one rule has to allow all of them. */
bool device_rules_allow(const struct device_rules *rules, const struct device_rule *wish);
