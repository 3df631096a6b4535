/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how CPU limits reach the kernel's files: weight, bandwidth, real time, and which CPUs and memory nodes. */
#include "kernel/cgroup_applying.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "kernel/cgroup_walk.h"
#include "kernel/cpulist.h"

#define UNSET        CGROUP_LIMIT_UNSET
#define RT_PERIOD_US 1000000

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
			r = applying_set_number(applying, fd, "cpu.cfs_quota_us", "--cpu-quota", -1, err);
		if (r >= 0)
			r = applying_set_number(applying, fd, "cpu.cfs_period_us", "--cpu-period", period_us, err);
		if (r < 0)
			return r;
		if (quota_us == UNSET)
			quota_us = old_us;
	}
	return quota_us == UNSET ? 0 : applying_set_number(applying, fd, "cpu.cfs_quota_us", "--cpu-quota", quota_us, err);
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
	return applying_set(applying, fd, "cpu.max", "--cpu-quota", wanted, err);
}

/*
 * Real time, v1 only. What a cgroup has is taken from its parent's, and the guest's cgroup is one more level.
 */

struct realtime {
	int64_t period_us, runtime_us;
};

static int read_realtime(int fd, struct realtime *ret_realtime, struct error *err)
{
	unsigned long long period_us = 0, runtime_us = 0;
	int r = file_read_number(fd, "cpu.rt_period_us", &period_us, err);

	if (r >= 0)
		r = file_read_number(fd, "cpu.rt_runtime_us", &runtime_us, err);
	*ret_realtime = (struct realtime){(int64_t)period_us, (int64_t)runtime_us};
	return r;
}

static int explain_realtime(int fd, int code, struct error *err)
{
	autoclose int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct realtime parents;

	if (code == -EINVAL && parent >= 0 && read_realtime(parent, &parents, NULL) >= 0)
		error_append(err,
			     "; its parent has %lld microseconds of %lld to hand out, see cpu-rt-runtime in daemon.json",
			     (long long)parents.runtime_us, (long long)parents.period_us);
	return code;
}

/* Each write is checked for itself: the order is that in which the share of the CPU never passes both ends. */
static int set_realtime(struct applying *applying, int fd, const struct realtime *old, const struct realtime *wanted,
			struct error *err)
{
	bool period_first = wanted->period_us > old->period_us;
	int r = 0;

	for (int pass = 0; pass < 2 && r >= 0; pass++) {
		if ((pass == 0) == period_first)
			r = applying_set_number(applying, fd, "cpu.rt_period_us", "--cpu-rt-period", wanted->period_us, err);
		else
			r = applying_set_number(applying, fd, "cpu.rt_runtime_us", "--cpu-rt-runtime", wanted->runtime_us,
						err);
	}
	return r < 0 ? explain_realtime(fd, r, err) : r;
}

static struct realtime wanted_realtime(const struct cgroup_limits *limits, const struct realtime *old)
{
	struct realtime wanted = *old;

	if (limits->cpu_rt_period_us != UNSET)
		wanted.period_us = limits->cpu_rt_period_us ? limits->cpu_rt_period_us : RT_PERIOD_US;
	if (limits->cpu_rt_runtime_us != UNSET)
		wanted.runtime_us = limits->cpu_rt_runtime_us;
	return wanted;
}

static int apply_realtime(struct applying *applying, int fd, struct error *err)
{
	autoclose int guest = openat(fd, CGROUP_GUEST, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct realtime wanted, old, guests = {0};
	bool is_more;
	int r;

	r = read_realtime(fd, &old, err);
	if (r >= 0 && guest >= 0)
		r = read_realtime(guest, &guests, err);
	if (r < 0)
		return error_prefix(err, "Your kernel does not support --cpu-rt-runtime");
	wanted = wanted_realtime(applying->limits, &old);
	is_more = (double)wanted.runtime_us * (double)old.period_us >= (double)old.runtime_us * (double)wanted.period_us;
	/* Between two writes the share may be less than before and after; what is below must not have more meanwhile. */
	if (guest >= 0 && wanted.period_us != old.period_us && wanted.runtime_us != old.runtime_us) {
		r = applying_set_number(applying, guest, "cpu.rt_runtime_us", "--cpu-rt-runtime", 0, err);
		guests.runtime_us = 0;
	}
	/* More comes from above, less is given back from below. */
	if (r >= 0 && is_more)
		r = set_realtime(applying, fd, &old, &wanted, err);
	if (r >= 0 && guest >= 0)
		r = set_realtime(applying, guest, &guests, &wanted, err);
	return r >= 0 && !is_more ? set_realtime(applying, fd, &old, &wanted, err) : r;
}

static int grant_realtime(struct applying *applying, const char *path, int64_t period_us, int64_t runtime_us,
			  struct error *err)
{
	const struct cgroup_limits limits = {.cpu_rt_period_us = period_us, .cpu_rt_runtime_us = runtime_us};
	struct realtime old, wanted;
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	applying->path = path;
	r = applying_open(applying, "cpu", "--cpu-rt-runtime", &is_v2, &fd, err);
	if (r < 0 || is_v2)
		return r;
	r = read_realtime(fd, &old, err);
	wanted = wanted_realtime(&limits, &old);
	return r < 0 ? r : set_realtime(applying, fd, &old, &wanted, err);
}

int cgroup_limits_grant_realtime(const struct cgroup_host *host, const char *path, int64_t period_us, int64_t runtime_us,
				 struct error *err)
{
	autorelease(applying_release) struct applying applying = {.host = host};
	bool is_wanted = period_us != UNSET || runtime_us != UNSET;
	int r = 0;

	/* From the top: what is handed down must be there first. */
	for (const char *end = path; is_wanted && r >= 0 && *end;) {
		autofree char *ancestor = NULL;

		end += 1 + strcspn(end + 1, "/");
		ancestor = xstrndup(path, (size_t)(end - path));
		r = grant_realtime(&applying, ancestor, period_us, runtime_us, err);
		if (r < 0)
			error_prefix(err, "cannot give the cgroup %s real-time CPU", ancestor);
	}
	return r < 0 ? r : 0;
}

int cgroup_apply_cpu(struct applying *applying, struct error *err)
{
	int64_t shares = applying->limits->cpu_shares, period_us, quota_us;
	autoclose int fd = -EBADF;
	bool is_v2, has_realtime;
	int r;

	cgroup_limits_bandwidth(applying->limits, &period_us, &quota_us);
	has_realtime = applying->limits->cpu_rt_period_us != UNSET || applying->limits->cpu_rt_runtime_us != UNSET;
	if (shares == UNSET && period_us == UNSET && quota_us == UNSET && !has_realtime)
		return 0;
	r = applying_open(applying, "cpu", "CPU limits", &is_v2, &fd, err);
	if (r >= 0 && shares != UNSET && is_v2)
		r = applying_set_number(applying, fd, "cpu.weight", "--cpu-shares", cgroup_limits_weight(shares), err);
	else if (r >= 0 && shares != UNSET)
		r = applying_set_number(applying, fd, "cpu.shares", "--cpu-shares", shares == 0 ? 1024 : shares, err);
	if (r >= 0 && has_realtime && !is_v2)
		r = apply_realtime(applying, fd, err);
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
	return applying_set(walk->applying, fd, walk->file, walk->option, text_get(&value), err);
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
	r = applying_open(applying, "cpuset", option, &is_v2, &fd, err);
	if (r < 0)
		return r;
	return is_v2 ? applying_set(applying, fd, file, option, value, err)
		     : set_cpuset_v1(applying, fd, file, option, value, err);
}

int cgroup_apply_cpuset(struct applying *applying, struct error *err)
{
	int r;

	r = apply_cpuset_list(applying, "cpuset.cpus", "--cpuset-cpus", applying->limits->cpuset_cpus, err);
	return r < 0 ? r : apply_cpuset_list(applying, "cpuset.mems", "--cpuset-mems", applying->limits->cpuset_mems, err);
}
