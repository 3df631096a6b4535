/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the grammar and the rules of paths that are plugged in. */
#include "model/attached_path.h"

#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "model/spec_mount.h"

static const char *const propagation_names[] = {"default", "rslave", "slave", "rprivate", "private", NULL};

#define MEMBER(member, key_, type_, ...) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct attached_path, member), ##__VA_ARGS__ \
	}
#define NOW(member, key_, type_) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct attached_path_now, member), \
		.is_omitted_when_empty = true \
	}
#define OPTIONAL .is_omitted_when_empty = true

static const struct schema_field now_fields[] = {
	NOW(mount_id, "mount_id", SCHEMA_UINT64),
	NOW(device, "device", SCHEMA_UINT64),
	NOW(inode, "inode", SCHEMA_UINT64),
	NOW(made, "made", SCHEMA_STRING),
};
static const struct schema now_schema = {sizeof(struct attached_path_now), now_fields, ARRAY_SIZE(now_fields)};

static const struct schema_field fields[] = {
	MEMBER(host, "host", SCHEMA_STRING, .is_required = true),
	MEMBER(guest, "guest", SCHEMA_STRING, .is_required = true),
	MEMBER(is_read_only, "is_read_only", SCHEMA_BOOL, OPTIONAL),
	MEMBER(propagation, "propagation", SCHEMA_ENUM, .names = propagation_names, OPTIONAL),
	MEMBER(keeps_ids, "keeps_ids", SCHEMA_BOOL, OPTIONAL),
	MEMBER(is_required, "required", SCHEMA_BOOL, OPTIONAL),
	MEMBER(now, "now", SCHEMA_OBJECT, .nested = &now_schema, OPTIONAL),
};
const struct schema attached_path_schema = {sizeof(struct attached_path), fields, ARRAY_SIZE(fields)};

/* --- the options --------------------------------------------------------------------------------------------------------- */

enum kind { ACCESS = 1, PROPAGATION = 2, IDS = 4 };

struct word {
	const char *name;
	enum kind kind;
	int value;
};

static const struct word words[] = {
	{"rw", ACCESS, false},
	{"ro", ACCESS, true},
	{"rslave", PROPAGATION, ATTACHED_PATH_RSLAVE},
	{"slave", PROPAGATION, ATTACHED_PATH_SLAVE},
	{"rprivate", PROPAGATION, ATTACHED_PATH_RPRIVATE},
	{"private", PROPAGATION, ATTACHED_PATH_PRIVATE},
	{"noshift", IDS, true},
};

static const struct word *find_word(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

/* One word of each kind at most: not twice, and nothing that contradicts. */
static bool take_word(const char *name, unsigned *seen, struct attached_path *path)
{
	const struct word *word = find_word(name);

	if (!word || *seen & word->kind)
		return false;
	*seen |= word->kind;
	if (word->kind == ACCESS)
		path->is_read_only = word->value;
	else if (word->kind == PROPAGATION)
		path->propagation = word->value;
	else
		path->keeps_ids = word->value;
	return true;
}

static bool take_options(const char *text, struct attached_path *path)
{
	unsigned seen = 0;
	bool is_good = true;

	for (const char *next = text; is_good && next; next = strchr(next, ',') ? strchr(next, ',') + 1 : NULL) {
		autofree char *name = xstrndup(next, strcspn(next, ","));

		is_good = take_word(name, &seen, path);
	}
	return is_good;
}

char *attached_path_format_options(const struct attached_path *path)
{
	return xasprintf("%s%s%s%s", path->is_read_only ? "ro" : "rw", path->propagation ? "," : "",
			 path->propagation ? propagation_names[path->propagation] : "", path->keeps_ids ? ",noshift" : "");
}

/* --- the whole ----------------------------------------------------------------------------------------------------------- */

static int refuse(const char *text, int code, struct error *err, const char *why)
{
	return error_set(err, code, "Failed to parse bind: %s, %s", text, why);
}

static int set_path(const char *text, const char *what, const char *field, char **ret_path, struct error *err)
{
	struct error error = {0};
	int r;

	if (field[0] != '/')
		return error_set(err, -EINVAL,
				 "Failed to parse bind: %s, invalid path specification:%s, only absolute path is allowed",
				 text, text);
	r = spec_mount_normalize(what, field, ret_path, &error);
	return r < 0 ? refuse(text, r, err, error.message) : 0;
}

static int parse(const char *text, bool has_options, struct attached_path *path, struct error *err)
{
	const char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	autofree char *host = NULL, *guest = NULL;
	struct error error = {0};
	int r;

	if (!first || (second && strchr(second + 1, ':')))
		return error_set(err, -EINVAL, "Failed to parse bind: %s, invalid path specification: %s", text, text);
	host = xstrndup(text, (size_t)(first - text));
	guest = second ? xstrndup(first + 1, (size_t)(second - first - 1)) : xstrdup(first + 1);
	r = set_path(text, "path of the host", host, &path->host, err);
	if (r == 0)
		r = set_path(text, "path in the guest", guest, &path->guest, err);
	if (r < 0)
		return r;
	if (!second)
		path->propagation = ATTACHED_PATH_RSLAVE;
	else if (has_options && !take_options(second + 1, path))
		return error_set(
			err, -EINVAL,
			"Failed to parse bind: %s, invalid permissions: %s (there are rw or ro, one of rslave, slave, rprivate and "
			"private, and noshift, each once)",
			text, second + 1);
	return attached_path_check(path, &error) < 0 ? refuse(text, error.code, err, error.message) : 0;
}

static int finish(int r, struct attached_path *path)
{
	if (r < 0)
		attached_path_release(path);
	return r;
}

int attached_path_parse(const char *text, struct attached_path *ret_path, struct error *err)
{
	*ret_path = (struct attached_path){0};
	return finish(parse(text, true, ret_path, err), ret_path);
}

int attached_path_parse_pair(const char *text, struct attached_path *ret_path, struct error *err)
{
	*ret_path = (struct attached_path){0};
	return finish(parse(text, false, ret_path, err), ret_path);
}

static int check_one(const char *what, const char *path, struct error *err)
{
	autofree char *normal = NULL;

	/* A colon would be one more field of what list-path prints; and a file of JSON can't hold every byte. */
	if (strchr(path, ':') || !json_holds(path))
		return error_set(err, -EINVAL, "the %s \"%s\" has a colon in it, or is no UTF-8", what, path);
	if (spec_mount_normalize(what, path, &normal, err) < 0)
		return -EINVAL;
	return strcmp(normal, path) == 0
		       ? 0
		       : error_set(err, -EINVAL, "the %s \"%s\" is not in its plain form, %s", what, path, normal);
}

int attached_path_check(const struct attached_path *path, struct error *err)
{
	int r = check_one("path of the host", path->host, err);

	if (r == 0)
		r = check_one("path in the guest", path->guest, err);
	return r < 0 ? r : spec_mount_check_target(path->guest, err);
}

bool attached_path_is_same(const struct attached_path *a, const struct attached_path *b)
{
	return strcmp(a->guest, b->guest) == 0;
}

bool attached_path_is_equal(const struct attached_path *a, const struct attached_path *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->guest, b->guest) == 0 && a->is_read_only == b->is_read_only &&
	       a->propagation == b->propagation && a->keeps_ids == b->keeps_ids;
}

bool attached_path_is_slave(const struct attached_path *path)
{
	return path->propagation != ATTACHED_PATH_PRIVATE && path->propagation != ATTACHED_PATH_RPRIVATE;
}

bool attached_path_is_below(const struct attached_path *path, const struct attached_path *above)
{
	size_t length = strlen(above->guest);

	return strncmp(path->guest, above->guest, length) == 0 && (path->guest[length] == '/' || !path->guest[length]);
}

char *attached_path_describe(const struct attached_path *path)
{
	return xasprintf("path %s at %s", path->host, path->guest);
}

char *attached_path_format(const struct attached_path *path)
{
	autofree char *options = attached_path_format_options(path);

	return xasprintf("%s:%s:%s", path->host, path->guest, options);
}

void attached_path_release(struct attached_path *path)
{
	schema_release(&attached_path_schema, path);
}
