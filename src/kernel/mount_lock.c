/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way of a mount across the border of user namespaces. */
#include "kernel/mount_lock.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/root.h"

struct passage {
	const char *place;
	int outer_fd, inner_fd; /* the stage, a tmpfs: two mounts of it that are peers */
	const int *tree_fds;
	size_t count;
};

static void passage_release(struct passage *passage)
{
	memory_close_scoped(&passage->outer_fd);
	memory_close_scoped(&passage->inner_fd);
}

static void name_of(size_t index, char name[24])
{
	snprintf(name, 24, "%zu", index);
}

static int make_point(int stage_fd, int tree_fd, size_t index, struct error *err)
{
	autoclose int fd = -EBADF;
	struct stat status;
	char name[24];

	name_of(index, name);
	if (fstat(tree_fd, &status) < 0)
		return error_set_errno(err, "cannot look at a mount");
	if (S_ISDIR(status.st_mode))
		return mkdirat(stage_fd, name, 0700) < 0 ? error_set_errno(err, "cannot make a mount point") : 0;
	fd = openat(stage_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? error_set_errno(err, "cannot make a mount point") : 0;
}

static int make_stage(struct passage *passage, struct error *err)
{
	const struct mount_tmpfs tmpfs = {.name = "syscontainer-stage", .mode = 0700};
	int r = mount_new_tmpfs(&tmpfs, 0, err);

	passage->outer_fd = r;
	for (size_t i = 0; r >= 0 && i < passage->count; i++)
		r = make_point(passage->outer_fd, passage->tree_fds[i], i, err);
	if (r >= 0)
		r = mount_change(passage->outer_fd, &(struct mount_attr){.propagation = MS_SHARED}, 0, err);
	if (r >= 0)
		passage->inner_fd = r = mount_clone(passage->outer_fd, "", 0, err);
	return r < 0 ? r : 0;
}

static int enter_stage(void *data, struct error *err)
{
	const struct passage *passage = data;
	autoclose int root = root_open_own(err), place = -EBADF;

	if (root < 0)
		return root;
	place = root_open(root, passage->place, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, err);
	return place < 0 ? place : mount_attach(passage->inner_fd, place, err);
}

/* In a mount namespace that goes with this process; what is mounted here shows up in the guest. */
static int send_trees(void *data, struct error *err)
{
	const struct passage *passage = data;
	autoclose int root = -EBADF;
	int r = namespace_begin_mounts(MS_PRIVATE, err);

	if (r < 0)
		return r;
	root = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set_errno(err, "cannot open /proc");
	r = mount_attach(passage->outer_fd, root, err);
	for (size_t i = 0; r == 0 && i < passage->count; i++) {
		autoclose int point = -EBADF;
		char name[24];

		name_of(i, name);
		point = openat(passage->outer_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		r = point < 0 ? error_set_errno(err, "cannot open a mount point")
			      : mount_attach(passage->tree_fds[i], point, err);
	}
	return r;
}

static int receive_trees(int stage_fd, int *tree_fds, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		char name[24];
		int fd;

		name_of(i, name);
		fd = openat(stage_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return error_set_errno(err, "cannot open a mount of the guest");
		close(tree_fds[i]);
		tree_fds[i] = fd;
	}
	return 0;
}

int mount_lock(int pidfd, const char *place, int *tree_fds, size_t count, int *ret_stage_fd, struct error *err)
{
	autorelease(passage_release) struct passage passage = {
		.place = place, .outer_fd = -EBADF, .inner_fd = -EBADF, .tree_fds = tree_fds, .count = count};
	int r = make_stage(&passage, err);

	if (r == 0)
		r = namespace_run(pidfd, CLONE_NEWNS, enter_stage, &passage, err);
	if (r == 0)
		r = namespace_run(pidfd, 0, send_trees, &passage, err);
	if (r == 0)
		r = receive_trees(passage.inner_fd, tree_fds, count, err);
	if (r < 0)
		return r;
	*ret_stage_fd = steal_fd(&passage.inner_fd);
	return 0;
}

int mount_lock_begin(int stage_fd, struct error *err)
{
	/* Not of what is mounted below, which may be the slave of a mount of the host. */
	return mount_change(stage_fd, &(struct mount_attr){.propagation = MS_PRIVATE}, 0, err);
}

int mount_lock_end(const char *place, struct error *err)
{
	return umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? error_set_errno(err, "cannot unmount %s", place) : 0;
}
