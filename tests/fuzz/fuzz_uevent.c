/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever comes over the socket, an event that comes of it has an action, a path, and pairs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/uevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autorelease(uevent_release) struct uevent event = {0};

	if (uevent_parse((const char *)data, size, &event) < 0) {
		if (event.action || event.properties.count)
			abort();
		return 0;
	}
	if (!event.action[0] || !strings_get_value(&event.properties, "DEVPATH"))
		abort();
	for (size_t i = 0; i < event.properties.count; i++)
		if (!strchr(event.properties.items[i] + 1, '='))
			abort();
	return 0;
}
