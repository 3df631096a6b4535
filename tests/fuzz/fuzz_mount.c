/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount options: what is taken keeps the rules, and says the same when it is written and parsed again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/spec_mount_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

typedef int parse_mount(const char *text, struct spec_mount *ret_mount, struct error *err);

static char *print(const struct spec_mount *mount)
{
	autorelease(json_free_scoped) struct json *value = schema_write(&spec_mount_schema, mount);
	struct text text = {0};

	json_print(value, 0, &text);
	return text_steal(&text);
}

static void require_same(parse_mount *parse, const char *text, const struct spec_mount *wanted)
{
	autofree char *first = print(wanted), *second = NULL;
	struct spec_mount again = {0};

	require(parse(text, &again, NULL) == 0);
	second = print(&again);
	require(strcmp(first, second) == 0);
	schema_release(&spec_mount_schema, &again);
}

static void check_mount(parse_mount *parse, const char *text)
{
	struct spec_mounts mounts = {0};
	struct spec_mount mount = {0};
	struct error err = {0};
	int r = parse(text, &mount, &err);

	require(r == 0 || (r < 0 && err.code == r && err.message[0] && !mount.source && !mount.target));
	if (r < 0)
		return;
	require(mount.target[0] == '/' && mount.target[1] && !strstr(mount.target, "//") && !strstr(mount.target, "/../"));
	require(strncmp(mount.target, "/proc/", 6) != 0 && strncmp(mount.target, "/sys/", 5) != 0);
	spec_mounts_append(&mounts, &mount);
	require(spec_mounts_check(&mounts, NULL) == 0);
	if (parse == spec_mount_parse_volume) {
		autofree char *volume = spec_mount_format_volume(&mount);

		require_same(parse, volume, &mount);
	}
	if (parse == spec_mount_parse_tmpfs) {
		autofree char *options = spec_mount_format_tmpfs(&mount), *tmpfs = NULL;

		tmpfs = xasprintf("%s:%s", mount.target, options);
		if (!strchr(mount.target, ':'))
			require_same(parse, tmpfs, &mount);
	}
	schema_release(&spec_mounts_schema, &mounts);
	schema_release(&spec_mount_schema, &mount);
}

static void check_channel(const char *text)
{
	struct spec_mounts mounts = {0};
	struct error err = {0};
	int r = spec_mount_parse_channel(text, &mounts.channel, &err);

	require(r == 0 || (r < 0 && err.code == r && err.message[0] && !mounts.channel.source && !mounts.channel.target));
	require(r < 0 || spec_mounts_check(&mounts, NULL) == 0);
	schema_release(&spec_mounts_schema, &mounts);
}

static void check_others(const char *text)
{
	autofree char *container = NULL;
	bool is_read_only;

	if (spec_mount_parse_from(text, &container, &is_read_only, NULL) == 0)
		require(container[0] && !strchr(container, ':'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);

	check_mount(spec_mount_parse_volume, text);
	check_mount(spec_mount_parse_mount, text);
	check_mount(spec_mount_parse_tmpfs, text);
	check_channel(text);
	check_others(text);
	return 0;
}
