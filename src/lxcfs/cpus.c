/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns which CPUs a guest sees, and how the time that it used is divided among them. */
#include "lxcfs/cpus.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "lxcfs/guest.h"

#define SECOND_NS  UINT64_C(1000000000)
#define TICK_NS    (SECOND_NS / 100)
#define PENDING_NS SECOND_NS /* a CPU, that may be shown later than it was used */

/*
 * Opening
 */

static int open_list(struct view_guest *guest, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(&guest->host->cgroups, "cpuset");
	autofree char *path = NULL;
	int r;

	if (!hierarchy)
		return 0;
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	if (r < 0)
		return r;
	return source_open(hierarchy, path, hierarchy->is_v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus",
			   &guest->cpus.list_fd, NULL, err);
}

static int open_quota(struct view_guest *guest, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(&guest->host->cgroups, "cpu");
	struct cpus_part *cpus = &guest->cpus;
	autofree char *path = NULL;
	int r;

	if (!hierarchy || !guest->has_quota_view)
		return 0;
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	if (r < 0)
		return r;
	if (hierarchy->is_v2)
		return source_open_levels(hierarchy, path, "cpu.max", &cpus->quotas, err);
	r = source_open_levels(hierarchy, path, "cpu.cfs_quota_us", &cpus->quotas, err);
	if (r >= 0)
		r = source_open_levels(hierarchy, path, "cpu.cfs_period_us", &cpus->periods, err);
	return r;
}

static int open_usage(struct view_guest *guest, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(&guest->host->cgroups, "cpuacct");
	autofree char *path = NULL;
	int r;

	if (!hierarchy)
		return 0;
	guest->cpus.is_usage_v2 = hierarchy->is_v2;
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	if (r < 0)
		return r;
	return source_open(hierarchy, path, hierarchy->is_v2 ? "cpu.stat" : "cpuacct.usage_all", &guest->cpus.usage_fd, NULL,
			   err);
}

static int ensure_open(struct view_guest *guest, struct error *err)
{
	struct cpus_part *cpus = &guest->cpus;
	int r;

	if (cpus->is_open)
		return 0;
	cpus->is_open = true;
	cpus->list_fd = -1;
	cpus->usage_fd = -1;
	r = open_list(guest, err);
	if (r >= 0)
		r = open_quota(guest, err);
	if (r >= 0)
		r = open_usage(guest, err);
	if (r < 0)
		cpus_close(cpus);
	return r;
}

void cpus_close(struct cpus_part *cpus)
{
	if (!cpus->is_open)
		return;
	source_close(&cpus->list_fd);
	source_close(&cpus->usage_fd);
	source_levels_close(&cpus->quotas);
	source_levels_close(&cpus->periods);
	cpus->is_open = false;
	cpus->taken_ns = 0;
}

void cpus_release(struct cpus_part *cpus)
{
	free(cpus->list);
	free(cpus->times);
	free(cpus->usage);
	*cpus = (struct cpus_part){0};
}

/*
 * Which CPUs
 */

static int read_list(struct view_guest *guest, struct cpulist *ret_list, struct error *err)
{
	struct cpulist list = {0};
	int r;

	r = source_read(guest->cpus.list_fd, &guest->buffer, err);
	if (r < 0)
		return r;
	guest->buffer.data[strcspn(guest->buffer.data, "\n")] = '\0';
	r = cpulist_parse(guest->buffer.data, &list, err);
	if (r < 0)
		return error_prefix(err, "cannot read the guest's CPUs");
	/* No cpuset at all, or one of v1 that nobody filled yet. */
	*ret_list = cpulist_is_empty(&list) ? guest->host->online : list;
	return 0;
}

/* Of one level: "max 100000", "150000 100000"; on v1 -1 is no limit, and the period stands in a file of its own. */
static int read_quota(struct view_guest *guest, size_t level, uint64_t *ret_quota, uint64_t *ret_period, struct error *err)
{
	const struct cpus_part *cpus = &guest->cpus;
	const char *text;
	int r;

	r = source_read(cpus->quotas.fds[level], &guest->buffer, err);
	if (r < 0)
		return r;
	text = guest->buffer.data;
	if (!source_take_number(&text, ret_quota)) {
		*ret_quota = UINT64_MAX;
		return 0;
	}
	if (level < cpus->periods.count)
		return source_read_number(cpus->periods.fds[level], &guest->buffer, ret_period, err);
	text += strspn(text, " ");
	source_take_number(&text, ret_period);
	return 0;
}

/* How many CPUs the smallest quota on the path is worth, rounded up; UINT_MAX without one. */
static int read_quota_cpus(struct view_guest *guest, unsigned int *ret_count, struct error *err)
{
	uint64_t smallest = UINT32_MAX;

	for (size_t i = 0; i < guest->cpus.quotas.count; i++) {
		uint64_t quota = UINT64_MAX, period = 0, count;
		int r = read_quota(guest, i, &quota, &period, err);

		if (r < 0)
			return r;
		if (quota == UINT64_MAX || period == 0)
			continue;
		count = quota / period + (quota % period != 0);
		if (count < smallest)
			smallest = count;
	}
	*ret_count = smallest ? (unsigned int)smallest : 1;
	return 0;
}

void cpus_resize(struct cpus_part *cpus, unsigned int shown)
{
	struct cpus_time *first;

	for (unsigned int i = shown; i < cpus->shown; i++) {
		first = &cpus->times[0];
		first->user += cpus->times[i].user;
		first->system += cpus->times[i].system;
		first->idle += cpus->times[i].idle;
	}
	cpus->times = xreallocarray(cpus->times, shown, sizeof(*cpus->times));
	for (unsigned int i = cpus->shown; i < shown; i++)
		cpus->times[i] = (struct cpus_time){0};
	cpus->shown = shown;
}

const struct cpulist *cpus_list(const struct view_guest *guest)
{
	return guest->cpus.list ? guest->cpus.list : &guest->host->online;
}

/* A list has room for thousands of CPUs; most guests need none of their own. */
static void keep_list(struct view_guest *guest, const struct cpulist *list)
{
	struct cpus_part *cpus = &guest->cpus;

	if (cpulist_equals(list, &guest->host->online)) {
		free(cpus->list);
		cpus->list = NULL;
		return;
	}
	if (!cpus->list)
		cpus->list = xcalloc(1, sizeof(*cpus->list));
	*cpus->list = *list;
}

static int sample_list(struct view_guest *guest, struct error *err)
{
	struct cpus_part *cpus = &guest->cpus;
	struct cpulist list;
	unsigned int shown, quota_cpus;
	int r;

	r = read_list(guest, &list, err);
	if (r >= 0)
		r = read_quota_cpus(guest, &quota_cpus, err);
	if (r < 0)
		return r;
	shown = cpulist_count(&list);
	if (quota_cpus < shown)
		shown = quota_cpus;
	if (shown == cpus->shown && cpulist_equals(&list, cpus_list(guest)))
		return 0;
	keep_list(guest, &list);
	cpus->generation++;
	if (shown != cpus->shown)
		cpus_resize(cpus, shown);
	return 0;
}

/*
 * Their time. A sample gives each CPU shown as much time as has passed: what the guest used as user and system, the
 * rest as idle. So no counter ever runs backwards, and each CPU's sum is the guest's age, whatever the files say
 * and whenever they are read.
 */

/* Takes from `*used` what fits into the room. */
static void give(uint64_t *counter, uint64_t *room, uint64_t *used, uint64_t most)
{
	uint64_t part = *used < most ? *used : most;

	part = part < *room ? part : *room;
	*counter += part;
	*room -= part;
	*used -= part;
}

static void give_both(struct cpus_time *time, struct cpus_usage *used)
{
	give(&time->user, &time->room, &used->user, UINT64_MAX);
	give(&time->system, &time->room, &used->system, UINT64_MAX);
}

/* Evenly, then to whoever has room left. What finds none waits for the next sample, but not for ever. */
static void spread(struct cpus_part *cpus, struct cpus_usage *used)
{
	const struct cpus_usage share = {used->user / cpus->shown, used->system / cpus->shown};
	const uint64_t most = cpus->shown * PENDING_NS;

	for (unsigned int i = 0; i < cpus->shown; i++) {
		give(&cpus->times[i].user, &cpus->times[i].room, &used->user, share.user);
		give(&cpus->times[i].system, &cpus->times[i].room, &used->system, share.system);
	}
	for (unsigned int i = 0; i < cpus->shown; i++)
		give_both(&cpus->times[i], used);
	cpus->pending.user = used->user < most ? used->user : most;
	cpus->pending.system = used->system < most ? used->system : most;
}

static void add(uint64_t *sum, uint64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = UINT64_MAX;
}

/* Since it was read last. The file of a new cgroup begins again from 0. */
static struct cpus_usage take_change(struct cpus_usage *before, const struct cpus_usage *now)
{
	const struct cpus_usage change = {
		now->user > before->user ? now->user - before->user : 0,
		now->system > before->system ? now->system - before->system : 0,
	};

	*before = *now;
	return change;
}

struct cpus_usage *cpus_usage_of(struct cpus_part *cpus, unsigned int number)
{
	if (number >= cpus->usage_count) {
		cpus->usage = xreallocarray(cpus->usage, number + 1, sizeof(*cpus->usage));
		memset(cpus->usage + cpus->usage_count, 0, (number + 1 - cpus->usage_count) * sizeof(*cpus->usage));
		cpus->usage_count = number + 1;
	}
	return &cpus->usage[number];
}

/* "CPU USER SYSTEM" */
static bool parse_usage(const char *line, uint64_t *ret_number, struct cpus_usage *ret_usage)
{
	if (!source_take_number(&line, ret_number) || *ret_number >= CPULIST_MAX || *line++ != ' ' ||
	    !source_take_number(&line, &ret_usage->user) || *line++ != ' ')
		return false;
	return source_take_number(&line, &ret_usage->system);
}

/*
 * v1 tells the time of each of the host's CPUs. Where the guest sees all of its CPUs, it sees whose time it was; what
 * was used elsewhere (before an update) or on more CPUs than it sees (a quota) is spread.
 */
static void account_v1(struct cpus_part *cpus, const struct cpulist *list, const char *text, struct cpus_usage *rest)
{
	const bool is_direct = cpulist_count(list) == cpus->shown;
	unsigned int rank = 0, ranked = 0; /* so many of the list are below `ranked` */

	for (const char *line = text, *end; *line; line = end + (*end == '\n')) {
		struct cpus_usage now, change;
		uint64_t number;

		end = strchrnul(line, '\n');
		if (!parse_usage(line, &number, &now))
			continue;
		change = take_change(cpus_usage_of(cpus, (unsigned int)number), &now);
		if (is_direct && number >= ranked && cpulist_has(list, (unsigned int)number)) {
			while (ranked < number)
				rank += cpulist_has(list, ranked++);
			give_both(&cpus->times[rank], &change);
		}
		add(&rest->user, change.user);
		add(&rest->system, change.system);
	}
}

/* v2 tells the sum only, in microseconds. */
static void account_v2(struct cpus_part *cpus, const char *text, struct cpus_usage *rest)
{
	static const struct source_key keys[] = {
		{"user_usec", offsetof(struct cpus_usage, user)},
		{"system_usec", offsetof(struct cpus_usage, system)},
	};
	struct cpus_usage now = {0}, change;

	source_parse_keys(text, keys, ARRAY_SIZE(keys), &now);
	now.user = now.user < INT64_MAX / 1000 ? now.user * 1000 : INT64_MAX;
	now.system = now.system < INT64_MAX / 1000 ? now.system * 1000 : INT64_MAX;
	change = take_change(cpus_usage_of(cpus, 0), &now);
	add(&rest->user, change.user);
	add(&rest->system, change.system);
}

static void account(struct cpus_part *cpus, const struct cpulist *list, const char *usage, uint64_t age_ns)
{
	struct cpus_usage rest = cpus->pending;
	uint64_t passed = age_ns > cpus->age_ns ? age_ns - cpus->age_ns : 0;

	assert(cpus->shown > 0); /* neither a list nor a quota leaves none */
	for (unsigned int i = 0; i < cpus->shown; i++)
		cpus->times[i].room = passed;
	if (cpus->is_usage_v2)
		account_v2(cpus, usage, &rest);
	else
		account_v1(cpus, list, usage, &rest);
	spread(cpus, &rest);
	for (unsigned int i = 0; i < cpus->shown; i++)
		cpus->times[i].idle += cpus->times[i].room;
	cpus->age_ns += passed;
}

int cpus_sample(struct view_guest *guest, int64_t now_ns, int64_t max_age_ns, struct error *err)
{
	struct cpus_part *cpus = &guest->cpus;
	int r;

	if (cpus->is_open && !guest_is_stale(cpus->taken_ns, now_ns, max_age_ns))
		return 0;
	r = ensure_open(guest, err);
	if (r >= 0)
		r = sample_list(guest, err);
	if (r >= 0)
		r = source_read(cpus->usage_fd, &guest->buffer, err);
	if (r < 0)
		return r;
	account(cpus, cpus_list(guest), guest->buffer.data, guest_age_ns(guest, now_ns));
	cpus->taken_ns = now_ns;
	guest->generation++;
	return 0;
}

uint64_t cpus_idle_ticks(const struct cpus_part *cpus)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < cpus->shown; i++)
		sum += cpus->times[i].idle / TICK_NS;
	return sum;
}
