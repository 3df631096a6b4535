/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns who a guest is: its cgroups, and when its time began. */
#include "lxcfs/guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/procfs.h"

#define SECOND_NS INT64_C(1000000000)
#define TICK_NS   (SECOND_NS / 100)

static int read_init(const struct view_host *host, pid_t pid, struct process_stat *ret_stat, struct error *err)
{
	autofree char *path = host_path(host, "proc/%d/stat", (int)pid), *line = NULL;
	int r;

	r = file_read_line(AT_FDCWD, path, &line, NULL);
	if (r == -ENOENT || r == -ESRCH)
		return error_set(err, -ESRCH, "the guest's process %d is gone", (int)pid);
	if (r < 0)
		return error_set(err, r, "cannot read %s: %s", path, strerror(-r));
	r = procfs_parse_stat(line, ret_stat, err);
	return r < 0 ? error_prefix(err, "%s", path) : 0;
}

/* The boottime offset of the guest's time namespace (time_namespaces(7)); 0 without. */
static int64_t read_clock_offset(const struct view_host *host, pid_t pid)
{
	autofree char *path = host_path(host, "proc/%d/timens_offsets", (int)pid), *offsets = NULL;
	const char *line;
	long long seconds;
	long nanoseconds;

	if (file_read(AT_FDCWD, path, 4096, &offsets, NULL, NULL) < 0)
		return 0;
	line = strstr(offsets, "boottime");
	if (!line || sscanf(line, "boottime %lld %ld", &seconds, &nanoseconds) != 2)
		return 0;
	/* The kernel allows 146 years at most. */
	if (seconds > INT64_MAX / SECOND_NS - 1 || seconds < INT64_MIN / SECOND_NS + 1)
		return 0;
	return seconds * SECOND_NS + nanoseconds % SECOND_NS;
}

static int64_t find_epoch(const struct view_host *host, const struct process_stat *init, pid_t pid)
{
	int64_t offset_ns = read_clock_offset(host, pid);
	uint64_t start = init->start_time;

	if (offset_ns)
		return -offset_ns;
	return start > INT64_MAX / TICK_NS ? 0 : (int64_t)start * TICK_NS;
}

static uint64_t find_boot_time(const struct view_host *host, int64_t epoch_ns)
{
	int64_t time_s;

	if (__builtin_add_overflow((int64_t)host->boot_time_s, epoch_ns / SECOND_NS, &time_s) || time_s < 0)
		return 0;
	return (uint64_t)time_s;
}

int view_guest_open(const struct view_host *host, const struct view_subject *subject, struct view_guest **ret_guest,
		    struct error *err)
{
	struct view_guest *guest;
	struct process_stat init;
	int r;

	r = read_init(host, subject->init, &init, err);
	if (r >= 0 && subject->cgroup)
		r = cgroup_path_check(subject->cgroup, err);
	if (r >= 0 && subject->cgroup && !cgroup_exists(&host->cgroups, subject->cgroup))
		r = error_set(err, -ENOENT, "there is no cgroup %s", subject->cgroup);
	if (r < 0)
		return r;
	guest = xcalloc(1, sizeof(*guest));
	*guest = (struct view_guest){
		.host = host,
		.cgroup = xstrdup(subject->cgroup),
		.places = xstrdup(subject->places),
		.init = subject->init,
		.init_start = init.start_time,
		.has_quota_view = subject->has_quota_view,
		.epoch_ns = find_epoch(host, &init, subject->init),
	};
	guest->boot_time_s = find_boot_time(host, guest->epoch_ns);
	r = view_guest_set_disks(guest, subject->root_device, subject->disks, subject->disk_count, err);
	if (r < 0) {
		view_guest_free(guest);
		return r;
	}
	*ret_guest = guest;
	return 0;
}

void view_guest_expire(struct view_guest *guest)
{
	memory_close(&guest->memory);
	cpus_close(&guest->cpus);
	load_close(&guest->load);
	disks_close(&guest->disks);
	pressure_close(&guest->pressure);
}

void view_guest_free(struct view_guest *guest)
{
	if (!guest)
		return;
	view_guest_expire(guest);
	cpus_release(&guest->cpus);
	disks_release(&guest->disks);
	source_buffer_release(&guest->buffer);
	free(guest->cgroup);
	free(guest->places);
	free(guest);
}

uint64_t guest_age_ns(const struct view_guest *guest, int64_t now_ns)
{
	int64_t age_ns;

	if (__builtin_sub_overflow(now_ns, guest->epoch_ns, &age_ns) || age_ns < 0)
		return 0;
	return (uint64_t)age_ns;
}

bool guest_is_stale(int64_t taken_ns, int64_t now_ns, int64_t max_age_ns)
{
	return !taken_ns || now_ns - taken_ns > max_age_ns;
}

/* systemd as PID 1 lives in a cgroup of its own, below that of its machine. */
static void cut_init_scope(char *path)
{
	static const char scope[] = "/init.scope";
	size_t length = strlen(path), cut = sizeof(scope) - 1;

	if (length > cut && strcmp(path + length - cut, scope) == 0)
		path[length - cut] = '\0';
}

/* The pid is only a name: it must still be that of the guest's init when its cgroup was read. */
static int ask_init(const struct view_guest *guest, const struct cgroup_hierarchy *hierarchy, char **ret_path,
		    struct error *err)
{
	struct process_stat init;
	int r;

	r = cgroup_of_process_in(&guest->host->cgroups, hierarchy, guest->init, ret_path, err);
	if (r >= 0)
		r = read_init(guest->host, guest->init, &init, err);
	if (r >= 0 && init.start_time != guest->init_start)
		r = error_set(err, -ESRCH, "the guest's process %d is gone", (int)guest->init);
	return r;
}

int guest_find_cgroup(const struct view_guest *guest, const struct cgroup_hierarchy *hierarchy, char **ret_path,
		      struct error *err)
{
	autofree char *path = xstrdup(guest->cgroup);
	int r = 0;

	if (!path) {
		r = guest->places ? cgroup_parse_place(guest->places, hierarchy, &path, err)
				  : ask_init(guest, hierarchy, &path, err);
		if (r < 0)
			return r;
		cut_init_scope(path);
	}
	*ret_path = steal_ptr(path);
	return 0;
}
