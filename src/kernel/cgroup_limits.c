/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns which limits make sense, alone, together and on this host. */
#include "kernel/cgroup_limits.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/cpulist.h"

#define UNSET             CGROUP_LIMIT_UNSET
#define MEMORY_MIN        ((int64_t)4 << 20)
#define NANO_CPUS_MIN     10000000
#define NANO              1000000000LL
#define PIDS_MAX          4194304 /* the kernel's PID_MAX_LIMIT on 64 bits */
#define DEFAULT_PERIOD_US 100000

/* One number: `min` to `max`, or one of those from `special_min` on below `min` that have a meaning of their own. */
struct rule {
	size_t offset;
	const char *option;
	const char *controller;
	const char *v1_file; /* must be in the hierarchy's top cgroup: some parts of a controller are built separately */
	const char *unit;
	int64_t special_min;
	int64_t min, max;
};

#define FIELD(name) offsetof(struct cgroup_limits, name)

static const struct rule rules[] = {
	{FIELD(cpu_shares), "--cpu-shares", "cpu", "cpu.shares", "", 0, 2, 262144},
	{FIELD(cpu_period_us), "--cpu-period", "cpu", "cpu.cfs_period_us", " microseconds", 0, 1000, 1000000},
	{FIELD(cpu_quota_us), "--cpu-quota", "cpu", "cpu.cfs_quota_us", " microseconds", -1, 1000, INT64_MAX / 1000},
	{FIELD(nano_cpus), "--cpus", "cpu", "cpu.cfs_quota_us", "", INT64_MIN + 1, 0, INT64_MAX},
	{FIELD(memory), "--memory", "memory", "memory.limit_in_bytes", " bytes", -1, MEMORY_MIN, INT64_MAX},
	{FIELD(memory_reservation), "--memory-reservation", "memory", "memory.soft_limit_in_bytes", " bytes", -1, MEMORY_MIN,
	 INT64_MAX},
	{FIELD(memory_swap), "--memory-swap", "memory", NULL, " bytes", -1, MEMORY_MIN, INT64_MAX},
	{FIELD(memory_swappiness), "--memory-swappiness", "memory", "memory.swappiness", "", -1, 0, 100},
	{FIELD(pids), "--pids-limit", "pids", NULL, "", INT64_MIN + 1, 1, PIDS_MAX},
};

struct list_rule {
	size_t offset;
	const char *option;
	const char *online; /* file with what the host has; a kernel without NUMA has one node and no such file */
};

static const struct list_rule list_rules[] = {
	{FIELD(cpuset_cpus), "--cpuset-cpus", "/sys/devices/system/cpu/online"},
	{FIELD(cpuset_mems), "--cpuset-mems", "/sys/devices/system/node/online"},
};

static int64_t *number_at(struct cgroup_limits *limits, size_t offset)
{
	return (int64_t *)(void *)((char *)limits + offset);
}

static int64_t number_of(const struct cgroup_limits *limits, size_t offset)
{
	return *(const int64_t *)(const void *)((const char *)limits + offset);
}

static char **list_at(struct cgroup_limits *limits, size_t offset)
{
	return (char **)(void *)((char *)limits + offset);
}

static const char *list_of(const struct cgroup_limits *limits, size_t offset)
{
	return *(char *const *)(const void *)((const char *)limits + offset);
}

void cgroup_limits_init(struct cgroup_limits *limits)
{
	*limits = (struct cgroup_limits){0};
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		*number_at(limits, rules[i].offset) = UNSET;
}

void cgroup_limits_release(struct cgroup_limits *limits)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_rules); i++)
		free(*list_at(limits, list_rules[i].offset));
	cgroup_limits_init(limits);
}

/* UNSET is the smallest number, so this is false for it. */
static bool is_limited(int64_t value)
{
	return value > 0;
}

static int check_kernel(const struct cgroup_host *host, const struct rule *rule, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy;
	int r;

	r = cgroup_require(host, rule->controller, rule->option, &hierarchy, err);
	if (r < 0)
		return r;
	if (!hierarchy->is_v2 && rule->v1_file) {
		autofree char *file = xasprintf("%s/%s", hierarchy->mount_point, rule->v1_file);

		if (!file_exists(AT_FDCWD, file))
			return error_set(err, -EOPNOTSUPP, "Your kernel does not support %s: there is no %s", rule->option,
					 file);
	}
	return 0;
}

static int check_number(const struct cgroup_host *host, const struct cgroup_limits *limits, const struct rule *rule,
			struct error *err)
{
	int64_t value = number_of(limits, rule->offset);

	if (value == UNSET)
		return 0;
	if (value > rule->max || value < rule->special_min || (value < rule->min && value > 0))
		return error_set(err, -EINVAL, "Invalid %s %lld: it must be from %lld to %lld%s", rule->option,
				 (long long)value, (long long)rule->min, (long long)rule->max, rule->unit);
	return check_kernel(host, rule, err);
}

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

static int check_list(const struct cgroup_host *host, const struct cgroup_limits *limits, const struct list_rule *rule,
		      struct error *err)
{
	const char *value = list_of(limits, rule->offset);
	const struct cgroup_hierarchy *hierarchy;
	struct cpulist wanted, online;
	int r;

	if (!value)
		return 0;
	r = cpulist_parse(value, &wanted, err);
	if (r < 0) {
		error_prefix(err, "Invalid %s", rule->option);
		return r;
	}
	r = cgroup_require(host, "cpuset", rule->option, &hierarchy, err);
	if (r < 0)
		return r;
	r = read_online(host, rule->online, &online, err);
	if (r < 0)
		return r;
	if (!cpulist_includes(&online, &wanted)) {
		autorelease(text_release) struct text available = {0};

		cpulist_format(&online, &available);
		return error_set(err, -EINVAL, "Invalid %s %s: this host has %s", rule->option, value, text_get(&available));
	}
	return 0;
}

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
	const struct cgroup_hierarchy *hierarchy = cgroup_find(host, "memory");
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
	if (limits->memory_swappiness >= 0 && hierarchy && hierarchy->is_v2)
		return error_set(err, -EOPNOTSUPP,
				 "Your kernel does not support --memory-swappiness: cgroup v2 has no memory.swappiness");
	return has_swap ? check_swap_support(host, err) : 0;
}

int cgroup_limits_check(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rules) && r >= 0; i++)
		r = check_number(host, limits, &rules[i], err);
	for (size_t i = 0; i < ARRAY_SIZE(list_rules) && r >= 0; i++)
		r = check_list(host, limits, &list_rules[i], err);
	if (r >= 0)
		r = check_nano_cpus(host, limits, err);
	return r < 0 ? r : check_memory(host, limits, err);
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

int cgroup_limits_merge(const struct cgroup_limits *stored, const struct cgroup_limits *changes,
			struct cgroup_limits *ret_merged, struct error *err)
{
	struct cgroup_limits merged;
	int r;

	r = check_contradiction(stored, changes, err);
	if (r < 0)
		return r;
	cgroup_limits_init(&merged);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		int64_t change = number_of(changes, rules[i].offset);

		*number_at(&merged, rules[i].offset) = change != UNSET ? change : number_of(stored, rules[i].offset);
	}
	for (size_t i = 0; i < ARRAY_SIZE(list_rules); i++) {
		const char *change = list_of(changes, list_rules[i].offset);

		*list_at(&merged, list_rules[i].offset) = xstrdup(change ? change : list_of(stored, list_rules[i].offset));
	}
	*ret_merged = merged;
	return 0;
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
