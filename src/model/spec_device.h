/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host that a container gets, and which ones it may open. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/schema.h"
#include "base/strings.h"

/* --device HOST[:GUEST][:PERMISSIONS] */
struct spec_device {
	char *host;        /* absolute: a device, or a directory with devices */
	char *guest;       /* absolute; of a directory, where its devices come below */
	char *permissions; /* of r, w and m, each once at most */
};

struct spec_devices {
	struct {
		struct spec_device *items;
		size_t count;
	} list;
	struct strings rules; /* --device-cgroup-rule: "c 10:* rwm" */
};
extern const struct schema spec_devices_schema;

/* The text is HOST[:GUEST][:PERMISSIONS]; GUEST is HOST and PERMISSIONS is rwm when not given. The caller releases. */
int spec_device_parse(const char *text, struct spec_device *ret_device, struct error *err);
void spec_device_release(struct spec_device *device);
/* Takes over what is in `device`. */
void spec_devices_append(struct spec_devices *devices, struct spec_device *device);
/* "a|b|c MAJOR|*:MINOR|* PERMISSIONS", exactly one blank between. */
int spec_device_check_rule(const char *rule, struct error *err);
/* Each value, and that no place in the guest is given twice. */
int spec_devices_check(const struct spec_devices *devices, struct error *err);
