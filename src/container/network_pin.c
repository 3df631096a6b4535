/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns RUN/ID/netns. */
#include "container/network_pin.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "model/paths.h"

static char *path_of(const struct plug *plug)
{
	return paths_run_container(plug->spec->id, "netns");
}

/* The file may also be there without a namespace on it, after a crash between both steps. */
static int open_pinned(const char *path, int *ret_fd, struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct statfs system;

	*ret_fd = -EBADF;
	if (fd < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot open %s", path);
	if (fstatfs(fd, &system) < 0)
		return error_set_errno(err, "cannot look at %s", path);
	if (system.f_type == NSFS_MAGIC)
		*ret_fd = steal_fd(&fd);
	return 0;
}

static int remove_pin(const char *path, struct error *err)
{
	for (;;) {
		autoclose int fd = -EBADF;
		int r = open_pinned(path, &fd, err);

		if (r < 0)
			return r;
		if (fd < 0)
			break;
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return error_set_errno(err, "cannot unmount %s", path);
	}
	return unlink(path) < 0 && errno != ENOENT ? error_set_errno(err, "cannot remove %s", path) : 0;
}

static int make_pin(const char *path, int namespace_fd, struct error *err)
{
	autoclose int target = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	autoclose int tree = -EBADF;
	int r;

	if (target < 0)
		return error_set_errno(err, "cannot make %s", path);
	tree = mount_clone(namespace_fd, "", 0, err);
	r = tree < 0 ? tree : mount_attach(tree, target, err);
	return r < 0 ? error_prefix(err, "cannot hold the guest's network namespace at %s", path) : 0;
}

/* Of this boot: PID 1 is in it; or its NICs are, and PID 1 has gone elsewhere by itself, where nothing of ours follows it. */
static bool is_current(const struct plug *plug, int pinned, int current)
{
	return namespace_is_same(pinned, current) || plug->is_repair || plug->now.live.lists[ATTACHMENT_NIC].count > 0;
}

int network_pin_open(const struct plug *plug, int *ret_fd, struct error *err)
{
	autofree char *path = path_of(plug);
	autoclose int pinned = -EBADF, current = -EBADF;
	int r = open_pinned(path, &pinned, err);

	*ret_fd = -EBADF;
	if (r == 0 && plug->init_pidfd >= 0) {
		current = namespace_open_network(plug->init.pid, plug->init_pidfd, err);
		r = current < 0 ? current : 0;
	}
	if (r < 0)
		return r;
	if (current >= 0 && namespace_is_same(-1, current))
		return error_set(err, -EPERM, "the guest is in the network of the host");
	*ret_fd = current < 0 || (pinned >= 0 && is_current(plug, pinned, current)) ? steal_fd(&pinned) : steal_fd(&current);
	return 0;
}

int network_pin_hold(const struct plug *plug, int namespace_fd, struct error *err)
{
	autofree char *path = path_of(plug);
	autoclose int pinned = -EBADF;
	int r = open_pinned(path, &pinned, err);

	if (r < 0 || (pinned >= 0 && namespace_is_same(pinned, namespace_fd)))
		return r;
	r = remove_pin(path, err); /* of an earlier boot */
	return r < 0 ? r : make_pin(path, namespace_fd, err);
}

int network_pin_remove(const struct plug *plug, struct error *err)
{
	autofree char *path = path_of(plug);

	return remove_pin(path, err);
}
