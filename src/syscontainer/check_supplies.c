/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the count of how many guests fit: what the host has, what is used, what a guest takes. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/idmap.h"
#include "model/paths.h"
#include "syscontainer/check.h"

static int read_number(const char *path, uint64_t *ret_value, struct error *err)
{
	unsigned long long value = 0;
	int r = file_read_number(AT_FDCWD, path, &value, err);

	*ret_value = value;
	return r;
}

/* Calls `count` for each inotify instance that a process on the host has open, with the path of its fdinfo. */
static void walk_inotify(void (*count)(const char *info, uint64_t *sum), uint64_t *sum)
{
	struct dirent **processes = NULL, **fds = NULL;
	int process_count = scandir("/proc", &processes, NULL, NULL);

	for (int i = 0; i < process_count; i++) {
		autofree char *directory = xasprintf("/proc/%s/fd", processes[i]->d_name);
		bool is_process = strspn(processes[i]->d_name, "0123456789") == strlen(processes[i]->d_name);
		int fd_count = is_process ? scandir(directory, &fds, NULL, NULL) : 0;

		for (int j = 0; j < fd_count; j++) {
			autofree char *link = xasprintf("%s/%s", directory, fds[j]->d_name);
			autofree char *info = xasprintf("/proc/%s/fdinfo/%s", processes[i]->d_name, fds[j]->d_name);
			char target[32];
			ssize_t length = readlink(link, target, sizeof(target) - 1);

			if (length > 0 && strncmp(target, "anon_inode:inotify", (size_t)length) == 0)
				count(info, sum);
			free(fds[j]);
		}
		if (fd_count > 0)
			free(steal_ptr(fds));
		free(processes[i]);
	}
	if (process_count > 0)
		free(processes);
}

static void count_instance(const char *info, uint64_t *sum)
{
	(void)info;
	++*sum;
}

static void count_watches(const char *info, uint64_t *sum)
{
	autofree char *text = NULL;

	if (file_read(AT_FDCWD, info, (size_t)16 << 20, &text, NULL, NULL) < 0)
		return;
	for (const char *line = text; (line = strstr(line, "inotify wd:")); line++)
		++*sum;
}

/* The kernel charges them to the maker of each user namespace on the way up too, so root's number holds for all guests in sum. */
static int measure_inotify_instances(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	walk_inotify(count_instance, ret_used);
	return read_number("/proc/sys/fs/inotify/max_user_instances", ret_limit, err);
}

static int measure_inotify_watches(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	walk_inotify(count_watches, ret_used);
	return read_number("/proc/sys/fs/inotify/max_user_watches", ret_limit, err);
}

static int measure_terminals(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	int r = read_number("/proc/sys/kernel/pty/max", ret_limit, err);

	return r < 0 ? r : read_number("/proc/sys/kernel/pty/nr", ret_used, err);
}

/* Each user has a quota of its own, and guests have no user in common: either every guest has enough, or none has. */
static int measure_keys(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	uint64_t quota;
	int r = read_number("/proc/sys/kernel/keys/maxkeys", &quota, err);

	*ret_used = 0;
	*ret_limit = quota < 32 ? quota : UINT64_MAX;
	return r;
}

static int measure_id_ranges(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	autofree char *path = paths_idmap();
	DIR *directory = opendir(path);
	const struct dirent *entry;

	(void)err;
	*ret_limit = IDMAP_COUNT;
	while (directory && (entry = readdir(directory)))
		*ret_used += entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return 0;
}

/* "0.1 0.2 0.3 RUNNING/ALL LAST" of proc_loadavg(5). */
static int count_tasks(uint64_t *ret_count, struct error *err)
{
	autofree char *line = NULL;
	int r = file_read_line(AT_FDCWD, "/proc/loadavg", &line, err);
	const char *slash = r < 0 ? NULL : strchr(line, '/');

	*ret_count = slash ? strtoull(slash + 1, NULL, 10) : 0;
	return r;
}

static int measure_pids(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	int r = read_number("/proc/sys/kernel/pid_max", ret_limit, err);

	return r < 0 ? r : count_tasks(ret_used, err);
}

static int measure_threads(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	int r = read_number("/proc/sys/kernel/threads-max", ret_limit, err);

	return r < 0 ? r : count_tasks(ret_used, err);
}

/* Lines of arp(7) and its like in our own network namespace; the limit is the host's. */
static int measure_neighbours(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	autofree char *table = NULL;

	if (file_read(AT_FDCWD, "/proc/net/arp", (size_t)16 << 20, &table, NULL, NULL) == 0)
		for (const char *line = strchr(table, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
			++*ret_used;
	return read_number("/proc/sys/net/ipv4/neigh/default/gc_thresh3", ret_limit, err);
}

/* "KEY:   NUMBER kB" of proc_meminfo(5), in bytes. */
static uint64_t find_memory(const char *meminfo, const char *key)
{
	const char *line = strstr(meminfo, key);

	return line ? strtoull(line + strlen(key), NULL, 10) << 10 : 0;
}

static int measure_memory(uint64_t *ret_limit, uint64_t *ret_used, struct error *err)
{
	autofree char *meminfo = NULL;
	int r = file_read(AT_FDCWD, "/proc/meminfo", (size_t)64 << 10, &meminfo, NULL, err);

	if (r < 0)
		return r;
	*ret_limit = find_memory(meminfo, "MemTotal:");
	*ret_used = *ret_limit - find_memory(meminfo, "MemAvailable:");
	return 0;
}

uint64_t check_count_guests(const struct check_supply *supply, uint64_t limit, uint64_t used)
{
	if (limit == UINT64_MAX)
		return UINT64_MAX;
	return limit > used ? (limit - used) / supply->per_guest : 0;
}

/* Measured on small Debian guests (docs/architecture.md), with room for some services. */
const struct check_supply check_supplies[] = {
	{"inotify instances", 8, "fs.inotify.max_user_instances", measure_inotify_instances},
	{"inotify watches", 64, "fs.inotify.max_user_watches", measure_inotify_watches},
	{"terminals", 2, "kernel.pty.max", measure_terminals},
	{"keys", 32, "kernel.keys.maxkeys", measure_keys},
	{"id ranges", 1, NULL, measure_id_ranges},
	{"process ids", 32, "kernel.pid_max", measure_pids},
	{"threads", 32, "kernel.threads-max", measure_threads},
	{"neighbours", 4, "net.ipv4.neigh.default.gc_thresh3", measure_neighbours},
	{"memory", 16 << 20, NULL, measure_memory},
	{.name = NULL},
};
