/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the reading of usage from both generations of cgroup files. */
#include "kernel/cgroup_stats.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/cgroup_keyed.h"
#include "kernel/cgroup_walk.h"
#include "kernel/files_limit.h"

#define STAT_MAX     ((size_t)4 << 20)
#define V1_UNLIMITED INT64_C(0x7ffffffffffff000) /* the most pages, in bytes: v1 rounds "no limit" to it, by page size */

static void read_number(int fd, const char *file, uint64_t *ret_value)
{
	unsigned long long value;

	if (file_read_number(fd, file, &value, NULL) >= 0)
		*ret_value = value;
}

static void read_cpu(int fd, bool is_v2, const char *directory, struct cgroup_stats *stats)
{
	uint64_t usage_us = 0;

	(void)directory;
	if (!is_v2) {
		read_number(fd, "cpuacct.usage", &stats->cpu_usage_ns);
		return;
	}
	cgroup_read_keyed(fd, "cpu.stat", (struct cgroup_keyed[]){{"usage_usec", &usage_us}}, 1);
	stats->cpu_usage_ns = usage_us * 1000;
}

/* v1 counts a kill in the cgroup of the task that died, and not in those above. */
static int add_oom_kills(int fd, size_t depth, void *data, struct error *err)
{
	uint64_t *sum = data, kills = 0;

	(void)depth;
	(void)err;
	cgroup_read_keyed(fd, "memory.oom_control", (struct cgroup_keyed[]){{"oom_kill", &kills}}, 1);
	*sum += kills;
	return 0;
}

static void read_memory_v1(int fd, const char *directory, struct cgroup_stats *stats)
{
	const struct cgroup_keyed wanted[] = {
		{"hierarchical_memory_limit", &stats->memory_limit},
		{"total_inactive_file", &stats->memory_inactive_file},
		{"total_cache", &stats->memory_cache},
		{"total_swap", &stats->memory_swap},
	};
	const struct cgroup_walker walker = {.before = add_oom_kills, .data = &stats->oom_kills};

	read_number(fd, "memory.usage_in_bytes", &stats->memory_usage);
	read_number(fd, "memory.kmem.usage_in_bytes", &stats->memory_kernel);
	cgroup_read_keyed(fd, "memory.stat", wanted, ARRAY_SIZE(wanted));
	/* 64 KiB pages round it down further. */
	if (stats->memory_limit >= (V1_UNLIMITED & ~UINT64_C(0xffff)))
		stats->memory_limit = UINT64_MAX;
	cgroup_walk(directory, &walker, NULL);
}

/* Upwards as far as there are limits: the top cgroup has no such file. */
static uint64_t smallest_limit(int fd, const char *name)
{
	autofree char *file = xstrdup(name);
	unsigned long long limit, smallest = UINT64_MAX;

	while (file_read_number(fd, file, &limit, NULL) >= 0) {
		char *above = xasprintf("../%s", file);

		if (limit < smallest)
			smallest = limit;
		free(file);
		file = above;
	}
	return smallest;
}

static void read_memory(int fd, bool is_v2, const char *directory, struct cgroup_stats *stats)
{
	const struct cgroup_keyed wanted[] = {
		{"inactive_file", &stats->memory_inactive_file},
		{"file", &stats->memory_cache},
		{"kernel", &stats->memory_kernel},
	};

	if (!is_v2) {
		read_memory_v1(fd, directory, stats);
		return;
	}
	read_number(fd, "memory.current", &stats->memory_usage);
	read_number(fd, "memory.swap.current", &stats->memory_swap);
	cgroup_read_keyed(fd, "memory.stat", wanted, ARRAY_SIZE(wanted));
	cgroup_read_keyed(fd, "memory.events", (struct cgroup_keyed[]){{"oom_kill", &stats->oom_kills}}, 1);
	stats->memory_limit = smallest_limit(fd, "memory.max");
}

/* "8:0 Read 4096" on v1, "8:0 rbytes=4096 wbytes=0 rios=1 ..." on v2; "Total 4096" has no device. */
static void add_io(const char *line, struct cgroup_stats *stats)
{
	static const struct {
		const char *key;
		size_t offset;
	} keys[] = {
		{" Read ", offsetof(struct cgroup_stats, blkio_read)},
		{" Write ", offsetof(struct cgroup_stats, blkio_write)},
		{" rbytes=", offsetof(struct cgroup_stats, blkio_read)},
		{" wbytes=", offsetof(struct cgroup_stats, blkio_write)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *place = strstr(line, keys[i].key);
		unsigned long long bytes;

		if (place && sscanf(place + strlen(keys[i].key), "%llu", &bytes) == 1)
			*(uint64_t *)(void *)((char *)stats + keys[i].offset) += bytes;
	}
}

static void read_blkio(int fd, bool is_v2, const char *directory, struct cgroup_stats *stats)
{
	const char *file = is_v2 ? "io.stat" : "blkio.throttle.io_service_bytes_recursive";
	autorelease(strings_release) struct strings lines = {0};
	autofree char *content = NULL;

	(void)directory;
	if (file_read(fd, file, STAT_MAX, &content, NULL, NULL) < 0)
		return;
	strings_split(&lines, content, "\n");
	for (size_t i = 0; i < lines.count; i++)
		add_io(lines.items[i], stats);
}

static void read_pids(int fd, bool is_v2, const char *directory, struct cgroup_stats *stats)
{
	(void)is_v2;
	(void)directory;
	read_number(fd, "pids.current", &stats->pids_current);
	stats->pids_limit = smallest_limit(fd, "pids.max");
}

static void read_files(int fd, bool is_v2, const char *directory, struct cgroup_stats *stats)
{
	(void)is_v2;
	(void)directory;
	read_number(fd, "files.usage", &stats->files_current);
	read_number(fd, "files.limit", &stats->files_limit);
}

static const struct {
	const char *controller;
	void (*read)(int fd, bool is_v2, const char *directory, struct cgroup_stats *stats);
} readers[] = {
	{"cpuacct", read_cpu}, {"memory", read_memory}, {"blkio", read_blkio}, {"pids", read_pids}, {"files", read_files},
};

int cgroup_stats_read(const struct cgroup_host *host, const char *path, struct cgroup_stats *ret_stats, struct error *err)
{
	int found = 0;
	int r;

	r = cgroup_path_check(path, err);
	if (r < 0)
		return r;
	*ret_stats = (struct cgroup_stats){.memory_limit = UINT64_MAX, .pids_limit = UINT64_MAX, .files_limit = UINT64_MAX};
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		const struct cgroup_hierarchy *hierarchy = cgroup_find(host, readers[i].controller);
		autofree char *directory = hierarchy ? cgroup_directory(hierarchy, path) : NULL;
		autoclose int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;

		if (fd < 0)
			continue;
		found = 1;
		readers[i].read(fd, hierarchy->is_v2, directory, ret_stats);
	}
	if (!cgroup_find(host, "files"))
		files_limit_read(host, path, &ret_stats->files_current, &ret_stats->files_limit);
	return found;
}
