/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the count of a guest's threads and the averages over it. */
#include "lxcfs/load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/cgroup_walk.h"
#include "kernel/procfs.h"
#include "kernel/taskstats.h"
#include "lxcfs/guest.h"

/* The kernel's factors (include/linux/sched/loadavg.h). */
#define FIXED_ONE (UINT64_C(1) << LOAD_FIXED_BITS)

static const uint64_t factors[LOAD_AVERAGES] = {1884, 2014, 2037};

#define THREADS_MAX       ((size_t)16 << 20)
#define THREADS_LOOKED_AT 1024 /* where each must be asked: the guest decides how many there are, and not how long we look */

struct counting {
	const struct view_guest *guest;
	const char *file; /* that lists the threads of a cgroup */
	struct taskstats_link stats;
	struct taskstats_counts counts;
	size_t looked_at;
};

static uint64_t smaller(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

/*
 * Counting
 */

static int add_by_kernel(int fd, size_t depth, void *data, struct error *err)
{
	struct counting *counting = data;
	int r = taskstats_add_cgroup(&counting->stats, fd, &counting->counts, err);

	(void)depth;
	return r == -ENODEV || r == -ENOENT ? 0 : r; /* removed meanwhile */
}

static void add_thread(struct counting *counting, long tid)
{
	autofree char *path = NULL, *line = NULL;
	struct process_stat stat;

	counting->counts.tasks++;
	if (counting->looked_at++ >= THREADS_LOOKED_AT)
		return;
	path = host_path(counting->guest->host, "proc/%ld/stat", tid);
	if (file_read_line(AT_FDCWD, path, &line, NULL) < 0 || procfs_parse_stat(line, &stat, NULL) < 0)
		return;
	counting->counts.running += stat.state == 'R';
	counting->counts.uninterruptible += stat.state == 'D';
}

static int add_one_by_one(int fd, size_t depth, void *data, struct error *err)
{
	struct counting *counting = data;
	autofree char *threads = NULL;

	(void)depth;
	(void)err;
	if (file_read(fd, counting->file, THREADS_MAX, &threads, NULL, NULL) < 0)
		return 0; /* removed meanwhile */
	for (char *line = threads, *end; *line; line = end) {
		long tid = strtol(line, &end, 10);

		if (end == line)
			break;
		if (tid > 0) /* 0 is one that our pid namespace cannot see */
			add_thread(counting, tid);
		end += strspn(end, "\n");
	}
	return 0;
}

/* The kernel counts for cgroups of v1; a folder of files has no kernel. */
static int count_in(struct counting *counting, const struct cgroup_hierarchy *hierarchy, const char *directory,
		    struct error *err)
{
	struct cgroup_walker walker = {.before = add_one_by_one, .data = counting};
	int r;

	counting->file = hierarchy->is_v2 ? "cgroup.threads" : "tasks";
	if (hierarchy->is_v2 || *counting->guest->host->root || taskstats_open(&counting->stats, NULL) < 0)
		return cgroup_walk(directory, &walker, err);
	walker.before = add_by_kernel;
	r = cgroup_walk(directory, &walker, err);
	taskstats_close(&counting->stats);
	return r;
}

/* In the freezer's hierarchy guests rarely have cgroups of their own: there is little to walk. */
static int count(const struct view_guest *guest, struct taskstats_counts *ret_counts, struct error *err)
{
	static const char *const controllers[] = {"freezer", "pids", "cpuacct", "memory"};
	struct counting counting = {.guest = guest};
	const struct cgroup_hierarchy *hierarchy = NULL;
	autofree char *path = NULL, *directory = NULL;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(controllers) && !hierarchy; i++)
		hierarchy = cgroup_find(&guest->host->cgroups, controllers[i]);
	*ret_counts = (struct taskstats_counts){0};
	if (!hierarchy)
		return 0;
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	if (r < 0)
		return r;
	directory = cgroup_directory(hierarchy, path);
	r = count_in(&counting, hierarchy, directory, err);
	if (r == -ENOENT)
		return error_set(err, -ENOENT, "there is no cgroup %s", directory);
	*ret_counts = counting.counts;
	return r;
}

/*
 * Averages
 */

/* `factor` to the power of `exponent`, rounded as the kernel does at each step. */
static uint64_t power(uint64_t factor, uint64_t exponent)
{
	uint64_t result = FIXED_ONE;

	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = (result * factor + FIXED_ONE / 2) >> LOAD_FIXED_BITS;
		factor = (factor * factor + FIXED_ONE / 2) >> LOAD_FIXED_BITS;
	}
	return result;
}

uint64_t load_decay(uint64_t average, unsigned int which, uint64_t active, uint64_t periods)
{
	const uint64_t goal = (active < LOAD_ACTIVE_MAX ? active : LOAD_ACTIVE_MAX) << LOAD_FIXED_BITS;
	const uint64_t factor = power(factors[which], periods);
	uint64_t next = average * factor + goal * (FIXED_ONE - factor);

	if (goal >= average) /* so that it arrives */
		next += FIXED_ONE - 1;
	return next >> LOAD_FIXED_BITS;
}

static int open_tasks(struct view_guest *guest, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(&guest->host->cgroups, "pids");
	struct load_part *load = &guest->load;
	autofree char *path = NULL;
	int r;

	if (load->is_open)
		return 0;
	load->is_open = true;
	load->tasks_fd = -1;
	if (!hierarchy)
		return 0;
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	if (r >= 0)
		r = source_open_own(hierarchy, path, "pids.current", &load->tasks_fd, err);
	if (r < 0)
		load_close(load);
	return r;
}

void load_close(struct load_part *load)
{
	if (!load->is_open)
		return;
	source_close(&load->tasks_fd);
	load->is_open = false;
}

static int read_tasks(struct view_guest *guest, struct error *err)
{
	struct load_part *load = &guest->load;
	int r;

	r = open_tasks(guest, err);
	if (r >= 0)
		r = source_read_number(load->tasks_fd, &guest->buffer, &load->tasks, err);
	if (r < 0)
		return r;
	load->tasks = smaller(load->tasks, LOAD_ACTIVE_MAX);
	return 0;
}

static int take(struct view_guest *guest, uint64_t periods, struct error *err)
{
	struct load_part *load = &guest->load;
	struct taskstats_counts counts;
	int r;

	r = count(guest, &counts, err);
	if (r < 0)
		return r;
	if (load->tasks_fd < 0)
		load->tasks = smaller(counts.tasks, LOAD_ACTIVE_MAX);
	load->runnable = smaller(counts.running, LOAD_ACTIVE_MAX);
	load->blocked = smaller(counts.uninterruptible, LOAD_ACTIVE_MAX);
	for (unsigned int i = 0; i < LOAD_AVERAGES; i++)
		load->averages[i] = load_decay(load->averages[i], i, counts.running + counts.uninterruptible, periods);
	return 0;
}

/*
 * A guest that nobody asked about is taken to have been as busy all the time as it is now: since it was asked last, or
 * since it began. How many tasks there are is cheap, and read each time: it also tells when the guest is gone.
 */
int load_sample(struct view_guest *guest, int64_t now_ns, struct error *err)
{
	struct load_part *load = &guest->load;
	uint64_t passed_ns = load->taken_ns ? (uint64_t)(now_ns - load->taken_ns) : guest_age_ns(guest, now_ns);
	uint64_t periods = passed_ns / LOAD_PERIOD_NS;
	int r;

	r = read_tasks(guest, err);
	if (r < 0 || (load->taken_ns && (now_ns < load->taken_ns || periods == 0)))
		return r;
	r = take(guest, periods, err);
	if (r < 0)
		return r;
	load->taken_ns = load->taken_ns ? load->taken_ns + (int64_t)periods * LOAD_PERIOD_NS : now_ns;
	guest->generation++;
	return 0;
}

/*
 * Text
 */

/* Two digits, rounded: 4.25 */
static void write_average(uint64_t average, struct text *out)
{
	uint64_t rounded = average + FIXED_ONE / 200;
	uint64_t hundredths = (rounded & (FIXED_ONE - 1)) * 100 >> LOAD_FIXED_BITS;

	text_append_number(out, rounded >> LOAD_FIXED_BITS, 0);
	text_append_bytes(out, hundredths < 10 ? ".0" : ".", hundredths < 10 ? 2 : 1);
	text_append_number(out, hundredths, 0);
	text_append_bytes(out, " ", 1);
}

/* The last pid of the guest cannot be seen from outside: as many as there are is the smallest that it can be. */
void load_write_loadavg(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	const struct load_part *load = &guest->load;
	uint64_t tasks = load->tasks ? load->tasks : 1;
	uint64_t runnable = load->runnable ? smaller(load->runnable, tasks) : 1;

	(void)cpu;
	for (unsigned int i = 0; i < LOAD_AVERAGES; i++)
		write_average(load->averages[i], out);
	text_append_number(out, runnable, 0);
	text_append_bytes(out, "/", 1);
	text_append_number(out, tasks, 0);
	text_append_bytes(out, " ", 1);
	text_append_number(out, tasks, 0);
	text_append_bytes(out, "\n", 1);
}
