/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the grammar of devices and device rules. */
#include "model/spec_device.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

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

static bool is_permissions(const char *text)
{
	size_t length = strspn(text, "rwm");

	return length > 0 && !text[length] && strlen(text) <= 3 && strchr(text, 'r') == strrchr(text, 'r') &&
	       strchr(text, 'w') == strrchr(text, 'w') && strchr(text, 'm') == strrchr(text, 'm');
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
	if (!is_path(device->host) || has_dots(device->host))
		return error_set(err, -EINVAL, "the host's device must be an absolute path without \"..\"");
	if (!is_path(device->guest) || has_dots(device->guest))
		return error_set(err, -EINVAL, "the path in the guest must be absolute and without \"..\"");
	if (strncmp(device->guest, "/proc/", 6) == 0 || strncmp(device->guest, "/sys/", 5) == 0)
		return error_set(err, -EINVAL, "nothing can be put below /proc and /sys of the guest");
	if (!is_permissions(device->permissions))
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

/* "*" or a number that a device can have (major 12 bits, minor 20, makedev(3)). */
static bool is_device_number(const char *text, uint64_t max)
{
	uint64_t number;

	return strcmp(text, "*") == 0 || number_parse_unsigned(text, max, &number, NULL) == 0;
}

int spec_device_check_rule(const char *rule, struct error *err)
{
	size_t kind = strspn(rule, "abc"), major_length = kind == 1 && rule[1] == ' ' ? strcspn(rule + 2, ":") : 0;
	autofree char *major_text = major_length ? xstrndup(rule + 2, major_length) : NULL;
	const char *minor_start = major_length && rule[2 + major_length] ? rule + 3 + major_length : NULL;
	size_t minor_length = minor_start ? strcspn(minor_start, " ") : 0;
	autofree char *minor_text = minor_length ? xstrndup(minor_start, minor_length) : NULL;

	if (minor_text && minor_start[minor_length] && is_device_number(major_text, 0xfff) &&
	    is_device_number(minor_text, 0xfffff) && is_permissions(minor_start + minor_length + 1))
		return 0;
	return error_set(err, -EINVAL,
			 "use \"TYPE MAJOR:MINOR PERMISSIONS\" such as \"c 10:* rwm\": a, b or c, numbers or *, rwm");
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
