/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the end of whole families of processes. */
#include "kernel/descendants.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/procfs.h"

void descendants_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* A child's pid is not used again before we have reaped it, so a plain kill(2) meets the right one. */
static void kill_children(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid > 0 && procfs_parent(pid) == getpid())
			kill(pid, SIGKILL);
	}
	if (proc)
		closedir(proc);
}

void descendants_kill(void)
{
	pid_t reaped;

	/* The children of those that die come to us, so each round finds the next generation. */
	do {
		kill_children();
		reaped = waitpid(-1, NULL, 0);
	} while (reaped > 0 || errno == EINTR);
}
