/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what happens when memory is out: one line, and the end. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *checked(void *memory)
{
	if (!memory) {
		fputs("syscontainer: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *memory, size_t count, size_t size)
{
	return checked(reallocarray(memory, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}

char *xstrndup(const char *text, size_t max)
{
	return checked(strndup(text, max));
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return checked(text);
}
