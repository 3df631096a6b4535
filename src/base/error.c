/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how failures are worded and stored. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#define DRAFT_MAX 10000 /* a message while it is put together: more than two names of files */

/* What is too long loses its middle: the front tells what was tried, the end why it failed. */
static void fold(const char *draft, struct error *err)
{
	static const char gap[] = "...";
	const size_t size = sizeof(err->message), length = strlen(draft), front = size / 4,
		     back = size - 1 - front - strlen(gap);

	if (length < size)
		memcpy(err->message, draft, length + 1);
	else
		snprintf(err->message, size, "%.*s%s%s", (int)front, draft, gap, draft + length - back);
}

/* "FORMAT", and ": REASON" when there is one, as the message. */
static void set_message(struct error *err, const char *reason, const char *format, va_list arguments)
{
	char draft[DRAFT_MAX];
	size_t length;

	vsnprintf(draft, sizeof(draft) - sizeof(err->message), format, arguments);
	length = strlen(draft);
	if (reason)
		snprintf(draft + length, sizeof(draft) - length, ": %s", reason);
	fold(draft, err);
}

static int store(struct error *err, int code, int exit_status, const char *reason, const char *format, va_list arguments)
{
	if (!err)
		return code;
	err->code = code;
	err->exit_status = exit_status;
	set_message(err, reason, format, arguments);
	return code;
}

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	code = store(err, code, 0, NULL, format, arguments);
	va_end(arguments);
	return code;
}

int error_set_errno(struct error *err, const char *format, ...)
{
	int code = errno > 0 ? -errno : -EIO;
	va_list arguments;

	va_start(arguments, format);
	code = store(err, code, 0, strerror(-code), format, arguments);
	va_end(arguments);
	return code;
}

int error_set_exit(struct error *err, int code, int exit_status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	code = store(err, code, exit_status, NULL, format, arguments);
	va_end(arguments);
	return code;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char reason[sizeof(((struct error *)0)->message)];
	va_list arguments;

	if (!err)
		return -EIO;
	memcpy(reason, err->message, sizeof(reason));
	va_start(arguments, format);
	set_message(err, reason, format, arguments);
	va_end(arguments);
	return err->code;
}

int error_append(struct error *err, const char *format, ...)
{
	char draft[DRAFT_MAX];
	va_list arguments;
	size_t length;

	if (!err)
		return -EIO;
	length = (size_t)snprintf(draft, sizeof(draft), "%s", err->message);
	va_start(arguments, format);
	vsnprintf(draft + length, sizeof(draft) - length, format, arguments);
	va_end(arguments);
	fold(draft, err);
	return err->code;
}
