/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices to plug in and limits of disks as typed, and one as it may stand in a file: what is taken keeps the rules, and is the same after being written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/attached_device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_device(const char *text)
{
	struct attached_device device = {0}, again = {0};
	autofree char *typed = NULL;
	struct error err = {0};
	int r = attached_device_parse(text, &device, &err);

	require(r == 0 || (r < 0 && err.code == r && err.message[0] && !device.host && !device.guest));
	if (r < 0)
		return;
	require(attached_device_check(&device, NULL) == 0);
	typed = xasprintf("%s:%s:%s", device.host, device.guest, device.permissions);
	require(attached_device_parse(typed, &again, NULL) == 0 && attached_device_is_equal(&device, &again));
	schema_release(&attached_device_schema, &device);
	schema_release(&attached_device_schema, &again);
}

static void check_limits(const char *text)
{
	for (enum attached_limit limit = 0; limit < ATTACHED_LIMITS; limit++) {
		struct attached_device device = {.host = "/dev/sda", .guest = "/dev/x", .permissions = "r"};
		autofree char *path = NULL;
		struct error err = {0};
		int r = attached_limit_parse(limit, text, &path, &device.limits[limit], &err);

		require(r == 0 || (r < 0 && err.code == r && err.message[0] && !path));
		require(r < 0 || (path[0] == '/' && attached_device_check(&device, NULL) == 0));
	}
}

static void check_loaded(const char *text, size_t length)
{
	autorelease(json_free_scoped) struct json *value = NULL, *list = json_new_array();
	struct attached_device device = {0};

	if (json_parse(text, length, &value, NULL) < 0 ||
	    schema_read(&attached_device_schema, value, SCHEMA_STRICT, &device, NULL) < 0)
		return;
	if (attached_device_check(&device, NULL) == 0) {
		autofree char *what = attached_device_describe(&device);

		attached_device_list(&device, true, list);
		require(json_count(list) >= 1 && what[0]);
	}
	schema_release(&attached_device_schema, &device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	mode_t mode;

	check_device(text);
	check_limits(text);
	check_loaded(text, strlen(text));
	require(attached_device_parse_mode(text, &mode, NULL) < 0 || mode <= 0777);
	attached_device_check_owner(text, NULL);
	return 0;
}
