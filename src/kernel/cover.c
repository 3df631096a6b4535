/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns mounts of single files. */
#include "kernel/cover.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/memory.h"

int cover_file(int directory_fd, const char *name, int target_fd, struct error *err)
{
	autoclose int tree =
		(int)syscall(SYS_open_tree, directory_fd, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (tree < 0)
		return error_set_errno(err, "cannot clone the mount of %s", name);
	if (syscall(SYS_move_mount, tree, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set_errno(err, "cannot mount %s", name);
	return 0;
}
