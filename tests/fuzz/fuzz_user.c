/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "USER[:GROUP]", passwd, group and a further group, with NUL between them: a number stays that number, no id is -1. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "container/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* The next piece as a string of its own allocation, so that ASan sees its end. */
static char *next_piece(const char **cursor, const char *end)
{
	const char *piece = *cursor;
	size_t length = strnlen(piece, (size_t)(end - piece));

	*cursor = piece + length + (piece + length < end);
	return xstrndup(piece, length);
}

/* The user's number as typed, or -1 where the text is no number. */
static int64_t typed_number(const char *text)
{
	size_t length = strcspn(text, ":"), digits = strspn(text, "0123456789");

	return length > 0 && length <= 10 && digits == length ? strtoll(text, NULL, 10) : -1;
}

static void check_user(const char *text, const struct user *user)
{
	int64_t number = typed_number(text);

	require(number < 0 || user->uid == number);
	require(user->uid != UINT32_MAX && user->gid != UINT32_MAX);
	require(user->home[0] && strnlen(user->home, sizeof(user->home)) < sizeof(user->home));
	require(user->group_count <= ARRAY_SIZE(user->groups));
	for (uint32_t i = 0; i < user->group_count; i++) {
		require(user->groups[i] != UINT32_MAX);
		for (uint32_t j = 0; j < i; j++)
			require(user->groups[i] != user->groups[j]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *cursor = (const char *)data, *end = cursor + size;
	autofree char *text = next_piece(&cursor, end), *passwd = next_piece(&cursor, end),
		      *group = next_piece(&cursor, end);
	autofree char *extra = next_piece(&cursor, end);
	const char *const extras[] = {extra};
	struct user user;
	char what[32] = "";
	int r = user_resolve(text, passwd, group, extras, extra[0] != '\0', &user, what, sizeof(what));

	require(r == 0 || r == -ENOENT || r == -EINVAL);
	if (r == 0)
		check_user(text, &user);
	else
		require(what[0] && strnlen(what, sizeof(what)) < sizeof(what));
	return 0;
}
