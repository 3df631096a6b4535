/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device that is plugged into a container. Provisional: the package of devices replaces this file. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"

#define ATTACHED_DEVICE_LIMIT 512

struct attached_device {
	char *name;
	char *value;
	bool is_required;
};
extern const struct schema attached_device_schema;

bool attached_device_is_same(const struct attached_device *a, const struct attached_device *b);
bool attached_device_is_equal(const struct attached_device *a, const struct attached_device *b);
int attached_device_check(const struct attached_device *device, struct error *err);
char *attached_device_describe(const struct attached_device *device);
