/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the carrying out of a plan of mounts, in a guest. */
#include "container/mount_plan.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/memory.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/root.h"

static int open_target(int root_fd, const struct mount_operation *operation, bool is_directory, struct error *err)
{
	if (operation->is_kernels)
		return root_open(root_fd, operation->target, O_PATH | O_NOFOLLOW, 0, err);
	if (operation->is_optional)
		return root_open(root_fd, operation->target, O_PATH, 0, err);
	return root_make_point(root_fd, operation->target, is_directory, err);
}

/* Symlinks of the tree may lead to where nothing may be mounted: the rule holds for where they led. */
static int check_real_target(const struct mount_plan *plan, const struct mount_operation *operation, int fd,
			     struct error *err)
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

static int check_kernels(const struct mount_operation *operation, int fd, struct error *err)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return error_set_errno(err, "cannot look at %s of the guest", operation->target);
	if (fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC)
		return error_set(err, -EXDEV, "%s of the guest is not the kernel's", operation->target);
	return 0;
}

static int check_kind(const struct mount_operation *operation, int fd, bool is_directory, struct error *err)
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
	const struct mount_attr change = {.attr_set = MOUNT_ATTR_RDONLY};
	autoclose int tree = mount_clone(target_fd, "", AT_RECURSIVE, err);
	int r = tree < 0 ? tree : mount_change(tree, &change, AT_RECURSIVE, err);

	return r < 0 ? r : mount_attach(tree, target_fd, err);
}

static int attach(const struct mount_plan *plan, int root_fd, const struct mount_operation *operation, struct error *err)
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
	fault_point();
	r = operation->is_kernels ? check_kernels(operation, target, err) : check_real_target(plan, operation, target, err);
	if (r == 0 && operation->tree_fd < 0)
		return make_read_only(target, err);
	if (r == 0)
		r = check_kind(operation, target, is_directory, err);
	return r < 0 ? r : mount_attach(operation->tree_fd, target, err);
}

static int attach_all(const struct mount_plan *plan, int root_fd, bool are_kernels, struct error *err)
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

static int attach_inside(void *data, struct error *err)
{
	const struct mount_plan *plan = data;
	autoclose int root = root_open_own(err);
	int r = root < 0 ? root : attach_all(plan, root, false, err);

	return r < 0 ? r : attach_all(plan, root, true, err);
}

int mount_plan_attach(struct mount_plan *plan, pid_t init, int init_pidfd, struct error *err)
{
	int flags = 0, r = namespace_differing(init, &flags, err);

	if (r == 0 && !(flags & CLONE_NEWNS))
		return error_set(err, -EPERM, "process %d is in the host's mount namespace", init);
	return r < 0 ? r : namespace_run(init_pidfd, flags & (CLONE_NEWUSER | CLONE_NEWNS), attach_inside, plan, err);
}
