/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the audit lines in the system log. */
#include "syscontainer/audit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* The arguments of our parent with blanks between, and nothing that would end or colour a line. */
static char *caller_command(void)
{
	autofree char *path = xasprintf("/proc/%d/cmdline", getppid());
	char *line;
	size_t length;

	if (file_read(AT_FDCWD, path, (size_t)4 << 20, &line, &length, NULL) < 0)
		return xstrdup("unknown");
	for (size_t i = 0; i + 1 < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = ' ';
	return line;
}

void audit_log(const char *command, const char *container)
{
	autofree char *caller = caller_command();
	const char *login = getenv("SUDO_UID");

	openlog("syscontainer", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_NOTICE, "%s %.300s, asked for by pid %d%s%.20s: %.1000s", command, container, getppid(),
	       login ? " for uid " : "", login ? login : "", caller);
	closelog();
}
