/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the reading of passwd(5) and group(5) of a guest. Part of the static stub: no allocation, nothing of the host. */
#include "container/user.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 7

struct line {
	const char *fields[MAX_FIELDS];
	size_t lengths[MAX_FIELDS];
	size_t count;
};

/* Splits the line at *cursor and moves the cursor behind it; false at the end. */
static bool next_line(const char **cursor, struct line *line)
{
	const char *text = *cursor;

	if (!*text)
		return false;
	for (line->count = 0; line->count < MAX_FIELDS;) {
		size_t length = strcspn(text, line->count == MAX_FIELDS - 1 ? "\n" : ":\n");

		line->fields[line->count] = text;
		line->lengths[line->count++] = length;
		text += length;
		if (*text != ':')
			break;
		text++;
	}
	text += strcspn(text, "\n");
	*cursor = *text ? text + 1 : text;
	return true;
}

static bool field_is(const struct line *line, size_t index, const char *text)
{
	return index < line->count && line->lengths[index] == strlen(text) &&
	       memcmp(line->fields[index], text, line->lengths[index]) == 0;
}

/* A decimal number below 2^32 - 1, which is no id (setuid(2)). */
static bool parse_id(const char *text, size_t length, uint32_t *ret_id)
{
	uint64_t id = 0;

	if (length == 0 || length > 10)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		id = id * 10 + (uint64_t)(text[i] - '0');
	}
	if (id >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

/* What looks like a number is one, or an error: a line that is called "4294967295" or "-1" could make it any user. */
static bool is_bad_number(const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	uint32_t id;

	return *digits && strspn(digits, "0123456789") == strlen(digits) && !parse_id(text, strlen(text), &id);
}

static bool field_id(const struct line *line, size_t index, uint32_t *ret_id)
{
	return index < line->count && parse_id(line->fields[index], line->lengths[index], ret_id);
}

static void add_group(struct user *user, uint32_t gid)
{
	for (uint32_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return;
	if (user->group_count < sizeof(user->groups) / sizeof(user->groups[0]))
		user->groups[user->group_count++] = gid;
}

/* The member list of a group(5) line has `name` between commas. */
static bool has_member(const struct line *line, const char *name)
{
	const char *text = line->count > 3 ? line->fields[3] : "", *end = text + (line->count > 3 ? line->lengths[3] : 0);
	size_t length = strlen(name);

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t member = (size_t)((comma ? comma : end) - text);

		if (member == length && memcmp(text, name, length) == 0)
			return true;
		text += member + 1;
	}
	return false;
}

static int resolve_group(const char *text, const char *groups, uint32_t *ret_gid)
{
	struct line line;

	if (parse_id(text, strlen(text), ret_gid))
		return 0;
	if (!text[0] || is_bad_number(text))
		return -EINVAL;
	while (next_line(&groups, &line))
		if (field_is(&line, 0, text) && field_id(&line, 2, ret_gid))
			return 0;
	return -ENOENT;
}

/* Fills uid, gid, home from passwd; *ret_name is the login name or "". */
static int resolve_user(const char *text, const char *passwd, struct user *user, char *ret_name, size_t name_size)
{
	bool is_number = parse_id(text, strlen(text), &user->uid);
	struct line line;

	ret_name[0] = '\0';
	if (is_bad_number(text))
		return -EINVAL;
	while (next_line(&passwd, &line)) {
		uint32_t uid, gid;

		if (!field_id(&line, 2, &uid) || !field_id(&line, 3, &gid))
			continue;
		if (is_number ? uid != user->uid : !field_is(&line, 0, text))
			continue;
		user->uid = uid;
		user->gid = gid;
		if (line.lengths[0] < name_size)
			snprintf(ret_name, name_size, "%.*s", (int)line.lengths[0], line.fields[0]);
		if (line.count > 5 && line.lengths[5] && line.lengths[5] < sizeof(user->home))
			snprintf(user->home, sizeof(user->home), "%.*s", (int)line.lengths[5], line.fields[5]);
		return 0;
	}
	return is_number ? 0 : -ENOENT;
}

/* Member lists of group(5): the groups of `login` besides its own. */
static void add_memberships(struct user *user, const char *group, const char *login)
{
	struct line line;

	while (next_line(&group, &line)) {
		uint32_t gid;

		if (has_member(&line, login) && field_id(&line, 2, &gid))
			add_group(user, gid);
	}
}

static int refuse(int code, const char *kind, const char *name, char *ret_what, uint32_t what_size)
{
	snprintf(ret_what, what_size, "%s %s", kind, name[0] ? name : "\"\"");
	return code;
}

int user_resolve(const char *text, const char *passwd, const char *group, const char *const *extra, uint32_t extra_count,
		 struct user *ret_user, char *ret_what, uint32_t what_size)
{
	const char *colon = strchr(text, ':');
	size_t length = strcspn(text, ":");
	char name[256], login[256];
	int r;

	*ret_user = (struct user){.home = "/"};
	if (length >= sizeof(name))
		return refuse(-EINVAL, "user", text, ret_what, what_size);
	snprintf(name, sizeof(name), "%.*s", (int)length, text);
	r = resolve_user(name[0] ? name : "0", passwd, ret_user, login, sizeof(login));
	if (r < 0)
		return refuse(r, "user", name, ret_what, what_size);
	if (ret_user->uid == 0 && strcmp(ret_user->home, "/") == 0)
		snprintf(ret_user->home, sizeof(ret_user->home), "/root");
	r = colon ? resolve_group(colon + 1, group, &ret_user->gid) : 0;
	if (r < 0)
		return refuse(r, "group", colon + 1, ret_what, what_size);
	if (!colon && login[0])
		add_memberships(ret_user, group, login);
	for (uint32_t i = 0; i < extra_count; i++) {
		uint32_t gid;

		r = resolve_group(extra[i], group, &gid);
		if (r < 0)
			return refuse(r, "group", extra[i], ret_what, what_size);
		add_group(ret_user, gid);
	}
	return 0;
}
