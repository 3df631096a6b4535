/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the rules for mounts. */
#include "model/spec_mount.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

const char *const spec_mount_type_names[] = {"bind", "tmpfs", "squashfs", NULL};
const char *const spec_propagation_names[] = {"rprivate", "private", "rshared", "shared", "rslave", "slave", NULL};
const char *const spec_mount_origin_names[] = {"volume", "mount", "tmpfs", "container", NULL};

#define MEMBER(owner, member, key_, type_, ...) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct owner, member), ##__VA_ARGS__ \
	}
#define OPTIONAL .is_omitted_when_empty = true

static const struct schema_field mount_fields[] = {
	MEMBER(spec_mount, type, "type", SCHEMA_ENUM, .names = spec_mount_type_names),
	MEMBER(spec_mount, origin, "origin", SCHEMA_ENUM, .names = spec_mount_origin_names),
	MEMBER(spec_mount, source, "source", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec_mount, target, "target", SCHEMA_STRING, .is_required = true),
	MEMBER(spec_mount, is_read_only, "is_read_only", SCHEMA_BOOL),
	MEMBER(spec_mount, propagation, "propagation", SCHEMA_ENUM, .names = spec_propagation_names, OPTIONAL),
	MEMBER(spec_mount, keeps_ids, "keeps_ids", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec_mount, has_no_exec, "has_no_exec", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec_mount, has_no_suid, "has_no_suid", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec_mount, has_no_dev, "has_no_dev", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec_mount, size_bytes, "size_bytes", SCHEMA_UINT64, OPTIONAL),
	MEMBER(spec_mount, mode, "mode", SCHEMA_INT, OPTIONAL),
};
const struct schema spec_mount_schema = {sizeof(struct spec_mount), mount_fields, ARRAY_SIZE(mount_fields)};

static const struct schema_field channel_fields[] = {
	MEMBER(spec_host_channel, source, "source", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec_host_channel, target, "target", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec_host_channel, is_read_only, "is_read_only", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec_host_channel, size_bytes, "size_bytes", SCHEMA_UINT64, OPTIONAL),
};
static const struct schema channel_schema = {sizeof(struct spec_host_channel), channel_fields, ARRAY_SIZE(channel_fields)};

static const struct schema_field mounts_fields[] = {
	MEMBER(spec_mounts, list, "list", SCHEMA_ARRAY, .nested = &spec_mount_schema, OPTIONAL),
	MEMBER(spec_mounts, channel, "host_channel", SCHEMA_OBJECT, .nested = &channel_schema, OPTIONAL),
	MEMBER(spec_mounts, shm_bytes, "shm_bytes", SCHEMA_UINT64, OPTIONAL),
	MEMBER(spec_mounts, is_root_read_only, "is_root_read_only", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec_mounts, from, "from", SCHEMA_STRINGS, OPTIONAL),
};
const struct schema spec_mounts_schema = {sizeof(struct spec_mounts), mounts_fields, ARRAY_SIZE(mounts_fields)};

/* --- paths --------------------------------------------------------------------------------------------------------------- */

int spec_mount_normalize(const char *what, const char *path, char **ret_path, struct error *err)
{
	autorelease(text_release) struct text text = {0};
	autorelease(strings_release) struct strings parts = {0};

	if (path[0] != '/')
		return error_set(err, -EINVAL, "the %s \"%s\" is no absolute path", what, path);
	strings_split(&parts, path, "/");
	for (size_t i = 0; i < parts.count; i++) {
		if (strcmp(parts.items[i], "..") == 0)
			return error_set(err, -EINVAL, "the %s \"%s\" has a \"..\" in it", what, path);
		if (strcmp(parts.items[i], ".") != 0)
			text_appendf(&text, "/%s", parts.items[i]);
	}
	if (text.length >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "the %s is longer than %d bytes", what, PATH_MAX - 1);
	*ret_path = text.length ? text_steal(&text) : xstrdup("/");
	return 0;
}

static bool is_normal(const char *path)
{
	autofree char *normal = NULL;

	return spec_mount_normalize("path", path, &normal, NULL) == 0 && strcmp(normal, path) == 0;
}

static bool is_at_or_below(const char *path, const char *parent)
{
	size_t length = strlen(parent);

	return strncmp(path, parent, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

int spec_mount_check_target(const char *target, struct error *err)
{
	/* Their mounts are what makes the tree a running system, and all that the kernel shows in them is its own to protect. */
	static const char *const closed[] = {"/proc",      "/sys",        "/dev/console", "/dev/null",
					     "/dev/zero",  "/dev/full",   "/dev/random",  "/dev/urandom",
					     "/dev/tty",   "/dev/ptmx",   "/dev/pts",     "/dev/fd",
					     "/dev/stdin", "/dev/stdout", "/dev/stderr",  "/run/host"};

	if (strcmp(target, "/") == 0)
		return error_set(err, -EINVAL, "the destination is the guest's root");
	if (strcmp(target, "/dev") == 0 || strcmp(target, "/run") == 0)
		return error_set(err, -EINVAL, "the destination %s is a tmpfs of the guest's own; mount below it", target);
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		if (is_at_or_below(target, closed[i]))
			return error_set(err, -EINVAL, "the destination %s is the guest's own: nothing is mounted over %s",
					 target, closed[i]);
	return 0;
}

/* --- all together -------------------------------------------------------------------------------------------------------- */

const struct spec_mount *spec_mounts_find(const struct spec_mounts *mounts, const char *target)
{
	for (size_t i = 0; i < mounts->list.count; i++)
		if (strcmp(mounts->list.items[i].target, target) == 0)
			return &mounts->list.items[i];
	return NULL;
}

bool spec_mounts_cover(const struct spec_mounts *mounts, const char *path)
{
	for (size_t i = 0; i < mounts->list.count; i++)
		if (is_at_or_below(path, mounts->list.items[i].target))
			return true;
	return mounts->channel.target && is_at_or_below(path, mounts->channel.target);
}

void spec_mounts_append(struct spec_mounts *mounts, const struct spec_mount *mount)
{
	struct spec_mount *items = xreallocarray(mounts->list.items, mounts->list.count + 1, sizeof(*items));

	memset(&items[mounts->list.count], 0, sizeof(*items));
	schema_copy(&spec_mount_schema, mount, &items[mounts->list.count]);
	mounts->list.items = items;
	mounts->list.count++;
}

static int check_mount(const struct spec_mount *mount, struct error *err)
{
	if (!is_normal(mount->target))
		return error_set(err, -EINVAL, "target: %s is no plain absolute path", mount->target);
	if ((mount->type == SPEC_MOUNT_TMPFS) != (mount->source == NULL))
		return error_set(err, -EINVAL, "the %s at %s has %s source", spec_mount_type_names[mount->type],
				 mount->target, mount->source ? "a" : "no");
	if (mount->source && mount->source[0] != '/')
		return error_set(err, -EINVAL, "source: %s is no absolute path", mount->source);
	if (mount->mode < 0 || mount->mode > 07777)
		return error_set(err, -EINVAL, "mode: %d is no mode", mount->mode);
	if (mount->type == SPEC_MOUNT_SQUASHFS && !mount->is_read_only)
		return error_set(err, -EINVAL, "a squashfs image is always read-only");
	return spec_mount_check_target(mount->target, err);
}

static int check_channel(const struct spec_host_channel *channel, struct error *err)
{
	if (!channel->source && !channel->target)
		return 0;
	if (!channel->source || !channel->target || !is_normal(channel->source) || !is_normal(channel->target))
		return error_set(err, -EINVAL, "host_channel: source and target must be plain absolute paths");
	if (strcmp(channel->source, "/") == 0 || channel->size_bytes < SPEC_TMPFS_MIN)
		return error_set(err, -EINVAL, "host_channel: its source is the root, or its size is too small");
	return spec_mount_check_target(channel->target, err);
}

static int refuse_twice(const char *target, struct error *err)
{
	return error_set(err, -EINVAL, "the destination %s is given twice", target);
}

int spec_mounts_check(const struct spec_mounts *mounts, struct error *err)
{
	const char *channel = mounts->channel.target;
	int r = check_channel(&mounts->channel, err);

	for (size_t i = 0; r == 0 && i < mounts->list.count; i++) {
		const struct spec_mount *mount = &mounts->list.items[i];

		r = check_mount(mount, err);
		if (r < 0)
			break;
		if (spec_mounts_find(mounts, mount->target) != mount || (channel && strcmp(channel, mount->target) == 0))
			r = refuse_twice(mount->target, err);
	}
	if (r < 0)
		return r;
	if (mounts->shm_bytes && (spec_mounts_find(mounts, "/dev/shm") || (channel && strcmp(channel, "/dev/shm") == 0)))
		return refuse_twice("/dev/shm", err);
	return 0;
}
