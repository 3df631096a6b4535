/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from a disk's path to its number. */
#include "kernel/cgroup_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/memory.h"

int cgroup_disk_number(const struct cgroup_host *host, const char *path, char **ret_number, struct error *err)
{
	autofree char *place = xasprintf("%s%s", host->root, path);
	autofree char *number = NULL, *partition = NULL;
	struct stat status;

	if (stat(place, &status) < 0)
		return error_set_errno(err, "cannot find the disk %s", path);
	if (!S_ISBLK(status.st_mode))
		return error_set(err, -EINVAL, "%s is no block device", path);
	number = xasprintf("%u:%u", major(status.st_rdev), minor(status.st_rdev));
	partition = xasprintf("%s/sys/dev/block/%s/partition", host->root, number);
	if (file_exists(AT_FDCWD, partition))
		return error_set(err, -EINVAL, "%s is a partition, and the kernel limits whole disks: name its disk", path);
	*ret_number = steal_ptr(number);
	return 0;
}
