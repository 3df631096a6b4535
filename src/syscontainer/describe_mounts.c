/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what inspect says of mounts. */
#include "base/json_strings.h"
#include "base/memory.h"
#include "container/mounts.h"
#include "model/spec_mount_parse.h"
#include "syscontainer/describe_parts.h"

/* One of Mounts: what is there, by whichever option. */
static void append_mount(struct json *array, const struct spec_mount *mount)
{
	struct json *object = json_append(array, json_new_object());

	json_set_string(object, "Type", spec_mount_type_names[mount->type]);
	json_set_string(object, "Source", mount->source ? mount->source : "");
	json_set_string(object, "Destination", mount->target);
	json_set_string(object, "Mode", mount->keeps_ids ? "noshift" : "");
	json_set_bool(object, "RW", !mount->is_read_only);
	json_set_string(object, "Propagation",
			mount->type == SPEC_MOUNT_BIND ? spec_propagation_names[mount->propagation] : "");
}

static void append_channel(struct json *array, const struct spec_host_channel *channel)
{
	const struct spec_mount mount = {
		.source = channel->source,
		.target = channel->target,
		.is_read_only = channel->is_read_only,
	};

	if (channel->source)
		append_mount(array, &mount);
}

/* One of HostConfig.Mounts: what --mount asked for. */
static void append_requested(struct json *array, const struct spec_mount *mount)
{
	struct json *object = json_append(array, json_new_object()), *options;

	json_set_string(object, "Type", spec_mount_type_names[mount->type]);
	json_set_string(object, "Source", mount->source ? mount->source : "");
	json_set_string(object, "Target", mount->target);
	json_set_bool(object, "ReadOnly", mount->is_read_only);
	if (mount->type == SPEC_MOUNT_BIND) {
		options = json_set(object, "BindOptions", json_new_object());
		json_set_string(options, "Propagation", spec_propagation_names[mount->propagation]);
	}
	if (mount->type == SPEC_MOUNT_TMPFS) {
		options = json_set(object, "TmpfsOptions", json_new_object());
		json_set(options, "SizeBytes", json_new_unsigned(mount->size_bytes));
		json_set(options, "Mode", json_new_integer(mount->mode));
	}
}

static void describe_list(const struct spec_mounts *mounts, struct json *document, struct json *host_config)
{
	struct json *all = json_set(document, "Mounts", json_new_array());
	struct json *binds = json_set(host_config, "Binds", json_new_array());
	struct json *requested = json_set(host_config, "Mounts", json_new_array());
	struct json *tmpfs = json_set(host_config, "Tmpfs", json_new_object());

	for (size_t i = 0; i < mounts->list.count; i++) {
		const struct spec_mount *mount = &mounts->list.items[i];
		autofree char *text = NULL;

		append_mount(all, mount);
		if (mount->origin == SPEC_MOUNT_FROM_VOLUME) {
			text = spec_mount_format_volume(mount);
			json_append(binds, json_new_string(text));
		} else if (mount->origin == SPEC_MOUNT_FROM_MOUNT) {
			append_requested(requested, mount);
		} else if (mount->origin == SPEC_MOUNT_FROM_TMPFS) {
			text = spec_mount_format_tmpfs(mount);
			json_set_string(tmpfs, mount->target, text);
		}
	}
	append_channel(all, &mounts->channel);
}

static void describe_channel(const struct spec_host_channel *channel, struct json *host_config)
{
	struct json *object;

	if (!channel->source)
		return;
	object = json_set(host_config, "HostChannel", json_new_object());
	json_set_string(object, "PathOnHost", channel->source);
	json_set_string(object, "PathInContainer", channel->target);
	json_set_string(object, "Permissions", channel->is_read_only ? "ro" : "rw");
	json_set(object, "Size", json_new_unsigned(channel->size_bytes));
}

void describe_mounts(const struct spec *spec, struct json *document, struct json *host_config)
{
	autorelease(strings_release) struct strings masked = {0}, read_only = {0};
	const struct spec_mounts *mounts = &spec->mounts;

	mounts_list_masked(spec, &masked);
	mounts_list_read_only(spec, &read_only);
	describe_list(mounts, document, host_config);
	describe_channel(&mounts->channel, host_config);
	json_set(host_config, "ShmSize", json_new_unsigned(mounts->shm_bytes ? mounts->shm_bytes : SPEC_SHM_BYTES));
	json_set_bool(host_config, "ReadonlyRootfs", mounts->is_root_read_only);
	json_set_strings(host_config, "VolumesFrom", &mounts->from, 0);
	json_set_strings(host_config, "MaskedPaths", &masked, 0);
	json_set_strings(host_config, "ReadonlyPaths", &read_only, 0);
}
