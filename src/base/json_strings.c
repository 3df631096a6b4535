/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the short ways to make JSON of plain values. */
#include "base/json_strings.h"

#include <string.h>

#include "base/memory.h"

void json_set_string(struct json *object, const char *key, const char *value)
{
	if (value)
		json_set(object, key, json_new_string(value));
}

void json_set_bool(struct json *object, const char *key, bool value)
{
	json_set(object, key, json_new_bool(value));
}

void json_set_integer(struct json *object, const char *key, int64_t value)
{
	json_set(object, key, json_new_integer(value));
}

void json_append_strings(struct json *array, const struct strings *list, size_t first)
{
	for (size_t i = first; i < list->count; i++)
		json_append(array, json_new_string(list->items[i]));
}

void json_set_strings(struct json *object, const char *key, const struct strings *list, size_t first)
{
	json_append_strings(json_set(object, key, json_new_array()), list, first);
}

void json_set_pairs(struct json *object, const struct strings *list)
{
	for (size_t i = 0; i < list->count; i++) {
		size_t length = strcspn(list->items[i], "=");
		autofree char *key = xstrndup(list->items[i], length);

		json_set_string(object, key, list->items[i][length] ? list->items[i] + length + 1 : "");
	}
}

void json_set_map(struct json *object, const char *key, const struct strings *list)
{
	json_set_pairs(json_set(object, key, json_new_object()), list);
}
