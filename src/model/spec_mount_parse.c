/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the grammar of mount options. */
#include "model/spec_mount_parse.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

/* --- paths --------------------------------------------------------------------------------------------------------------- */

static int set_target(const char *path, char **ret_target, struct error *err)
{
	int r;

	free(steal_ptr(*ret_target));
	r = spec_mount_normalize("destination", path, ret_target, err);
	return r < 0 ? r : spec_mount_check_target(*ret_target, err);
}

static int set_source(const char *path, char **ret_source, struct error *err)
{
	free(steal_ptr(*ret_source));
	if (path[0] != '/')
		return error_set(
			err, -EINVAL,
			"the source \"%s\" is no absolute path, and there are no volumes with a name here: give a directory or "
			"file of the host",
			path);
	if (strlen(path) >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "the source is longer than %d bytes", PATH_MAX - 1);
	*ret_source = xstrdup(path);
	return 0;
}

/* --- words --------------------------------------------------------------------------------------------------------------- */

/* At most one word of each kind is taken. */
enum kind { ACCESS, IDS, COPY, EXEC, SUID, DEV, PROPAGATION, SIZE, MODE };

struct word {
	const char *name;
	enum kind kind;
	size_t offset; /* of a bool of struct spec_mount */
	bool value;
};

#define WORD(name_, kind_, member_, value_) \
	{ \
		name_, kind_, offsetof(struct spec_mount, member_), value_ \
	}
static const struct word volume_words[] = {
	WORD("ro", ACCESS, is_read_only, true),
	WORD("rw", ACCESS, is_read_only, false),
	WORD("noshift", IDS, keeps_ids, true),
	WORD("idmap", IDS, keeps_ids, false),
	/* Nothing is ever copied into a source, so this says what is so anyway. */
	{.name = "nocopy", .kind = COPY},
	{.name = NULL},
};
static const struct word tmpfs_words[] = {
	WORD("ro", ACCESS, is_read_only, true),
	WORD("rw", ACCESS, is_read_only, false),
	WORD("noexec", EXEC, has_no_exec, true),
	WORD("exec", EXEC, has_no_exec, false),
	WORD("nosuid", SUID, has_no_suid, true),
	WORD("suid", SUID, has_no_suid, false),
	WORD("nodev", DEV, has_no_dev, true),
	WORD("dev", DEV, has_no_dev, false),
	{.name = NULL},
};

static int take_kind(unsigned *seen, enum kind kind, const char *word, struct error *err)
{
	if (*seen & 1u << kind)
		return error_set(err, -EINVAL, "\"%s\" says again what another option says already", word);
	*seen |= 1u << kind;
	return 0;
}

static int find_name(const char *const *names, const char *word)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return -ENOENT;
}

static int refuse_label(struct error *err)
{
	return error_set(err, -EINVAL,
			 "z and Z ask for a SELinux label, and none is set here: label the source yourself, such as with "
			 "\"chcon -R -t container_file_t SOURCE\"");
}

/* 0 when it is not among them, 1 when it was taken. */
static int take_word(const struct word *words, const char *text, unsigned *seen, struct spec_mount *mount, struct error *err)
{
	for (const struct word *word = words; word->name; word++) {
		if (strcmp(word->name, text) != 0)
			continue;
		if (take_kind(seen, word->kind, text, err) < 0)
			return -EINVAL;
		if (word->kind != COPY)
			*(bool *)((char *)mount + word->offset) = word->value;
		return 1;
	}
	return 0;
}

static int take_volume_option(const char *text, unsigned *seen, struct spec_mount *mount, struct error *err)
{
	int r = take_word(volume_words, text, seen, mount, err), propagation = find_name(spec_propagation_names, text);

	if (r != 0)
		return r < 0 ? r : 0;
	if (strcmp(text, "z") == 0 || strcmp(text, "Z") == 0)
		return refuse_label(err);
	if (propagation < 0)
		return error_set(
			err, -EINVAL,
			"\"%s\" is no option of a volume; there are rw, ro, [r]private, [r]shared, [r]slave, idmap, noshift "
			"and nocopy",
			text);
	mount->propagation = propagation;
	return take_kind(seen, PROPAGATION, text, err);
}

static int parse_mode(const char *text, int *ret_mode, struct error *err)
{
	size_t length = strlen(text);

	if (length < 1 || length > 5 || strspn(text, "01234567") != length || strtol(text, NULL, 8) > 07777)
		return error_set(err, -EINVAL, "the mode \"%s\" is no octal number up to 7777", text);
	*ret_mode = (int)strtol(text, NULL, 8);
	return 0;
}

static int parse_size(const char *text, uint64_t *ret_bytes, struct error *err)
{
	int r = number_parse_size(text, ret_bytes, err);

	if (r < 0)
		return error_prefix(err, "the size");
	if (*ret_bytes < SPEC_TMPFS_MIN || *ret_bytes > INT64_MAX)
		return error_set(err, -ERANGE, "the size %s is not between %llu bytes and what a file system can have", text,
				 (unsigned long long)SPEC_TMPFS_MIN);
	return 0;
}

static int take_tmpfs_option(const char *text, unsigned *seen, struct spec_mount *mount, struct error *err)
{
	int r = take_word(tmpfs_words, text, seen, mount, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (strncmp(text, "size=", 5) == 0)
		r = parse_size(text + 5, &mount->size_bytes, err);
	else if (strncmp(text, "mode=", 5) == 0)
		r = parse_mode(text + 5, &mount->mode, err);
	else
		return error_set(
			err, -EINVAL,
			"\"%s\" is no option of a tmpfs; there are size=, mode=, rw, ro, [no]exec, [no]suid and [no]dev",
			text);
	return r < 0 ? r : take_kind(seen, text[0] == 's' ? SIZE : MODE, text, err);
}

/* Each piece between commas; unlike strings_split() an empty one too, which no table knows. */
static int take_options(const char *text, struct spec_mount *mount,
			int (*take)(const char *text, unsigned *seen, struct spec_mount *mount, struct error *err),
			struct error *err)
{
	unsigned seen = 0;
	int r = 0;

	for (const char *next = text; r == 0 && next; next = strchr(next, ',') ? strchr(next, ',') + 1 : NULL) {
		autofree char *option = xstrndup(next, strcspn(next, ","));

		r = take(option, &seen, mount, err);
	}
	return r;
}

/* What failed leaves nothing to release. */
static int finish_mount(int r, struct spec_mount *mount)
{
	if (r < 0)
		schema_release(&spec_mount_schema, mount);
	return r;
}

/* --- the options --------------------------------------------------------------------------------------------------------- */

static const struct spec_mount new_tmpfs = {.type = SPEC_MOUNT_TMPFS,
					    .mode = 01777,
					    .has_no_suid = true,
					    .has_no_dev = true};

/* Up to `max` fields between colons; the last has the rest. */
static size_t split_fields(const char *text, char **ret_fields, size_t max)
{
	size_t count = 0;

	while (count < max) {
		size_t length = count + 1 < max ? strcspn(text, ":") : strlen(text);

		ret_fields[count++] = xstrndup(text, length);
		if (!text[length])
			break;
		text += length + 1;
	}
	return count;
}

static void free_fields(char **fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(fields[i]);
}

static int fill_volume(char *const *fields, size_t count, struct spec_mount *mount, struct error *err)
{
	int r;

	if (count < 2)
		return error_set(
			err, -EINVAL,
			"it has no destination, and there are no anonymous volumes here: give SOURCE:DESTINATION[:OPTIONS]");
	r = set_source(fields[0], &mount->source, err);
	if (r == 0)
		r = set_target(fields[1], &mount->target, err);
	if (r == 0 && count > 2)
		r = take_options(fields[2], mount, take_volume_option, err);
	return r;
}

int spec_mount_parse_volume(const char *text, struct spec_mount *ret_mount, struct error *err)
{
	char *fields[3];
	size_t count = split_fields(text, fields, ARRAY_SIZE(fields));
	int r;

	*ret_mount = (struct spec_mount){.type = SPEC_MOUNT_BIND, .origin = SPEC_MOUNT_FROM_VOLUME};
	r = fill_volume(fields, count, ret_mount, err);
	free_fields(fields, count);
	return finish_mount(r, ret_mount);
}

int spec_mount_parse_tmpfs(const char *text, struct spec_mount *ret_mount, struct error *err)
{
	char *fields[2];
	size_t count = split_fields(text, fields, ARRAY_SIZE(fields));
	int r;

	*ret_mount = new_tmpfs;
	ret_mount->origin = SPEC_MOUNT_FROM_TMPFS;
	r = set_target(fields[0], &ret_mount->target, err);
	if (r == 0 && count > 1)
		r = take_options(fields[1], ret_mount, take_tmpfs_option, err);
	free_fields(fields, count);
	return finish_mount(r, ret_mount);
}

/* The keys of --mount; which may stand with which type is a table too. */
enum key {
	KEY_TYPE,
	KEY_SOURCE,
	KEY_TARGET,
	KEY_READ_ONLY,
	KEY_PROPAGATION,
	KEY_NOSHIFT,
	KEY_IDMAP,
	KEY_SIZE,
	KEY_MODE,
	KEY_LABEL
};

#define FOR(type)   (1u << SPEC_MOUNT_##type)
#define FOR_ALL     (FOR(BIND) | FOR(TMPFS) | FOR(SQUASHFS))
#define FOR_SOURCES (FOR(BIND) | FOR(SQUASHFS))

static const struct {
	const char *name;
	enum key key;
	bool is_switch; /* takes no value, or a boolean */
	unsigned types;
} keys[] = {
	{"type", KEY_TYPE, false, FOR_ALL},
	{"src", KEY_SOURCE, false, FOR_SOURCES},
	{"source", KEY_SOURCE, false, FOR_SOURCES},
	{"dst", KEY_TARGET, false, FOR_ALL},
	{"destination", KEY_TARGET, false, FOR_ALL},
	{"target", KEY_TARGET, false, FOR_ALL},
	{"ro", KEY_READ_ONLY, true, FOR_ALL},
	{"readonly", KEY_READ_ONLY, true, FOR_ALL},
	{"bind-propagation", KEY_PROPAGATION, false, FOR(BIND)},
	{"bind-selinux-opts", KEY_LABEL, false, FOR(BIND)},
	{"noshift", KEY_NOSHIFT, true, FOR_SOURCES},
	{"idmap", KEY_IDMAP, true, FOR_SOURCES},
	{"tmpfs-size", KEY_SIZE, false, FOR(TMPFS)},
	{"tmpfs-mode", KEY_MODE, false, FOR(TMPFS)},
};

struct mount_pair {
	size_t key; /* index into keys */
	char *value;
};

struct mount_pairs {
	struct mount_pair items[ARRAY_SIZE(keys)];
	size_t count;
};

static void mount_pairs_release(struct mount_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		free(pairs->items[i].value);
}

static int add_pair(const char *text, struct mount_pairs *pairs, struct error *err)
{
	size_t length = strcspn(text, "="), key = 0;
	const char *value = text[length] ? text + length + 1 : NULL;

	while (key < ARRAY_SIZE(keys) && (strlen(keys[key].name) != length || strncmp(keys[key].name, text, length) != 0))
		key++;
	if (key == ARRAY_SIZE(keys))
		return error_set(
			err, -EINVAL,
			"\"%s\" is no key of a mount; there are type, src, dst, ro, bind-propagation, idmap, noshift, tmpfs-size "
			"and tmpfs-mode",
			text);
	for (size_t i = 0; i < pairs->count; i++)
		if (keys[pairs->items[i].key].key == keys[key].key)
			return error_set(err, -EINVAL, "\"%s\" is given twice", keys[key].name);
	if (!value && !keys[key].is_switch)
		return error_set(err, -EINVAL, "\"%s\" has no value", text);
	pairs->items[pairs->count++] = (struct mount_pair){key, xstrdup(value ? value : "true")};
	return 0;
}

static int split_pairs(const char *text, struct mount_pairs *pairs, struct error *err)
{
	int r = 0;

	for (const char *next = text; r == 0 && next; next = strchr(next, ',') ? strchr(next, ',') + 1 : NULL) {
		autofree char *pair = xstrndup(next, strcspn(next, ","));

		r = add_pair(pair, pairs, err);
	}
	return r;
}

static const char *get_pair(const struct mount_pairs *pairs, enum key key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (keys[pairs->items[i].key].key == key)
			return pairs->items[i].value;
	return NULL;
}

static int choose_type(const char *name, struct spec_mount *mount, struct error *err)
{
	int type = find_name(spec_mount_type_names, name);

	if (strcmp(name, "volume") == 0)
		return error_set(err, -EINVAL,
				 "there are no volumes with a name here: use type=bind with a directory of the host");
	if (type < 0)
		return error_set(err, -EINVAL, "\"%s\" is no type of a mount; there are bind, tmpfs and squashfs", name);
	*mount = type == SPEC_MOUNT_TMPFS ? new_tmpfs : (struct spec_mount){.type = type};
	mount->origin = SPEC_MOUNT_FROM_MOUNT;
	mount->is_read_only = type == SPEC_MOUNT_SQUASHFS;
	return 0;
}

static int set_switch(const char *name, const char *value, bool *ret_value, struct error *err)
{
	int truth;

	if (number_parse_bool(value, &truth, err) < 0)
		return error_prefix(err, "%s", name);
	*ret_value = truth != 0;
	return 0;
}

static int set_propagation(const char *value, struct spec_mount *mount, struct error *err)
{
	int propagation = find_name(spec_propagation_names, value);

	if (propagation < 0)
		return error_set(err, -EINVAL, "\"%s\" is no propagation; there are [r]private, [r]shared and [r]slave",
				 value);
	mount->propagation = propagation;
	return 0;
}

static int set_pair(const struct mount_pair *pair, struct spec_mount *mount, struct error *err)
{
	const char *name = keys[pair->key].name, *value = pair->value;
	bool is_shifted = true;
	int r = 0;

	assert(value);
	if (!(keys[pair->key].types & 1u << mount->type))
		return error_set(err, -EINVAL, "\"%s\" has no meaning for type=%s", name,
				 spec_mount_type_names[mount->type]);
	switch (keys[pair->key].key) {
	case KEY_TYPE:
		return 0;
	case KEY_SOURCE:
		return set_source(value, &mount->source, err);
	case KEY_TARGET:
		return set_target(value, &mount->target, err);
	case KEY_READ_ONLY:
		r = set_switch(name, value, &mount->is_read_only, err);
		if (r == 0 && mount->type == SPEC_MOUNT_SQUASHFS && !mount->is_read_only)
			return error_set(err, -EINVAL, "a squashfs image is always read-only");
		return r;
	case KEY_PROPAGATION:
		return set_propagation(value, mount, err);
	case KEY_NOSHIFT:
		return set_switch(name, value, &mount->keeps_ids, err);
	case KEY_IDMAP:
		r = set_switch(name, value, &is_shifted, err);
		mount->keeps_ids = !is_shifted;
		return r;
	case KEY_SIZE:
		return parse_size(value, &mount->size_bytes, err);
	case KEY_MODE:
		return parse_mode(value, &mount->mode, err);
	case KEY_LABEL:
		return refuse_label(err);
	}
	return r;
}

static int fill_mount(const struct mount_pairs *pairs, struct spec_mount *mount, struct error *err)
{
	const char *type = get_pair(pairs, KEY_TYPE);
	int r = choose_type(type ? type : "bind", mount, err);

	if (r == 0 && get_pair(pairs, KEY_NOSHIFT) && get_pair(pairs, KEY_IDMAP))
		r = error_set(err, -EINVAL, "idmap and noshift contradict each other");
	for (size_t i = 0; r == 0 && i < pairs->count; i++)
		r = set_pair(&pairs->items[i], mount, err);
	if (r == 0 && !mount->target)
		r = error_set(err, -EINVAL, "it has no destination: give dst=PATH");
	if (r == 0 && !mount->source && mount->type != SPEC_MOUNT_TMPFS)
		r = error_set(err, -EINVAL, "it has no source: give src=PATH");
	return r;
}

int spec_mount_parse_mount(const char *text, struct spec_mount *ret_mount, struct error *err)
{
	autorelease(mount_pairs_release) struct mount_pairs pairs = {0};
	int r;

	*ret_mount = (struct spec_mount){0};
	r = split_pairs(text, &pairs, err);
	if (r == 0)
		r = fill_mount(&pairs, ret_mount, err);
	return finish_mount(r, ret_mount);
}

static int fill_channel(char *const *fields, size_t count, struct spec_host_channel *channel, struct error *err)
{
	const char *access = count > 2 ? fields[2] : "", *size = count > 3 ? fields[3] : "";
	int r;

	if (count < 2)
		return error_set(err, -EINVAL, "use HOST-PATH:GUEST-PATH[:rw|ro[:SIZE]]");
	r = spec_mount_normalize("path on the host", fields[0], &channel->source, err);
	if (r == 0 && strcmp(channel->source, "/") == 0)
		r = error_set(err, -EINVAL, "the path on the host is its root");
	if (r == 0)
		r = set_target(fields[1], &channel->target, err);
	if (r == 0 && access[0] && strcmp(access, "rw") != 0 && strcmp(access, "ro") != 0)
		r = error_set(err, -EINVAL, "\"%s\" is neither rw nor ro", access);
	if (r < 0)
		return r;
	channel->is_read_only = strcmp(access, "ro") == 0;
	channel->size_bytes = SPEC_CHANNEL_BYTES;
	return size[0] ? parse_size(size, &channel->size_bytes, err) : 0;
}

static void channel_release(struct spec_host_channel *channel)
{
	free(channel->source);
	free(channel->target);
	*channel = (struct spec_host_channel){0};
}

int spec_mount_parse_channel(const char *text, struct spec_host_channel *ret_channel, struct error *err)
{
	char *fields[4];
	size_t count = split_fields(text, fields, ARRAY_SIZE(fields));
	int r;

	*ret_channel = (struct spec_host_channel){0};
	r = fill_channel(fields, count, ret_channel, err);
	free_fields(fields, count);
	if (r < 0)
		channel_release(ret_channel);
	return r;
}

int spec_mount_parse_from(const char *text, char **ret_container, bool *ret_is_read_only, struct error *err)
{
	size_t length = strcspn(text, ":");
	const char *access = text[length] ? text + length + 1 : "rw";

	if (length == 0)
		return error_set(err, -EINVAL, "it names no container");
	if (strcmp(access, "rw") != 0 && strcmp(access, "ro") != 0)
		return error_set(err, -EINVAL, "\"%s\" is neither rw nor ro", access);
	*ret_is_read_only = strcmp(access, "ro") == 0;
	*ret_container = xstrndup(text, length);
	return 0;
}

/* --- back to text -------------------------------------------------------------------------------------------------------- */

char *spec_mount_format_volume(const struct spec_mount *mount)
{
	return xasprintf("%s:%s:%s%s%s%s", mount->source, mount->target, mount->is_read_only ? "ro" : "rw",
			 mount->propagation ? "," : "", mount->propagation ? spec_propagation_names[mount->propagation] : "",
			 mount->keeps_ids ? ",noshift" : "");
}

char *spec_mount_format_tmpfs(const struct spec_mount *mount)
{
	autofree char *size =
		mount->size_bytes ? xasprintf(",size=%llu", (unsigned long long)mount->size_bytes) : xstrdup("");

	return xasprintf("%s,%s,%s,%s,mode=%o%s", mount->is_read_only ? "ro" : "rw", mount->has_no_exec ? "noexec" : "exec",
			 mount->has_no_suid ? "nosuid" : "suid", mount->has_no_dev ? "nodev" : "dev", (unsigned)mount->mode,
			 size);
}
