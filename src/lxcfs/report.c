/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the form of log lines. */
#include "lxcfs/report.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

void report(const char *log, const char *level, const char *format, ...)
{
	autorelease(text_release) struct text line = {0};
	autofree char *message = NULL;
	autoclose int fd = -EBADF;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	text_append(&line, "time=\"");
	clock_format_rfc3339(clock_real_ns(), &line);
	text_appendf(&line, "\" level=%s msg=\"%s\"\n", level, message ? message : format);
	fputs(line.data, stderr);
	if (!log)
		return;
	fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
	if (fd < 0 || file_write_all(fd, line.data, line.length, NULL) < 0)
		fprintf(stderr, "cannot write to %s: %m\n", log);
}
