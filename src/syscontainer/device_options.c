/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from device options to a spec. */
#include "syscontainer/device_options.h"

#include "base/memory.h"
#include "container/devices.h"

int device_options_check(const char *value, struct error *err)
{
	struct spec_device device = {0};
	int r = spec_device_parse(value, &device, err);

	spec_device_release(&device);
	return r;
}

int device_options_get(const struct device_options *options, struct spec_devices *ret_devices, struct error *err)
{
	autorelease(devices_release) struct devices found = {0};
	int r;

	for (size_t i = 0; i < options->devices.count; i++) {
		struct spec_device device = {0};

		r = spec_device_parse(options->devices.items[i], &device, err);
		if (r < 0)
			return r;
		spec_devices_append(ret_devices, &device);
	}
	strings_append_all(&ret_devices->rules, &options->rules);
	r = spec_devices_check(ret_devices, err);
	return r < 0 ? r : devices_find(ret_devices, &found, err);
}
