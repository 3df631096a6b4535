/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation that cannot fail, and release at the end of the scope that acquired. */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Each ends the program with one line when memory is out: nothing we allocate is large. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *memory, size_t count, size_t size);
char *xstrdup(const char *text); /* NULL gives NULL */
char *xstrndup(const char *text, size_t max);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void memory_free_scoped(void *place)
{
	free(*(void **)place);
}

static inline void memory_close_scoped(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define autofree  __attribute__((cleanup(memory_free_scoped)))
#define autoclose __attribute__((cleanup(memory_close_scoped)))
/* `autorelease(strings_release) struct strings list = {0};` releases by the type's own function. */
#define autorelease(function) __attribute__((cleanup(function)))

/* Hand a scoped resource on: the scope forgets it. */
#define steal_ptr(pointer) \
	({ \
		__typeof__(pointer) stolen_ = (pointer); \
		(pointer) = NULL; \
		stolen_; \
	})
static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
