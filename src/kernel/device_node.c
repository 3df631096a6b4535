/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the making of device nodes for guests. */
#include "kernel/device_node.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/root.h"

/* --- making ---------------------------------------------------------------------------------------------------------------- */

static int new_tmpfs(struct error *err)
{
	autoclose int context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return error_set_errno(err, "cannot make a tmpfs");
	if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
	    syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "size", "64k", 0) < 0 ||
	    syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", "devices", 0) < 0 ||
	    syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_set_errno(err, "cannot set up a tmpfs");
	fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? error_set_errno(err, "cannot mount a tmpfs") : fd;
}

static int make_node(int directory, const char *name, const struct device_node *node, struct error *err)
{
	int fd;

	if (mknodat(directory, name, (node->mode & S_IFMT) | 0600, node->number) < 0 ||
	    fchownat(directory, name, node->uid, node->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(directory, name, node->mode & 0777, 0) < 0)
		return error_set_errno(err, "cannot make a device node");
	fd = (int)syscall(SYS_open_tree, directory, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 ? error_set_errno(err, "cannot clone the mount of a device node") : fd;
}

struct making {
	const struct device_node *nodes;
	size_t count;
	int report_fd;
};

/*
 * In a mount namespace that goes with this process, because before Linux 6.15 only what is attached somewhere can be cloned. The root directory is
 * as good a place as any: nobody looks it up here any more.
 */
static int make_nodes(const struct making *making, int *fds, size_t *ret_made, struct error *err)
{
	autoclose int tmpfs = -EBADF;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set_errno(err, "cannot make a mount namespace");
	tmpfs = new_tmpfs(err);
	if (tmpfs < 0)
		return tmpfs;
	if (syscall(SYS_move_mount, tmpfs, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set_errno(err, "cannot attach a tmpfs");
	for (; *ret_made < making->count; (*ret_made)++) {
		char name[24];

		snprintf(name, sizeof(name), "%zu", *ret_made);
		fds[*ret_made] = make_node(tmpfs, name, &making->nodes[*ret_made], err);
		if (fds[*ret_made] < 0)
			return fds[*ret_made];
	}
	return 0;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

/* Shares our table of descriptors: what it opens is ours. One write each way of less than a pipe's buffer, pipe(7). */
static void __attribute__((noreturn)) make_and_report(const struct making *making)
{
	autofree int *fds = xcalloc(making->count, sizeof(*fds));
	struct error error = {0};
	size_t made = 0, length = making->count * sizeof(*fds);

	error.code = make_nodes(making, fds, &made, &error);
	if (write(making->report_fd, &error, sizeof(error)) != sizeof(error) || error.code < 0 ||
	    write(making->report_fd, fds, length) != (ssize_t)length) {
		close_all(fds, made);
		_exit(1);
	}
	_exit(0);
}

int device_node_open(const struct device_node *nodes, size_t count, int *ret_fds, struct error *err)
{
	struct making making = {.nodes = nodes, .count = count};
	size_t length = count * sizeof(*ret_fds);
	autoclose int report = -EBADF;
	struct error error = {0};
	int pipe_fds[2], r = 0;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	report = pipe_fds[0];
	making.report_fd = pipe_fds[1];
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		make_and_report(&making);
	if (pid < 0)
		r = error_set_errno(err, "cannot make a process");
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(pipe_fds[1]);
	if (r < 0)
		return r;
	if (read(report, &error, sizeof(error)) != sizeof(error))
		return error_set(err, -ECHILD, "the process that should make device nodes died");
	if (error.code < 0)
		return error_set(err, error.code, "%s", error.message);
	if (read(report, ret_fds, length) != (ssize_t)length)
		return error_set(err, -ECHILD, "the process that should make device nodes died");
	return 0;
}

/* --- attaching ------------------------------------------------------------------------------------------------------------- */

/* What is there already, whatever it is, stays. */
static int make_directories(int root_fd, const char *path, struct error *err)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		autofree char *directory = xstrndup(path, (size_t)(slash - path));
		const char *name = strrchr(directory, '/');
		autofree char *parent = xstrndup(directory, (size_t)(name - directory));
		autoclose int parent_fd = root_open(root_fd, parent[0] ? parent : "/", O_PATH | O_DIRECTORY, 0, err);

		if (parent_fd < 0)
			return parent_fd;
		if (name[1] && mkdirat(parent_fd, name + 1, 0755) < 0 && errno != EEXIST)
			return error_set_errno(err, "cannot make %s in the guest", directory);
	}
	return 0;
}

/* The file that the node comes to lie over; an existing one is not opened but pointed at, because it may be anything. */
static int open_target(int root_fd, const char *path, struct error *err)
{
	struct stat stat;
	autoclose int fd = root_open(root_fd, path, O_PATH, 0, NULL);

	if (fd < 0) {
		int r = make_directories(root_fd, path, err);

		if (r < 0)
			return r;
		fd = root_open(root_fd, path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, err);
	}
	if (fd >= 0 && (fstat(fd, &stat) < 0 || S_ISDIR(stat.st_mode)))
		return error_set(err, -EISDIR, "%s of the guest is a directory", path);
	return steal_fd(&fd);
}

int device_node_attach(int node_fd, int root_fd, const char *path, struct error *err)
{
	autoclose int target = open_target(root_fd, path, err);

	if (target < 0)
		return target;
	if (syscall(SYS_move_mount, node_fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set_errno(err, "cannot put a device on %s of the guest", path);
	return 0;
}
