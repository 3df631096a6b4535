/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the grammar of plugged devices and of the limits of disks. */
#include "model/attached_device.h"

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/strings.h"
#include "model/spec_mount.h"

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

const struct attached_limit_name attached_limit_names[ATTACHED_LIMITS] = {
	[ATTACHED_READ_IOPS] = {"device-read-iops", "read iops"},
	[ATTACHED_WRITE_IOPS] = {"device-write-iops", "write iops"},
	[ATTACHED_READ_BPS] = {"device-read-bps", "read bps"},
	[ATTACHED_WRITE_BPS] = {"device-write-bps", "write bps"},
	[ATTACHED_WEIGHT] = {"blkio-weight-device", "blkio weight"},
};

/* As list-device shows them. */
static const char *const type_names[] = {
	[ATTACHED_UNKNOWN] = "",
	[ATTACHED_BLOCK] = "b",
	[ATTACHED_CHARACTER] = "c",
	NULL,
};

#define FIELD(owner, member, type_, ...) \
	{ \
		.key = #member, .type = type_, .offset = offsetof(struct owner, member), ##__VA_ARGS__ \
	}
static const struct schema_field node_fields[] = {
	FIELD(attached_node, host, SCHEMA_STRING, .is_required = true),
	FIELD(attached_node, guest, SCHEMA_STRING, .is_required = true),
	FIELD(attached_node, major, SCHEMA_INT),
	FIELD(attached_node, minor, SCHEMA_INT),
	FIELD(attached_node, devpath, SCHEMA_STRING, .is_omitted_when_empty = true),
};
static const struct schema node_schema = {sizeof(struct attached_node), node_fields, ARRAY_SIZE(node_fields)};

#define NOW(member, type_, ...) FIELD(attached_device_now, member, type_, .is_omitted_when_empty = true, ##__VA_ARGS__)
static const struct schema_field now_fields[] = {
	NOW(type, SCHEMA_ENUM, .names = type_names),
	NOW(mode, SCHEMA_INT),
	NOW(group, SCHEMA_STRING),
	NOW(disk, SCHEMA_STRING),
	NOW(sequence, SCHEMA_UINT64),
	NOW(serial, SCHEMA_STRING),
	NOW(nodes, SCHEMA_ARRAY, .nested = &node_schema),
};
static const struct schema now_schema = {sizeof(struct attached_device_now), now_fields, ARRAY_SIZE(now_fields)};

#define OPTIONAL(key_, member_, type_, ...) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct attached_device, member_), \
		.is_omitted_when_empty = true, ##__VA_ARGS__ \
	}
static const struct schema_field fields[] = {
	FIELD(attached_device, host, SCHEMA_STRING, .is_required = true),
	FIELD(attached_device, guest, SCHEMA_STRING, .is_required = true),
	FIELD(attached_device, permissions, SCHEMA_STRING, .is_required = true),
	OPTIONAL("follow_partition", follows_partitions, SCHEMA_BOOL),
	OPTIONAL("force", is_forced, SCHEMA_BOOL),
	OPTIONAL("required", is_required, SCHEMA_BOOL),
	OPTIONAL("owner", owner, SCHEMA_STRING),
	OPTIONAL("mode", mode, SCHEMA_STRING),
	OPTIONAL("read_iops", limits[ATTACHED_READ_IOPS], SCHEMA_INT64),
	OPTIONAL("write_iops", limits[ATTACHED_WRITE_IOPS], SCHEMA_INT64),
	OPTIONAL("read_bps", limits[ATTACHED_READ_BPS], SCHEMA_INT64),
	OPTIONAL("write_bps", limits[ATTACHED_WRITE_BPS], SCHEMA_INT64),
	OPTIONAL("blkio_weight", limits[ATTACHED_WEIGHT], SCHEMA_INT64),
	OPTIONAL("now", now, SCHEMA_OBJECT, .nested = &now_schema),
};
const struct schema attached_device_schema = {sizeof(struct attached_device), fields, ARRAY_SIZE(fields)};

/* --- HOST[:GUEST][:PERMISSIONS] -------------------------------------------------------------------------------------------- */

static bool is_permissions(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || strspn(text, "rwm") != length)
		return false;
	for (const char *letter = text; *letter; letter++)
		if (strchr(letter + 1, *letter))
			return false;
	return true;
}

static bool has_control_characters(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

static int normalize(const char *what, const char *path, char **ret_path, struct error *err)
{
	if (path[0] != '/')
		return error_set(err, -EINVAL, "%s should be an absolute path: %s", what, path);
	if (has_control_characters(path))
		return error_set(err, -EINVAL, "%s has control characters in it", what);
	return spec_mount_normalize(what, path, ret_path, err);
}

static int normalize_guest(const char *path, char **ret_path, struct error *err)
{
	int r = normalize("containerpath", path, ret_path, err);

	if (r < 0)
		return r;
	assert(*ret_path);
	if (strcmp(*ret_path, "/") == 0)
		return error_set(err, -EINVAL, "containerpath %s is the root of the container", path);
	if (strncmp(*ret_path, "/proc/", 6) == 0 || strncmp(*ret_path, "/sys/", 5) == 0)
		return error_set(err, -EINVAL, "containerpath %s: nothing can be put below /proc and /sys of the container",
				 path);
	return 0;
}

void attached_device_text_release(struct attached_device_text *text)
{
	free(text->host);
	free(text->guest);
	free(text->permissions);
	*text = (struct attached_device_text){0};
}

/* Up to three fields, empty ones too; the count may be above 3, but only three are filled. */
static size_t cut(char *copy, const char *parts[3])
{
	size_t count = 0;

	for (char *part; (part = strsep(&copy, ":")); count++)
		if (count < 3)
			parts[count] = part;
	return count;
}

static int fill_text(const char *const parts[3], struct attached_device_text *ret_text, struct error *err)
{
	/* Of two fields the second is what it looks like. */
	bool is_short = !parts[2] && is_permissions(parts[1]);
	const char *guest = is_short ? "" : parts[1], *permissions = is_short ? parts[1] : parts[2];
	int r = 0;

	if (!parts[0][0] && !guest[0])
		return error_set(err, -EINVAL, "either of host path and container path should be assigned");
	if (parts[0][0])
		r = normalize("hostpath", parts[0], &ret_text->host, err);
	if (r == 0 && guest[0])
		r = normalize_guest(guest, &ret_text->guest, err);
	if (r == 0 && permissions && permissions[0])
		ret_text->permissions = xstrdup(permissions);
	return r;
}

int attached_device_split(const char *text, struct attached_device_text *ret_text, struct error *err)
{
	autofree char *copy = xstrdup(text);
	const char *parts[3] = {"", "", NULL};
	int r;

	*ret_text = (struct attached_device_text){0};
	if (cut(copy, parts) > 3)
		return error_set(err, -EINVAL, "invalid device specification: %s", text);
	r = fill_text(parts, ret_text, err);
	if (r < 0)
		attached_device_text_release(ret_text);
	return r;
}

int attached_device_parse(const char *text, struct attached_device *ret_device, struct error *err)
{
	autorelease(attached_device_text_release) struct attached_device_text parts = {0};
	int r = attached_device_split(text, &parts, err);

	*ret_device = (struct attached_device){0};
	if (r < 0)
		return r;
	if (!parts.host)
		return error_set(err, -EINVAL, "hostpath should be an absolute path: ");
	if (parts.permissions && !is_permissions(parts.permissions))
		return error_set(err, -EINVAL, "invalid permission: %s", parts.permissions);
	if (!parts.guest && (r = normalize_guest(parts.host, &parts.guest, err)) < 0)
		return r;
	ret_device->host = steal_ptr(parts.host);
	ret_device->guest = steal_ptr(parts.guest);
	ret_device->permissions = parts.permissions ? steal_ptr(parts.permissions) : xstrdup("rwm");
	return 0;
}

/* --- PATH:VALUE ------------------------------------------------------------------------------------------------------------ */

static int64_t limit_max(enum attached_limit limit)
{
	if (limit == ATTACHED_WEIGHT)
		return WEIGHT_MAX;
	/* The kernel counts operations in 32 bits. */
	return limit == ATTACHED_READ_IOPS || limit == ATTACHED_WRITE_IOPS ? UINT32_MAX : INT64_MAX;
}

static bool is_limit(enum attached_limit limit, int64_t value)
{
	if (limit == ATTACHED_WEIGHT && value != 0 && value < WEIGHT_MIN)
		return false;
	return value >= 0 && value <= limit_max(limit);
}

static int parse_limit_value(enum attached_limit limit, const char *text, const char *value, int64_t *ret_value,
			     struct error *err)
{
	uint64_t number = 0;
	int r = limit == ATTACHED_WEIGHT ? number_parse_unsigned(value, WEIGHT_MAX, &number, NULL)
					 : number_parse_size(value, &number, NULL);

	if (r == 0 && number <= INT64_MAX && is_limit(limit, (int64_t)number)) {
		*ret_value = (int64_t)number;
		return 0;
	}
	if (limit == ATTACHED_WEIGHT)
		return error_set(err, -EINVAL, "Invalid weight for device: %s. It is 0 (none) or from %d to %d", text,
				 WEIGHT_MIN, WEIGHT_MAX);
	return error_set(
		err, -EINVAL,
		"Invalid rate for device: %s. The correct format is <device-path>:<number>[<unit>]. Number must be a positive "
		"integer. Unit is optional and can be kb, mb, or gb",
		text);
}

int attached_limit_parse(enum attached_limit limit, const char *text, char **ret_path, int64_t *ret_value, struct error *err)
{
	const char *colon = strrchr(text, ':');
	autofree char *path = NULL;
	int r;

	*ret_path = NULL;
	if (!colon || colon == text || !colon[1])
		return error_set(err, -EINVAL, "Bad format: %s", text);
	path = xstrndup(text, (size_t)(colon - text));
	r = normalize("hostpath", path, ret_path, err);
	if (r == 0)
		r = parse_limit_value(limit, text, colon + 1, ret_value, err);
	if (r < 0)
		free(steal_ptr(*ret_path));
	return r;
}

/* --- owner and mode -------------------------------------------------------------------------------------------------------- */

int attached_device_parse_mode(const char *text, mode_t *ret_mode, struct error *err)
{
	size_t length = strlen(text);

	if (length < 3 || length > 4 || strspn(text, "01234567") != length || (length == 4 && text[0] != '0'))
		return error_set(err, -EINVAL, "\"%s\" are no permission bits: use three octal digits such as 660", text);
	*ret_mode = (mode_t)strtoul(text, NULL, 8);
	return 0;
}

int attached_device_check_owner(const char *text, struct error *err)
{
	if (text[0] && text[0] != ':' && text[strlen(text) - 1] != ':' && strchr(text, ':') == strrchr(text, ':') &&
	    !has_control_characters(text))
		return 0;
	return error_set(err, -EINVAL, "\"%s\" is no owner: use USER[:GROUP] of the container, names or numbers", text);
}

/* --- one that was loaded --------------------------------------------------------------------------------------------------- */

static int check_path(int (*rule)(const char *path, char **ret_path, struct error *err), const char *path, struct error *err)
{
	autofree char *normal = NULL;
	int r = rule(path, &normal, err);

	if (r == 0 && strcmp(normal, path) != 0)
		return error_set(err, -EINVAL, "\"%s\" is not the shortest form of that path: %s", path, normal);
	return r;
}

static int normalize_host(const char *path, char **ret_path, struct error *err)
{
	return normalize("hostpath", path, ret_path, err);
}

static int check_limits(const struct attached_device *device, struct error *err)
{
	for (enum attached_limit limit = 0; limit < ATTACHED_LIMITS; limit++)
		if (!is_limit(limit, device->limits[limit]))
			return error_set(err, -EINVAL, "%lld is no %s: it is 0 (none) or up to %lld%s",
					 (long long)device->limits[limit], attached_limit_names[limit].words,
					 (long long)limit_max(limit), limit == ATTACHED_WEIGHT ? ", but not below 10" : "");
	return 0;
}

int attached_device_check(const struct attached_device *device, struct error *err)
{
	mode_t mode;
	int r = check_path(normalize_host, device->host, err);

	if (r == 0)
		r = check_path(normalize_guest, device->guest, err);
	if (r == 0 && (strchr(device->host, ':') || strchr(device->guest, ':')))
		return error_set(err, -EINVAL, "a path of a device cannot have a colon in it");
	if (r == 0 && !is_permissions(device->permissions))
		return error_set(err, -EINVAL, "invalid permission: %s", device->permissions);
	if (r == 0 && device->owner)
		r = attached_device_check_owner(device->owner, err);
	if (r == 0 && device->mode)
		r = attached_device_parse_mode(device->mode, &mode, err);
	return r < 0 ? r : check_limits(device, err);
}

/* --- comparing and telling ------------------------------------------------------------------------------------------------- */

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : !a && !b;
}

bool attached_device_is_same(const struct attached_device *a, const struct attached_device *b)
{
	return strcmp(a->guest, b->guest) == 0;
}

bool attached_device_is_equal(const struct attached_device *a, const struct attached_device *b)
{
	return attached_device_is_same(a, b) && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->permissions, b->permissions) == 0 && a->follows_partitions == b->follows_partitions &&
	       a->is_forced == b->is_forced && a->is_required == b->is_required && is_same_text(a->owner, b->owner) &&
	       is_same_text(a->mode, b->mode) && memcmp(a->limits, b->limits, sizeof(a->limits)) == 0;
}

bool attached_device_has_limits(const struct attached_device *device)
{
	for (enum attached_limit limit = 0; limit < ATTACHED_LIMITS; limit++)
		if (device->limits[limit])
			return true;
	return false;
}

char *attached_device_describe(const struct attached_device *device)
{
	if (strcmp(device->host, device->guest) == 0)
		return xasprintf("device %s", device->host);
	return xasprintf("device %s at %s", device->host, device->guest);
}

static void list_node(const struct attached_device *device, const struct attached_node *node, const char *host,
		      const char *parent, struct json *list)
{
	struct json *entry = json_append(list, json_new_object());

	json_set(entry, "Type", json_new_string(type_names[device->now.type]));
	json_set(entry, "Minor", json_new_integer(node->minor));
	json_set(entry, "Major", json_new_integer(node->major));
	json_set(entry, "PathOnHost", json_new_string(host));
	json_set(entry, "PathInContainer", json_new_string(node->guest));
	json_set(entry, "CgroupPermissions", json_new_string(device->permissions));
	json_set(entry, "Parent", json_new_string(parent ? parent : ""));
}

void attached_device_list(const struct attached_device *device, bool with_partitions, struct json *list)
{
	const struct attached_device_now *now = &device->now;
	const struct attached_node absent = {.guest = device->guest};

	list_node(device, now->nodes.count ? &now->nodes.items[0] : &absent, device->host, now->disk, list);
	for (size_t i = 1; with_partitions && i < now->nodes.count; i++)
		list_node(device, &now->nodes.items[i], now->nodes.items[i].host, device->host, list);
}
