/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing string. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct text {
	char *data; /* NUL-terminated; NULL while nothing was appended */
	size_t length;
	size_t capacity;
};

void text_append(struct text *text, const char *piece);
void text_append_bytes(struct text *text, const void *bytes, size_t count);
void text_appendf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A decimal, at least `width` characters with blanks in front: a fraction of the time of text_appendf(). */
void text_append_number(struct text *text, uint64_t number, size_t width);
/* Empties it and keeps its memory. */
void text_clear(struct text *text);
/* The content as a string, never NULL; owned by `text`. */
const char *text_get(const struct text *text);
/* Hands the string to the caller (never NULL) and leaves `text` empty. */
char *text_steal(struct text *text);
void text_release(struct text *text);
