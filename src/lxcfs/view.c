/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the table of all views. */
#include "lxcfs/view.h"

#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "lxcfs/guest.h"

#define CPU_NAME "cpuN"

enum view_part {
	NEEDS_NOTHING = 0,
	NEEDS_MEMORY = 1 << 0,
	NEEDS_CPUS = 1 << 1,
	NEEDS_LOAD = 1 << 2,
	NEEDS_DISKS = 1 << 3,
};

/* A file is made from samples by `write`, or is the kernel's own text for the guest by `read`, or the same for everybody. */
struct view_node {
	unsigned int needs;
	void (*write)(const struct view_guest *guest, unsigned int cpu, struct text *out);
	int (*read)(struct view_guest *guest, struct text *out, struct error *err);
	const char *constant;
	bool (*is_there)(struct view_guest *guest, unsigned int cpu); /* NULL: always */
};

static bool is_cpu_there(struct view_guest *guest, unsigned int cpu)
{
	return cpu < guest->cpus.shown;
}

/* CPU 0 cannot be switched off: the kernel gives it no such file. */
static bool is_online_there(struct view_guest *guest, unsigned int cpu)
{
	return cpu > 0 && is_cpu_there(guest, cpu);
}

static bool is_pressure_there(struct view_guest *guest, unsigned int cpu)
{
	(void)cpu;
	return pressure_open(guest, NULL) >= 0 && guest->pressure.fds[PRESSURE_CPU] >= 0;
}

static int read_pressure_cpu(struct view_guest *guest, struct text *out, struct error *err)
{
	return pressure_read(guest, PRESSURE_CPU, out, err);
}

static int read_pressure_memory(struct view_guest *guest, struct text *out, struct error *err)
{
	return pressure_read(guest, PRESSURE_MEMORY, out, err);
}

static int read_pressure_io(struct view_guest *guest, struct text *out, struct error *err)
{
	return pressure_read(guest, PRESSURE_IO, out, err);
}

static const char slabinfo[] =
	"slabinfo - version: 2.1\n"
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> "
	"<sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n";

#define CPU_DIR "sys/devices/system/cpu"
#define ONE_CPU CPU_DIR "/" CPU_NAME

#define NODE(path, mode, life, ...) \
	{ \
		path, mode, life, &(const struct view_node) \
		{ \
			__VA_ARGS__ \
		} \
	}
#define DIRECTORY(path) \
	{ \
		path, S_IFDIR | 0555, VIEW_CONSTANT, NULL \
	}
#define LIVE(path, ...)         NODE(path, S_IFREG | 0444, VIEW_LIVE, __VA_ARGS__)
#define OF_CPUS(path, function) NODE(path, S_IFREG | 0444, VIEW_CPUS, .needs = NEEDS_CPUS, .write = (function))
#define CONSTANT(path, text)    NODE(path, S_IFREG | 0444, VIEW_CONSTANT, .constant = (text))
#define PRESSURE(name)          LIVE("proc/pressure/" #name, .read = read_pressure_##name, .is_there = is_pressure_there)
/* Of one CPU. */
#define TOPOLOGY(name, function) \
	NODE(ONE_CPU "/topology/" name, S_IFREG | 0444, VIEW_CPUS, .needs = NEEDS_CPUS, .write = (function), \
	     .is_there = is_cpu_there)
#define TOPOLOGY_ZERO(name) \
	NODE(ONE_CPU "/topology/" name, S_IFREG | 0444, VIEW_CPUS, .needs = NEEDS_CPUS, .constant = "0\n", \
	     .is_there = is_cpu_there)

/*
 * Parents before children. Each CPU is a socket with one core and one thread, as in cpuinfo. A row's place is part of inode numbers, by which guests hold files over upgrades
 * of the server: new rows go to the end, and one that is no more is never there (.is_there). test_view.c knows all places.
 */
static const struct view views[] = {
	DIRECTORY(""),
	DIRECTORY("proc"),
	OF_CPUS("proc/cpuinfo", cpus_write_cpuinfo),
	LIVE("proc/diskstats", .needs = NEEDS_DISKS, .write = disks_write_diskstats),
	LIVE("proc/loadavg", .needs = NEEDS_LOAD, .write = load_write_loadavg),
	LIVE("proc/meminfo", .needs = NEEDS_MEMORY, .write = memory_write_meminfo),
	LIVE("proc/partitions", .needs = NEEDS_DISKS, .write = disks_write_partitions),
	NODE("proc/pressure", S_IFDIR | 0555, VIEW_CONSTANT, .is_there = is_pressure_there),
	PRESSURE(cpu),
	PRESSURE(io),
	PRESSURE(memory),
	CONSTANT("proc/slabinfo", slabinfo),
	LIVE("proc/stat", .needs = NEEDS_CPUS | NEEDS_LOAD, .write = cpus_write_stat),
	LIVE("proc/swaps", .needs = NEEDS_MEMORY, .write = memory_write_swaps),
	LIVE("proc/uptime", .needs = NEEDS_CPUS, .write = cpus_write_uptime),
	DIRECTORY("sys"),
	DIRECTORY("sys/devices"),
	DIRECTORY("sys/devices/system"),
	DIRECTORY(CPU_DIR),
	CONSTANT(CPU_DIR "/isolated", "\n"),
	NODE(CPU_DIR "/kernel_max", S_IFREG | 0444, VIEW_CONSTANT, .write = cpus_write_kernel_max),
	CONSTANT(CPU_DIR "/offline", "\n"),
	OF_CPUS(CPU_DIR "/online", cpus_write_list),
	OF_CPUS(CPU_DIR "/possible", cpus_write_list),
	OF_CPUS(CPU_DIR "/present", cpus_write_list),
	NODE(ONE_CPU, S_IFDIR | 0555, VIEW_CPUS, .is_there = is_cpu_there),
	NODE(ONE_CPU "/online", S_IFREG | 0444, VIEW_CPUS, .needs = NEEDS_CPUS, .constant = "1\n",
	     .is_there = is_online_there),
	NODE(ONE_CPU "/topology", S_IFDIR | 0555, VIEW_CPUS, .is_there = is_cpu_there),
	TOPOLOGY("core_cpus", cpus_write_mask),
	TOPOLOGY("core_cpus_list", cpus_write_number),
	TOPOLOGY_ZERO("core_id"),
	TOPOLOGY("core_siblings", cpus_write_mask),
	TOPOLOGY("core_siblings_list", cpus_write_number),
	TOPOLOGY_ZERO("die_id"),
	TOPOLOGY("package_cpus", cpus_write_mask),
	TOPOLOGY("package_cpus_list", cpus_write_number),
	TOPOLOGY("physical_package_id", cpus_write_number),
	TOPOLOGY("thread_siblings", cpus_write_mask),
	TOPOLOGY("thread_siblings_list", cpus_write_number),
};

/*
 * The tree
 */

const struct view *view_at(size_t number)
{
	return number < ARRAY_SIZE(views) ? &views[number] : NULL;
}

size_t view_number(const struct view *view)
{
	return (size_t)(view - views);
}

/* The length of the parent's path. */
static size_t parent_length(const struct view *view)
{
	const char *slash = strrchr(view->path, '/');

	return slash ? (size_t)(slash - view->path) : 0;
}

bool view_is_child(const struct view *directory, const struct view *view)
{
	size_t length = parent_length(view);

	return S_ISDIR(directory->mode) && *view->path && strlen(directory->path) == length &&
	       strncmp(directory->path, view->path, length) == 0;
}

/* "cpu17", in the only way to write it; moves behind it. */
static bool take_cpu(const char **path, unsigned int *ret_cpu)
{
	const char *digits = *path + strlen("cpu"), *end = digits;
	uint64_t number;

	if (strncmp(*path, "cpu", strlen("cpu")) != 0 || !source_take_number(&end, &number) || number >= CPULIST_MAX ||
	    (*digits == '0' && end - digits > 1))
		return false;
	*path = end;
	*ret_cpu = (unsigned int)number;
	return true;
}

static bool match_path(const char *pattern, const char *path, unsigned int *ret_cpu)
{
	*ret_cpu = 0;
	while (*pattern) {
		if (strncmp(pattern, CPU_NAME, strlen(CPU_NAME)) == 0) {
			if (!take_cpu(&path, ret_cpu))
				return false;
			pattern += strlen(CPU_NAME);
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return !*path;
}

const struct view *view_find(const char *path, unsigned int *ret_cpu)
{
	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		if (match_path(views[i].path, path, ret_cpu))
			return &views[i];
	return NULL;
}

bool view_is_there(struct view_guest *guest, const struct view *view, unsigned int cpu)
{
	return !view->node || !view->node->is_there || view->node->is_there(guest, cpu);
}

unsigned int view_guest_cpus(const struct view_guest *guest)
{
	return guest->cpus.shown;
}

uint64_t view_guest_cpus_generation(const struct view_guest *guest)
{
	return guest->cpus.generation;
}

/*
 * The texts
 */

static int sample(struct view_guest *guest, unsigned int needs, int64_t now_ns, int64_t max_age_ns, struct error *err)
{
	int r = 0;

	if (needs & NEEDS_MEMORY)
		r = memory_sample(guest, now_ns, max_age_ns, err);
	if (r >= 0 && needs & NEEDS_CPUS)
		r = cpus_sample(guest, now_ns, max_age_ns, err);
	if (r >= 0 && needs & NEEDS_LOAD)
		r = load_sample(guest, now_ns, err);
	if (r >= 0 && needs & NEEDS_DISKS)
		r = disks_sample(guest, now_ns, max_age_ns, err);
	return r;
}

static int make_text(struct view_guest *guest, const struct view *view, unsigned int cpu, struct text *out,
		     struct error *err)
{
	const struct view_node *node = view->node;

	if (!view_is_there(guest, view, cpu))
		return error_set(err, -ENOENT, "the guest has none (CPU %u)", cpu);
	if (node->read)
		return node->read(guest, out, err);
	if (node->write)
		node->write(guest, cpu, out);
	else
		text_append(out, node->constant);
	return 0;
}

int view_render(struct view_guest *guest, const struct view *view, unsigned int cpu, int64_t now_ns, int64_t max_age_ns,
		struct text *out, struct error *err)
{
	int r;

	text_clear(out);
	if (S_ISDIR(view->mode))
		return error_set(err, -EISDIR, "/%s is a directory", view->path);
	r = sample(guest, view->node->needs, now_ns, max_age_ns, err);
	if (r >= 0)
		r = make_text(guest, view, cpu, out, err);
	/* Many guests, few of which are looked at: what was read is not kept. */
	source_buffer_release(&guest->buffer);
	return r < 0 ? error_prefix(err, "cannot make /%s", view->path) : 0;
}

int view_guest_sample_cpus(struct view_guest *guest, int64_t now_ns, int64_t max_age_ns, struct error *err)
{
	int r = cpus_sample(guest, now_ns, max_age_ns, err);

	source_buffer_release(&guest->buffer);
	return r;
}

int view_guest_sample_load(struct view_guest *guest, int64_t now_ns, struct error *err)
{
	int r = load_sample(guest, now_ns, err);

	source_buffer_release(&guest->buffer);
	return r;
}
