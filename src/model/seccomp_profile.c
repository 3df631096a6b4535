/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how a profile of system calls is read. */
#include "model/seccomp_profile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/schema.h"
#include "kernel/capability.h"

#define MAX_ERRNO 4095 /* the kernel's */

/* Each in the order of its enum. */
static const char *const action_names[] = {
	"SCMP_ACT_ALLOW",       "SCMP_ACT_ERRNO",        "SCMP_ACT_KILL",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP",
	"SCMP_ACT_TRACE",       "SCMP_ACT_LOG",          NULL,
};
static const char *const operator_names[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL,
};

#define MEMBER(owner, member, key_, type_, ...) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct owner, member), ##__VA_ARGS__ \
	}
#define OPTIONAL .is_omitted_when_empty = true

static const struct schema_field argument_fields[] = {
	MEMBER(seccomp_argument, index, "index", SCHEMA_INT, .is_required = true),
	MEMBER(seccomp_argument, value, "value", SCHEMA_UINT64, .is_required = true),
	MEMBER(seccomp_argument, value_two, "valueTwo", SCHEMA_UINT64, OPTIONAL),
	MEMBER(seccomp_argument, operator, "op", SCHEMA_ENUM, .names = operator_names, .is_required = true),
};
static const struct schema argument_schema = {sizeof(struct seccomp_argument), argument_fields, ARRAY_SIZE(argument_fields)};

static const struct schema_field condition_fields[] = {
	MEMBER(seccomp_condition, capabilities, "caps", SCHEMA_STRINGS, OPTIONAL),
	MEMBER(seccomp_condition, architectures, "arches", SCHEMA_STRINGS, OPTIONAL),
	MEMBER(seccomp_condition, min_kernel, "minKernel", SCHEMA_STRING, OPTIONAL),
};
static const struct schema condition_schema = {sizeof(struct seccomp_condition), condition_fields,
					       ARRAY_SIZE(condition_fields)};

static const struct schema_field rule_fields[] = {
	MEMBER(seccomp_rule, comment, "comment", SCHEMA_STRING, OPTIONAL),
	MEMBER(seccomp_rule, name, "name", SCHEMA_STRING, OPTIONAL),
	MEMBER(seccomp_rule, names, "names", SCHEMA_STRINGS, OPTIONAL),
	MEMBER(seccomp_rule, action, "action", SCHEMA_ENUM, .names = action_names, .is_required = true),
	MEMBER(seccomp_rule, errno_ret, "errnoRet", SCHEMA_INT64),
	MEMBER(seccomp_rule, arguments, "args", SCHEMA_ARRAY, .nested = &argument_schema, OPTIONAL),
	MEMBER(seccomp_rule, includes, "includes", SCHEMA_OBJECT, .nested = &condition_schema, OPTIONAL),
	MEMBER(seccomp_rule, excludes, "excludes", SCHEMA_OBJECT, .nested = &condition_schema, OPTIONAL),
};
static const struct schema rule_schema = {sizeof(struct seccomp_rule), rule_fields, ARRAY_SIZE(rule_fields)};

static const struct schema_field map_fields[] = {
	MEMBER(seccomp_architectures, native, "architecture", SCHEMA_STRING, .is_required = true),
	MEMBER(seccomp_architectures, others, "subArchitectures", SCHEMA_STRINGS),
};
static const struct schema map_schema = {sizeof(struct seccomp_architectures), map_fields, ARRAY_SIZE(map_fields)};

static const struct schema_field profile_fields[] = {
	MEMBER(seccomp_profile, comment, "comment", SCHEMA_STRING, OPTIONAL),
	MEMBER(seccomp_profile, default_action, "defaultAction", SCHEMA_ENUM, .names = action_names, .is_required = true),
	MEMBER(seccomp_profile, default_errno, "defaultErrnoRet", SCHEMA_INT64),
	MEMBER(seccomp_profile, architectures, "architectures", SCHEMA_STRINGS, OPTIONAL),
	MEMBER(seccomp_profile, architecture_map, "archMap", SCHEMA_ARRAY, .nested = &map_schema, OPTIONAL),
	MEMBER(seccomp_profile, rules, "syscalls", SCHEMA_ARRAY, .nested = &rule_schema),
};
const struct schema seccomp_profile_schema = {sizeof(struct seccomp_profile), profile_fields, ARRAY_SIZE(profile_fields)};

/* Programs that write profiles write null for what they have not. */
static struct json *copy_without_nulls(const struct json *value)
{
	enum json_type type = json_type(value);
	struct json *copy;

	if (type != JSON_OBJECT && type != JSON_ARRAY)
		return json_copy(value);
	copy = type == JSON_OBJECT ? json_new_object() : json_new_array();
	for (size_t i = 0; i < json_count(value); i++) {
		const struct json *inner = json_at(value, i);

		if (type == JSON_ARRAY)
			json_append(copy, copy_without_nulls(inner));
		else if (json_type(inner) != JSON_NULL)
			json_set(copy, json_key_at(value, i), copy_without_nulls(inner));
	}
	return copy;
}

/* EPERM where the profile says nothing. */
static void set_default_errnos(const struct json *value, struct seccomp_profile *profile)
{
	const struct json *rules = json_get(value, "syscalls");

	if (!json_get(value, "defaultErrnoRet"))
		profile->default_errno = EPERM;
	for (size_t i = 0; i < profile->rules.count; i++)
		if (!json_get(json_at(rules, i), "errnoRet"))
			profile->rules.items[i].errno_ret = EPERM;
}

static int check_arguments(const struct seccomp_rule *rule, struct error *err)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->arguments.count; i++) {
		int index = rule->arguments.items[i].index;

		if (index < 0 || index > 5)
			return error_set(err, -EINVAL, "args[%zu].index: %d is not between 0 and 5", i, index);
		/* Some take it as "or", some as "and". */
		if (seen & 1U << index)
			return error_set(err, -EINVAL,
					 "args[%zu].index: argument %d is compared twice; make each a rule of its own", i,
					 index);
		seen |= 1U << index;
	}
	return 0;
}

static int check_condition(const struct seccomp_condition *condition, struct error *err)
{
	unsigned version[2];
	char end;

	for (size_t i = 0; i < condition->capabilities.count; i++)
		if (capability_parse(condition->capabilities.items[i]) < 0)
			return error_set(err, -EINVAL, "caps[%zu]: unknown capability \"%.100s\"", i,
					 condition->capabilities.items[i]);
	if (condition->min_kernel && sscanf(condition->min_kernel, "%5u.%5u%c", &version[0], &version[1], &end) != 2)
		return error_set(err, -EINVAL, "minKernel: \"%.100s\" is no version such as 5.10", condition->min_kernel);
	return 0;
}

static int check_rule(const struct seccomp_rule *rule, struct error *err)
{
	if (rule->name ? rule->names.count > 0 : rule->names.count == 0)
		return error_set(err, -EINVAL, "give either names or name");
	if (rule->errno_ret < 0 || rule->errno_ret > MAX_ERRNO)
		return error_set(err, -ERANGE, "errnoRet: %lld is not between 0 and %d", (long long)rule->errno_ret,
				 MAX_ERRNO);
	if (check_condition(&rule->includes, err) < 0)
		return error_prefix(err, "includes");
	if (check_condition(&rule->excludes, err) < 0)
		return error_prefix(err, "excludes");
	return check_arguments(rule, err);
}

static int check(const struct seccomp_profile *profile, struct error *err)
{
	if (profile->default_errno < 0 || profile->default_errno > MAX_ERRNO)
		return error_set(err, -ERANGE, "defaultErrnoRet: %lld is not between 0 and %d",
				 (long long)profile->default_errno, MAX_ERRNO);
	for (size_t i = 0; i < profile->rules.count; i++)
		if (check_rule(&profile->rules.items[i], err) < 0)
			return error_prefix(err, "syscalls[%zu]", i);
	return 0;
}

int seccomp_profile_parse(const char *text, size_t length, struct seccomp_profile *ret_profile, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL, *compact = NULL;
	int r = json_parse(text, length, &value, err);

	*ret_profile = (struct seccomp_profile){0};
	if (r < 0)
		return r;
	compact = copy_without_nulls(value);
	r = schema_read(&seccomp_profile_schema, compact, SCHEMA_STRICT, ret_profile, err);
	if (r < 0)
		return r;
	set_default_errnos(compact, ret_profile);
	r = check(ret_profile, err);
	if (r < 0)
		seccomp_profile_release(ret_profile);
	return r;
}

int seccomp_profile_load(const char *path, struct seccomp_profile *ret_profile, struct error *err)
{
	autofree char *text = NULL;
	size_t length;
	int r = file_read_regular(AT_FDCWD, path, SECCOMP_PROFILE_MAX_BYTES, &text, &length, err);

	*ret_profile = (struct seccomp_profile){0};
	if (r < 0)
		return r;
	r = seccomp_profile_parse(text, length, ret_profile, err);
	return r < 0 ? error_prefix(err, "%s", path) : 0;
}

void seccomp_profile_release(struct seccomp_profile *profile)
{
	schema_release(&seccomp_profile_schema, profile);
}
