/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the making of device nodes for guests. */
#include "kernel/device_node.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/root.h"

/* --- making ---------------------------------------------------------------------------------------------------------------- */

static int make_node(int directory, const char *name, const struct device_node *node, struct error *err)
{
	if (mknodat(directory, name, (node->mode & S_IFMT) | 0600, node->number) < 0 ||
	    fchownat(directory, name, node->uid, node->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(directory, name, node->mode & 0777, 0) < 0)
		return error_set_errno(err, "cannot make a device node");
	return mount_clone(directory, name, AT_SYMLINK_NOFOLLOW, err);
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
	const struct mount_tmpfs tmpfs = {.name = DEVICE_NODE_SOURCE, .size_bytes = 65536, .mode = 0700};
	autoclose int root = -EBADF, directory = -EBADF;
	int r = namespace_begin_mounts(MS_PRIVATE, err);

	if (r == 0)
		root = r = root_open_own(err);
	if (r >= 0)
		directory = r = mount_new_tmpfs(&tmpfs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	if (r >= 0)
		r = mount_attach(directory, root, err);
	if (r < 0)
		return r;
	for (; *ret_made < making->count; (*ret_made)++) {
		const struct device_node *node = &making->nodes[*ret_made];
		char number[24];

		snprintf(number, sizeof(number), "%zu", *ret_made);
		fds[*ret_made] = make_node(directory, node->name ? node->name : number, node, err);
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

int device_node_attach(int node_fd, int root_fd, const char *path, struct error *err)
{
	autoclose int target = root_make_point(root_fd, path, false, err);
	struct stat stat;
	int r;

	if (target < 0)
		return target;
	if (fstat(target, &stat) < 0 || S_ISDIR(stat.st_mode))
		return error_set(err, -EISDIR, "%s of the guest is a directory", path);
	r = mount_attach(node_fd, target, err);
	return r < 0 ? error_prefix(err, "cannot put a device on %s of the guest", path) : 0;
}
