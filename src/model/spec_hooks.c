/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what a hook spec says. */
#include "model/spec_hooks.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/trusted.h"

const char *const spec_hook_stage_names[] = {
	[SPEC_HOOK_PRESTART] = "prestart",
	[SPEC_HOOK_POSTSTART] = "poststart",
	[SPEC_HOOK_POSTSTOP] = "poststop",
};

#define HOOK_FIELD(member, key_, type_, ...) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct spec_hook, member), ##__VA_ARGS__ \
	}
static const struct schema_field hook_fields[] = {
	HOOK_FIELD(path, "path", SCHEMA_STRING, .is_required = true),
	HOOK_FIELD(arguments, "args", SCHEMA_STRINGS, .is_omitted_when_empty = true),
	HOOK_FIELD(environment, "env", SCHEMA_STRINGS, .is_omitted_when_empty = true),
	HOOK_FIELD(timeout_s, "timeout", SCHEMA_INT, .is_omitted_when_empty = true),
};
static const struct schema hook_schema = {sizeof(struct spec_hook), hook_fields, ARRAY_SIZE(hook_fields)};

#define STAGE_FIELD(stage, key_) \
	{ \
		.key = key_, .type = SCHEMA_ARRAY, .offset = offsetof(struct spec_hooks, stages[stage]), \
		.nested = &hook_schema, .is_omitted_when_empty = true \
	}
/* The stages come first: a hook spec file has these keys and no more. */
static const struct schema_field hooks_fields[] = {
	STAGE_FIELD(SPEC_HOOK_PRESTART, "prestart"),
	STAGE_FIELD(SPEC_HOOK_POSTSTART, "poststart"),
	STAGE_FIELD(SPEC_HOOK_POSTSTOP, "poststop"),
	{.key = "file", .type = SCHEMA_STRING, .offset = offsetof(struct spec_hooks, file), .is_omitted_when_empty = true},
};
const struct schema spec_hooks_schema = {sizeof(struct spec_hooks), hooks_fields, ARRAY_SIZE(hooks_fields)};
static const struct schema file_schema = {sizeof(struct spec_hooks), hooks_fields, SPEC_HOOK_STAGES};

static int check_hook(const struct spec_hook *hook, struct error *err)
{
	if (hook->path[0] != '/')
		return error_set(err, -EINVAL, "path: \"%.200s\" is not absolute", hook->path);
	if (strlen(hook->path) >= SPEC_HOOK_PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "path: it is longer than %d bytes", SPEC_HOOK_PATH_MAX - 1);
	for (size_t i = 0; i < hook->environment.count; i++)
		if (strcspn(hook->environment.items[i], "=") == 0 || !strchr(hook->environment.items[i], '='))
			return error_set(err, -EINVAL, "env[%zu]: \"%.200s\" is not KEY=VALUE", i,
					 hook->environment.items[i]);
	if (hook->timeout_s < 0 || hook->timeout_s > SPEC_HOOK_TIMEOUT_MAX_S)
		return error_set(err, -EINVAL, "timeout: %d is not between 0 and %d seconds", hook->timeout_s,
				 SPEC_HOOK_TIMEOUT_MAX_S);
	return 0;
}

int spec_hooks_check(const struct spec_hooks *hooks, struct error *err)
{
	for (int stage = 0; stage < SPEC_HOOK_STAGES; stage++)
		for (size_t i = 0; i < hooks->stages[stage].count; i++)
			if (check_hook(&hooks->stages[stage].items[i], err) < 0)
				return error_prefix(err, "%s[%zu]", spec_hook_stage_names[stage], i);
	return 0;
}

int spec_hooks_parse(const struct json *value, struct spec_hooks *ret_hooks, struct error *err)
{
	int r;

	*ret_hooks = (struct spec_hooks){0};
	r = schema_read(&file_schema, value, SCHEMA_STRICT, ret_hooks, err);
	if (r == 0)
		r = spec_hooks_check(ret_hooks, err);
	if (r < 0)
		spec_hooks_release(ret_hooks);
	return r;
}

int spec_hooks_read(const char *path, struct spec_hooks *ret_hooks, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	autofree char *canonical = NULL;
	struct stat status;
	int r;

	*ret_hooks = (struct spec_hooks){0};
	if (path[0] == '/' && lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
		return error_set(err, -ELOOP, "%s is a symbolic link; name the file itself", path);
	r = trusted_resolve(path, &canonical, err);
	if (r == 0)
		r = json_read_file(AT_FDCWD, canonical, SPEC_HOOKS_FILE_MAX, &value, err);
	if (r < 0)
		return r;
	r = spec_hooks_parse(value, ret_hooks, err);
	return r < 0 ? error_prefix(err, "%s", path) : 0;
}

void spec_hooks_append(struct spec_hooks *hooks, const struct spec_hooks *more)
{
	for (int stage = 0; stage < SPEC_HOOK_STAGES; stage++) {
		struct spec_hook_list *list = &hooks->stages[stage];
		const struct spec_hook_list *added = &more->stages[stage];

		list->items = xreallocarray(list->items, list->count + added->count + 1, sizeof(*list->items));
		for (size_t i = 0; i < added->count; i++) {
			list->items[list->count] = (struct spec_hook){0};
			schema_copy(&hook_schema, &added->items[i], &list->items[list->count++]);
		}
	}
}

void spec_hooks_release(struct spec_hooks *hooks)
{
	schema_release(&spec_hooks_schema, hooks);
}
