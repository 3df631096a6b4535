/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how failures are worded and stored. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static int store(struct error *err, int code, int exit_status, const char *suffix, const char *format, va_list arguments)
{
	size_t length;

	if (!err)
		return code;
	err->code = code;
	err->exit_status = exit_status;
	vsnprintf(err->message, sizeof(err->message), format, arguments);
	length = strlen(err->message);
	if (suffix)
		snprintf(err->message + length, sizeof(err->message) - length, ": %s", suffix);
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
	char tail[sizeof(((struct error *)0)->message)];
	va_list arguments;
	size_t length;

	if (!err)
		return -EIO;
	memcpy(tail, err->message, sizeof(tail));
	va_start(arguments, format);
	vsnprintf(err->message, sizeof(err->message), format, arguments);
	va_end(arguments);
	length = strlen(err->message);
	snprintf(err->message + length, sizeof(err->message) - length, ": %s", tail);
	return err->code;
}

int error_append(struct error *err, const char *format, ...)
{
	va_list arguments;
	size_t length;

	if (!err)
		return -EIO;
	length = strlen(err->message);
	va_start(arguments, format);
	vsnprintf(err->message + length, sizeof(err->message) - length, format, arguments);
	va_end(arguments);
	return err->code;
}
