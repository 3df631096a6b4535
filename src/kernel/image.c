/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the mounting of images. */
#include "kernel/image.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"

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
