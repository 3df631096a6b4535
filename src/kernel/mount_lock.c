/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the locking of attributes of mounts. */
#include "kernel/mount_lock.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"

static void name_of(size_t index, char name[24])
{
	snprintf(name, 24, "%zu", index);
}

/* On a mount point of its kind in the working directory. */
static int attach(int tree_fd, size_t index, struct error *err)
{
	autoclose int point = -EBADF;
	struct stat status;
	char name[24];

	name_of(index, name);
	if (fstat(tree_fd, &status) < 0)
		return error_set_errno(err, "cannot look at a mount");
	if (S_ISDIR(status.st_mode) && mkdir(name, 0700) < 0)
		return error_set_errno(err, "cannot make a mount point");
	point = open(name, S_ISDIR(status.st_mode) ? O_PATH | O_CLOEXEC : O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return point < 0 ? error_set_errno(err, "cannot make a mount point") : mount_attach(tree_fd, point, err);
}

/* A tmpfs as the working directory. Its place must only not be the root: who has covered that makes no user namespace (EPERM, as in a chroot). */
static int begin_stage(struct error *err)
{
	const struct mount_tmpfs tmpfs = {.name = "syscontainer-stage", .mode = 0700};
	autoclose int place = -EBADF, stage = -EBADF;
	int r = namespace_begin_mounts(MS_PRIVATE, err);

	if (r < 0)
		return r;
	place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place < 0)
		return error_set_errno(err, "cannot open /proc");
	stage = r = mount_new_tmpfs(&tmpfs, 0, err);
	if (r >= 0)
		r = mount_attach(stage, place, err);
	return r == 0 && fchdir(stage) < 0 ? error_set_errno(err, "cannot change to a new tmpfs") : r;
}

/* The working directory is that of the copied namespace now. */
static int take_copy(int tree_fd, size_t index, struct error *err)
{
	autoclose int place = -EBADF, copy = -EBADF;
	char name[24];

	name_of(index, name);
	place = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (place < 0)
		return error_set_errno(err, "cannot open a mount");
	copy = mount_clone(place, "", AT_RECURSIVE, err);
	if (copy < 0)
		return copy;
	return dup3(copy, tree_fd, O_CLOEXEC) < 0 ? error_set_errno(err, "cannot take a mount over") : 0;
}

static int lock_all(const int *tree_fds, size_t count, struct error *err)
{
	int r = begin_stage(err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = attach(tree_fds[i], i, err);
	if (r == 0)
		r = namespace_begin_foreign(err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = take_copy(tree_fds[i], i, err);
	return r;
}

/* In a process that shares our table of descriptors: both namespaces go with it, and what it puts in the trees' places stays. */
int mount_lock(const int *tree_fds, size_t count, struct error *err)
{
	autoclose int report = -EBADF;
	struct error error = {0};
	int pipe_fds[2];
	ssize_t length;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	report = pipe_fds[0];
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		error.code = lock_all(tree_fds, count, &error);
		_exit(write(pipe_fds[1], &error, sizeof(error)) == sizeof(error) ? 0 : 1);
	}
	if (pid < 0)
		error_set_errno(&error, "cannot make a process");
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(pipe_fds[1]);
	length = pid < 0 ? (ssize_t)sizeof(error) : read(report, &error, sizeof(error));
	if (length != sizeof(error))
		return error_set(err, -ECHILD, "the process that should lock mounts died");
	return error.code < 0 ? error_set(err, error.code, "%s", error.message) : 0;
}
