/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what we read of processes in the host's /proc. */
#include "kernel/procfs.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"

/* The name stands in parentheses and may hold any character, so fields count from the last ')'. */
int procfs_parse_stat(const char *line, struct process_stat *ret_stat, struct error *err)
{
	const char *open = strchr(line, '('), *close = strrchr(line, ')');
	unsigned long long start_time;

	if (!open || !close || close < open ||
	    sscanf(close + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &ret_stat->state, &ret_stat->parent, &start_time) != 3)
		return error_set(err, -EBADMSG, "the line of a process has an unknown layout");
	snprintf(ret_stat->name, sizeof(ret_stat->name), "%.*s", (int)(close - open - 1), open + 1);
	ret_stat->start_time = start_time;
	return 0;
}

static int read_stat(pid_t pid, struct process_stat *ret_stat, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/stat", pid), *line = NULL;
	int r;

	r = file_read_line(AT_FDCWD, path, &line, err);
	if (r < 0)
		return r == -ENOENT || r == -ESRCH ? error_set(err, -ESRCH, "process %d is gone", pid) : r;
	r = procfs_parse_stat(line, ret_stat, err);
	return r < 0 ? error_prefix(err, "%s", path) : 0;
}

int procfs_identify(pid_t pid, struct process_id *ret_id, struct error *err)
{
	struct process_stat stat;
	int r = read_stat(pid, &stat, err);

	if (r < 0)
		return r;
	*ret_id = (struct process_id){.pid = pid, .start_time = stat.start_time};
	return 0;
}

pid_t procfs_parent(pid_t pid)
{
	struct process_stat stat;

	return read_stat(pid, &stat, NULL) == 0 ? stat.parent : 0;
}

/* "NSpid:" and its pids, the one that it knows itself by last. */
pid_t procfs_own_pid(pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/status", pid), *status = NULL;
	const char *line, *last = NULL;
	size_t length;

	if (file_read(AT_FDCWD, path, 65536, &status, &length, NULL) < 0 || !(line = strstr(status, "\nNSpid:")))
		return 0;
	for (line++; *line && *line != '\n'; line++)
		if (*line == '\t')
			last = line + 1;
	return last ? (pid_t)strtol(last, NULL, 10) : 0;
}

bool procfs_is_alive(const struct process_id *id)
{
	struct process_stat stat;

	return id->pid > 0 && read_stat(id->pid, &stat, NULL) == 0 && stat.start_time == id->start_time &&
	       stat.state != 'Z' && stat.state != 'X';
}

int procfs_open_pidfd(const struct process_id *id, int *ret_pidfd, struct error *err)
{
	autoclose int fd = -EBADF;

	if (id->pid <= 0)
		return error_set(err, -ESRCH, "there is no process");
	fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
	if (fd < 0)
		return error_set_errno(err, "cannot open process %d", id->pid);
	/* Checked after the open: from here on the descriptor cannot change its process. */
	if (!procfs_is_alive(id))
		return error_set(err, -ESRCH, "process %d is gone", id->pid);
	*ret_pidfd = steal_fd(&fd);
	return 0;
}

/* struct pidfd_info and its ioctl of linux/pidfd.h as of Linux 6.15, which distributions' headers do not have yet. */
struct exit_info {
	uint64_t mask, cgroup_id;
	uint32_t ids[11]; /* pid, tgid, ppid, and the user and group ids */
	int32_t exit_code;
};
#define EXIT_INFO_BIT (UINT64_C(1) << 3)
#define GET_EXIT_INFO _IOWR(0xff, 11, struct exit_info)

bool procfs_read_exit(int pidfd, int *ret_status)
{
	struct exit_info info = {.mask = EXIT_INFO_BIT};

	errno = 0;
	if (pidfd < 0 || ioctl(pidfd, GET_EXIT_INFO, &info) < 0 || !(info.mask & EXIT_INFO_BIT))
		return false;
	*ret_status = info.exit_code;
	return true;
}

static uint64_t signal_mask(const char *status, const char *key)
{
	const char *place = strstr(status, key);
	unsigned long long mask = 0;

	if (place)
		sscanf(place + strlen(key), "%llx", &mask);
	return mask;
}

bool procfs_takes_signal(pid_t pid, int signal)
{
	autofree char *path = xasprintf("/proc/%d/status", pid), *status = NULL;
	size_t length;

	if (file_read(AT_FDCWD, path, 65536, &status, &length, NULL) < 0)
		return false;
	return ((signal_mask(status, "\nSigCgt:") | signal_mask(status, "\nSigBlk:")) >> (signal - 1)) & 1;
}

char *procfs_executable_name(pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/exe", pid);
	char target[4096];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	if (length < 0)
		return xstrdup("");
	target[length] = '\0';
	slash = strrchr(target, '/');
	return xstrdup(slash ? slash + 1 : target);
}

char *procfs_first_argument(pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/cmdline", pid), *line = NULL;
	size_t length;

	if (file_read(AT_FDCWD, path, (size_t)4 << 20, &line, &length, NULL) < 0)
		return xstrdup("");
	return xstrdup(line); /* the arguments are separated by NUL */
}

static void describe_task(pid_t pid, struct text *out)
{
	autofree char *wchan_path = xasprintf("/proc/%d/wchan", pid), *wchan = NULL;
	autofree char *stack_path = xasprintf("/proc/%d/stack", pid), *stack = NULL;
	struct process_stat stat;

	if (read_stat(pid, &stat, NULL) < 0)
		return;
	if (file_read_line(AT_FDCWD, wchan_path, &wchan, NULL) < 0)
		wchan = xstrdup("?");
	text_appendf(out, "  %d (%s) state %c in %s", pid, stat.name, stat.state,
		     strcmp(wchan, "0") == 0 ? "user mode" : wchan);
	if (stat.state == 'D' && file_read_line(AT_FDCWD, stack_path, &stack, NULL) == 0)
		text_appendf(out, ", kernel stack %s", stack);
	text_append(out, "\n");
}

void procfs_describe_tasks(const pid_t *pids, size_t count, struct text *out)
{
	for (size_t i = 0; i < count; i++)
		describe_task(pids[i], out);
}
