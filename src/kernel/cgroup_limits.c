/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns which limits make sense, alone, together and on this host. */
#include "kernel/cgroup_limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "kernel/cgroup_disk.h"
#include "kernel/cpulist.h"
#include "kernel/files_limit.h"

#define UNSET             CGROUP_LIMIT_UNSET
#define NANO_CPUS_MIN     10000000
#define NANO              1000000000LL
#define DEFAULT_PERIOD_US 100000
#define RT_PERIOD_US      1000000
#define WEIGHT_MIN        10
#define WEIGHT_MAX        1000

#define ROW(of_, kind_, member_, option_, letter_, argument_, help_, key_, ...) \
	{.kind = CGROUP_LIMIT_##kind_, \
	 .offset = offsetof(struct cgroup_limits, member_), \
	 .option = "--" option_, \
	 .key = key_, \
	 ##__VA_ARGS__},
const struct cgroup_limit cgroup_limit_rows[] = {CGROUP_LIMIT_ROWS(ROW, 0)};
const size_t cgroup_limit_count = ARRAY_SIZE(cgroup_limit_rows);
#undef ROW

static void *member_at(struct cgroup_limits *limits, const struct cgroup_limit *row)
{
	return (char *)limits + row->offset;
}

static const void *member_of(const struct cgroup_limits *limits, const struct cgroup_limit *row)
{
	return (const char *)limits + row->offset;
}

int64_t cgroup_limit_number(const struct cgroup_limits *limits, const struct cgroup_limit *row)
{
	return *(const int64_t *)member_of(limits, row);
}

const char *cgroup_limit_list(const struct cgroup_limits *limits, const struct cgroup_limit *row)
{
	return *(char *const *)member_of(limits, row);
}

const struct strings *cgroup_limit_items(const struct cgroup_limits *limits, const struct cgroup_limit *row)
{
	return member_of(limits, row);
}

void cgroup_limits_init(struct cgroup_limits *limits)
{
	*limits = (struct cgroup_limits)CGROUP_LIMITS_UNSET;
}

/* UNSET is the smallest number, so this is false for it. */
static bool is_limited(int64_t value)
{
	return value > 0;
}

/*
 * "SUBJECT:VALUE"
 */

void cgroup_limit_item_release(struct cgroup_limit_item *item)
{
	free(item->subject);
	*item = (struct cgroup_limit_item){0};
}

static int parse_size(const char *text, int64_t *ret_value, struct error *err)
{
	uint64_t bytes;
	int r = number_parse_size(text, &bytes, err);

	if (r == 0 && bytes > INT64_MAX)
		return error_set(err, -ERANGE, "\"%s\" is out of range", text);
	*ret_value = r == 0 ? (int64_t)bytes : 0;
	return r;
}

static int parse_weight(const char *text, int64_t *ret_value, struct error *err)
{
	if (number_parse(text, 0, WEIGHT_MAX, ret_value, NULL) == 0 && (*ret_value == 0 || *ret_value >= WEIGHT_MIN))
		return 0;
	return error_set(err, -EINVAL, "Invalid weight for device: \"%s\" is not from %d to %d", text, WEIGHT_MIN,
			 WEIGHT_MAX);
}

static int parse_pages(const char *text, struct cgroup_limit_item *item, struct error *err)
{
	const char *colon = strrchr(text, ':'), *value = colon ? colon + 1 : text;
	autofree char *size = colon ? xstrndup(text, (size_t)(colon - text)) : NULL;
	int r = size ? number_parse_size(size, &item->page_bytes, err) : 0;

	if (r == 0 && size && item->page_bytes == 0)
		return error_set(err, -EINVAL, "\"%s\" is no size of huge pages", size);
	if (r < 0 || strcmp(value, "-1") != 0)
		return r < 0 ? r : parse_size(value, &item->value, err);
	item->value = -1;
	return 0;
}

/* The last colon: names below /dev/disk/by-path have some of their own. */
static int parse_disk(enum cgroup_limit_kind kind, const char *text, struct cgroup_limit_item *item, struct error *err)
{
	const char *colon = strrchr(text, ':');

	if (text[0] != '/' || !colon)
		return error_set(err, -EINVAL, "give the path of a disk, a colon and a number");
	item->subject = xstrndup(text, (size_t)(colon - text));
	if (kind == CGROUP_LIMIT_RATES)
		return parse_size(colon + 1, &item->value, err);
	return kind == CGROUP_LIMIT_COUNTS ? number_parse(colon + 1, 0, INT32_MAX, &item->value, err)
					   : parse_weight(colon + 1, &item->value, err);
}

int cgroup_limit_parse(enum cgroup_limit_kind kind, const char *text, struct cgroup_limit_item *ret_item, struct error *err)
{
	struct cgroup_limit_item item = {0};
	int r = kind == CGROUP_LIMIT_PAGES ? parse_pages(text, &item, err) : parse_disk(kind, text, &item, err);

	if (r < 0)
		cgroup_limit_item_release(&item);
	*ret_item = item;
	return r;
}

char *cgroup_limit_page_name(uint64_t bytes)
{
	if (bytes >= (uint64_t)1 << 30)
		return xasprintf("%lluGB", (unsigned long long)(bytes >> 30));
	if (bytes >= (uint64_t)1 << 20)
		return xasprintf("%lluMB", (unsigned long long)(bytes >> 20));
	return xasprintf("%lluKB", (unsigned long long)(bytes >> 10));
}

static bool is_lifted(const struct cgroup_limit *row, const struct cgroup_limit_item *item)
{
	return item->value == (row->kind == CGROUP_LIMIT_PAGES ? -1 : 0);
}

/*
 * What this host has
 */

/* Does a new cgroup have it? The top one lacks much of what others have. */
static int probe(const struct cgroup_hierarchy *hierarchy, const char *controller, bool (*has)(int fd), struct error *err)
{
	autofree char *directory = xasprintf("%s/syscontainer.XXXXXX", hierarchy->mount_point);
	autoclose int fd = -EBADF;
	int r = cgroup_enable_controller(hierarchy, "/", controller, err);
	bool answer;

	if (r < 0)
		return r;
	if (!mkdtemp(directory))
		return error_set_errno(err, "cannot make the cgroup %s to see what it can limit", directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	answer = fd >= 0 && has(fd);
	rmdir(directory);
	return answer;
}

/* Newer kernels take the value and do not keep it. */
static bool limits_kernel_memory(int fd)
{
	const unsigned long long wanted = CGROUP_LIMIT_MEMORY_MIN;
	unsigned long long kept = 0;
	autofree char *text = xasprintf("%llu", wanted);

	return file_write_value(fd, "memory.kmem.limit_in_bytes", text, NULL) >= 0 &&
	       file_read_number(fd, "memory.kmem.limit_in_bytes", &kept, NULL) >= 0 && kept == wanted;
}

static bool has_weights(int fd)
{
	return file_exists(fd, "blkio.weight") || file_exists(fd, "blkio.bfq.weight") || file_exists(fd, "io.weight") ||
	       file_exists(fd, "io.bfq.weight");
}

static int check_kernel(const struct cgroup_host *host, const struct cgroup_limit *row, bool is_wanted, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy;
	int r = row->controller ? cgroup_require(host, row->controller, row->option, &hierarchy, err) : 0;

	if (r < 0 || !row->controller)
		return r;
	if (hierarchy->is_v2 && row->is_v1_only && is_wanted)
		return error_set(err, -EOPNOTSUPP, "Your kernel does not support %s: cgroup v2 has no %s", row->option,
				 row->v1_file);
	if (!hierarchy->is_v2 && row->v1_file) {
		autofree char *file = xasprintf("%s/%s", hierarchy->mount_point, row->v1_file);

		if (!file_exists(AT_FDCWD, file))
			return error_set(err, -EOPNOTSUPP, "Your kernel does not support %s: there is no %s", row->option,
					 file);
	}
	return 0;
}

/* "Hugepagesize:    2048 kB" in proc_meminfo(5); 0 when there are none. */
static uint64_t usual_page_bytes(const struct cgroup_host *host)
{
	autofree char *path = xasprintf("%s/proc/meminfo", host->root), *content = NULL;
	unsigned long long kilobytes = 0;
	const char *line;

	if (file_read(AT_FDCWD, path, (size_t)1 << 16, &content, NULL, NULL) < 0)
		return 0;
	line = strstr(content, "\nHugepagesize:");
	return line && sscanf(line, "\nHugepagesize: %llu", &kilobytes) == 1 ? kilobytes << 10 : 0;
}

/*
 * Numbers
 */

static int check_number(const struct cgroup_host *host, const struct cgroup_limit *row, const void *member,
			struct error *err)
{
	int64_t value = *(const int64_t *)member;

	if (value == UNSET)
		return 0;
	if (value > row->max || value < row->special_min || (value < row->min && value > 0))
		return error_set(err, -EINVAL, "Invalid %s %lld: it must be from %lld to %lld%s", row->option,
				 (long long)value, (long long)row->min, (long long)row->max, row->unit ? row->unit : "");
	return check_kernel(host, row, value >= row->min, err);
}

static bool is_number_unset(const void *member)
{
	return *(const int64_t *)member == UNSET;
}

static void release_number(void *member)
{
	(void)member;
}

static void merge_number(const struct cgroup_host *host, const struct cgroup_limit *row, const void *change, void *merged)
{
	(void)host;
	(void)row;
	*(int64_t *)merged = *(const int64_t *)change;
}

/*
 * Lists
 */

static int read_online(const struct cgroup_host *host, const char *file, struct cpulist *ret_online, struct error *err)
{
	autofree char *path = xasprintf("%s%s", host->root, file);
	autofree char *line = NULL;
	int r;

	r = file_read_line(AT_FDCWD, path, &line, err);
	if (r == -ENOENT)
		return cpulist_parse("0", ret_online, err);
	return r < 0 ? r : cpulist_parse(line, ret_online, err);
}

static int check_list(const struct cgroup_host *host, const struct cgroup_limit *row, const void *member, struct error *err)
{
	/* What the host has; a kernel without NUMA has one node and no such file. */
	bool is_memory = row->offset == offsetof(struct cgroup_limits, cpuset_mems);
	const char *value = *(char *const *)member;
	struct cpulist wanted, online;
	int r;

	if (!value)
		return 0;
	r = cpulist_parse(value, &wanted, err);
	if (r < 0)
		return error_prefix(err, "Invalid %s", row->option);
	r = check_kernel(host, row, true, err);
	if (r == 0)
		r = read_online(host, is_memory ? "/sys/devices/system/node/online" : "/sys/devices/system/cpu/online",
				&online, err);
	if (r < 0)
		return r;
	if (!cpulist_includes(&online, &wanted)) {
		autorelease(text_release) struct text available = {0};

		cpulist_format(&online, &available);
		return error_set(err, -EINVAL, "Invalid %s %s: this host has %s", row->option, value, text_get(&available));
	}
	return 0;
}

static bool is_list_unset(const void *member)
{
	return !*(char *const *)member;
}

static void release_list(void *member)
{
	free(*(char **)member);
}

static void merge_list(const struct cgroup_host *host, const struct cgroup_limit *row, const void *change, void *merged)
{
	(void)host;
	(void)row;
	free(*(char **)merged);
	*(char **)merged = xstrdup(*(char *const *)change);
}

/*
 * Items
 */

static void name_page_sizes(const struct cgroup_host *host, struct text *out)
{
	autofree char *path = xasprintf("%s/sys/kernel/mm/hugepages", host->root);
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		unsigned long long kilobytes;

		if (sscanf(entry->d_name, "hugepages-%llukB", &kilobytes) == 1) {
			autofree char *name = cgroup_limit_page_name(kilobytes << 10);

			text_appendf(out, "%s%s", out->length ? ", " : "", name);
		}
	}
	if (directory)
		closedir(directory);
}

static int check_pages(const struct cgroup_host *host, const struct cgroup_limit_item *item, struct error *err)
{
	uint64_t bytes = item->page_bytes ? item->page_bytes : usual_page_bytes(host);
	autofree char *name = cgroup_limit_page_name(bytes);
	autofree char *directory =
		xasprintf("%s/sys/kernel/mm/hugepages/hugepages-%llukB", host->root, (unsigned long long)bytes >> 10);
	autorelease(text_release) struct text sizes = {0};

	if (bytes == 0 || bytes & 1023 || !file_exists(AT_FDCWD, directory)) {
		name_page_sizes(host, &sizes);
		return error_set(err, -EINVAL, "this host has no huge pages of that size: %s",
				 sizes.length ? text_get(&sizes) : "it has none at all");
	}
	if (item->value > 0 && (uint64_t)item->value % bytes)
		return error_set(err, -EINVAL, "%lld bytes are no whole number of %s pages", (long long)item->value, name);
	return 0;
}

static int check_item(const struct cgroup_host *host, const struct cgroup_limit *row, const char *text, struct error *err)
{
	autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};
	autofree char *number = NULL;
	int r = cgroup_limit_parse(row->kind, text, &item, err);

	if (r == 0 && row->kind == CGROUP_LIMIT_PAGES)
		r = check_pages(host, &item, err);
	else if (r == 0 && !is_lifted(row, &item))
		r = cgroup_disk_number(host, item.subject, &number, err);
	return r < 0 ? error_prefix(err, "Invalid value \"%s\" for flag %s", text, row->option) : 0;
}

static int check_items(const struct cgroup_host *host, const struct cgroup_limit *row, const void *member, struct error *err)
{
	const struct strings *items = member;
	int r = items->count ? check_kernel(host, row, true, err) : 0;

	for (size_t i = 0; r == 0 && i < items->count; i++)
		r = check_item(host, row, items->items[i], err);
	return r;
}

static bool are_items_unset(const void *member)
{
	return ((const struct strings *)member)->count == 0;
}

static void release_items(void *member)
{
	strings_release(member);
}

/* The text as it is stored: with the page size that is meant when none is given. What cannot be read is for the check to refuse. */
static char *normal_item(const struct cgroup_host *host, const struct cgroup_limit *row, const char *text,
			 struct cgroup_limit_item *ret_item)
{
	autofree char *name = NULL;

	if (cgroup_limit_parse(row->kind, text, ret_item, NULL) < 0 || row->kind != CGROUP_LIMIT_PAGES)
		return xstrdup(text);
	if (ret_item->page_bytes == 0)
		ret_item->page_bytes = usual_page_bytes(host);
	if (ret_item->page_bytes < 1024)
		return xstrdup(text);
	name = cgroup_limit_page_name(ret_item->page_bytes);
	return xasprintf("%s:%lld", name, (long long)ret_item->value);
}

static bool is_same_subject(const struct cgroup_limit_item *one, const struct cgroup_limit_item *other)
{
	if (!one->subject || !other->subject)
		return !one->subject && !other->subject && one->page_bytes && one->page_bytes == other->page_bytes;
	return strcmp(one->subject, other->subject) == 0;
}

static void merge_item(const struct cgroup_host *host, const struct cgroup_limit *row, const char *text,
		       struct strings *merged)
{
	autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};
	autofree char *normal = normal_item(host, row, text, &item);

	for (size_t i = merged->count; i-- > 0;) {
		autorelease(cgroup_limit_item_release) struct cgroup_limit_item other = {0};

		if (cgroup_limit_parse(row->kind, merged->items[i], &other, NULL) == 0 && is_same_subject(&item, &other))
			strings_remove(merged, i);
	}
	strings_append_owned(merged, steal_ptr(normal));
}

static void merge_items(const struct cgroup_host *host, const struct cgroup_limit *row, const void *change, void *merged)
{
	const struct strings *changes = change;

	for (size_t i = 0; i < changes->count; i++)
		merge_item(host, row, changes->items[i], merged);
}

/*
 * All kinds
 */

struct kind {
	bool (*is_unset)(const void *member);
	void (*release)(void *member);
	/* Puts a change that is set over what `merged` has. */
	void (*merge)(const struct cgroup_host *host, const struct cgroup_limit *row, const void *change, void *merged);
	int (*check)(const struct cgroup_host *host, const struct cgroup_limit *row, const void *member, struct error *err);
};

static const struct kind number_kind = {is_number_unset, release_number, merge_number, check_number};
static const struct kind list_kind = {is_list_unset, release_list, merge_list, check_list};
static const struct kind items_kind = {are_items_unset, release_items, merge_items, check_items};

static const struct kind *const kinds[] = {
	[CGROUP_LIMIT_NUMBER] = &number_kind, [CGROUP_LIMIT_SIZE] = &number_kind,  [CGROUP_LIMIT_DECIMAL] = &number_kind,
	[CGROUP_LIMIT_SWITCH] = &number_kind, [CGROUP_LIMIT_LIST] = &list_kind,    [CGROUP_LIMIT_PAGES] = &items_kind,
	[CGROUP_LIMIT_RATES] = &items_kind,   [CGROUP_LIMIT_COUNTS] = &items_kind, [CGROUP_LIMIT_WEIGHTS] = &items_kind,
};

void cgroup_limits_release(struct cgroup_limits *limits)
{
	for (size_t i = 0; i < cgroup_limit_count; i++)
		kinds[cgroup_limit_rows[i].kind]->release(member_at(limits, &cgroup_limit_rows[i]));
	cgroup_limits_init(limits);
}

bool cgroup_limits_are_unset(const struct cgroup_limits *limits)
{
	bool are_unset = true;

	for (size_t i = 0; i < cgroup_limit_count && are_unset; i++)
		are_unset = kinds[cgroup_limit_rows[i].kind]->is_unset(member_of(limits, &cgroup_limit_rows[i]));
	return are_unset;
}

/*
 * Values that belong together
 */

static int check_nano_cpus(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err)
{
	struct cpulist online;
	int64_t count;
	int r;

	if (limits->nano_cpus == UNSET || limits->nano_cpus == 0)
		return 0;
	if (limits->cpu_period_us != UNSET && limits->cpu_period_us != 0)
		return error_set(err, -EINVAL, "Nano CPUs and CPU Period cannot both be set");
	if (limits->cpu_quota_us != UNSET && limits->cpu_quota_us != 0)
		return error_set(err, -EINVAL, "Nano CPUs and CPU Quota cannot both be set");
	r = read_online(host, "/sys/devices/system/cpu/online", &online, err);
	if (r < 0)
		return r;
	count = cpulist_count(&online);
	if (limits->nano_cpus < NANO_CPUS_MIN || limits->nano_cpus > count * NANO)
		return error_set(err, -EINVAL, "Invalid --cpus %.9g: it must be from 0.01 to %lld, as many as this host has",
				 (double)limits->nano_cpus / NANO, (long long)count);
	return 0;
}

static int check_swap_support(const struct cgroup_host *host, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(host, "memory");
	autofree char *file = NULL;

	/* The top cgroup of v2 has no limits to look at: there it is seen when the limit is written. */
	if (hierarchy->is_v2)
		return 0;
	file = xasprintf("%s/memory.memsw.limit_in_bytes", hierarchy->mount_point);
	if (file_exists(AT_FDCWD, file))
		return 0;
	return error_set(err, -EOPNOTSUPP,
			 "Your kernel does not support --memory-swap: there is no %s; boot the host with swapaccount=1",
			 file);
}

static int check_memory(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err)
{
	bool has_swap = limits->memory_swap != UNSET && limits->memory_swap != 0;

	if (is_limited(limits->memory) && limits->memory_reservation > limits->memory)
		return error_set(err, -EINVAL, "Invalid --memory-reservation %lld: it must not be more than --memory %lld",
				 (long long)limits->memory_reservation, (long long)limits->memory);
	if (is_limited(limits->memory_swap) && !is_limited(limits->memory))
		return error_set(err, -EINVAL,
				 "Invalid --memory-swap %lld: it is memory and swap in sum and needs --memory too",
				 (long long)limits->memory_swap);
	if (is_limited(limits->memory_swap) && limits->memory_swap < limits->memory)
		return error_set(
			err, -EINVAL,
			"Invalid --memory-swap %lld: it is memory and swap in sum and must not be less than --memory %lld",
			(long long)limits->memory_swap, (long long)limits->memory);
	return has_swap ? check_swap_support(host, err) : 0;
}

static int check_kernel_memory(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err)
{
	int r = is_limited(limits->kernel_memory) ? probe(cgroup_find(host, "memory"), "memory", limits_kernel_memory, err)
						  : 1;

	if (r != 0)
		return r < 0 ? r : 0;
	return error_set(
		err, -EOPNOTSUPP,
		"Your kernel does not support --kernel-memory: what is written to memory.kmem.limit_in_bytes has no effect "
		"since Linux 5.16; --memory counts the kernel's memory too");
}

static int check_realtime(const struct cgroup_limits *limits, struct error *err)
{
	int64_t period_us = is_limited(limits->cpu_rt_period_us) ? limits->cpu_rt_period_us : RT_PERIOD_US;

	if (limits->cpu_rt_runtime_us <= period_us)
		return 0;
	return error_set(err, -EINVAL,
			 "Invalid --cpu-rt-runtime: rt runtime cannot be higher than rt period (%lld and %lld microseconds)",
			 (long long)limits->cpu_rt_runtime_us, (long long)period_us);
}

static int check_weights(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(host, "blkio");
	bool is_wanted = limits->blkio_weight != UNSET || limits->blkio_weight_device.count;
	int r = is_wanted ? probe(hierarchy, "blkio", has_weights, err) : 1;

	if (r != 0)
		return r < 0 ? r : 0;
	return error_set(err, -EOPNOTSUPP, "Your kernel does not support --blkio-weight: it has neither %s",
			 hierarchy->is_v2 ? "io.bfq.weight (BFQ; its module may have to be loaded) nor io.weight (io.cost)"
					  : "blkio.weight (CFQ) nor blkio.bfq.weight (BFQ)");
}

/* Few kernels have the controller files; BPF stands in for it. That nothing is limited can be had everywhere. */
static int check_files(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err)
{
	if (!is_limited(limits->files) || cgroup_find(host, "files"))
		return 0;
	return files_limit_check(host, err);
}

int cgroup_limits_check(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < cgroup_limit_count && r >= 0; i++) {
		const struct cgroup_limit *row = &cgroup_limit_rows[i];

		r = kinds[row->kind]->check(host, row, member_of(limits, row), err);
	}
	if (r >= 0)
		r = check_nano_cpus(host, limits, err);
	if (r >= 0)
		r = check_memory(host, limits, err);
	if (r >= 0)
		r = check_kernel_memory(host, limits, err);
	if (r >= 0)
		r = check_realtime(limits, err);
	if (r >= 0)
		r = check_files(host, limits, err);
	return r < 0 ? r : check_weights(host, limits, err);
}

static int check_contradiction(const struct cgroup_limits *stored, const struct cgroup_limits *changes, struct error *err)
{
	/* An update that takes the other kind back is free to set this one. */
	bool keeps_nano = is_limited(stored->nano_cpus) && changes->nano_cpus == UNSET;
	bool keeps_period = is_limited(stored->cpu_period_us) && changes->cpu_period_us == UNSET;
	bool keeps_quota = is_limited(stored->cpu_quota_us) && changes->cpu_quota_us == UNSET;

	if (keeps_nano && changes->cpu_period_us != UNSET)
		return error_set(err, -EINVAL, "CPU Period cannot be updated as NanoCPUs has already been set");
	if (keeps_nano && changes->cpu_quota_us != UNSET)
		return error_set(err, -EINVAL, "CPU Quota cannot be updated as NanoCPUs has already been set");
	if (is_limited(changes->nano_cpus) && keeps_period)
		return error_set(err, -EINVAL, "Nano CPUs cannot be updated as CPU Period has already been set");
	if (is_limited(changes->nano_cpus) && keeps_quota)
		return error_set(err, -EINVAL, "Nano CPUs cannot be updated as CPU Quota has already been set");
	if (is_limited(stored->memory_swap) && changes->memory_swap == UNSET && changes->memory > stored->memory_swap)
		return error_set(err, -EINVAL,
				 "Memory limit should be smaller than already set memoryswap limit, "
				 "update the memoryswap at the same time.");
	return 0;
}

int cgroup_limits_merge(const struct cgroup_host *host, const struct cgroup_limits *stored,
			const struct cgroup_limits *changes, struct cgroup_limits *ret_merged, struct error *err)
{
	const struct cgroup_limits *const layers[] = {stored, changes};
	int r;

	r = check_contradiction(stored, changes, err);
	if (r < 0)
		return r;
	cgroup_limits_init(ret_merged);
	for (size_t i = 0; i < ARRAY_SIZE(layers) * cgroup_limit_count; i++) {
		const struct cgroup_limits *layer = layers[i / cgroup_limit_count];
		const struct cgroup_limit *row = &cgroup_limit_rows[i % cgroup_limit_count];

		if (!kinds[row->kind]->is_unset(member_of(layer, row)))
			kinds[row->kind]->merge(host, row, member_of(layer, row), member_at(ret_merged, row));
	}
	return 0;
}

void cgroup_limits_forget_lifted(struct cgroup_limits *limits)
{
	for (size_t i = 0; i < cgroup_limit_count; i++) {
		const struct cgroup_limit *row = &cgroup_limit_rows[i];
		struct strings *texts = kinds[row->kind] == &items_kind ? member_at(limits, row) : NULL;

		for (size_t j = texts ? texts->count : 0; j-- > 0;) {
			autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};

			if (cgroup_limit_parse(row->kind, texts->items[j], &item, NULL) == 0 && is_lifted(row, &item))
				strings_remove(texts, j);
		}
	}
}

int64_t cgroup_limits_weight(int64_t cpu_shares)
{
	return cpu_shares == 0 ? 100 : 1 + (cpu_shares - 2) * 9999 / 262142;
}

void cgroup_limits_bandwidth(const struct cgroup_limits *limits, int64_t *ret_period_us, int64_t *ret_quota_us)
{
	*ret_period_us = limits->cpu_period_us == 0 ? DEFAULT_PERIOD_US : limits->cpu_period_us;
	*ret_quota_us = limits->cpu_quota_us == 0 ? -1 : limits->cpu_quota_us;
	/* 0 of --cpus takes an earlier limit back, and stands back where the pair says anything. */
	if (limits->nano_cpus == UNSET || (limits->nano_cpus == 0 && (*ret_period_us != UNSET || *ret_quota_us != UNSET)))
		return;
	*ret_period_us = DEFAULT_PERIOD_US;
	*ret_quota_us = limits->nano_cpus == 0 ? -1 : limits->nano_cpus * DEFAULT_PERIOD_US / NANO;
}
