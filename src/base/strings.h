/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of strings that it owns, always ended by NULL so that it can be an argv. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strings {
	char **items; /* NULL while empty, else count strings and a NULL */
	size_t count;
};

void strings_append(struct strings *list, const char *item); /* copies */
void strings_append_owned(struct strings *list, char *item); /* takes over */
void strings_appendf(struct strings *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strings_append_all(struct strings *list, const struct strings *more);
void strings_remove(struct strings *list, size_t index);
bool strings_contain(const struct strings *list, const char *item);
/* The pieces of `text` between any of the `separators`, empty ones left out. */
void strings_split(struct strings *list, const char *text, const char *separators);
/* Joined with `separator`; the caller frees. */
char *strings_join(const struct strings *list, const char *separator);
/* "KEY=VALUE" items: the value of `key` in the last item that has it, or NULL; owned by the list. */
const char *strings_get_value(const struct strings *list, const char *key);
/* Replaces or appends "key=value". */
void strings_set_value(struct strings *list, const char *key, const char *value);
void strings_release(struct strings *list);
