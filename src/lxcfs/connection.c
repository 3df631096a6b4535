/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns mounting, aborting and resuming FUSE connections, without libfuse. */
#include "lxcfs/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define CONTROL           "/sys/fs/fuse/connections"
#define NOTIFY_RESEND     7 /* FUSE_NOTIFY_RESEND, protocol 7.40 */
#define ROOT_IS_DIRECTORY 040000
#define TYPE              "fuse.lxcfs" /* what scripts that look for lxcfs in mount(8)'s output expect */

int connection_mount(const char *target, struct error *err)
{
	autoclose int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	autofree char *options = NULL;

	if (fd < 0)
		return error_set_errno(err, "cannot open /dev/fuse; the kernel needs CONFIG_FUSE_FS or its module fuse");
	options = xasprintf("fd=%d,rootmode=%o,user_id=0,group_id=0,allow_other,default_permissions", fd, ROOT_IS_DIRECTORY);
	if (mount("lxcfs", target, TYPE, MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, options) < 0)
		return error_set_errno(err, "cannot mount a FUSE file system on %s", target);
	return steal_fd(&fd);
}

/* AT_STATX_DONT_SYNC: the answer comes from what the kernel has, also when nobody serves. */
int connection_number(const char *target, unsigned *ret_number, struct error *err)
{
	struct statx buffer;

	if (statx(AT_FDCWD, target, AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &buffer) < 0)
		return error_set_errno(err, "cannot look at %s", target);
	*ret_number = buffer.stx_dev_minor; /* of an anonymous device, whose major is 0 */
	return 0;
}

static char *control_file(unsigned number, const char *name)
{
	if (!file_exists(AT_FDCWD, CONTROL "/1") && access(CONTROL, F_OK) == 0) {
		struct stat control, parent;

		if (stat(CONTROL, &control) == 0 && stat("/sys/fs/fuse", &parent) == 0 && control.st_dev == parent.st_dev)
			(void)mount("fusectl", CONTROL, "fusectl", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	}
	return xasprintf(CONTROL "/%u/%s", number, name);
}

unsigned connection_waiting(unsigned number)
{
	autofree char *path = control_file(number, "waiting");
	unsigned long long count = 0;

	return file_read_number(AT_FDCWD, path, &count, NULL) < 0 ? 0 : (unsigned)count;
}

int connection_abort(unsigned number, struct error *err)
{
	autofree char *path = control_file(number, "abort");

	return file_write_value(AT_FDCWD, path, "1", err);
}

int connection_resend(int fd, struct error *err)
{
	struct fuse_out_header header = {.len = sizeof(header), .error = NOTIFY_RESEND, .unique = 0};

	if (write(fd, &header, sizeof(header)) == sizeof(header))
		return 0;
	if (errno == EINVAL)
		return error_set(err, -EOPNOTSUPP, "this kernel does not send requests again; Linux 6.9 does");
	return error_set_errno(err, "cannot ask the kernel to send requests again");
}
