/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of KEY=VALUE lines: --env-file, --label-file, and the file that a guest keeps its environment in. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"

#define ENVIRONMENT_FILE_MAX_BYTES  ((size_t)10 << 20)
#define ENVIRONMENT_FILE_MAX_ENTRY  4096          /* of a guest's file, KEY=VALUE without the newline */
#define ENVIRONMENT_FILE_MAX_JOINED (128u * 1024) /* what a guest's file may add to the environment, in sum */
#define ENVIRONMENT_FILE_MAX_COUNT  4096          /* and how many of them */

/*
 * A line is blank, a comment (its first character is '#'), KEY=VALUE, or KEY alone. Blanks before it are skipped; the value is all that follows '=',
 * as it is: no quotes, no escapes. A key has no blanks and no control characters. What is none of these is invalid: an empty key, a NUL byte, what
 * is not UTF-8 (our own files could not hold it).
 */

/* What people wrote: appends "KEY=VALUE" and "KEY" items in their order. An invalid line is -EINVAL with its number. */
int environment_file_parse(const char *data, size_t length, struct strings *ret_items, struct error *err);

/*
 * What a guest has: appends the KEY=VALUE lines whose key none of `given` has, of equal keys the last; other lines do not count. -E2BIG with
 * the line's number for an entry that is too long, or for too many of them.
 */
int environment_file_join(const char *data, size_t length, const struct strings *given, struct strings *ret_items,
			  struct error *err);

/*
 * The guest's file with the given "KEY=VALUE" items in it: each line of such a key gets the given value, keys that are missing are appended,
 * everything else stays as it is, byte for byte. The items must have passed environment_file_check().
 */
void environment_file_merge(const char *data, size_t length, const struct strings *given, struct text *out);

/* Can these "KEY=VALUE" items stand in such a file? -EINVAL for a newline or a bad key, -E2BIG for more than ENVIRONMENT_FILE_MAX_ENTRY bytes. */
int environment_file_check(const struct strings *given, struct error *err);
