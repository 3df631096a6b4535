/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the names of slices. */
#include "model/slice.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define SUFFIX        ".slice"
#define UNIT_NAME_MAX 255 /* of a unit's name, with its suffix */

bool slice_is_meant(const char *text)
{
	size_t length = strlen(text), suffix = strlen(SUFFIX);

	return length >= suffix && strcmp(text + length - suffix, SUFFIX) == 0 && !strchr(text, '/');
}

static bool is_good(const char *name, size_t length)
{
	bool was_dash = true; /* a dash stands between two words */

	for (size_t i = 0; i < length; i++) {
		bool is_dash = name[i] == '-';

		if (is_dash ? was_dash : !isalnum((unsigned char)name[i]) && !strchr("_:.", name[i]))
			return false;
		was_dash = is_dash;
	}
	return !was_dash;
}

int slice_check(const char *name, struct error *err)
{
	size_t length = strlen(name);

	if (slice_is_meant(name) && length <= UNIT_NAME_MAX &&
	    (strcmp(name, "-" SUFFIX) == 0 || is_good(name, length - strlen(SUFFIX))))
		return 0;
	return error_set(err, -EINVAL,
			 "\"%.300s\" is no name of a slice: use words with single dashes between them, as in a-b.slice",
			 name);
}

char *slice_cgroup(const char *name)
{
	size_t length = strlen(name) - strlen(SUFFIX);
	struct text path = {0};

	if (strcmp(name, "-" SUFFIX) == 0)
		return xstrdup("");
	/* Each dash is a level: what is in front of it is the slice above. */
	for (size_t end = 0; end < length; end++) {
		end += strcspn(name + end, "-");
		if (end > length)
			end = length;
		text_appendf(&path, "/%.*s" SUFFIX, (int)end, name);
	}
	return text_steal(&path);
}
