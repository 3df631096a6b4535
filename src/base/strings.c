/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the list of strings. */
#include "base/strings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void strings_append_owned(struct strings *list, char *item)
{
	list->items = xreallocarray(list->items, list->count + 2, sizeof(char *));
	list->items[list->count++] = item;
	list->items[list->count] = NULL;
}

void strings_append(struct strings *list, const char *item)
{
	strings_append_owned(list, xstrdup(item));
}

void strings_appendf(struct strings *list, const char *format, ...)
{
	va_list arguments;
	char *item = NULL;

	va_start(arguments, format);
	if (vasprintf(&item, format, arguments) < 0)
		item = xstrdup("");
	va_end(arguments);
	strings_append_owned(list, item);
}

void strings_append_all(struct strings *list, const struct strings *more)
{
	for (size_t i = 0; i < more->count; i++)
		strings_append(list, more->items[i]);
}

void strings_remove(struct strings *list, size_t index)
{
	free(list->items[index]);
	memmove(&list->items[index], &list->items[index + 1], (list->count - index) * sizeof(char *));
	list->count--;
}

bool strings_contain(const struct strings *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

void strings_split(struct strings *list, const char *text, const char *separators)
{
	while (*text) {
		size_t length = strcspn(text, separators);

		if (length)
			strings_append_owned(list, xstrndup(text, length));
		text += length;
		text += strspn(text, separators);
	}
}

char *strings_join(const struct strings *list, const char *separator)
{
	struct text joined = {0};

	for (size_t i = 0; i < list->count; i++) {
		if (i)
			text_append(&joined, separator);
		text_append(&joined, list->items[i]);
	}
	return text_steal(&joined);
}

static bool has_key(const char *item, const char *key, size_t length)
{
	return strncmp(item, key, length) == 0 && item[length] == '=';
}

const char *strings_get_value(const struct strings *list, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = list->count; i-- > 0;)
		if (has_key(list->items[i], key, length))
			return list->items[i] + length + 1;
	return NULL;
}

void strings_set_value(struct strings *list, const char *key, const char *value)
{
	size_t length = strlen(key);
	char *item = xasprintf("%s=%s", key, value);

	for (size_t i = 0; i < list->count; i++) {
		if (!has_key(list->items[i], key, length))
			continue;
		free(list->items[i]);
		list->items[i] = item;
		return;
	}
	strings_append_owned(list, item);
}

void strings_release(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strings){0};
}
