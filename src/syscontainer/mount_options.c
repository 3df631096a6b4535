/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from mount options to a list of mounts. */
#include "syscontainer/mount_options.h"

#include <string.h>

#include "base/memory.h"
#include "container/host_channel.h"
#include "model/registry.h"
#include "model/spec.h"
#include "model/spec_mount_parse.h"

typedef int parse_mount(const char *text, struct spec_mount *ret_mount, struct error *err);

static void mount_release(struct spec_mount *mount)
{
	schema_release(&spec_mount_schema, mount);
}

static int check(parse_mount *parse, const char *value, struct error *err)
{
	autorelease(mount_release) struct spec_mount mount = {0};

	return parse(value, &mount, err);
}

int mount_options_check_volume(const char *value, struct error *err)
{
	return check(spec_mount_parse_volume, value, err);
}

int mount_options_check_mount(const char *value, struct error *err)
{
	return check(spec_mount_parse_mount, value, err);
}

int mount_options_check_tmpfs(const char *value, struct error *err)
{
	return check(spec_mount_parse_tmpfs, value, err);
}

int mount_options_check_from(const char *value, struct error *err)
{
	autofree char *container = NULL;
	bool is_read_only;

	return spec_mount_parse_from(value, &container, &is_read_only, err);
}

int mount_options_check_channel(const char *value, struct error *err)
{
	struct spec_mounts mounts = {0};
	int r = spec_mount_parse_channel(value, &mounts.channel, err);

	schema_release(&spec_mounts_schema, &mounts);
	return r;
}

static int append_all(const struct strings *values, parse_mount *parse, struct spec_mounts *mounts, struct error *err)
{
	for (size_t i = 0; i < values->count; i++) {
		autorelease(mount_release) struct spec_mount mount = {0};
		int r = parse(values->items[i], &mount, err);

		if (r < 0)
			return r;
		spec_mounts_append(mounts, &mount);
	}
	return 0;
}

/* What this container has there itself counts more. */
static bool is_taken(const struct spec_mounts *mounts, const char *target)
{
	return spec_mounts_find(mounts, target) || (mounts->channel.target && strcmp(mounts->channel.target, target) == 0) ||
	       (mounts->shm_bytes && strcmp(target, "/dev/shm") == 0);
}

static int append_from(const char *value, struct spec_mounts *mounts, struct error *err)
{
	autorelease(spec_release) struct spec spec = {0};
	autofree char *container = NULL, *id = NULL;
	bool is_read_only;
	int r = spec_mount_parse_from(value, &container, &is_read_only, err);

	if (r == 0)
		r = registry_resolve(container, &id, err);
	if (r == 0)
		r = spec_load(id, &spec, err);
	for (size_t i = 0; r == 0 && i < spec.mounts.list.count; i++) {
		struct spec_mount mount = spec.mounts.list.items[i]; /* its strings stay the list's */

		if (!mount.source || is_taken(mounts, mount.target))
			continue;
		mount.origin = SPEC_MOUNT_FROM_CONTAINER;
		mount.is_read_only |= is_read_only;
		spec_mounts_append(mounts, &mount);
	}
	return r < 0 ? error_prefix(err, "Invalid value \"%s\" for flag --volumes-from", value) : 0;
}

static int set_channel(const char *value, struct spec_mounts *mounts, struct error *err)
{
	int r;

	if (!value)
		return 0;
	r = spec_mount_parse_channel(value, &mounts->channel, err);
	if (r == 0)
		r = host_channel_check(&mounts->channel, err);
	return r < 0 ? error_prefix(err, "Invalid value \"%s\" for flag --host-channel", value) : 0;
}

int mount_options_get(const struct mount_options *options, struct spec_mounts *ret_mounts, struct error *err)
{
	int r = set_channel(options->host_channel, ret_mounts, err);

	ret_mounts->shm_bytes = (uint64_t)options->shm_bytes;
	ret_mounts->is_root_read_only = options->is_root_read_only;
	strings_append_all(&ret_mounts->from, &options->volumes_from);
	if (r == 0)
		r = append_all(&options->volumes, spec_mount_parse_volume, ret_mounts, err);
	if (r == 0)
		r = append_all(&options->mounts, spec_mount_parse_mount, ret_mounts, err);
	if (r == 0)
		r = append_all(&options->tmpfs, spec_mount_parse_tmpfs, ret_mounts, err);
	for (size_t i = 0; r == 0 && i < options->volumes_from.count; i++)
		r = append_from(options->volumes_from.items[i], ret_mounts, err);
	return r < 0 ? r : spec_mounts_check(ret_mounts, err);
}
