/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is mounted into a guest, and in which order: a plan that is made on the host. */
#include "container/mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/memory.h"
#include "container/host_channel.h"
#include "container/mount_plan.h"
#include "container/mount_source.h"
#include "kernel/mount.h"
#include "kernel/mount_lock.h"
#include "kernel/namespace.h"
#include "kernel/root.h"
#include "kernel/userns.h"

/*
 * What a root that is the host's root could learn or do by these; a guest with ids of its own is kept away by the kernel, which asks for
 * the host's root. They are left uncovered there, because a covered /proc keeps nested containers from mounting theirs.
 */
static const char *const masked_paths[] = {
	"/proc/acpi", "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",           "/proc/sched_debug",
	"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
};
static const char *const read_only_paths[] = {"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq"};
/* liblxc's lxc.mount.auto = proc:mixed, for every guest. */
static const char *const always_read_only_paths[] = {"/proc/sys", "/proc/sysrq-trigger"};

static bool is_confined_host_root(const struct spec *spec)
{
	return !spec_is_remapped(spec) && !spec->is_privileged;
}

static void plan_release(struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->items[i].target);
		if (plan->items[i].tree_fd >= 0)
			close(plan->items[i].tree_fd);
	}
	free(plan->items);
	if (plan->userns_fd >= 0)
		close(plan->userns_fd);
	if (plan->proc_fd >= 0)
		close(plan->proc_fd);
}

/* Takes tree_fd over. */
static struct mount_operation *add(struct mount_plan *plan, const char *target, int tree_fd)
{
	plan->items = xreallocarray(plan->items, plan->count + 1, sizeof(*plan->items));
	plan->items[plan->count] = (struct mount_operation){.target = xstrdup(target), .tree_fd = tree_fd};
	return &plan->items[plan->count++];
}

/* --- mounts ---------------------------------------------------------------------------------------------------------------- */

static int add_mount(struct mount_plan *plan, const struct spec_mount *mount, struct error *err)
{
	int tree = mount_source_open(plan->spec, plan->userns_fd, mount, err);

	if (tree < 0)
		return error_prefix(err, "cannot mount %s", mount->target);
	add(plan, mount->target, tree)->is_locked = mount->is_read_only && plan->userns_fd >= 0;
	return 0;
}

/*
 * What a system needs and no option asked for. With a read-only root these are what it cannot do without: temporary files, and the state directory
 * of systemd itself, in trees that have it.
 */
static int add_own(struct mount_plan *plan, struct error *err)
{
	const struct spec_mounts *mounts = &plan->spec->mounts;
	const struct {
		const char *target;
		int mode;
		uint64_t size_bytes;
		bool is_optional, is_for_read_only;
	} own[] = {
		{"/dev/shm", 01777, mounts->shm_bytes ? mounts->shm_bytes : SPEC_SHM_BYTES, false, false},
		{"/tmp", 01777, 0, false, true},
		{"/var/tmp", 01777, 0, false, true},
		{"/var/lib/systemd", 0755, 0, true, true},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(own); i++) {
		const struct spec_mount mount = {
			.type = SPEC_MOUNT_TMPFS,
			.target = (char *)own[i].target,
			.mode = own[i].mode,
			.size_bytes = own[i].size_bytes,
			.has_no_suid = true,
			.has_no_dev = true,
		};

		if (spec_mounts_cover(mounts, own[i].target) || (own[i].is_for_read_only && !mounts->is_root_read_only))
			continue;
		r = add_mount(plan, &mount, err);
		if (r == 0)
			plan->items[plan->count - 1].is_optional = own[i].is_optional;
	}
	return r;
}

static int add_channel(struct mount_plan *plan, struct error *err)
{
	const struct spec_host_channel *channel = &plan->spec->mounts.channel;
	int tree;

	if (!channel->source)
		return 0;
	tree = host_channel_open(plan->spec, err);
	if (tree < 0)
		return tree;
	add(plan, channel->target, tree)->is_locked = channel->is_read_only && plan->userns_fd >= 0;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct mount_operation *)a)->target, ((const struct mount_operation *)b)->target);
}

static int plan_mounts(struct mount_plan *plan, struct error *err)
{
	const struct spec_mounts *mounts = &plan->spec->mounts;
	int r = add_own(plan, err);

	for (size_t i = 0; r == 0 && i < mounts->list.count; i++)
		r = add_mount(plan, &mounts->list.items[i], err);
	if (r == 0)
		r = add_channel(plan, err);
	if (r == 0)
		qsort(plan->items, plan->count, sizeof(*plan->items), compare);
	return r;
}

/* --- masks ----------------------------------------------------------------------------------------------------------------- */

/* The host's null device and nothing that somebody put in its place. */
static int clone_null(struct error *err)
{
	autoclose int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot open /dev/null");
	if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3))
		return error_set(err, -ENODEV, "the host's /dev/null is not the null device");
	return mount_clone(fd, "", AT_RECURSIVE, err);
}

static int new_empty(struct error *err)
{
	const struct mount_tmpfs tmpfs = {.name = "tmpfs", .size_bytes = SPEC_TMPFS_MIN, .mode = 0555};

	return mount_new_tmpfs(&tmpfs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
}

static void add_kernels(struct mount_plan *plan, const char *target, int tree_fd)
{
	struct mount_operation *operation = add(plan, target, tree_fd);

	operation->is_kernels = operation->is_optional = true;
}

/* The host's /proc and /sys are those of the same kernel: what is a directory here is one there. */
static int plan_masks(struct mount_plan *plan, struct error *err)
{
	struct stat status;

	if (!is_confined_host_root(plan->spec))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(masked_paths); i++) {
		int tree;

		if (lstat(masked_paths[i], &status) < 0)
			continue;
		tree = S_ISDIR(status.st_mode) ? new_empty(err) : clone_null(err);
		if (tree < 0)
			return tree;
		add_kernels(plan, masked_paths[i], tree);
	}
	for (size_t i = 0; i < ARRAY_SIZE(read_only_paths); i++)
		add_kernels(plan, read_only_paths[i], -1);
	return 0;
}

/* --- the steps ----------------------------------------------------------------------------------------------------------- */

static int lock_attributes(struct mount_plan *plan, struct error *err)
{
	autofree int *fds = xcalloc(plan->count + 1, sizeof(*fds));
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].is_locked)
			fds[count++] = plan->items[i].tree_fd;
	if (count == 0)
		return 0;
	return mount_lock(fds, count, err);
}

int mounts_apply(const struct spec *spec, pid_t init, int init_pidfd, struct error *err)
{
	autorelease(plan_release) struct mount_plan plan = {.spec = spec, .userns_fd = -1, .proc_fd = -1};
	int r = 0;

	plan.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (plan.proc_fd < 0)
		return error_set_errno(err, "cannot open /proc");
	if (spec_is_remapped(spec))
		plan.userns_fd = r = userns_open_of(init, err);
	if (r >= 0)
		r = plan_mounts(&plan, err);
	if (r >= 0)
		r = plan_masks(&plan, err);
	if (r >= 0)
		r = lock_attributes(&plan, err);
	return r < 0 ? r : mount_plan_attach(&plan, init, init_pidfd, err);
}

static int close_root(void *data, struct error *err)
{
	autoclose int root = root_open_own(err);
	int r;

	(void)data;
	if (root < 0)
		return root;
	r = mount_change(root, &(struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}, 0, err);
	return r < 0 ? error_prefix(err, "cannot make the guest's root read-only") : 0;
}

int mounts_close_root(const struct spec *spec, int init_pidfd, struct error *err)
{
	return spec->mounts.is_root_read_only ? namespace_run(init_pidfd, CLONE_NEWNS, close_root, NULL, err) : 0;
}

static void append_all(const char *const *paths, size_t count, struct strings *ret_paths)
{
	for (size_t i = 0; i < count; i++)
		strings_append(ret_paths, paths[i]);
}

void mounts_list_masked(const struct spec *spec, struct strings *ret_paths)
{
	if (is_confined_host_root(spec))
		append_all(masked_paths, ARRAY_SIZE(masked_paths), ret_paths);
}

void mounts_list_read_only(const struct spec *spec, struct strings *ret_paths)
{
	if (is_confined_host_root(spec))
		append_all(read_only_paths, ARRAY_SIZE(read_only_paths), ret_paths);
	append_all(always_read_only_paths, ARRAY_SIZE(always_read_only_paths), ret_paths);
}
