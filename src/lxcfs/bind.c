/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the proc view's mounts inside guests. */
#include "lxcfs/bind.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/mountinfo.h"
#include "kernel/namespace.h"
#include "kernel/procfs.h"
#include "lxcfs/place.h"
#include "lxcfs/view.h"

#define TYPE      "fuse.lxcfs"
#define MAX_BINDS 64
/* Where guests with a user namespace get a second /proc and /sys, see mount_clean(). */
#define CLEAN ".syscontainer"

/* What is to be done to one file of a guest. */
struct bind_step {
	const char *path;
	size_t layers;   /* to be taken off first */
	uint64_t ids[8]; /* of the layers' mounts, from the top */
	int tree_fd;     /* to be mounted then; -1: nothing */
};

struct bind_work {
	struct bind_step steps[MAX_BINDS];
	size_t count;
	int pidfd;
	int namespaces; /* CLONE_NEW*: those that are not ours */
};

static void bind_work_release(struct bind_work *work)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->steps[i].tree_fd >= 0)
			close(work->steps[i].tree_fd);
	if (work->pidfd >= 0)
		close(work->pidfd);
}

/* Files of /proc each by itself; of /sys the directory of the CPUs as a whole, since their number is part of the view. */
static bool is_target(const struct view *view)
{
	return S_ISDIR(view->mode) ? strcmp(view->path, "sys/devices/system/cpu") == 0
				   : strncmp(view->path, "proc/", 5) == 0;
}

/* The device of the file system that is mounted now; 0 when there is none. Its server is not asked. */
static dev_t current_device(void)
{
	autofree char *tree = place_run(PLACE_TREE);
	struct statx tree_stat, parent_stat;
	autofree char *parent = place_run("");

	if (statx(AT_FDCWD, tree, AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &tree_stat) < 0 ||
	    statx(AT_FDCWD, parent, AT_STATX_DONT_SYNC, STATX_MNT_ID, &parent_stat) < 0 ||
	    tree_stat.stx_mnt_id == parent_stat.stx_mnt_id)
		return 0;
	return makedev(tree_stat.stx_dev_major, tree_stat.stx_dev_minor);
}

bool bind_has_tree(void)
{
	return current_device() != 0;
}

int bind_list(const struct registration *registration, struct bind_file **ret_files, size_t *ret_count, struct error *err)
{
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	dev_t device = current_device();
	const struct view *view;
	int r;

	if (!registration_is_alive(registration))
		return error_set(err, -ESRCH, "it does not run");
	r = mountinfo_read(registration->init.pid, &mounts, err);
	if (r < 0)
		return r;
	*ret_files = xcalloc(MAX_BINDS, sizeof(**ret_files));
	*ret_count = 0;
	for (size_t number = 0; (view = view_at(number)) && *ret_count < MAX_BINDS; number++) {
		struct bind_file *file = *ret_files + *ret_count;

		if (!is_target(view))
			continue;
		file->path = view->path;
		for (size_t i = 0; i < mounts.count; i++) {
			const struct mountinfo_entry *entry = &mounts.entries[i];

			if (strcmp(entry->type, TYPE) != 0 || strcmp(entry->target + 1, view->path) != 0)
				continue;
			file->layers++;
			file->is_current = makedev(entry->device_major, entry->device_minor) == device;
		}
		(*ret_count)++;
	}
	return 0;
}

/* --- in the guest ---------------------------------------------------------------------------------------------------------------- */

static int open_below(int directory_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, directory_fd, path, &how, sizeof(how));
}

/* Only what is /proc or /sys: a guest that mounts something else there keeps it. */
static bool is_kernel_file(int fd)
{
	struct statfs buffer;

	return fstatfs(fd, &buffer) == 0 && (buffer.f_type == PROC_SUPER_MAGIC || buffer.f_type == SYSFS_MAGIC);
}

static uint64_t mount_id(int fd)
{
	struct statx buffer;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &buffer) < 0 ? 0 : buffer.stx_mnt_id;
}

/* umount2(2) takes a path: that of one component, below a directory that we hold. */
static int take_off(const struct bind_step *step, struct error *err)
{
	const char *slash = strrchr(step->path, '/');
	autofree char *parent = xstrndup(step->path, (size_t)(slash - step->path));
	autoclose int parent_fd = open_below(AT_FDCWD, parent, O_PATH | O_DIRECTORY);

	if (parent_fd < 0 || fchdir(parent_fd) < 0)
		return error_set_errno(err, "cannot open /%s of the guest", parent);
	for (size_t i = 0; i < step->layers; i++) {
		autoclose int fd = open_below(AT_FDCWD, slash + 1, O_PATH);

		/* What lies on top now is not what lay there a moment ago: the guest's own. */
		if (fd < 0 || (i < ARRAY_SIZE(step->ids) && mount_id(fd) != step->ids[i]))
			break;
		if (umount2(slash + 1, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return error_set_errno(err, "cannot unmount /%s of the guest", step->path);
	}
	return chdir("/") < 0 ? error_set_errno(err, "cannot change to the guest's root") : 0;
}

static int put_on(const struct bind_step *step, struct error *err)
{
	autoclose int target = open_below(AT_FDCWD, step->path, O_PATH);

	/* A kernel without that file, or a guest that hides it. */
	if (target < 0 || !is_kernel_file(target))
		return 0;
	if (syscall(SYS_move_mount, step->tree_fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set_errno(err, "cannot mount on /%s of the guest", step->path);
	return 0;
}

static int work_inside(void *data, struct error *err)
{
	const struct bind_work *work = data;
	int r = 0;

	for (size_t i = 0; r == 0 && i < work->count; i++) {
		if (work->steps[i].layers)
			r = take_off(&work->steps[i], err);
		if (r == 0 && work->steps[i].tree_fd >= 0)
			r = put_on(&work->steps[i], err);
	}
	return r;
}

/* The guest's own file systems only take ids of the guest: made as whoever owns the directory around it. */
static int make_directory(int parent_fd, const char *name)
{
	struct stat owner;
	int r;

	if (fstat(parent_fd, &owner) < 0)
		return -errno;
	setfsgid(owner.st_gid);
	setfsuid(owner.st_uid);
	r = mkdirat(parent_fd, name, 0700) < 0 ? -errno : 0;
	setfsuid(0);
	setfsgid(0);
	return r;
}

static int mount_one_clean(int directory_fd, const char *type, struct error *err)
{
	autoclose int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), tree = -EBADF, target = -EBADF;
	int r;

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_set_errno(err, "cannot make a new %s", type);
	tree = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
				    (strcmp(type, "sysfs") == 0 ? MOUNT_ATTR_RDONLY : 0));
	r = make_directory(directory_fd, type);
	if (r < 0)
		return error_set(err, r, "cannot make /dev/" CLEAN "/%s in the guest: %s", type, strerror(-r));
	target = open_below(directory_fd, type, O_PATH | O_DIRECTORY);
	if (tree < 0 || target < 0 ||
	    syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set_errno(err, "cannot mount a new %s in the guest", type);
	return 0;
}

/*
 * With anything mounted over a file of /proc, the kernel refuses a new /proc to user namespaces below (unshare -r --mount-proc, a guest in the guest), unless another one without covers is
 * mounted somewhere in the same mount namespace (mount_too_revealing() in fs/namespace.c). So there is one, for root only.
 */
static int mount_clean(void *data, struct error *err)
{
	autoclose int dev = open_below(AT_FDCWD, "dev", O_PATH | O_DIRECTORY), directory = -EBADF;
	int r;

	(void)data;
	if (dev < 0)
		return 0;
	r = make_directory(dev, CLEAN);
	if (r < 0)
		return r == -EEXIST ? 0 : error_set(err, r, "cannot make /dev/" CLEAN " in the guest: %s", strerror(-r));
	directory = open_below(dev, CLEAN, O_PATH | O_DIRECTORY);
	if (directory < 0)
		return error_set_errno(err, "cannot open /dev/" CLEAN " of the guest");
	r = mount_one_clean(directory, "proc", err);
	return r < 0 ? r : mount_one_clean(directory, "sysfs", err);
}

/* --- on the host ----------------------------------------------------------------------------------------------------------------- */

/* *ret_fd is -1 for what this guest does not have (pressure, on a kernel without it). */
static int open_tree_of(const struct registration *registration, const char *path, int *ret_fd, struct error *err)
{
	autofree char *tree = place_run(PLACE_TREE), *source = xasprintf("%s/%s/%s", tree, registration->id, path);

	*ret_fd = (int)syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	return *ret_fd >= 0 || errno == ENOENT ? 0 : error_set_errno(err, "cannot open %s", source);
}

static void note_layers(const struct mountinfo *mounts, struct bind_step *step)
{
	size_t found = 0;

	for (size_t i = mounts->count; i > 0; i--) {
		const struct mountinfo_entry *entry = &mounts->entries[i - 1];

		if (strcmp(entry->type, TYPE) == 0 && strcmp(entry->target + 1, step->path) == 0 &&
		    found < ARRAY_SIZE(step->ids))
			step->ids[found++] = entry->id;
	}
}

/* What has to be done so that each file has no layer, or with `is_wanted` exactly the current one. */
static int plan(const struct registration *registration, bool is_wanted, struct bind_work *work, struct error *err)
{
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	autofree struct bind_file *files = NULL;
	struct process_id init = {.pid = registration->init.pid, .start_time = registration->init.start_time};
	size_t count = 0;
	int r;

	*work = (struct bind_work){.pidfd = -1};
	r = procfs_open_pidfd(&init, &work->pidfd, err);
	if (r == 0)
		r = namespace_differing(init.pid, &work->namespaces, err);
	if (r == 0 && !(work->namespaces & CLONE_NEWNS))
		return error_set(err, -EPERM, "process %d is in the host's mount namespace", init.pid);
	if (r == 0)
		r = bind_list(registration, &files, &count, err);
	if (r == 0)
		r = mountinfo_read(init.pid, &mounts, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct bind_step *step = &work->steps[work->count];
		bool is_good = is_wanted ? files[i].layers == 1 && files[i].is_current : files[i].layers == 0;

		if (is_good)
			continue;
		*step = (struct bind_step){.path = files[i].path, .layers = files[i].layers, .tree_fd = -1};
		note_layers(&mounts, step);
		work->count++;
		if (is_wanted)
			r = open_tree_of(registration, step->path, &step->tree_fd, err);
	}
	return r;
}

int bind_guest(const struct registration *registration, struct error *err)
{
	autorelease(bind_work_release) struct bind_work work = {.pidfd = -1};
	dev_t device = current_device();
	int r;

	if (device == 0)
		return error_set(err, -ENOTCONN, "the proc view is not mounted; start syscontainer-lxcfs");
	r = plan(registration, true, &work, err);
	if (r == 0 && work.count)
		r = namespace_run(work.pidfd, CLONE_NEWNS, work_inside, &work, err);
	/* Whoever takes the file system away unmounts it first and then looks for binds: one of the two sees what was bound meanwhile. */
	if (r == 0 && current_device() != device) {
		bind_undo(registration, NULL);
		return error_set(err, -ENOTCONN, "the proc view was unmounted meanwhile");
	}
	if (r == 0 && (work.namespaces & CLONE_NEWUSER))
		r = namespace_run(work.pidfd, work.namespaces & (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET), mount_clean,
				  NULL, err);
	return r;
}

int bind_undo(const struct registration *registration, struct error *err)
{
	autorelease(bind_work_release) struct bind_work work = {.pidfd = -1};
	int r = plan(registration, false, &work, err);

	return r < 0 || work.count == 0 ? r : namespace_run(work.pidfd, CLONE_NEWNS, work_inside, &work, err);
}
