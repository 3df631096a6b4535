/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns mounting of images and of id-shifted trees. */
#include "kernel/image.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/root.h"

static const char *const filesystems[] = {"ext4", "xfs", "btrfs", "squashfs", "erofs"};

/* Looked at before it is used: a FIFO would make us wait. */
static int open_backing(const char *source, bool is_read_only, struct error *err)
{
	autoclose int fd = open(source, (is_read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat_buffer;

	if (fd < 0)
		return error_set_errno(err, "cannot open %s", source);
	if (fstat(fd, &stat_buffer) < 0)
		return error_set_errno(err, "cannot look at %s", source);
	if (!S_ISREG(stat_buffer.st_mode))
		return error_set(err, -EINVAL, "%s is no image file", source);
	return steal_fd(&fd);
}

static int attach_loop(const char *source, bool is_read_only, int *ret_fd, char *ret_path, size_t path_size,
		       struct error *err)
{
	autoclose int backing = open_backing(source, is_read_only, err);
	autoclose int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.info = {.lo_flags = LO_FLAGS_AUTOCLEAR | (is_read_only ? LO_FLAGS_READ_ONLY : 0)},
	};

	if (backing < 0)
		return backing;
	if (control < 0)
		return error_set_errno(err, "cannot open /dev/loop-control");
	config.fd = (unsigned)backing;
	snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", source);
	for (int attempt = 0; attempt < 64; attempt++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		autoclose int fd = -EBADF;

		if (number < 0)
			return error_set_errno(err, "no loop device is free");
		snprintf(ret_path, path_size, "/dev/loop%d", number);
		fd = open(ret_path, (is_read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (fd < 0)
			return error_set_errno(err, "cannot open %s", ret_path);
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0) {
			*ret_fd = steal_fd(&fd);
			return 0;
		}
		if (errno != EBUSY) /* EBUSY: somebody else was faster with this one */
			return error_set_errno(err, "cannot attach %s to %s", source, ret_path);
	}
	return error_set(err, -EBUSY, "every loop device that was free was taken by others");
}

int image_mount(const char *source, const char *target, bool is_read_only, struct error *err)
{
	autoclose int loop = -EBADF;
	char device[64];
	struct stat stat_buffer;
	int r;

	if (stat(source, &stat_buffer) < 0)
		return error_set_errno(err, "cannot look at %s", source);
	if (S_ISREG(stat_buffer.st_mode)) {
		r = attach_loop(source, is_read_only, &loop, device, sizeof(device), err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
		if (mount(loop >= 0 ? device : source, target, filesystems[i], is_read_only ? MS_RDONLY : 0, NULL) == 0)
			return 0;
	return error_set(
		err, -EINVAL,
		"%s holds no file system that could be mounted (ext4, xfs, btrfs, squashfs, erofs were tried); partitions in "
		"an image are not looked for: give one partition",
		source);
}

int image_open_squashfs(const char *source, struct error *err)
{
	autoclose int loop = -EBADF, context = -EBADF;
	char device[64];
	int r = attach_loop(source, true, &loop, device, sizeof(device), err), fd;

	if (r < 0)
		return r;
	context = fsopen("squashfs", FSOPEN_CLOEXEC);
	if (context < 0)
		return error_set_errno(err, "cannot mount %s: the kernel has no squashfs", source);
	if (fsconfig(context, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_set_errno(err, "cannot mount %s; is it a squashfs image?", source);
	fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
	return fd < 0 ? error_set_errno(err, "cannot mount %s", source) : fd;
}

struct range {
	uint64_t inside, outside;
};

static int write_map(pid_t pid, const char *name, struct range range, uint64_t size, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/%s", pid, name);
	autofree char *map = xasprintf("%llu %llu %llu", (unsigned long long)range.inside, (unsigned long long)range.outside,
				       (unsigned long long)size);

	return file_write_value(AT_FDCWD, path, map, err);
}

static int open_userns(struct range uids, struct range gids, uint64_t size, struct error *err)
{
	autofree char *path = NULL;
	/* A child with a user namespace of its own, which does nothing; the descriptor keeps the namespace when it is gone. */
	pid_t parent = getpid(), pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	int r, fd = -EBADF;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive a command that is killed */
		while (getppid() == parent)
			pause();
		_exit(0);
	}
	if (pid < 0)
		return error_set_errno(err, "cannot make a user namespace; is user.max_user_namespaces 0?");
	r = write_map(pid, "uid_map", uids, size, err);
	if (r == 0)
		r = write_map(pid, "gid_map", gids, size, err);
	path = xasprintf("/proc/%d/ns/user", pid);
	if (r == 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			r = error_set_errno(err, "cannot open %s", path);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : fd;
}

int image_open_userns(uint64_t uid, uint64_t gid, uint64_t size, struct error *err)
{
	return open_userns((struct range){0, uid}, (struct range){0, gid}, size, err);
}

int image_open_userns_back(uint64_t uid, uint64_t gid, uint64_t size, struct error *err)
{
	return open_userns((struct range){uid, 0}, (struct range){gid, 0}, size, err);
}

int image_clone_tree(const char *path, int userns_fd, struct error *err)
{
	autoclose int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)userns_fd};

	if (tree < 0)
		return error_set_errno(err, "cannot clone the mount of %s", path);
	if (userns_fd >= 0 && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return error_set_errno(err, "cannot shift the ids of %s", path);
	return steal_fd(&tree);
}

int image_attach_tree(int tree_fd, int root_fd, const char *path, struct error *err)
{
	autoclose int target = root_open(root_fd, path, O_PATH, 0, err);

	if (target < 0)
		return target;
	if (syscall(SYS_move_mount, tree_fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set_errno(err, "cannot mount on %s of the guest", path);
	return 0;
}

/* The type of the file system that holds `path`, from the mount table: statfs(2) only has a number. */
static char *filesystem_of(const char *path)
{
	autofree char *table = NULL, *best = xstrdup("unknown");
	struct stat stat_buffer;
	size_t length;
	char *state = NULL;

	if (stat(path, &stat_buffer) < 0 ||
	    file_read(AT_FDCWD, "/proc/self/mountinfo", (size_t)8 << 20, &table, &length, NULL) < 0)
		return steal_ptr(best);
	for (char *line = strtok_r(table, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
		unsigned device_major, device_minor;
		char type[64];
		const char *separator = strstr(line, " - ");

		if (sscanf(line, "%*d %*d %u:%u", &device_major, &device_minor) != 2 || !separator ||
		    sscanf(separator, " - %63s", type) != 1)
			continue;
		if (makedev(device_major, device_minor) == stat_buffer.st_dev) {
			free(best);
			best = xstrdup(type);
		}
	}
	return steal_ptr(best);
}

int image_check_idmap(const char *path, int userns_fd, struct error *err)
{
	autoclose int tree = image_clone_tree(path, userns_fd, err);
	autofree char *type = NULL;

	if (tree >= 0)
		return 0;
	type = filesystem_of(path);
	return error_set(
		err, -EOPNOTSUPP,
		"the file system of %s (%s) cannot be mounted with shifted ids, which an unprivileged container needs. Put the tree on ext4, xfs, "
		"btrfs or an image file, or run it with --user-remap none (root inside is then root of the host)",
		path, type);
}
