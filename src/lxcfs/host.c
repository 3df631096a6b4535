/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts about the host that all guests' texts are made of. */
#include "lxcfs/host.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "lxcfs/source.h"

#define FILE_MAX ((size_t)64 << 20) /* cpuinfo of 8192 CPUs */

char *host_path(const struct view_host *host, const char *format, ...)
{
	autofree char *below = NULL;
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vasprintf(&below, format, arguments);
	va_end(arguments);
	if (count < 0)
		below = xstrdup(""); /* has set it to anything */
	return xasprintf("%s/%s", host->root, below);
}

static int read_file(const struct view_host *host, const char *path, char **ret_content, struct error *err)
{
	autofree char *whole = host_path(host, "%s", path);

	return file_read(AT_FDCWD, whole, FILE_MAX, ret_content, NULL, err);
}

static int open_optional(const struct view_host *host, const char *path)
{
	autofree char *whole = host_path(host, "%s", path);

	return open(whole, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* "Name:  12 kB": the number of a name, 0 without one. */
static uint64_t meminfo_number(const char *meminfo, const char *name)
{
	size_t length = strlen(name);
	uint64_t value = 0;

	for (const char *line = meminfo; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " ");
		source_take_number(&line, &value);
		break;
	}
	return value;
}

static int read_memory(struct view_host *host, struct error *err)
{
	int r;

	r = read_file(host, "proc/meminfo", &host->meminfo, err);
	if (r < 0)
		return r;
	host->memory_bytes = meminfo_number(host->meminfo, "MemTotal") * 1024;
	host->huge_page_bytes = meminfo_number(host->meminfo, "Hugepagesize") * 1024;
	host->swaps_fd = open_optional(host, "proc/swaps");
	host->huge_pages_fd = open_optional(host, "proc/sys/vm/nr_hugepages");
	return 0;
}

static void add_cpu(struct view_host *host, const char *text, size_t length)
{
	unsigned int number;

	/* What does not begin with a number (of the machine, on some architectures) speaks of no CPU. */
	if (sscanf(text, "processor : %u", &number) != 1 || number >= CPULIST_MAX)
		return;
	host->cpus = xreallocarray(host->cpus, host->cpu_count + 1, sizeof(*host->cpus));
	host->cpus[host->cpu_count++] = (struct host_cpu){.number = number, .text = text, .length = length};
}

static int read_cpuinfo(struct view_host *host, struct error *err)
{
	int r;

	r = read_file(host, "proc/cpuinfo", &host->cpuinfo, err);
	if (r < 0)
		return r;
	for (const char *block = host->cpuinfo; *block; block += strspn(block, "\n")) {
		const char *end = strstr(block, "\n\n");
		size_t length = end ? (size_t)(end - block) + 1 : strlen(block);

		add_cpu(host, block, length);
		block += length;
	}
	return 0;
}

static int read_online(struct view_host *host, struct error *err)
{
	autofree char *online = NULL;
	int r;

	r = read_file(host, "sys/devices/system/cpu/online", &online, err);
	if (r < 0)
		return r;
	online[strcspn(online, "\n")] = '\0';
	r = cpulist_parse(online, &host->online, err);
	if (r < 0)
		return error_prefix(err, "cannot tell the CPUs that are online");
	if (cpulist_is_empty(&host->online))
		return error_set(err, -EBADMSG, "no CPU is online");
	if (read_file(host, "sys/devices/system/cpu/kernel_max", &host->kernel_max, NULL) < 0)
		host->kernel_max = xstrdup("0\n");
	return 0;
}

static int read_boot_time(struct view_host *host, struct error *err)
{
	static const struct source_key keys[] = {{"btime", offsetof(struct view_host, boot_time_s)}};
	autofree char *stat = NULL;
	int r;

	r = read_file(host, "proc/stat", &stat, err);
	if (r < 0)
		return r;
	source_parse_keys(stat, keys, ARRAY_SIZE(keys), host);
	return 0;
}

static int read_all(struct view_host *host, struct error *err)
{
	int r;

	r = cgroup_host_load_below(host->root, &host->cgroups, err);
	if (r >= 0)
		r = read_memory(host, err);
	if (r >= 0)
		r = read_cpuinfo(host, err);
	if (r >= 0)
		r = read_online(host, err);
	if (r >= 0)
		r = read_boot_time(host, err);
	return r;
}

int view_host_open(const char *root, struct view_host **ret_host, struct error *err)
{
	struct view_host *host = xcalloc(1, sizeof(*host));
	int r;

	*host = (struct view_host){.root = xstrdup(root), .swaps_fd = -1, .huge_pages_fd = -1};
	r = read_all(host, err);
	if (r < 0) {
		view_host_free(host);
		return r;
	}
	*ret_host = host;
	return 0;
}

void view_host_free(struct view_host *host)
{
	if (!host)
		return;
	cgroup_host_release(&host->cgroups);
	source_close(&host->swaps_fd);
	source_close(&host->huge_pages_fd);
	free(host->meminfo);
	free(host->cpuinfo);
	free(host->cpus);
	free(host->kernel_max);
	free(host->root);
	free(host);
}

const struct cgroup_hierarchy *host_find_v2(const struct view_host *host)
{
	for (size_t i = 0; i < host->cgroups.count; i++)
		if (host->cgroups.hierarchies[i].is_v2)
			return &host->cgroups.hierarchies[i];
	return NULL;
}

const struct host_cpu *host_find_cpu(const struct view_host *host, unsigned int number)
{
	for (size_t i = 0; i < host->cpu_count; i++)
		if (host->cpus[i].number == number)
			return &host->cpus[i];
	return host->cpu_count ? &host->cpus[0] : NULL;
}
