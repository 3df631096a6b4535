/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the mounts of a guest: a plan that is made on the host, and carried out in the guest's mount namespace. */
#include "container/mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/host_channel.h"
#include "kernel/image.h"
#include "kernel/mount.h"
#include "kernel/mount_lock.h"
#include "kernel/namespace.h"
#include "kernel/root.h"

/* Where locked mounts wait inside until they are moved on: always there, and no target of anybody. */
#define STAGE "/proc"

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

struct operation {
	char *target;
	int tree_fd;      /* what is attached there; -1: what is there already, made read-only */
	bool is_locked;   /* its attributes are kept from the guest's root, see kernel/mount_lock.h */
	bool is_optional; /* only where there is something at the target */
	bool is_kernels;  /* a path of /proc or /sys: must be there, and really be theirs */
};

struct plan {
	const struct spec *spec;
	int userns_fd; /* the guest's; -1: its ids are the host's */
	int proc_fd;   /* the host's /proc: the guest's may be anything */
	int stage_fd;
	struct operation *items;
	size_t count;
};

static bool is_remapped(const struct spec *spec)
{
	return spec->idmap.size != 0;
}

static bool is_confined_host_root(const struct spec *spec)
{
	return !is_remapped(spec) && !spec->is_privileged;
}

static void plan_release(struct plan *plan)
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
	if (plan->stage_fd >= 0)
		close(plan->stage_fd);
}

/* Takes tree_fd over. */
static struct operation *add(struct plan *plan, const char *target, int tree_fd)
{
	plan->items = xreallocarray(plan->items, plan->count + 1, sizeof(*plan->items));
	plan->items[plan->count] = (struct operation){.target = xstrdup(target), .tree_fd = tree_fd};
	return &plan->items[plan->count++];
}

/* --- on the host: sources ------------------------------------------------------------------------------------------------ */

static int open_source(const char *path, struct error *err)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? error_set_errno(err, "cannot find the source %s", path) : fd;
}

static bool is_shared(const struct spec_mount *mount)
{
	return mount->propagation == SPEC_PROPAGATION_SHARED || mount->propagation == SPEC_PROPAGATION_RSHARED;
}

static bool is_slave(const struct spec_mount *mount)
{
	return mount->propagation == SPEC_PROPAGATION_SLAVE || mount->propagation == SPEC_PROPAGATION_RSLAVE;
}

/* Without a peer on the host nothing would propagate, which whoever asked for it should know. */
static int check_propagation(const struct spec *spec, const struct spec_mount *mount, int source_fd, struct error *err)
{
	autorelease(mount_info_release) struct mount_info info = {0};
	const char *name = spec_propagation_names[mount->propagation];
	int r;

	if (!is_shared(mount) && !is_slave(mount))
		return 0;
	if (is_shared(mount) && is_remapped(spec))
		return error_set(
			err, -EPERM,
			"%s: %s would let a guest with ids of its own mount into the host; use rslave, or --user-remap none",
			mount->source, name);
	r = mount_describe(source_fd, &info, err);
	if (r < 0)
		return r;
	if (info.is_shared || (info.is_slave && is_slave(mount)))
		return 0;
	return error_set(err, -EINVAL,
			 "%s: %s needs a source that lies on a shared mount; run on the host: mount --make-shared",
			 mount->source, name);
}

static int explain_shift(const struct spec_mount *mount, int source_fd, struct error *err)
{
	autorelease(mount_info_release) struct mount_info info = {0};

	mount_describe(source_fd, &info, NULL);
	return error_set(
		err, -EOPNOTSUPP,
		"the file system of %s (%s), or of what is mounted below it, cannot be mounted with shifted ids. Use the option "
		"noshift, with which the guest sees the host's ids, or put it on ext4, xfs, btrfs or a tmpfs",
		mount->source, info.type ? info.type : "unknown");
}

static uint64_t attributes_of(const struct spec_mount *mount)
{
	return (mount->is_read_only ? MOUNT_ATTR_RDONLY : 0) | (mount->has_no_exec ? MOUNT_ATTR_NOEXEC : 0) |
	       (mount->has_no_suid ? MOUNT_ATTR_NOSUID : 0) | (mount->has_no_dev ? MOUNT_ATTR_NODEV : 0);
}

/* Also what is mounted below it comes along, and all of it gets the same propagation. */
static int change_bind(const struct spec_mount *mount, int tree, struct error *err)
{
	unsigned long propagation = is_shared(mount) ? 0 : is_slave(mount) ? MS_SLAVE : MS_PRIVATE;

	return mount_change(tree, attributes_of(mount), propagation, err);
}

static int open_bind(const struct plan *plan, const struct spec_mount *mount, struct error *err)
{
	autoclose int source = open_source(mount->source, err), tree = -EBADF;
	int r;

	if (source < 0)
		return source;
	r = check_propagation(plan->spec, mount, source, err);
	if (r < 0)
		return r;
	tree = mount_clone(source, err);
	if (tree < 0)
		return error_prefix(err, "%s", mount->source);
	r = change_bind(mount, tree, err);
	if (r < 0)
		return error_prefix(err, "%s", mount->source);
	if (plan->userns_fd >= 0 && !mount->keeps_ids && mount_shift(tree, plan->userns_fd, NULL) < 0)
		return explain_shift(mount, source, err);
	return steal_fd(&tree);
}

static int open_squashfs(const struct plan *plan, const struct spec_mount *mount, struct error *err)
{
	autoclose int tree = image_open_squashfs(mount->source, err);

	if (tree < 0)
		return tree;
	if (plan->userns_fd >= 0 && !mount->keeps_ids && mount_shift(tree, plan->userns_fd, NULL) < 0)
		return explain_shift(mount, tree, err);
	return steal_fd(&tree);
}

/* Made by the host's root and given to the guest's: so its size is out of the guest's reach. */
static int open_tmpfs(const struct plan *plan, const struct spec_mount *mount, struct error *err)
{
	const struct spec_idmap *idmap = &plan->spec->idmap;
	const struct mount_tmpfs tmpfs = {
		.name = "tmpfs",
		.size_bytes = mount->size_bytes,
		.mode = mount->mode,
		.uid = (uint32_t)idmap->uid,
		.gid = (uint32_t)idmap->gid,
	};

	return mount_new_tmpfs(&tmpfs, attributes_of(mount), err);
}

typedef int open_mount(const struct plan *plan, const struct spec_mount *mount, struct error *err);
static open_mount *const openers[] = {
	[SPEC_MOUNT_BIND] = open_bind,
	[SPEC_MOUNT_TMPFS] = open_tmpfs,
	[SPEC_MOUNT_SQUASHFS] = open_squashfs,
};

static int add_mount(struct plan *plan, const struct spec_mount *mount, struct error *err)
{
	int tree = openers[mount->type](plan, mount, err);

	if (tree < 0)
		return error_prefix(err, "cannot mount %s", mount->target);
	add(plan, mount->target, tree)->is_locked = mount->is_read_only && plan->userns_fd >= 0;
	return 0;
}

/*
 * What a system needs and no option asked for. With a read-only root these are what it cannot do without: temporary files, and the state directory
 * of systemd itself, in trees that have it.
 */
static int add_own(struct plan *plan, struct error *err)
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

static int add_channel(struct plan *plan, struct error *err)
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
	return strcmp(((const struct operation *)a)->target, ((const struct operation *)b)->target);
}

static int plan_mounts(struct plan *plan, struct error *err)
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

/* --- on the host: masks -------------------------------------------------------------------------------------------------- */

/* The host's null device and nothing that somebody put in its place. */
static int clone_null(struct error *err)
{
	autoclose int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot open /dev/null");
	if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3))
		return error_set(err, -ENODEV, "the host's /dev/null is not the null device");
	return mount_clone(fd, err);
}

static int new_empty(struct error *err)
{
	const struct mount_tmpfs tmpfs = {.name = "tmpfs", .size_bytes = SPEC_TMPFS_MIN, .mode = 0555};

	return mount_new_tmpfs(&tmpfs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
}

static void add_kernels(struct plan *plan, const char *target, int tree_fd)
{
	struct operation *operation = add(plan, target, tree_fd);

	operation->is_kernels = operation->is_optional = true;
}

/* The host's /proc and /sys are those of the same kernel: what is a directory here is one there. */
static int plan_masks(struct plan *plan, struct error *err)
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

/* --- in the guest -------------------------------------------------------------------------------------------------------- */

/*
 * What we make in the tree belongs to the guest's root. Through its shifted mount no other id can make anything, the host's root included. All
 * capabilities stay in force: changing the id took those for files away.
 */
static int become_guest_root(const struct spec *spec, struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (!is_remapped(spec))
		return 0;
	setfsgid((gid_t)spec->idmap.gid);
	setfsuid((uid_t)spec->idmap.uid);
	if (syscall(SYS_capget, &header, data) < 0)
		return error_set_errno(err, "cannot read capabilities");
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	return syscall(SYS_capset, &header, data) < 0 ? error_set_errno(err, "cannot set capabilities") : 0;
}

/* EEXIST: a symlink that leads nowhere. */
static int make_one(int parent_fd, const char *name, bool is_directory, const char *path, struct error *err)
{
	autoclose int fd = -EBADF;

	if (is_directory && mkdirat(parent_fd, name, 0755) == 0)
		return 0;
	if (!is_directory)
		fd = openat(parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0)
		return 0;
	return errno == EEXIST ? error_set(err, -ENOENT, "%s of the guest is a symlink that leads nowhere", path)
			       : error_set_errno(err, "cannot make the mount point %s in the guest", path);
}

/* Each component is looked up from the guest's root again, as symlinks above it may lead anywhere in the tree. */
static int make_target(int root_fd, const char *target, bool is_directory, struct error *err)
{
	autoclose int parent = root_open(root_fd, "/", O_PATH | O_DIRECTORY, 0, err);
	autofree char *path = xstrdup(target);

	if (parent < 0)
		return parent;
	for (char *name = path + 1, *slash; name; name = slash ? slash + 1 : NULL) {
		struct error error = {0};
		int fd, r = 0;

		slash = strchr(name, '/');
		if (slash)
			*slash = '\0';
		fd = root_open(root_fd, path, O_PATH, 0, &error);
		if (fd == -ENOENT) {
			r = make_one(parent, name, slash || is_directory, path, err);
			fd = r < 0 ? r : root_open(root_fd, path, O_PATH, 0, &error);
		}
		if (r < 0)
			return r;
		if (fd < 0)
			return error_set(err, fd, "%s", error.message);
		close(parent);
		parent = fd;
		if (slash)
			*slash = '/';
	}
	return steal_fd(&parent);
}

static int open_target(int root_fd, const struct operation *operation, bool is_directory, struct error *err)
{
	int fd;

	if (operation->is_kernels)
		return root_open(root_fd, operation->target, O_PATH | O_NOFOLLOW, 0, err);
	fd = root_open(root_fd, operation->target, O_PATH, 0, err);
	return fd == -ENOENT && !operation->is_optional ? make_target(root_fd, operation->target, is_directory, err) : fd;
}

/* Symlinks of the tree may lead to where nothing may be mounted: the rule holds for where they led. */
static int check_real_target(const struct plan *plan, const struct operation *operation, int fd, struct error *err)
{
	autofree char *link = xasprintf("self/fd/%d", fd);
	char path[PATH_MAX];
	ssize_t length = readlinkat(plan->proc_fd, link, path, sizeof(path) - 1);

	if (length < 0)
		return error_set_errno(err, "cannot tell where %s of the guest is", operation->target);
	path[length] = '\0';
	if (path[0] != '/')
		return error_set(err, -EXDEV, "%s of the guest is outside of its root", operation->target);
	return spec_mount_check_target(path, err);
}

static int check_kernels(const struct operation *operation, int fd, struct error *err)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return error_set_errno(err, "cannot look at %s of the guest", operation->target);
	if (fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC)
		return error_set(err, -EXDEV, "%s of the guest is not the kernel's", operation->target);
	return 0;
}

static int check_kind(const struct operation *operation, int fd, bool is_directory, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot look at %s of the guest", operation->target);
	if (is_directory == (S_ISDIR(status.st_mode) != 0))
		return 0;
	return error_set(err, is_directory ? -ENOTDIR : -EISDIR,
			 "%s of the guest is %s directory, and what is mounted on it is %s", operation->target,
			 is_directory ? "no" : "a", is_directory ? "one" : "none");
}

static int make_read_only(int target_fd, struct error *err)
{
	autoclose int tree = mount_clone(target_fd, err);
	int r = tree < 0 ? tree : mount_change(tree, MOUNT_ATTR_RDONLY, 0, err);

	return r < 0 ? r : mount_attach(tree, target_fd, err);
}

static int attach(const struct plan *plan, int root_fd, const struct operation *operation, struct error *err)
{
	autoclose int target = -EBADF;
	struct stat status = {0};
	bool is_directory;
	int r;

	if (operation->tree_fd >= 0 && fstat(operation->tree_fd, &status) < 0)
		return error_set_errno(err, "cannot look at what is mounted on %s", operation->target);
	is_directory = S_ISDIR(status.st_mode);
	target = open_target(root_fd, operation, is_directory, err);
	if (target == -ENOENT && operation->is_optional)
		return 0;
	if (target < 0)
		return target;
	r = operation->is_kernels ? check_kernels(operation, target, err) : check_real_target(plan, operation, target, err);
	if (r == 0 && operation->tree_fd < 0)
		return make_read_only(target, err);
	if (r == 0)
		r = check_kind(operation, target, is_directory, err);
	return r < 0 ? r : mount_attach(operation->tree_fd, target, err);
}

static int attach_all(const struct plan *plan, int root_fd, bool are_kernels, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->count; i++)
		if (plan->items[i].is_kernels == are_kernels) {
			r = attach(plan, root_fd, &plan->items[i], err);
			if (r < 0)
				error_prefix(err, "cannot mount %s", plan->items[i].target);
		}
	return r;
}

static int carry_out(void *data, struct error *err)
{
	const struct plan *plan = data;
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? error_set_errno(err, "cannot open the guest's root") : 0;

	umask(0);
	if (r == 0)
		r = become_guest_root(plan->spec, err);
	if (r == 0 && plan->stage_fd >= 0)
		r = mount_lock_begin(plan->stage_fd, err);
	if (r == 0)
		r = attach_all(plan, root, false, err);
	if (r == 0 && plan->stage_fd >= 0)
		r = mount_lock_end(STAGE, err);
	return r < 0 ? r : attach_all(plan, root, true, err);
}

/* --- the steps ----------------------------------------------------------------------------------------------------------- */

static int lock_attributes(struct plan *plan, int init_pidfd, struct error *err)
{
	autofree int *fds = xcalloc(plan->count + 1, sizeof(*fds));
	size_t count = 0;
	int r;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].is_locked)
			fds[count++] = plan->items[i].tree_fd;
	if (count == 0)
		return 0;
	r = mount_lock(init_pidfd, STAGE, fds, count, &plan->stage_fd, err);
	count = 0;
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].is_locked)
			plan->items[i].tree_fd = fds[count++];
	return r;
}

static int open_userns_of(pid_t init, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/ns/user", init);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? error_set_errno(err, "cannot open the guest's user namespace") : fd;
}

int mounts_apply(const struct spec *spec, pid_t init, int init_pidfd, struct error *err)
{
	autorelease(plan_release) struct plan plan = {.spec = spec, .userns_fd = -1, .proc_fd = -1, .stage_fd = -1};
	int r = 0;

	plan.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (plan.proc_fd < 0)
		return error_set_errno(err, "cannot open /proc");
	if (is_remapped(spec))
		plan.userns_fd = r = open_userns_of(init, err);
	if (r >= 0)
		r = plan_mounts(&plan, err);
	if (r >= 0)
		r = plan_masks(&plan, err);
	if (r >= 0)
		r = lock_attributes(&plan, init_pidfd, err);
	return r < 0 ? r : namespace_run(init_pidfd, CLONE_NEWNS, carry_out, &plan, err);
}

static int close_root(void *data, struct error *err)
{
	struct mount_attr change = {.attr_set = MOUNT_ATTR_RDONLY};

	(void)data;
	if (mount_setattr(AT_FDCWD, "/", 0, &change, sizeof(change)) < 0)
		return error_set_errno(err, "cannot make the guest's root read-only");
	return 0;
}

int mounts_close_root(const struct spec *spec, int init_pidfd, struct error *err)
{
	return spec->mounts.is_root_read_only ? namespace_run(init_pidfd, CLONE_NEWNS, close_root, NULL, err) : 0;
}

static int check_source(struct plan *plan, const struct spec_mount *mount, struct error *err)
{
	autoclose int tree = -EBADF;

	if (mount->origin == SPEC_MOUNT_FROM_VOLUME && !file_exists(AT_FDCWD, mount->source)) {
		int r = file_make_directories(mount->source, 0750, err);

		if (r < 0)
			return r;
	}
	tree = openers[mount->type](plan, mount, err);
	return tree < 0 ? tree : 0;
}

int mounts_check_sources(const struct spec *spec, struct error *err)
{
	autorelease(plan_release) struct plan plan = {.spec = spec, .userns_fd = -1, .proc_fd = -1, .stage_fd = -1};
	int r = 0;

	if (spec->mounts.list.count == 0)
		return 0;
	if (is_remapped(spec))
		plan.userns_fd = r = image_open_userns(spec->idmap.uid, spec->idmap.gid, spec->idmap.size, err);
	for (size_t i = 0; r >= 0 && i < spec->mounts.list.count; i++) {
		r = check_source(&plan, &spec->mounts.list.items[i], err);
		if (r < 0)
			error_prefix(err, "cannot mount %s", spec->mounts.list.items[i].target);
	}
	return r < 0 ? r : 0;
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
