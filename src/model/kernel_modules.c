/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the rules for names of kernel modules. */
#include "model/kernel_modules.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

#define NAME_MAX_LENGTH 55

static bool is_name(const char *name, size_t length)
{
	bool is_good = length >= 1 && length <= NAME_MAX_LENGTH && name[0] != '-';

	for (size_t i = 0; is_good && i < length; i++)
		is_good = isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == '-';
	return is_good;
}

int kernel_modules_parse(const char *list, struct strings *ret_names, struct error *err)
{
	autorelease(strings_release) struct strings names = {0};

	for (const char *next = list; *list;) {
		size_t length = strcspn(next, ",");

		if (!is_name(next, length))
			return error_set(
				err, -EINVAL,
				"\"%.*s\" is no name of a kernel module: use letters, digits, '_' and '-', not '-' first",
				length > 100 ? 100 : (int)length, next);
		if (names.count == KERNEL_MODULES_MAX)
			return error_set(err, -E2BIG, "more than %d kernel modules are named", KERNEL_MODULES_MAX);
		strings_append_owned(&names, xstrndup(next, length));
		if (!next[length])
			break;
		next += length + 1;
	}
	*ret_names = names;
	names = (struct strings){0};
	return 0;
}
