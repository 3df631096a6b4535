/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the rules for the values of confinement. */
#include "model/spec_security.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/number.h"
#include "kernel/capability.h"

#define MAX_WORD 256

static const char *const seccomp_names[] = {"default", "profile", "unconfined", NULL};

#define MEMBER(owner, member, key_, type_, ...) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct owner, member), ##__VA_ARGS__ \
	}
#define OPTIONAL .is_omitted_when_empty = true

static const struct schema_field label_fields[] = {
	MEMBER(spec_label, is_disabled, "is_disabled", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec_label, user, "user", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec_label, role, "role", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec_label, type, "type", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec_label, level, "level", SCHEMA_STRING, OPTIONAL),
};
static const struct schema label_schema = {sizeof(struct spec_label), label_fields, ARRAY_SIZE(label_fields)};

static const struct schema_field fields[] = {
	MEMBER(spec_security, cap_add, "cap_add", SCHEMA_STRINGS, OPTIONAL),
	MEMBER(spec_security, cap_drop, "cap_drop", SCHEMA_STRINGS, OPTIONAL),
	MEMBER(spec_security, seccomp, "seccomp", SCHEMA_ENUM, .names = seccomp_names, OPTIONAL),
	MEMBER(spec_security, seccomp_source, "seccomp_source", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec_security, has_no_new_privileges, "no_new_privileges", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec_security, apparmor, "apparmor", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec_security, label, "label", SCHEMA_OBJECT, .nested = &label_schema, OPTIONAL),
	MEMBER(spec_security, ulimits, "ulimits", SCHEMA_ARRAY, .nested = &ulimit_schema, OPTIONAL),
};
const struct schema spec_security_schema = {sizeof(struct spec_security), fields, ARRAY_SIZE(fields)};

void spec_security_release(struct spec_security *security)
{
	free(security->seccomp_text);
	schema_release(&spec_security_schema, security);
}

/* It goes to the kernel as one word: no blank, nothing unprintable. */
static int check_word(const char *word, const char *also, struct error *err)
{
	bool is_good = word[0] && strlen(word) < MAX_WORD;

	for (const char *next = word; is_good && *next; next++)
		is_good = also ? isalnum((unsigned char)*next) || strchr(also, *next) : isgraph((unsigned char)*next);
	return is_good ? 0 : error_set(err, -EINVAL, "\"%.100s\" is no such name", word);
}

/* The parts of a label: key, member, and what they may hold beside letters and digits. */
static const struct {
	const char *key;
	size_t offset;
	const char *also;
} label_parts[] = {
	{"user", offsetof(struct spec_label, user), "_.-"},
	{"role", offsetof(struct spec_label, role), "_.-"},
	{"type", offsetof(struct spec_label, type), "_.-"},
	{"level", offsetof(struct spec_label, level), "_.-:,"},
};

static char **label_part(const struct spec_label *label, size_t index)
{
	return (char **)((char *)(uintptr_t)label + label_parts[index].offset);
}

/* Capabilities */

int spec_security_parse_capability(const char *text, char **ret_name, struct error *err)
{
	int number = capability_parse(text);

	if (number < 0 && strcasecmp(text, "ALL") != 0)
		return error_set(err, -EINVAL, "'%.100s'", text);
	*ret_name = xstrdup(number < 0 ? "ALL" : capability_name(number));
	return 0;
}

uint64_t spec_security_capabilities(const struct spec_security *security, uint64_t set)
{
	const struct strings *add = &security->cap_add, *drop = &security->cap_drop;

	if (strings_contain(drop, "ALL"))
		set = 0;
	if (strings_contain(add, "ALL"))
		set = CAPABILITY_ALL;
	for (size_t i = 0; i < add->count; i++)
		if (capability_parse(add->items[i]) >= 0)
			set |= CAPABILITY_BIT(capability_parse(add->items[i]));
	for (size_t i = 0; i < drop->count; i++)
		if (capability_parse(drop->items[i]) >= 0)
			set &= ~CAPABILITY_BIT(capability_parse(drop->items[i]));
	return set;
}

static int check_capabilities(const struct strings *list, const char *key, struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], "ALL") != 0 && capability_parse(list->items[i]) < 0)
			return error_set(err, -EINVAL, "%s: unknown capability '%.100s'", key, list->items[i]);
	return 0;
}

/* Options */

static int set_once(char **place, const char *value, struct error *err)
{
	if (*place && strcmp(*place, value) != 0)
		return error_set(err, -EINVAL, "it contradicts \"%.100s\", which is given too", *place);
	free(*place);
	*place = xstrdup(value);
	return 0;
}

static int set_seccomp(const char *value, struct spec_security *security, struct error *err)
{
	bool is_unconfined = strcmp(value, "unconfined") == 0;
	int mode = is_unconfined ? SPEC_SECCOMP_UNCONFINED : SPEC_SECCOMP_PROFILE;

	if (!value[0])
		return error_set(err, -EINVAL, "use seccomp=FILE or seccomp=unconfined");
	if (security->seccomp != SPEC_SECCOMP_DEFAULT && security->seccomp != mode)
		return error_set(err, -EINVAL, "a file and \"unconfined\" contradict each other");
	security->seccomp = mode;
	return is_unconfined ? 0 : set_once(&security->seccomp_source, value, err);
}

int spec_security_check_apparmor(const char *profile, struct error *err)
{
	return check_word(profile, NULL, err);
}

static int set_apparmor(const char *value, struct spec_security *security, struct error *err)
{
	int r = spec_security_check_apparmor(value, err);

	return r < 0 ? error_prefix(err, "AppArmor profile") : set_once(&security->apparmor, value, err);
}

static bool label_has_parts(const struct spec_label *label)
{
	for (size_t i = 0; i < ARRAY_SIZE(label_parts); i++)
		if (*label_part(label, i))
			return true;
	return false;
}

static int set_label_part(const char *value, struct spec_label *label, struct error *err)
{
	size_t length = strcspn(value, ":=");

	for (size_t i = 0; value[length] && i < ARRAY_SIZE(label_parts); i++) {
		if (strlen(label_parts[i].key) != length || strncmp(value, label_parts[i].key, length) != 0)
			continue;
		if (check_word(value + length + 1, label_parts[i].also, err) < 0)
			return error_prefix(err, "label %s", label_parts[i].key);
		return set_once(label_part(label, i), value + length + 1, err);
	}
	return error_set(err, -EINVAL, "use label=user:X, role:X, type:X, level:X or disable");
}

static int set_label(const char *value, struct spec_security *security, struct error *err)
{
	bool disables = strcmp(value, "disable") == 0;
	int r = 0;

	if (disables)
		security->label.is_disabled = true;
	else
		r = set_label_part(value, &security->label, err);
	if (r == 0 && security->label.is_disabled && label_has_parts(&security->label))
		r = error_set(err, -EINVAL, "label=disable and parts of a label contradict each other");
	return r;
}

/* Alone it is true. */
static int set_no_new_privileges(const char *value, struct spec_security *security, struct error *err)
{
	int is_true = 1, r = value[0] ? number_parse_bool(value, &is_true, err) : 0;

	security->has_no_new_privileges = is_true;
	return r;
}

static const struct {
	const char *key;
	int (*set)(const char *value, struct spec_security *security, struct error *err);
} options[] = {
	{"seccomp", set_seccomp},
	{"apparmor", set_apparmor},
	{"label", set_label},
	{"no-new-privileges", set_no_new_privileges},
};

int spec_security_parse_option(const char *text, struct spec_security *security, struct error *err)
{
	size_t length = strcspn(text, "=:");

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i].key) == length && strncmp(options[i].key, text, length) == 0)
			return options[i].set(text + length + (text[length] != '\0'), security, err);
	return error_set(err, -EINVAL,
			 "use seccomp=FILE|unconfined, apparmor=PROFILE|unconfined, label=..., or no-new-privileges");
}

void spec_security_format_options(const struct spec_security *security, struct strings *ret_options)
{
	if (security->seccomp == SPEC_SECCOMP_UNCONFINED)
		strings_append(ret_options, "seccomp=unconfined");
	if (security->seccomp_source)
		strings_appendf(ret_options, "seccomp=%s", security->seccomp_source);
	if (security->apparmor)
		strings_appendf(ret_options, "apparmor=%s", security->apparmor);
	if (security->label.is_disabled)
		strings_append(ret_options, "label=disable");
	for (size_t i = 0; i < ARRAY_SIZE(label_parts); i++)
		if (*label_part(&security->label, i))
			strings_appendf(ret_options, "label=%s:%s", label_parts[i].key, *label_part(&security->label, i));
	if (security->has_no_new_privileges)
		strings_append(ret_options, "no-new-privileges");
}

int spec_security_check(const struct spec_security *security, struct error *err)
{
	if (check_capabilities(&security->cap_add, "cap_add", err) < 0 ||
	    check_capabilities(&security->cap_drop, "cap_drop", err) < 0)
		return err ? err->code : -EINVAL;
	if (security->apparmor && spec_security_check_apparmor(security->apparmor, err) < 0)
		return error_prefix(err, "apparmor");
	for (size_t i = 0; i < ARRAY_SIZE(label_parts); i++)
		if (*label_part(&security->label, i) &&
		    check_word(*label_part(&security->label, i), label_parts[i].also, err) < 0)
			return error_prefix(err, "label.%s", label_parts[i].key);
	for (size_t i = 0; i < security->ulimits.count; i++)
		if (ulimit_check(&security->ulimits.items[i], err) < 0)
			return error_prefix(err, "ulimits[%zu]", i);
	return 0;
}
