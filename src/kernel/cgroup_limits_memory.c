/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how memory limits reach the kernel's files, and how memory is taken back without killing. */
#include "kernel/cgroup_applying.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "kernel/cgroup_keyed.h"
#include "kernel/cgroup_walk.h"

#define UNSET           CGROUP_LIMIT_UNSET
#define UNLIMITED       INT64_MAX
#define SHRINK_TRIES    3
#define DISK_TIMEOUT_MS 10000 /* for pages that are being written */
#define RECLAIM_STEPS   64
#define RECLAIM_MIN     (1ULL << 20)

/* UNSET stays; 0 and less become UNLIMITED. */
static int64_t memory_limit(const struct cgroup_limits *limits)
{
	return limits->memory != UNSET && limits->memory <= 0 ? UNLIMITED : limits->memory;
}

/* Memory and swap in sum. */
static int64_t total_limit(const struct cgroup_limits *limits, bool *ret_is_explicit)
{
	int64_t memory = memory_limit(limits);

	*ret_is_explicit = limits->memory_swap != UNSET && limits->memory_swap != 0;
	if (*ret_is_explicit)
		return limits->memory_swap < 0 ? UNLIMITED : limits->memory_swap;
	if (memory == UNSET)
		return UNSET;
	return memory > UNLIMITED / 2 ? UNLIMITED : memory * 2;
}

static int refuse_shrink(int fd, const char *usage_file, const char *option, int64_t limit, struct error *err)
{
	unsigned long long used = 0;

	file_read_number(fd, usage_file, &used, NULL);
	return error_set(
		err, -EBUSY,
		"%s cannot be lowered to %lld bytes: %llu bytes are in use and the kernel cannot reclaim enough of them; "
		"stop something in the container or choose a higher limit",
		option, (long long)limit, used);
}

/*
 * Is more in use than the limit of what no disk can take: the memory of processes and of tmpfs? Then trying again is of no use. The kernel's statistics come up to two
 * seconds late (FLUSH_TIME in mm/memcontrol.c), all zero in a new cgroup; so what they do not tell counts as pages of files.
 */
static bool is_held_beyond(int fd, int64_t limit)
{
	uint64_t held[2] = {0}, held_v1[2] = {0};
	/* v2 first, then v1, whose "shmem" is that of the cgroup without what is below. */
	const struct cgroup_keyed wanted[] = {
		{"anon", &held[0]},
		{"shmem", &held[1]},
		{"total_rss", &held_v1[0]},
		{"total_shmem", &held_v1[1]},
	};

	cgroup_read_keyed(fd, "memory.stat", wanted, ARRAY_SIZE(wanted));
	return held[0] + held[1] > (uint64_t)limit || held_v1[0] + held_v1[1] > (uint64_t)limit;
}

/* Waits a moment for the disk; false when that will not help, or has not for long enough. */
static bool wait_for_disk(int fd, int64_t limit, int64_t deadline_ms)
{
	struct timespec moment = {.tv_nsec = 50000000};

	if (clock_monotonic_ms() >= deadline_ms || is_held_beyond(fd, limit))
		return false;
	nanosleep(&moment, NULL);
	return true;
}

static int set_memory_v1(struct applying *applying, int fd, const char *file, const char *usage_file, const char *option,
			 int64_t limit, struct error *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + DISK_TIMEOUT_MS;
	struct error error;
	int r;

	if (limit == UNSET)
		return 0;
	/* Lowering reclaims first, and fails with EBUSY instead of killing. */
	do {
		error = (struct error){0};
		r = applying_set_number(applying, fd, file, option, limit == UNLIMITED ? -1 : limit, &error);
	} while (r == -EBUSY && wait_for_disk(fd, limit, deadline_ms));
	if (r == -EBUSY)
		return refuse_shrink(fd, usage_file, option, limit, err);
	return r < 0 ? error_set(err, r, "%s", error.message) : 0;
}

static int set_both_v1(struct applying *applying, int fd, int64_t memory, int64_t total, struct error *err)
{
	unsigned long long old_total = UINT64_MAX;
	bool memory_first;
	int r;

	file_read_number(fd, "memory.memsw.limit_in_bytes", &old_total, NULL);
	/* The limit of memory may never be above that of the sum: raise the sum first when the new memory would be. */
	memory_first = memory == UNSET || (uint64_t)memory <= old_total;
	for (int pass = 0; pass < 2; pass++) {
		if ((pass == 0) == memory_first)
			r = set_memory_v1(applying, fd, "memory.limit_in_bytes", "memory.usage_in_bytes", "--memory", memory,
					  err);
		else
			r = set_memory_v1(applying, fd, "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes",
					  "--memory-swap", total, err);
		if (r < 0)
			return r;
	}
	return 0;
}

struct swappiness_walk {
	struct applying *applying;
	int64_t value;
};

static int set_swappiness(int fd, size_t depth, void *data, struct error *err)
{
	struct swappiness_walk *walk = data;

	(void)depth;
	return applying_set_number(walk->applying, fd, "memory.swappiness", "--memory-swappiness", walk->value, err);
}

/* Each v1 cgroup has a swappiness of its own, taken from the parent when it is made. */
static int apply_swappiness_v1(struct applying *applying, struct error *err)
{
	struct swappiness_walk walk = {.applying = applying, .value = applying->limits->memory_swappiness};
	const struct cgroup_walker walker = {.before = set_swappiness, .data = &walk};
	autofree char *directory = cgroup_directory(cgroup_find(applying->host, "memory"), applying->path);

	return walk.value < 0 ? 0 : cgroup_walk(directory, &walker, err);
}

/* Linux 5.16 and later take the value and do not keep it. */
static int apply_kernel_memory(struct applying *applying, int fd, struct error *err)
{
	int64_t limit = applying->limits->kernel_memory;
	unsigned long long kept = 0;
	int r;

	if (limit == UNSET)
		return 0;
	r = applying_set_number(applying, fd, "memory.kmem.limit_in_bytes", "--kernel-memory", limit <= 0 ? -1 : limit, err);
	if (r < 0 || limit <= 0)
		return r;
	r = file_read_number(fd, "memory.kmem.limit_in_bytes", &kept, err);
	if (r == 0 && kept > (unsigned long long)limit)
		return error_set(err, -EOPNOTSUPP,
				 "Your kernel does not support --kernel-memory: memory.kmem.limit_in_bytes has no effect");
	return r;
}

/* The file reads "oom_kill_disable 0" and more lines, and takes the number alone. */
static int apply_oom_kill_disable(struct applying *applying, int fd, struct error *err)
{
	autofree char *line = NULL;
	int r = 0;

	if (applying->limits->oom_kill_disable == UNSET)
		return 0;
	r = applying_read(fd, "memory.oom_control", "--oom-kill-disable", &line, err);
	if (r < 0)
		return r;
	return applying_change(applying, fd, "memory.oom_control", strcmp(line, "oom_kill_disable 1") == 0 ? "1" : "0",
			       applying->limits->oom_kill_disable ? "1" : "0", err);
}

static int apply_memory_v1(struct applying *applying, int fd, struct error *err)
{
	const struct cgroup_limits *limits = applying->limits;
	int64_t reservation = limits->memory_reservation;
	bool is_explicit;
	int64_t total = total_limit(limits, &is_explicit);
	int r = 0;

	/* Without swap accounting a limit on swap that nobody asked for is left out. */
	if (!is_explicit && !file_exists(fd, "memory.memsw.limit_in_bytes"))
		total = UNSET;
	if (reservation != UNSET)
		r = applying_set_number(applying, fd, "memory.soft_limit_in_bytes", "--memory-reservation",
					reservation <= 0 ? -1 : reservation, err);
	if (r >= 0)
		r = apply_oom_kill_disable(applying, fd, err);
	if (r >= 0)
		r = apply_swappiness_v1(applying, err);
	if (r >= 0)
		r = apply_kernel_memory(applying, fd, err);
	return r < 0 ? r : set_both_v1(applying, fd, memory_limit(limits), total, err);
}

static int set_limit_v2(struct applying *applying, int fd, const char *file, const char *option, int64_t limit,
			struct error *err)
{
	return limit == UNLIMITED ? applying_set(applying, fd, file, option, "max", err)
				  : applying_set_number(applying, fd, file, option, limit, err);
}

/*
 * memory.reclaim (Linux 5.19) takes memory back in steps, as long as it finds some; nothing in the container waits for
 * that. What is left to do afterwards, memory.high does.
 */
static void reclaim(int fd, int64_t limit)
{
	unsigned long long used = 0, step = 0;
	char text[32];

	for (int i = 0; i < RECLAIM_STEPS; i++) {
		if (file_read_number(fd, "memory.current", &used, NULL) < 0 || used <= (unsigned long long)limit)
			return;
		if (step == 0)
			step = (used - (unsigned long long)limit) / (RECLAIM_STEPS / 4) + RECLAIM_MIN;
		snprintf(text, sizeof(text), "%llu", step);
		if (file_write_value(fd, "memory.reclaim", text, NULL) < 0)
			return;
	}
}

/* Does memory.high, which reclaims and slows down but never kills, bring the usage below the limit? */
static bool reclaim_to(int fd, const char *limit_text, int64_t limit)
{
	int64_t deadline_ms = clock_monotonic_ms() + DISK_TIMEOUT_MS;
	unsigned long long used = 0;
	int tries = 0;

	do {
		file_write_value(fd, "memory.high", limit_text, NULL);
		if (file_read_number(fd, "memory.current", &used, NULL) < 0 || used <= (unsigned long long)limit)
			return true;
	} while (++tries < SHRINK_TRIES || wait_for_disk(fd, limit, deadline_ms));
	return false;
}

/*
 * Writing memory.max below the usage would let the OOM killer loose at once. memory.high is ours alone and is
 * otherwise unlimited; it stays down until the new limit stands.
 */
static int lower_memory_v2(struct applying *applying, int fd, int64_t limit, struct error *err)
{
	char text[32];
	int r;

	snprintf(text, sizeof(text), "%lld", (long long)limit);
	reclaim(fd, limit);
	r = reclaim_to(fd, text, limit) ? applying_set(applying, fd, "memory.max", "--memory", text, err)
					: refuse_shrink(fd, "memory.current", "--memory", limit, err);
	file_write_value(fd, "memory.high", "max", NULL);
	return r;
}

static int set_memory_v2(struct applying *applying, int fd, int64_t limit, struct error *err)
{
	unsigned long long old = UINT64_MAX;

	if (limit == UNSET)
		return 0;
	if (file_read_number(fd, "memory.max", &old, NULL) >= 0 && (uint64_t)limit < old)
		return lower_memory_v2(applying, fd, limit, err);
	return set_limit_v2(applying, fd, "memory.max", "--memory", limit, err);
}

/* v2 limits swap alone. */
static int64_t swap_limit(const struct cgroup_limits *limits, bool *ret_is_explicit)
{
	int64_t total = total_limit(limits, ret_is_explicit);

	return total == UNSET || total == UNLIMITED ? total : total - limits->memory;
}

static int apply_memory_v2(struct applying *applying, int fd, struct error *err)
{
	const struct cgroup_limits *limits = applying->limits;
	bool is_explicit, swap_first;
	int64_t swap = swap_limit(limits, &is_explicit);
	unsigned long long old_swap = 0;
	int r = 0;

	/* A kernel without swap has no such file: only a limit that somebody asked for is missing then. */
	if (file_read_number(fd, "memory.swap.max", &old_swap, NULL) < 0 && !is_explicit)
		swap = UNSET;
	if (limits->memory_reservation != UNSET)
		r = applying_set_number(applying, fd, "memory.low", "--memory-reservation",
					limits->memory_reservation < 0 ? 0 : limits->memory_reservation, err);
	/* More swap first: it helps to shrink the memory. */
	swap_first = swap != UNSET && (uint64_t)swap > old_swap;
	if (r >= 0 && swap_first)
		r = set_limit_v2(applying, fd, "memory.swap.max", "--memory-swap", swap, err);
	if (r >= 0)
		r = set_memory_v2(applying, fd, memory_limit(limits), err);
	if (r >= 0 && swap != UNSET && !swap_first)
		r = set_limit_v2(applying, fd, "memory.swap.max", "--memory-swap", swap, err);
	return r;
}

int cgroup_apply_memory(struct applying *applying, struct error *err)
{
	const struct cgroup_limits *limits = applying->limits;
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	if (limits->memory == UNSET && limits->memory_reservation == UNSET && limits->memory_swap == UNSET &&
	    limits->memory_swappiness < 0 && limits->kernel_memory == UNSET && limits->oom_kill_disable == UNSET)
		return 0;
	r = applying_open(applying, "memory", "memory limits", &is_v2, &fd, err);
	if (r < 0)
		return r;
	return is_v2 ? apply_memory_v2(applying, fd, err) : apply_memory_v1(applying, fd, err);
}
