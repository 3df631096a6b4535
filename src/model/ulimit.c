/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the names of process limits and the rules for their values. */
#include "model/ulimit.h"

#include <string.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "base/number.h"

static const struct {
	const char *name;
	int resource;
} limits[ULIMIT_COUNT] = {
	{"core", RLIMIT_CORE},         {"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},           {"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

static const struct schema_field fields[] = {
	{.key = "name", .type = SCHEMA_STRING, .offset = offsetof(struct ulimit, name), .is_required = true},
	{.key = "soft", .type = SCHEMA_INT64, .offset = offsetof(struct ulimit, soft), .is_required = true},
	{.key = "hard", .type = SCHEMA_INT64, .offset = offsetof(struct ulimit, hard), .is_required = true},
};
const struct schema ulimit_schema = {sizeof(struct ulimit), fields, ARRAY_SIZE(fields)};

const char *ulimit_name(size_t index)
{
	return limits[index].name;
}

int ulimit_resource(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (strcmp(limits[i].name, name) == 0)
			return limits[i].resource;
	return -EINVAL;
}

int ulimit_check(const struct ulimit *limit, struct error *err)
{
	if (ulimit_resource(limit->name) < 0)
		return error_set(err, -EINVAL, "Invalid ulimit type: \"%.100s\"", limit->name);
	if (limit->soft < ULIMIT_UNLIMITED)
		return error_set(err, -ERANGE, "Invalid ulimit soft value: %lld", (long long)limit->soft);
	if (limit->hard < ULIMIT_UNLIMITED)
		return error_set(err, -ERANGE, "Invalid ulimit hard value: %lld", (long long)limit->hard);
	if (limit->hard != ULIMIT_UNLIMITED && (limit->soft == ULIMIT_UNLIMITED || limit->soft > limit->hard))
		return error_set(err, -EINVAL, "Ulimit soft limit must be less than or equal to hard limit: %lld > %lld",
				 (long long)limit->soft, (long long)limit->hard);
	return 0;
}

/* "LEFT<delimiter>RIGHT" with something on both sides. */
static int check_sides(const char *text, char delimiter, struct error *err)
{
	size_t length = strlen(text);

	if (text[0] && text[0] != delimiter && text[length - 1] != delimiter)
		return 0;
	return error_set(err, -EINVAL,
			 "Invalid ulimit argument: \"%.100s\", delimiter '%c' can't be the first or the last character",
			 text, delimiter);
}

static int parse_value(const char *text, const char *which, int64_t *ret_value, struct error *err)
{
	return number_parse(text, ULIMIT_UNLIMITED, INT64_MAX, ret_value, err) < 0
		       ? error_prefix(err, "Invalid ulimit %s value", which)
		       : 0;
}

static int parse_values(const char *text, struct ulimit *limit, struct error *err)
{
	const char *colon = strchr(text, ':');
	autofree char *soft = xstrndup(text, strcspn(text, ":"));
	int r = check_sides(text, ':', err);

	if (r == 0 && colon && strchr(colon + 1, ':'))
		r = error_set(err, -EINVAL,
			      "Too many limit value arguments: \"%.100s\" can only have up to two, soft[:hard]", text);
	if (r == 0)
		r = parse_value(soft, "soft", &limit->soft, err);
	limit->hard = limit->soft;
	return r == 0 && colon ? parse_value(colon + 1, "hard", &limit->hard, err) : r;
}

int ulimit_parse(const char *text, struct ulimit *ret_limit, struct error *err)
{
	const char *equals = strchr(text, '=');
	autofree char *name = xstrndup(text, strcspn(text, "="));
	struct ulimit limit = {.name = name};
	int r = check_sides(text, '=', err);

	if (r == 0 && (!equals || strchr(equals + 1, '=')))
		r = error_set(err, -EINVAL, "Invalid ulimit argument: \"%.100s\", use NAME=SOFT[:HARD]", text);
	if (r == 0 && ulimit_resource(name) < 0)
		r = error_set(err, -EINVAL, "Invalid ulimit type: \"%.100s\"", name);
	if (r == 0)
		r = parse_values(equals + 1, &limit, err);
	if (r == 0)
		r = ulimit_check(&limit, err);
	if (r < 0)
		return r;
	limit.name = steal_ptr(name);
	*ret_limit = limit;
	return 0;
}

void ulimits_set(struct ulimits *list, const struct ulimit *limit)
{
	size_t i = 0;

	while (i < list->count && strcmp(list->items[i].name, limit->name) != 0)
		i++;
	if (i == list->count) {
		list->items = xreallocarray(list->items, ++list->count, sizeof(*list->items));
		list->items[i].name = xstrdup(limit->name);
	}
	list->items[i].soft = limit->soft;
	list->items[i].hard = limit->hard;
}

void ulimits_release(struct ulimits *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct ulimits){0};
}
