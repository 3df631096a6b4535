/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the growing string. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static void reserve(struct text *text, size_t more)
{
	size_t needed = text->length + more + 1;

	if (needed <= text->capacity)
		return;
	text->capacity = needed < 64 ? 64 : needed * 2;
	text->data = xreallocarray(text->data, text->capacity, 1);
}

void text_append_bytes(struct text *text, const void *bytes, size_t count)
{
	reserve(text, count);
	if (count)
		memcpy(text->data + text->length, bytes, count);
	text->length += count;
	text->data[text->length] = '\0';
}

void text_append(struct text *text, const char *piece)
{
	text_append_bytes(text, piece, strlen(piece));
}

void text_appendf(struct text *text, const char *format, ...)
{
	va_list arguments, again;
	int count;

	va_start(arguments, format);
	va_copy(again, arguments);
	count = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (count > 0) {
		reserve(text, (size_t)count);
		vsnprintf(text->data + text->length, (size_t)count + 1, format, arguments);
		text->length += (size_t)count;
	}
	va_end(arguments);
}

void text_append_number(struct text *text, uint64_t number, size_t width)
{
	char digits[20];
	size_t count = 0, blanks;
	char *end;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	blanks = width > count ? width - count : 0;
	reserve(text, blanks + count);
	end = text->data + text->length;
	memset(end, ' ', blanks);
	end += blanks;
	text->length += blanks + count;
	while (count)
		*end++ = digits[--count];
	*end = '\0';
}

void text_clear(struct text *text)
{
	text->length = 0;
	if (text->data)
		*text->data = '\0';
}

const char *text_get(const struct text *text)
{
	return text->data ? text->data : "";
}

char *text_steal(struct text *text)
{
	char *data = text->data ? text->data : xstrdup("");

	*text = (struct text){0};
	return data;
}

void text_release(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}
