/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the union of all that gives a container access to devices at its start. */
#include "container/device_policy.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/memory.h"
#include "container/devices.h"

/* null zero full random urandom tty console ptmx pts tun; any node may be made, not opened. */
static const struct device_rule defaults[] = {
	{'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MAKE},
	{'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MAKE},
	{'c', 1, 3, DEVICE_ALL},
	{'c', 1, 5, DEVICE_ALL},
	{'c', 1, 7, DEVICE_ALL},
	{'c', 1, 8, DEVICE_ALL},
	{'c', 1, 9, DEVICE_ALL},
	{'c', 5, 0, DEVICE_ALL},
	{'c', 5, 1, DEVICE_ALL},
	{'c', 5, 2, DEVICE_ALL},
	{'c', 136, DEVICE_ANY, DEVICE_ALL},
	{'c', 10, 200, DEVICE_ALL},
};
static const struct device_rule everything[] = {
	{'c', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL},
	{'b', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL},
};

static void add(struct device_rules *rules, const struct device_rule *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		device_rules_add(rules, &items[i]);
}

void device_policy_add_defaults(struct device_rules *rules)
{
	add(rules, defaults, ARRAY_SIZE(defaults));
}

static int add_texts(const struct strings *texts, struct device_rules *rules, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < texts->count; i++)
		r = device_rules_parse(rules, texts->items[i], err);
	return r;
}

static int add_devices(const struct spec_devices *wanted, struct device_rules *rules, struct error *err)
{
	autorelease(devices_release) struct devices found = {0};
	int r = devices_find(wanted, &found, err);

	for (size_t i = 0; r == 0 && i < found.count; i++) {
		const struct device *device = &found.items[i];
		struct device_rule rule = {
			.kind = S_ISBLK(device->mode) ? 'b' : 'c',
			.major = major(device->number),
			.minor = minor(device->number),
		};

		if (device_access_parse(device->permissions, &rule.access))
			device_rules_add(rules, &rule);
	}
	return r;
}

int device_policy_of(const struct spec *spec, struct device_rules *ret_rules, struct error *err)
{
	struct device_rules rules = {0};
	int r;

	device_policy_add_defaults(&rules);
	if (spec->is_privileged)
		add(&rules, everything, ARRAY_SIZE(everything));
	r = add_texts(&spec->devices.rules, &rules, err);
	if (r == 0)
		r = add_devices(&spec->devices, &rules, err);
	if (r < 0)
		device_rules_release(&rules);
	*ret_rules = rules;
	return r;
}

int device_policy_of_boot(const struct boot *boot, struct device_rules *ret_rules, struct error *err)
{
	int r;

	*ret_rules = (struct device_rules){0};
	if (boot->devices.count == 0)
		return error_set(err, -ENODATA,
				 "it was started by an older version, which did not note down its devices: restart it");
	r = add_texts(&boot->devices, ret_rules, err);
	if (r < 0)
		device_rules_release(ret_rules);
	return r;
}
