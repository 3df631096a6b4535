/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the grammar of devices and device rules. */
#include "model/spec_device.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/device_rules.h"

static const struct schema_field device_fields[] = {
	{"host", SCHEMA_STRING, offsetof(struct spec_device, host), .is_required = true},
	{"guest", SCHEMA_STRING, offsetof(struct spec_device, guest), .is_required = true},
	{"permissions", SCHEMA_STRING, offsetof(struct spec_device, permissions), .is_required = true},
};
static const struct schema device_schema = {sizeof(struct spec_device), device_fields, ARRAY_SIZE(device_fields)};

static const struct schema_field fields[] = {
	{"list", SCHEMA_ARRAY, offsetof(struct spec_devices, list), &device_schema, .is_omitted_when_empty = true},
	{"rules", SCHEMA_STRINGS, offsetof(struct spec_devices, rules), .is_omitted_when_empty = true},
};
const struct schema spec_devices_schema = {sizeof(struct spec_devices), fields, ARRAY_SIZE(fields)};

void spec_device_release(struct spec_device *device)
{
	schema_release(&device_schema, device);
}

void spec_devices_append(struct spec_devices *devices, struct spec_device *device)
{
	devices->list.items = xreallocarray(devices->list.items, devices->list.count + 1, sizeof(*device));
	devices->list.items[devices->list.count++] = *device;
	*device = (struct spec_device){0};
}

/* A file has a name: "/" and what ends like a directory that is not one is none. */
static bool is_path(const char *path)
{
	return path[0] == '/' && path[1] && strlen(path) < PATH_MAX;
}

/* ".." would be resolved below the guest's root, but nobody who types it means that. */
static bool has_dots(const char *path)
{
	for (const char *part = path; (part = strstr(part, "/..")); part += 3)
		if (part[3] == '/' || !part[3])
			return true;
	return false;
}

static int check_device(const struct spec_device *device, struct error *err)
{
	unsigned access;

	if (!is_path(device->host) || has_dots(device->host))
		return error_set(err, -EINVAL, "the host's device must be an absolute path without \"..\"");
	if (!is_path(device->guest) || has_dots(device->guest))
		return error_set(err, -EINVAL, "the path in the guest must be absolute and without \"..\"");
	if (strncmp(device->guest, "/proc/", 6) == 0 || strncmp(device->guest, "/sys/", 5) == 0)
		return error_set(err, -EINVAL, "nothing can be put below /proc and /sys of the guest");
	if (!device_access_parse(device->permissions, &access))
		return error_set(err, -EINVAL, "\"%s\" are no permissions; use letters of rwm", device->permissions);
	return 0;
}

int spec_device_parse(const char *text, struct spec_device *ret_device, struct error *err)
{
	size_t host = strcspn(text, ":");
	const char *second = text[host] ? text + host + 1 : NULL;
	size_t length = second ? strcspn(second, ":") : 0;
	const char *third = second && second[length] ? second + length + 1 : NULL;
	bool has_guest = second && (third || second[0] == '/');
	struct spec_device device = {
		.host = xstrndup(text, host),
		.guest = has_guest ? xstrndup(second, length) : xstrndup(text, host),
		.permissions = xstrdup(third                  ? third
				       : second && !has_guest ? second
							      : "rwm"),
	};
	int r = check_device(&device, err);

	if (r == 0)
		*ret_device = device;
	else
		spec_device_release(&device);
	return r;
}

int spec_device_check_rule(const char *rule, struct error *err)
{
	autorelease(device_rules_release) struct device_rules rules = {0};

	return device_rules_parse(&rules, rule, err);
}

int spec_devices_check(const struct spec_devices *devices, struct error *err)
{
	for (size_t i = 0; i < devices->list.count; i++) {
		const struct spec_device *device = &devices->list.items[i];

		if (check_device(device, err) < 0)
			return error_prefix(err, "Invalid value \"%s:%s:%s\" for flag --device", device->host, device->guest,
					    device->permissions);
		for (size_t j = 0; j < i; j++)
			if (strcmp(devices->list.items[j].guest, device->guest) == 0)
				return error_set(err, -EEXIST, "Invalid value \"%s\" for flag --device: %s is given twice",
						 device->host, device->guest);
	}
	for (size_t i = 0; i < devices->rules.count; i++)
		if (spec_device_check_rule(devices->rules.items[i], err) < 0)
			return error_prefix(err, "Invalid value \"%s\" for flag --device-cgroup-rule",
					    devices->rules.items[i]);
	return 0;
}
