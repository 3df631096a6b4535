/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the commands of plugged paths: add-path, remove-path, list-path. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/mount_source.h"
#include "container/tools_verbs.h"
#include "kernel/userns.h"
#include "tools/tools.h"

static struct attached_path *at(const struct attachments *attachments, size_t index)
{
	return attachments_at(attachments, ATTACHMENT_PATH, index);
}

static size_t count_of(const struct attachments *attachments)
{
	return attachments->lists[ATTACHMENT_PATH].count;
}

/* In the order of the command line; the same place twice is a mistake. */
static int parse_all(const struct strings *operands,
		     int (*parse)(const char *text, struct attached_path *ret_path, struct error *err),
		     struct attachments *paths, struct error *err)
{
	for (size_t i = 1; i < operands->count; i++) {
		autorelease(attached_path_release) struct attached_path path = {0};
		int r = parse(operands->items[i], &path, err);

		if (r < 0)
			return r;
		if (attachments_find(paths, ATTACHMENT_PATH, &path))
			return error_set(err, -EEXIST,
					 "Mount more than one host paths to a single path in container: %s is named twice",
					 path.guest);
		attachments_put(paths, ATTACHMENT_PATH, &path);
	}
	return 0;
}

/* --- add-path ------------------------------------------------------------------------------------------------------------ */

struct add_options {
	bool is_required;
};

static const struct option_row add_rows[] = {
	{.name = "required",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct add_options, is_required),
	 .help = "the container does not start without it"},
	{.name = NULL},
};

struct addition {
	struct attachments paths;
	struct strings made; /* directories of the host */
};

static void addition_release(struct addition *addition)
{
	attachments_release(&addition->paths);
	strings_release(&addition->made);
}

static bool has_mount(const struct spec_mounts *mounts, const char *guest)
{
	return spec_mounts_find(mounts, guest) || (mounts->channel.target && strcmp(mounts->channel.target, guest) == 0);
}

static int check_free(const struct container *container, const struct attachments *wanted, const struct attached_path *path,
		      struct error *err)
{
	if (attachments_find(wanted, ATTACHMENT_PATH, path) || has_mount(&container->spec.mounts, path->guest))
		return error_set(err, -EEXIST, "Mount more than one host paths to a single path in container: %s is taken",
				 path->guest);
	for (size_t i = 0; i < count_of(wanted); i++) {
		autofree char *old = NULL, *new = NULL;

		if (strcmp(at(wanted, i)->host, path->host) != 0)
			continue;
		old = attached_path_format_options(at(wanted, i));
		new = attached_path_format_options(path);
		if (strcmp(old, new) != 0)
			return error_set(err, -EEXIST, "Mount one host path with different permissions, old: %s, new: %s",
					 old, new);
	}
	return count_of(wanted) < ATTACHED_PATH_LIMIT ? 0 : error_set(err, -E2BIG, "Path already reach max limit");
}

/* As in the reference, what is missing becomes an empty directory of the guest's root; but only its last part, so that a typing error is one. */
static int make_source(const struct spec *spec, const struct attached_path *path, struct strings *made, struct error *err)
{
	bool has_guests_ids = spec_is_remapped(spec) && path->keeps_ids;
	autoclose int fd = -EBADF;
	struct stat status;

	if (stat(path->host, &status) == 0 || errno != ENOENT)
		return 0; /* whoever mounts it tells what is wrong */
	if (mkdir(path->host, 0755) < 0)
		return error_set_errno(err, "cannot make the directory %s on the host", path->host);
	strings_append(made, path->host);
	fd = open(path->host, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755) < 0 ||
	    (has_guests_ids && fchown(fd, (uid_t)spec->idmap.uid, (gid_t)spec->idmap.gid) < 0))
		return error_set_errno(err, "cannot prepare the directory %s on the host", path->host);
	return 0;
}

/* What could not be mounted at the next boot is refused now. */
static int check_source(const struct spec *spec, const struct attached_path *path, struct error *err)
{
	autoclose int source = open(path->host, O_PATH | O_CLOEXEC), userns = -EBADF, tree = -EBADF;

	if (source < 0)
		return error_set_errno(err, "cannot find %s on the host", path->host);
	if (spec_is_remapped(spec)) {
		userns = userns_open(spec->idmap.uid, spec->idmap.gid, spec->idmap.size, err);
		if (userns < 0)
			return userns;
	}
	tree = mount_source_open_path(path, source, userns, err);
	return tree < 0 ? tree : 0;
}

static int edit_add(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	struct addition *addition = data;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count_of(&addition->paths); i++) {
		const struct attached_path *path = at(&addition->paths, i);

		r = check_free(container, wanted, path, err);
		if (r == 0)
			r = make_source(&container->spec, path, &addition->made, err);
		if (r == 0 && !container_is_live(container))
			r = check_source(&container->spec, path, err);
		if (r == 0)
			attachments_put(wanted, ATTACHMENT_PATH, path);
	}
	return r;
}

/* Those that are empty still: nobody else knows them yet. */
static void unmake_sources(struct strings *made)
{
	for (size_t i = made->count; i-- > 0;)
		rmdir(made->items[i]);
}

static int run_add(void *data, const struct strings *operands, struct error *err)
{
	const struct add_options *options = data;
	autorelease(addition_release) struct addition addition = {0};
	const struct tools_change change = {.reference = operands->items[0], .edit = edit_add, .data = &addition};
	int r = parse_all(operands, attached_path_parse, &addition.paths, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count_of(&addition.paths); i++)
		at(&addition.paths, i)->is_required = options->is_required;
	r = tools_change(&change, err);
	if (r < 0) {
		unmake_sources(&addition.made);
		return error_prefix(err, "Failed to add path");
	}
	for (size_t i = 0; i < count_of(&addition.paths); i++)
		tools_say("Add path (%s) to container(%s,%s) done.", at(&addition.paths, i)->host, operands->items[0],
			  at(&addition.paths, i)->guest);
	return 0;
}

const struct command command_add_path = {
	TOOLS_VERB_ADD_PATH(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER HOST:GUEST[:OPTION,...]...",
	.details =
		"OPTIONs are rw or ro; rslave, slave, rprivate or private; and noshift. rw,rslave if none is given. All paths of one command are mounted, or "
		"none. Of a container that does not run it is recorded, and done at its next start.",
	.options = add_rows,
	.options_size = sizeof(struct add_options),
	.min_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run_add,
};

/* --- remove-path --------------------------------------------------------------------------------------------------------- */

struct remove_options {
	bool is_forced;
};

static const struct option_row remove_rows[] = {
	{.name = "force",
	 .letter = 'f',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct remove_options, is_forced),
	 .help = "even while it is in use: who uses it keeps it until the end, and nobody else finds it"},
	{.name = NULL},
};

static int edit_remove(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	const struct attachments *removed = data;

	(void)container;
	for (size_t i = 0; i < count_of(removed); i++) {
		const struct attached_path *path = at(removed, i), *found = attachments_find(wanted, ATTACHMENT_PATH, path);

		if (!found || strcmp(found->host, path->host) != 0)
			return error_set(err, -ENOENT, "fail to find bind: %s:%s was not added by add-path", path->host,
					 path->guest);
		attachments_take(wanted, ATTACHMENT_PATH, path);
	}
	return 0;
}

static int run_remove(void *data, const struct strings *operands, struct error *err)
{
	const struct remove_options *options = data;
	autorelease(attachments_release) struct attachments removed = {0};
	const struct tools_change change = {
		.reference = operands->items[0],
		.edit = edit_remove,
		.data = &removed,
		.is_forced = options->is_forced,
	};
	int r = parse_all(operands, attached_path_parse_pair, &removed, err);

	if (r < 0)
		return r;
	r = tools_change(&change, err);
	if (r < 0)
		return error_prefix(err, "Failed to remove path");
	for (size_t i = 0; i < count_of(&removed); i++)
		tools_say("Remove path (%s) from container(%s,%s) done", at(&removed, i)->host, operands->items[0],
			  at(&removed, i)->guest);
	return 0;
}

const struct command command_remove_path = {
	TOOLS_VERB_REMOVE_PATH(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER HOST:GUEST[:ANYTHING]...",
	.details =
		"All paths of one command are unmounted, or none. A path in use is refused, and the message says who uses it.",
	.options = remove_rows,
	.options_size = sizeof(struct remove_options),
	.min_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run_remove,
};

/* --- list-path ----------------------------------------------------------------------------------------------------------- */

struct list_options {
	bool is_pretty;
};

static const struct option_row list_rows[] = {
	{.name = "pretty",
	 .letter = 'p',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct list_options, is_pretty),
	 .help = "indent the JSON"},
	{.name = NULL},
};

static int run_list(void *data, const struct strings *operands, struct error *err)
{
	const struct list_options *options = data;
	autorelease(container_release) struct container container = {0};
	autorelease(json_free_scoped) struct json *list = json_new_array();
	int r = tools_load(operands->items[0], &container, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count_of(&container.spec.attachments); i++) {
		autofree char *text = attached_path_format(at(&container.spec.attachments, i));

		json_append(list, json_new_string(text));
	}
	tools_print_list(list, options->is_pretty);
	return 0;
}

const struct command command_list_path = {
	TOOLS_VERB_LIST_PATH(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER",
	.details = "An array of \"HOST:GUEST:OPTIONS\" in JSON; nothing when there is none.",
	.options = list_rows,
	.options_size = sizeof(struct list_options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run_list,
};
