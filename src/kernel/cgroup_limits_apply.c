/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the order in which limits reach the kernel's files, and the way back when one is refused. */
#include "kernel/cgroup_limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "kernel/cgroup_walk.h"
#include "kernel/cpulist.h"

#define UNSET        CGROUP_LIMIT_UNSET
#define UNLIMITED    INT64_MAX
#define SHRINK_TRIES 3

struct undo {
	char *file; /* full path */
	char *old;
};

struct applying {
	const struct cgroup_host *host;
	const char *path;
	const struct cgroup_limits *limits;
	struct undo *undos;
	size_t count;
};

static void applying_release(struct applying *applying)
{
	for (size_t i = 0; i < applying->count; i++) {
		free(applying->undos[i].file);
		free(applying->undos[i].old);
	}
	free(applying->undos);
}

/* cpuset files of v2 are emptied by a line without anything; a write of no bytes does nothing. */
static const char *written_form(const char *value)
{
	return *value ? value : "\n";
}

/* Backwards: each step of the way back was one that the kernel took forwards. */
static void take_back(struct applying *applying)
{
	for (size_t i = applying->count; i-- > 0;)
		file_write_value(AT_FDCWD, applying->undos[i].file, written_form(applying->undos[i].old), NULL);
}

/* Takes over `old`. */
static void remember(struct applying *applying, int fd, const char *file, char *old)
{
	autofree char *link = xasprintf("/proc/self/fd/%d", fd);
	char directory[4096];
	ssize_t length = readlink(link, directory, sizeof(directory) - 1);

	if (length < 0 || (size_t)length >= sizeof(directory) - 1) {
		free(old);
		return;
	}
	directory[length] = '\0';
	applying->undos = xreallocarray(applying->undos, applying->count + 1, sizeof(*applying->undos));
	applying->undos[applying->count++] = (struct undo){.file = xasprintf("%s/%s", directory, file), .old = old};
}

/* Writes where it differs. A file that is not there means that the kernel was built or booted without that part. */
static int set_value(struct applying *applying, int fd, const char *file, const char *option, const char *value,
		     struct error *err)
{
	autofree char *old = NULL;
	int r;

	r = file_read_line(fd, file, &old, err);
	if (r == -ENOENT)
		return error_set(err, -EOPNOTSUPP, "Your kernel does not support %s: the cgroup has no %s", option, file);
	if (r < 0 || strcmp(old, value) == 0)
		return r;
	r = file_write_value(fd, file, written_form(value), err);
	if (r >= 0)
		remember(applying, fd, file, steal_ptr(old));
	return r;
}

static int set_number(struct applying *applying, int fd, const char *file, const char *option, int64_t value,
		      struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return set_value(applying, fd, file, option, text, err);
}

/* Opens the cgroup in the controller's hierarchy and sees to it that the controller works there. */
static int open_cgroup(struct applying *applying, const char *controller, const char *option, bool *ret_is_v2, int *ret_fd,
		       struct error *err)
{
	const struct cgroup_hierarchy *hierarchy;
	autofree char *directory = NULL;
	int r;

	r = cgroup_require(applying->host, controller, option, &hierarchy, err);
	if (r >= 0)
		r = cgroup_enable_controller(hierarchy, applying->path, controller, err);
	if (r < 0)
		return r;
	directory = cgroup_directory(hierarchy, applying->path);
	*ret_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0)
		return error_set_errno(err, "cannot open the cgroup %s", directory);
	*ret_is_v2 = hierarchy->is_v2;
	return 0;
}

/*
 * cpu
 */

static int set_bandwidth_v1(struct applying *applying, int fd, int64_t period_us, int64_t quota_us, struct error *err)
{
	autofree char *current = NULL;
	int64_t old_us;
	int r;

	if (period_us != UNSET) {
		r = file_read_line(fd, "cpu.cfs_quota_us", &current, err);
		if (r >= 0)
			r = number_parse(current, INT64_MIN, INT64_MAX, &old_us, err);
		/* The kernel checks each write for itself: no pair on the way may ask for more than the parent has. */
		if (r >= 0 && old_us > 0)
			r = set_number(applying, fd, "cpu.cfs_quota_us", "--cpu-quota", -1, err);
		if (r >= 0)
			r = set_number(applying, fd, "cpu.cfs_period_us", "--cpu-period", period_us, err);
		if (r < 0)
			return r;
		if (quota_us == UNSET)
			quota_us = old_us;
	}
	return quota_us == UNSET ? 0 : set_number(applying, fd, "cpu.cfs_quota_us", "--cpu-quota", quota_us, err);
}

/* "max 100000" or "50000 100000": what is not asked for stays. */
static int set_bandwidth_v2(struct applying *applying, int fd, int64_t period_us, int64_t quota_us, struct error *err)
{
	autofree char *current = NULL, *wanted = NULL, *quota = NULL;
	long long old_period_us = 100000;
	char old_quota[32] = "max";
	int r;

	r = file_read_line(fd, "cpu.max", &current, NULL);
	if (r >= 0)
		sscanf(current, "%31s %lld", old_quota, &old_period_us);
	if (quota_us == UNSET)
		quota = xstrdup(old_quota);
	else
		quota = quota_us < 0 ? xstrdup("max") : xasprintf("%lld", (long long)quota_us);
	wanted = xasprintf("%s %lld", quota, period_us == UNSET ? old_period_us : (long long)period_us);
	return set_value(applying, fd, "cpu.max", "--cpu-quota", wanted, err);
}

static int apply_cpu(struct applying *applying, struct error *err)
{
	int64_t shares = applying->limits->cpu_shares, period_us, quota_us;
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	cgroup_limits_bandwidth(applying->limits, &period_us, &quota_us);
	if (shares == UNSET && period_us == UNSET && quota_us == UNSET)
		return 0;
	r = open_cgroup(applying, "cpu", "CPU limits", &is_v2, &fd, err);
	if (r >= 0 && shares != UNSET && is_v2)
		r = set_number(applying, fd, "cpu.weight", "--cpu-shares", cgroup_limits_weight(shares), err);
	else if (r >= 0 && shares != UNSET)
		r = set_number(applying, fd, "cpu.shares", "--cpu-shares", shares == 0 ? 1024 : shares, err);
	if (r < 0 || (period_us == UNSET && quota_us == UNSET))
		return r;
	return is_v2 ? set_bandwidth_v2(applying, fd, period_us, quota_us, err)
		     : set_bandwidth_v1(applying, fd, period_us, quota_us, err);
}

/*
 * cpuset. On v1 a cgroup's set must always lie within its parent's and hold its children's. So it is widened on the way down
 * and narrowed on the way up. A child that had all of its parent's set gets all of the new one, another keeps what it can.
 */

struct cpuset_level {
	struct cpulist old, wanted;
};

struct cpuset_walk {
	struct applying *applying;
	const char *file;
	const char *option;
	struct cpulist wanted;
	struct cpuset_level *levels;
	size_t capacity;
};

static int set_list(struct cpuset_walk *walk, int fd, const struct cpulist *list, struct error *err)
{
	autorelease(text_release) struct text value = {0};

	cpulist_format(list, &value);
	return set_value(walk->applying, fd, walk->file, walk->option, text_get(&value), err);
}

static struct cpulist wanted_below(const struct cpuset_level *parent, const struct cpulist *old)
{
	struct cpulist kept = cpulist_intersection(old, &parent->wanted);

	return cpulist_equals(old, &parent->old) || cpulist_is_empty(&kept) ? parent->wanted : kept;
}

static int widen_cpuset(int fd, size_t depth, void *data, struct error *err)
{
	struct cpuset_walk *walk = data;
	struct cpuset_level *level;
	autofree char *line = NULL;
	struct cpulist both;
	int r;

	if (depth >= walk->capacity) {
		walk->capacity = (depth + 1) * 2;
		walk->levels = xreallocarray(walk->levels, walk->capacity, sizeof(*walk->levels));
	}
	level = &walk->levels[depth];
	r = file_read_line(fd, walk->file, &line, err);
	if (r >= 0)
		r = cpulist_parse(line, &level->old, err);
	if (r < 0)
		return r;
	level->wanted = depth == 0 ? walk->wanted : wanted_below(level - 1, &level->old);
	both = cpulist_union(&level->old, &level->wanted);
	return set_list(walk, fd, &both, err);
}

static int narrow_cpuset(int fd, size_t depth, void *data, struct error *err)
{
	struct cpuset_walk *walk = data;

	return set_list(walk, fd, &walk->levels[depth].wanted, err);
}

static int set_cpuset_v1(struct applying *applying, int fd, const char *file, const char *option, const char *value,
			 struct error *err)
{
	struct cpuset_walk walk = {.applying = applying, .file = file, .option = option};
	const struct cgroup_walker walker = {.before = widen_cpuset, .after = narrow_cpuset, .data = &walk};
	const struct cgroup_hierarchy *hierarchy = cgroup_find(applying->host, "cpuset");
	autofree char *directory = cgroup_directory(hierarchy, applying->path);
	autofree char *parent_file = xasprintf("../%s", file);
	autofree char *inherited = NULL;
	int r = 0;

	if (!*value)
		r = file_read_line(fd, parent_file, &inherited, err);
	if (r >= 0)
		r = cpulist_parse(inherited ? inherited : value, &walk.wanted, err);
	if (r >= 0)
		r = cgroup_walk(directory, &walker, err);
	free(walk.levels);
	return r;
}

static int apply_cpuset_list(struct applying *applying, const char *file, const char *option, const char *value,
			     struct error *err)
{
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	if (!value)
		return 0;
	r = open_cgroup(applying, "cpuset", option, &is_v2, &fd, err);
	if (r < 0)
		return r;
	return is_v2 ? set_value(applying, fd, file, option, value, err)
		     : set_cpuset_v1(applying, fd, file, option, value, err);
}

static int apply_cpuset(struct applying *applying, struct error *err)
{
	int r;

	r = apply_cpuset_list(applying, "cpuset.cpus", "--cpuset-cpus", applying->limits->cpuset_cpus, err);
	return r < 0 ? r : apply_cpuset_list(applying, "cpuset.mems", "--cpuset-mems", applying->limits->cpuset_mems, err);
}

/*
 * memory
 */

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

static int set_memory_v1(struct applying *applying, int fd, const char *file, const char *usage_file, const char *option,
			 int64_t limit, struct error *err)
{
	int r;

	if (limit == UNSET)
		return 0;
	/* Lowering reclaims first, and fails with EBUSY instead of killing. */
	r = set_number(applying, fd, file, option, limit == UNLIMITED ? -1 : limit, err);
	return r == -EBUSY ? refuse_shrink(fd, usage_file, option, limit, err) : r;
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
	return set_number(walk->applying, fd, "memory.swappiness", "--memory-swappiness", walk->value, err);
}

/* Each v1 cgroup has a swappiness of its own, taken from the parent when it is made. */
static int apply_swappiness_v1(struct applying *applying, struct error *err)
{
	struct swappiness_walk walk = {.applying = applying, .value = applying->limits->memory_swappiness};
	const struct cgroup_walker walker = {.before = set_swappiness, .data = &walk};
	autofree char *directory = cgroup_directory(cgroup_find(applying->host, "memory"), applying->path);

	return walk.value < 0 ? 0 : cgroup_walk(directory, &walker, err);
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
		r = set_number(applying, fd, "memory.soft_limit_in_bytes", "--memory-reservation",
			       reservation <= 0 ? -1 : reservation, err);
	if (r >= 0)
		r = set_both_v1(applying, fd, memory_limit(limits), total, err);
	return r < 0 ? r : apply_swappiness_v1(applying, err);
}

static int set_limit_v2(struct applying *applying, int fd, const char *file, const char *option, int64_t limit,
			struct error *err)
{
	return limit == UNLIMITED ? set_value(applying, fd, file, option, "max", err)
				  : set_number(applying, fd, file, option, limit, err);
}

/* Does memory.high, which reclaims and slows down but never kills, bring the usage below the limit? */
static bool reclaim_to(int fd, const char *limit_text, int64_t limit)
{
	unsigned long long used = 0;

	for (int try = 0; try < SHRINK_TRIES; try++) {
		file_write_value(fd, "memory.high", limit_text, NULL);
		if (file_read_number(fd, "memory.current", &used, NULL) < 0 || used <= (unsigned long long)limit)
			return true;
	}
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
	r = reclaim_to(fd, text, limit) ? set_value(applying, fd, "memory.max", "--memory", text, err)
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
		r = set_number(applying, fd, "memory.low", "--memory-reservation",
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

static int apply_memory(struct applying *applying, struct error *err)
{
	const struct cgroup_limits *limits = applying->limits;
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	if (limits->memory == UNSET && limits->memory_reservation == UNSET && limits->memory_swap == UNSET &&
	    limits->memory_swappiness < 0)
		return 0;
	r = open_cgroup(applying, "memory", "memory limits", &is_v2, &fd, err);
	if (r < 0)
		return r;
	return is_v2 ? apply_memory_v2(applying, fd, err) : apply_memory_v1(applying, fd, err);
}

/*
 * pids
 */

static int apply_pids(struct applying *applying, struct error *err)
{
	int64_t limit = applying->limits->pids;
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	if (limit == UNSET)
		return 0;
	r = open_cgroup(applying, "pids", "--pids-limit", &is_v2, &fd, err);
	if (r < 0)
		return r;
	return limit <= 0 ? set_value(applying, fd, "pids.max", "--pids-limit", "max", err)
			  : set_number(applying, fd, "pids.max", "--pids-limit", limit, err);
}

int cgroup_limits_apply(const struct cgroup_host *host, const char *path, const struct cgroup_limits *limits,
			struct error *err)
{
	static int (*const steps[])(struct applying *, struct error *) = {apply_cpuset, apply_cpu, apply_pids, apply_memory};
	autorelease(applying_release) struct applying applying = {.host = host, .path = path, .limits = limits};
	int r;

	r = cgroup_path_check(path, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
		r = steps[i](&applying, err);
	if (r >= 0)
		return 0;
	take_back(&applying);
	error_prefix(err, "cannot set the limits of the cgroup %s", path);
	return r;
}
