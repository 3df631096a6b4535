/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON from lists of strings, and members in one call. Everything is copied; the caller keeps what it gives. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/strings.h"

/* NULL leaves the member as it is. */
void json_set_string(struct json *object, const char *key, const char *value);
void json_set_bool(struct json *object, const char *key, bool value);
void json_set_integer(struct json *object, const char *key, int64_t value);
/* An array of the items from index `first` on. */
void json_set_strings(struct json *object, const char *key, const struct strings *list, size_t first);
void json_append_strings(struct json *array, const struct strings *list, size_t first);
/* "KEY=VALUE" items as members; without "=" the value is "". */
void json_set_pairs(struct json *object, const struct strings *list);
/* The same, as an object of their own. */
void json_set_map(struct json *object, const char *key, const struct strings *list);
