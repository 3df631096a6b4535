/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The proc view: which files of /proc and /sys a guest sees, and their text from the files of the host. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

/*
 * Who serves the view (FUSE, a test, a benchmark) opens the host once and each guest once, and then asks for texts.
 * All that is read is below one folder: "" is this machine, anything else looks like one (tests/fixtures/procview).
 * Nothing here locks: calls with the same guest take turns; guests are independent of each other, and the host may
 * be shared by threads as long as nobody frees it.
 */

/*
 * The host
 */

struct view_host;

/* Reads what stays: CPUs, the layout of meminfo, cgroup hierarchies. Keeps two descriptors. */
int view_host_open(const char *root, struct view_host **ret_host, struct error *err);
/* After all of its guests. Takes NULL. */
void view_host_free(struct view_host *host);

/*
 * A guest
 */

#define VIEW_DISK_COUNTERS 17 /* of a line in diskstats (Linux 5.5) */

/* A block device, disk or partition, that the guest may use. Who may use what, only the manager knows. */
struct view_disk {
	unsigned int major_number, minor_number;
	const char *name; /* in the guest's /dev, "mapper/data" too; neither blanks nor control characters */
	/*
	 * Is it this guest's alone? Then its counters in the host's diskstats since `baseline` are the guest's own, on every
	 * kernel. Else they come from the cgroup, where it counts.
	 */
	bool is_exclusive;
	uint64_t baseline[VIEW_DISK_COUNTERS]; /* by view_host_read_disk() when it was attached */
};

/* What a guest is. Borrowed by the calls that take it; they copy what they keep. */
struct view_subject {
	/* The one with the limits, the same path in all hierarchies. NULL: where init is, without a last "/init.scope". */
	const char *cgroup;
	/* Instead of where init is, without a cgroup of its own: the content of some process's /proc/PID/cgroup; NULL: none. */
	const char *places;
	pid_t init;          /* the guest's PID 1, as our pid namespace calls it */
	bool has_quota_view; /* show a CPU quota as a number of CPUs */
	dev_t root_device;   /* of the guest's root file system (st_dev): its disk is shown as sda; 0 is none */
	const struct view_disk *disks;
	size_t disk_count;
};

struct view_guest;

/*
 * -ESRCH when init is gone, -ENOENT when the cgroup is. Reads the start of init and its time namespace once. No
 * descriptor of its cgroup is opened before a view needs it.
 */
int view_guest_open(const struct view_host *host, const struct view_subject *subject, struct view_guest **ret_guest,
		    struct error *err);
void view_guest_free(struct view_guest *guest); /* takes NULL */
/* Attached, detached. On failure (-EINVAL: a name) the old ones stay. */
int view_guest_set_disks(struct view_guest *guest, dev_t root_device, const struct view_disk *disks, size_t count,
			 struct error *err);
/* Limits or controllers were changed (`update`): the next texts are read anew, from newly opened files. */
void view_guest_expire(struct view_guest *guest);
/*
 * Which CPUs the guest has, as of the last sample: how many directories cpuN there are, and a number that changes with
 * them. A text of VIEW_CPUS is the same as long as that is. view_guest_sample_cpus() asks the kernel without making a text.
 */
int view_guest_sample_cpus(struct view_guest *guest, int64_t now_ns, int64_t max_age_ns, struct error *err);
unsigned int view_guest_cpus(const struct view_guest *guest);
uint64_t view_guest_cpus_generation(const struct view_guest *guest);
/*
 * Takes the load if 5 s have passed since it was taken last. The views do so themselves; with a timer that calls
 * this for guests whose loadavg somebody reads, the average is of all moments and readers never wait for the count.
 */
int view_guest_sample_load(struct view_guest *guest, int64_t now_ns, struct error *err);
/*
 * What the counters and averages of a guest need so as not to run backwards after the server died: appended as text;
 * taken by a guest just opened. -EINVAL for text that is none of ours, -ESTALE for that of an earlier start of the guest; then
 * nothing is changed.
 */
void view_guest_save(const struct view_guest *guest, struct text *out);
/* Changes with what view_guest_save() saves; 0 for a guest just opened. */
uint64_t view_guest_generation(const struct view_guest *guest);
int view_guest_restore(struct view_guest *guest, const char *saved, struct error *err);

/* What diskstats of the host says of a device now. -ENODEV when it is not there. */
int view_host_read_disk(const struct view_host *host, unsigned int major_number, unsigned int minor_number,
			uint64_t ret_counters[VIEW_DISK_COUNTERS], struct error *err);

/*
 * The views
 */

enum view_life {
	VIEW_CONSTANT, /* never changes */
	VIEW_CPUS,     /* changes with view_guest_cpus_generation() only */
	VIEW_LIVE,
};

/*
 * A directory or a file. `path` is relative to the mount, and "cpuN" in it stands for as many names as the guest has
 * CPUs: whoever names a file also gives the number, 0 where there is none in the path. The address is the identity;
 * view_number() is as good, and the same in every process of every version.
 */
struct view {
	const char *path; /* "" is the top, "proc/meminfo", "sys/devices/system/cpu/cpuN/online" */
	mode_t mode;      /* S_IFDIR | 0555 or S_IFREG | 0444 */
	enum view_life life;
	const struct view_node *node; /* how it is made; ours */
};

const struct view *view_at(size_t number); /* NULL behind the last; 0 is the top; parents come before children */
size_t view_number(const struct view *view);
/* By path with the CPU's number in it, as a reader writes it; NULL for what is in no guest. *ret_cpu may be too large for this one. */
const struct view *view_find(const char *path, unsigned int *ret_cpu);
/* Is this view a direct child of that directory? Its name there is what stands behind the last slash, "cpuN" for the CPUs. */
bool view_is_child(const struct view *directory, const struct view *view);
/*
 * Does the guest have it, as of the last sample? It has no directories of CPUs that it does not see, and no pressure
 * where the kernel counts none for it.
 */
bool view_is_there(struct view_guest *guest, const struct view *view, unsigned int cpu);

/*
 * Puts the whole text of a file into `out`, in place of what is there (its memory is used again). `now_ns` is
 * CLOCK_BOOTTIME. What was read of the kernel up to `max_age_ns` ago is good enough; files that speak of the same
 * things are made of the same reading. -ENODEV or -ENOENT when the guest is gone, never text of the host instead.
 */
int view_render(struct view_guest *guest, const struct view *view, unsigned int cpu, int64_t now_ns, int64_t max_age_ns,
		struct text *out, struct error *err);
