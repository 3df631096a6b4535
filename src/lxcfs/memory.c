/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how a guest's memory and swap are read from its cgroup, v1 or v2. */
#include "lxcfs/memory.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "lxcfs/guest.h"

/* What memory.stat says. */
struct stat_values {
	struct memory_sample sample;
	uint64_t limit, memsw_limit, swap; /* v1 only */
};

#define TO_SAMPLE(field) offsetof(struct stat_values, sample.field)

static const struct source_key keys_v1[] = {
	{"hierarchical_memory_limit", offsetof(struct stat_values, limit)},
	{"hierarchical_memsw_limit", offsetof(struct stat_values, memsw_limit)},
	{"total_cache", TO_SAMPLE(cached)},
	{"total_rss", TO_SAMPLE(anon)},
	{"total_rss_huge", TO_SAMPLE(anon_huge)},
	{"total_shmem", TO_SAMPLE(shmem)},
	{"total_mapped_file", TO_SAMPLE(mapped)},
	{"total_dirty", TO_SAMPLE(dirty)},
	{"total_writeback", TO_SAMPLE(writeback)},
	{"total_swap", offsetof(struct stat_values, swap)},
	{"total_swapcached", TO_SAMPLE(swap_cached)},
	{"total_inactive_anon", TO_SAMPLE(inactive_anon)},
	{"total_active_anon", TO_SAMPLE(active_anon)},
	{"total_inactive_file", TO_SAMPLE(inactive_file)},
	{"total_active_file", TO_SAMPLE(active_file)},
	{"total_unevictable", TO_SAMPLE(unevictable)},
};

static const struct source_key keys_v2[] = {
	{"anon", TO_SAMPLE(anon)},
	{"file", TO_SAMPLE(cached)},
	{"kernel_stack", TO_SAMPLE(kernel_stack)},
	{"pagetables", TO_SAMPLE(page_tables)},
	{"sec_pagetables", TO_SAMPLE(sec_page_tables)},
	{"percpu", TO_SAMPLE(percpu)},
	{"vmalloc", TO_SAMPLE(vmalloc)},
	{"shmem", TO_SAMPLE(shmem)},
	{"zswap", TO_SAMPLE(zswap)},
	{"zswapped", TO_SAMPLE(zswapped)},
	{"file_mapped", TO_SAMPLE(mapped)},
	{"file_dirty", TO_SAMPLE(dirty)},
	{"file_writeback", TO_SAMPLE(writeback)},
	{"swapcached", TO_SAMPLE(swap_cached)},
	{"anon_thp", TO_SAMPLE(anon_huge)},
	{"file_thp", TO_SAMPLE(file_huge)},
	{"shmem_thp", TO_SAMPLE(shmem_huge)},
	{"inactive_anon", TO_SAMPLE(inactive_anon)},
	{"active_anon", TO_SAMPLE(active_anon)},
	{"inactive_file", TO_SAMPLE(inactive_file)},
	{"active_file", TO_SAMPLE(active_file)},
	{"unevictable", TO_SAMPLE(unevictable)},
	{"slab_reclaimable", TO_SAMPLE(slab_reclaimable)},
	{"slab_unreclaimable", TO_SAMPLE(slab_unreclaimable)},
};

static uint64_t smaller(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

static uint64_t minus(uint64_t one, uint64_t other)
{
	return one > other ? one - other : 0;
}

/* v1 writes "none" as the largest multiple of a page, huge page or whatever is counted. Nobody has 4 EiB. */
static bool is_limit(uint64_t value)
{
	return value < (uint64_t)1 << 62;
}

/*
 * Opening
 */

static int open_v1(struct memory_part *memory, const struct cgroup_hierarchy *hierarchy, const char *path, struct error *err)
{
	int r;

	r = source_open(hierarchy, path, "memory.stat", &memory->stat_fd, NULL, err);
	if (r >= 0)
		r = source_open(hierarchy, path, "memory.usage_in_bytes", &memory->usage_fd, NULL, err);
	if (r >= 0)
		r = source_open(hierarchy, path, "memory.swappiness", &memory->swappiness_fd, NULL, err);
	return r;
}

/* Usage and limit are of the same level: the one where the controller ends. */
static int open_v2(struct memory_part *memory, const struct cgroup_hierarchy *hierarchy, const char *path, struct error *err)
{
	autofree char *level = NULL;
	int r;

	r = source_open(hierarchy, path, "memory.current", &memory->usage_fd, &level, err);
	/* The top has no usage, but statistics of the whole host. */
	if (r >= 0 && memory->usage_fd >= 0)
		r = source_open(hierarchy, level, "memory.stat", &memory->stat_fd, NULL, err);
	if (r >= 0)
		r = source_open(hierarchy, level, "memory.swap.current", &memory->swap_usage_fd, NULL, err);
	if (r >= 0)
		r = source_open_levels(hierarchy, level, "memory.max", &memory->limits, err);
	if (r >= 0)
		r = source_open_levels(hierarchy, level, "memory.swap.max", &memory->swap_limits, err);
	return r;
}

/* "2MB", "1GB", "64KB": as the files of the hugetlb controller are called. */
static char *huge_file(uint64_t bytes, const char *suffix)
{
	static const char units[] = "KMG";
	size_t unit = 0;

	for (bytes /= 1024; bytes >= 1024 && unit < 2; bytes /= 1024)
		unit++;
	return xasprintf("hugetlb.%u%cB.%s", (unsigned int)bytes, units[unit], suffix);
}

static int open_huge_pages(struct view_guest *guest, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(&guest->host->cgroups, "hugetlb");
	struct memory_part *memory = &guest->memory;
	autofree char *path = NULL, *level = NULL, *usage = NULL, *limit = NULL;
	int r;

	if (!hierarchy || !guest->host->huge_page_bytes)
		return 0;
	usage = huge_file(guest->host->huge_page_bytes, hierarchy->is_v2 ? "current" : "usage_in_bytes");
	limit = huge_file(guest->host->huge_page_bytes, hierarchy->is_v2 ? "max" : "limit_in_bytes");
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	if (r >= 0)
		r = source_open(hierarchy, path, usage, &memory->huge_usage_fd, &level, err);
	if (r >= 0)
		r = source_open_levels(hierarchy, level, limit, &memory->huge_limits, err);
	return r;
}

static int open_files(struct view_guest *guest, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(&guest->host->cgroups, "memory");
	struct memory_part *memory = &guest->memory;
	autofree char *path = NULL;
	int r;

	if (!hierarchy)
		return 0;
	memory->is_v2 = hierarchy->is_v2;
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	if (r < 0)
		return r;
	return hierarchy->is_v2 ? open_v2(memory, hierarchy, path, err) : open_v1(memory, hierarchy, path, err);
}

static int ensure_open(struct view_guest *guest, struct error *err)
{
	struct memory_part *memory = &guest->memory;
	int r;

	if (memory->is_open)
		return 0;
	*memory = (struct memory_part){
		.is_open = true,
		.stat_fd = -1,
		.usage_fd = -1,
		.swap_usage_fd = -1,
		.swappiness_fd = -1,
		.huge_usage_fd = -1,
	};
	r = open_files(guest, err);
	if (r >= 0)
		r = open_huge_pages(guest, err);
	if (r < 0)
		memory_close(memory);
	return r;
}

void memory_close(struct memory_part *memory)
{
	if (!memory->is_open)
		return;
	source_close(&memory->stat_fd);
	source_close(&memory->usage_fd);
	source_close(&memory->swap_usage_fd);
	source_close(&memory->swappiness_fd);
	source_close(&memory->huge_usage_fd);
	source_levels_close(&memory->limits);
	source_levels_close(&memory->swap_limits);
	source_levels_close(&memory->huge_limits);
	memory->is_open = false;
	memory->taken_ns = 0;
}

/*
 * Reading
 */

/* The sum over /proc/swaps (proc_swaps(5)), where it is cheaper than in meminfo. */
static int read_host_swap(struct view_guest *guest, uint64_t *ret_bytes, struct error *err)
{
	uint64_t sum = 0;
	int r;

	r = source_read(guest->host->swaps_fd, &guest->buffer, err);
	if (r < 0)
		return r;
	/* "Filename Type Size Used Priority", then a line each. */
	for (const char *line = strchr(guest->buffer.data, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		unsigned long long kilobytes;

		if (sscanf(line, "%*s %*s %llu", &kilobytes) == 1 && kilobytes < (uint64_t)1 << 50)
			sum += kilobytes * 1024;
	}
	*ret_bytes = sum;
	return 0;
}

/*
 * A memsw limit is of both together: what is over the memory limit can only be swap. Without swapping at all there is
 * just what is out already.
 */
static int read_swap_v1(struct view_guest *guest, const struct stat_values *stat, struct memory_sample *sample,
			struct error *err)
{
	uint64_t total = 0, swappiness = 1;
	int r;

	if (stat->memsw_limit == UINT64_MAX) /* swap is not counted */
		return 0;
	r = read_host_swap(guest, &total, err);
	if (r >= 0)
		r = source_read_number(guest->memory.swappiness_fd, &guest->buffer, &swappiness, err);
	if (r < 0)
		return r;
	if (is_limit(stat->memsw_limit))
		total = smaller(total, minus(stat->memsw_limit, stat->limit));
	sample->swap_used = stat->swap;
	sample->swap_total = swappiness == 0 || total < stat->swap ? stat->swap : total;
	return 0;
}

static int read_v1(struct view_guest *guest, struct memory_sample *sample, struct error *err)
{
	struct stat_values stat = {.limit = UINT64_MAX, .memsw_limit = UINT64_MAX};
	uint64_t usage = 0;
	int r;

	r = source_read(guest->memory.stat_fd, &guest->buffer, err);
	if (r < 0)
		return r;
	source_parse_keys(guest->buffer.data, keys_v1, ARRAY_SIZE(keys_v1), &stat);
	r = source_read_number(guest->memory.usage_fd, &guest->buffer, &usage, err);
	if (r < 0)
		return r;
	*sample = stat.sample;
	sample->total = smaller(guest->host->memory_bytes, stat.limit);
	sample->used = usage;
	return read_swap_v1(guest, &stat, sample, err);
}

static int read_swap_v2(struct view_guest *guest, struct memory_sample *sample, struct error *err)
{
	uint64_t limit = UINT64_MAX, total = 0;
	int r;

	if (guest->memory.swap_usage_fd < 0)
		return 0;
	r = source_read_number(guest->memory.swap_usage_fd, &guest->buffer, &sample->swap_used, err);
	if (r >= 0)
		r = source_read_smallest(&guest->memory.swap_limits, &guest->buffer, &limit, err);
	if (r >= 0)
		r = read_host_swap(guest, &total, err);
	if (r < 0)
		return r;
	sample->swap_total = smaller(total, limit);
	return 0;
}

static int read_v2(struct view_guest *guest, struct memory_sample *sample, struct error *err)
{
	struct stat_values stat = {0};
	uint64_t limit = UINT64_MAX, usage = 0;
	int r;

	r = source_read(guest->memory.stat_fd, &guest->buffer, err);
	if (r < 0)
		return r;
	source_parse_keys(guest->buffer.data, keys_v2, ARRAY_SIZE(keys_v2), &stat);
	r = source_read_number(guest->memory.usage_fd, &guest->buffer, &usage, err);
	if (r >= 0)
		r = source_read_smallest(&guest->memory.limits, &guest->buffer, &limit, err);
	if (r < 0)
		return r;
	*sample = stat.sample;
	sample->total = smaller(guest->host->memory_bytes, limit);
	sample->used = usage;
	return read_swap_v2(guest, sample, err);
}

/* Only a guest with a limit has huge pages of its own; they are in the host's pool all the same. */
static int read_huge_pages(struct view_guest *guest, struct memory_sample *sample, struct error *err)
{
	uint64_t size = guest->host->huge_page_bytes;
	uint64_t limit = UINT64_MAX, usage = 0, pool = 0;
	int r;

	if (guest->memory.huge_usage_fd < 0)
		return 0;
	r = source_read_smallest(&guest->memory.huge_limits, &guest->buffer, &limit, err);
	if (r < 0 || !is_limit(limit))
		return r;
	r = source_read_number(guest->memory.huge_usage_fd, &guest->buffer, &usage, err);
	if (r >= 0)
		r = source_read_number(guest->host->huge_pages_fd, &guest->buffer, &pool, err);
	if (r < 0)
		return r;
	sample->huge_total = smaller(limit / size, pool);
	sample->huge_free = minus(sample->huge_total, usage / size);
	sample->huge_bytes = sample->huge_total * size;
	return 0;
}

/* `part` of what is left of a whole; the files were not read in the same moment. */
static void fit(uint64_t *part, uint64_t *left)
{
	*part = smaller(*part, *left);
	*left -= *part;
}

static void fit_two(uint64_t *one, uint64_t *other, uint64_t whole, uint64_t *ret_sum)
{
	uint64_t left = whole;

	fit(one, &left);
	fit(other, &left);
	*ret_sum = whole - left;
}

/* Parts of what is used, each for itself. */
static void fit_parts(struct memory_sample *sample)
{
	uint64_t *const parts[] = {
		&sample->cached,       &sample->swap_cached, &sample->unevictable,     &sample->anon,   &sample->mapped,
		&sample->shmem,        &sample->dirty,       &sample->writeback,       &sample->percpu, &sample->vmalloc,
		&sample->kernel_stack, &sample->page_tables, &sample->sec_page_tables, &sample->zswap,
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		*parts[i] = smaller(*parts[i], sample->used);
	sample->anon_huge = smaller(sample->anon_huge, sample->anon);
	sample->shmem_huge = smaller(sample->shmem_huge, sample->shmem);
	sample->file_huge = smaller(sample->file_huge, sample->cached);
	sample->zswapped = smaller(sample->zswapped, sample->swap_used);
}

static void derive(struct memory_sample *sample)
{
	sample->used = smaller(sample->used, sample->total);
	sample->free = sample->total - sample->used;
	sample->swap_used = smaller(sample->swap_used, sample->swap_total);
	sample->swap_free = sample->swap_total - sample->swap_used;
	fit_parts(sample);
	fit_two(&sample->active_anon, &sample->active_file, sample->used, &sample->active);
	fit_two(&sample->inactive_anon, &sample->inactive_file, sample->used, &sample->inactive);
	fit_two(&sample->slab_reclaimable, &sample->slab_unreclaimable, sample->used, &sample->slab);
	/* v1 has no numbers for slabs: 0. */
	sample->available = smaller(sample->total,
				    sample->free + sample->active_file + sample->inactive_file + sample->slab_reclaimable);
}

int memory_sample(struct view_guest *guest, int64_t now_ns, int64_t max_age_ns, struct error *err)
{
	struct memory_part *memory = &guest->memory;
	struct memory_sample sample = {0};
	int r;

	if (memory->is_open && !guest_is_stale(memory->taken_ns, now_ns, max_age_ns))
		return 0;
	r = ensure_open(guest, err);
	if (r >= 0)
		r = memory->is_v2 ? read_v2(guest, &sample, err) : read_v1(guest, &sample, err);
	if (r >= 0)
		r = read_huge_pages(guest, &sample, err);
	if (r < 0)
		return r;
	derive(&sample);
	memory->sample = sample;
	memory->taken_ns = now_ns;
	return 0;
}
