/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A path that is plugged into a container. Provisional: the package of paths replaces this file. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"

#define ATTACHED_PATH_LIMIT 128

struct attached_path {
	char *name;
	char *value;
	bool is_required;
};
extern const struct schema attached_path_schema;

bool attached_path_is_same(const struct attached_path *a, const struct attached_path *b);
bool attached_path_is_equal(const struct attached_path *a, const struct attached_path *b);
int attached_path_check(const struct attached_path *path, struct error *err);
char *attached_path_describe(const struct attached_path *path);
