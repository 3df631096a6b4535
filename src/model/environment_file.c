/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the format of environment files. */
#include "model/environment_file.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"

enum kind { LINE_EMPTY, LINE_PAIR, LINE_BARE, LINE_INVALID };

struct line {
	enum kind kind;
	size_t number;     /* from 1 */
	const char *whole; /* with the blanks before it and the newline */
	size_t whole_length;
	const char *entry; /* without them */
	size_t length, key_length;
};

struct reader {
	const char *next, *end;
	size_t number;
};

/* Length of the key that begins here; 0 when there is none, or one with characters that no key has. */
static size_t measure_key(const char *entry, size_t length)
{
	const char *equals = memchr(entry, '=', length);
	size_t key_length = equals ? (size_t)(equals - entry) : length;

	for (size_t i = 0; i < key_length; i++)
		if ((unsigned char)entry[i] <= ' ' || entry[i] == 0x7f)
			return 0;
	return entry[0] == '#' ? 0 : key_length;
}

static enum kind classify(struct line *line)
{
	autofree char *copy = NULL;

	if (line->length == 0 || line->entry[0] == '#')
		return LINE_EMPTY;
	line->key_length = measure_key(line->entry, line->length);
	copy = xstrndup(line->entry, line->length);
	if (line->key_length == 0 || strlen(copy) != line->length || !json_holds(copy))
		return LINE_INVALID;
	return line->key_length < line->length ? LINE_PAIR : LINE_BARE;
}

static bool read_line(struct reader *reader, struct line *line)
{
	const char *newline;
	size_t left = (size_t)(reader->end - reader->next);

	if (left == 0)
		return false;
	newline = memchr(reader->next, '\n', left);
	*line = (struct line){.number = ++reader->number, .whole = reader->next, .entry = reader->next};
	line->length = newline ? (size_t)(newline - reader->next) : left;
	line->whole_length = line->length + (newline ? 1 : 0);
	reader->next += line->whole_length;
	for (; line->length && (*line->entry == ' ' || *line->entry == '\t'); line->length--)
		line->entry++;
	line->kind = classify(line);
	return true;
}

/* Index of the item with this line's key, or -1. */
static ssize_t find_key(const struct strings *items, const struct line *line)
{
	for (size_t i = 0; i < items->count; i++)
		if (strncmp(items->items[i], line->entry, line->key_length) == 0 && items->items[i][line->key_length] == '=')
			return (ssize_t)i;
	return -1;
}

int environment_file_parse(const char *data, size_t length, struct strings *ret_items, struct error *err)
{
	struct reader reader = {.next = data, .end = data + length};
	struct line line;

	while (read_line(&reader, &line)) {
		if (line.kind == LINE_INVALID)
			return error_set(err, -EINVAL, "line %zu: it is neither KEY=VALUE nor KEY nor a # comment",
					 line.number);
		if (line.kind != LINE_EMPTY)
			strings_append_owned(ret_items, xstrndup(line.entry, line.length));
	}
	return 0;
}

static void set_item(struct strings *items, const struct line *line)
{
	ssize_t index = find_key(items, line);

	if (index >= 0)
		strings_remove(items, (size_t)index);
	strings_append_owned(items, xstrndup(line->entry, line->length));
}

int environment_file_join(const char *data, size_t length, const struct strings *given, struct strings *ret_items,
			  struct error *err)
{
	struct reader reader = {.next = data, .end = data + length};
	size_t sum = 0;
	struct line line;

	while (read_line(&reader, &line)) {
		if (line.kind != LINE_PAIR || find_key(given, &line) >= 0)
			continue;
		if (line.length > ENVIRONMENT_FILE_MAX_ENTRY)
			return error_set(err, -E2BIG, "line %zu: it is longer than %d bytes", line.number,
					 ENVIRONMENT_FILE_MAX_ENTRY);
		sum += line.length + 1;
		set_item(ret_items, &line);
		if (sum > ENVIRONMENT_FILE_MAX_JOINED || ret_items->count > ENVIRONMENT_FILE_MAX_COUNT)
			return error_set(err, -E2BIG, "line %zu: up to here it has more than %u bytes or %d variables",
					 line.number, ENVIRONMENT_FILE_MAX_JOINED, ENVIRONMENT_FILE_MAX_COUNT);
	}
	return 0;
}

void environment_file_merge(const char *data, size_t length, const struct strings *given, struct text *out)
{
	struct reader reader = {.next = data, .end = data + length};
	autofree bool *is_there = xcalloc(given->count + 1, sizeof(bool));
	struct line line;

	while (read_line(&reader, &line)) {
		ssize_t index = line.kind == LINE_PAIR ? find_key(given, &line) : -1;

		if (index < 0) {
			text_append_bytes(out, line.whole, line.whole_length);
			continue;
		}
		is_there[index] = true;
		text_append(out, given->items[index]);
		text_append_bytes(out, line.entry + line.length,
				  (size_t)(line.whole + line.whole_length - line.entry) - line.length);
	}
	for (size_t i = 0; i < given->count; i++) {
		if (is_there[i])
			continue;
		if (out->length && out->data[out->length - 1] != '\n')
			text_append(out, "\n");
		text_append(out, given->items[i]);
		text_append(out, "\n");
	}
}

int environment_file_check(const struct strings *given, struct error *err)
{
	for (size_t i = 0; i < given->count; i++) {
		const char *item = given->items[i];
		size_t length = strlen(item), key_length = measure_key(item, length);

		if (key_length == 0 || key_length == length)
			return error_set(err, -EINVAL, "\"%.100s\" has no name that a line of it could have", item);
		if (strchr(item, '\n'))
			return error_set(err, -EINVAL, "the value of %.*s has a newline, and it holds one variable a line",
					 (int)(key_length < 100 ? key_length : 100), item);
		if (length > ENVIRONMENT_FILE_MAX_ENTRY)
			return error_set(err, -E2BIG, "%.*s and its value are longer than %d bytes",
					 (int)(key_length < 100 ? key_length : 100), item, ENVIRONMENT_FILE_MAX_ENTRY);
	}
	return 0;
}
