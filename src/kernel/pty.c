/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the making of pseudo terminals. */
#include "kernel/pty.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/root.h"

static int open_slave(int master, int *ret_slave, struct error *err)
{
	int locked = 0, slave;

	if (ioctl(master, TIOCSPTLCK, &locked) < 0)
		return error_set_errno(err, "cannot unlock a terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return error_set_errno(err, "cannot open a terminal");
	*ret_slave = slave;
	return 0;
}

int pty_open_host(uint32_t uid, uint32_t gid, int *ret_master, int *ret_number, struct error *err)
{
	autoclose int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	autoclose int slave = -EBADF;
	int r;

	if (master < 0)
		return error_set_errno(err, "cannot open /dev/pts/ptmx");
	r = open_slave(master, &slave, err);
	if (r < 0)
		return r;
	if (ioctl(master, TIOCGPTN, ret_number) < 0)
		return error_set_errno(err, "cannot get a terminal's number");
	if (fchown(slave, uid, gid) < 0 || fchmod(slave, 0600) < 0)
		return error_set_errno(err, "cannot give the console to the container");
	*ret_master = steal_fd(&master);
	return 0;
}

/* Looked at before it is opened for real, so that a FIFO or a file system of the guest cannot make us wait. */
static int open_guest_ptmx(int root_fd, struct error *err)
{
	autoclose int place = root_open(root_fd, "/dev/pts/ptmx", O_PATH, 0, err);
	autofree char *path = NULL;
	struct stat stat_buffer;
	struct statfs fs;
	int fd;

	if (place < 0)
		return place;
	if (fstat(place, &stat_buffer) < 0 || fstatfs(place, &fs) < 0)
		return error_set_errno(err, "cannot look at the guest's /dev/pts/ptmx");
	if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(stat_buffer.st_mode) || stat_buffer.st_rdev != makedev(5, 2))
		return error_set(err, -ENOTTY, "the guest's /dev/pts/ptmx is no terminal multiplexer");
	path = xasprintf("/proc/self/fd/%d", place);
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? error_set_errno(err, "cannot open the guest's /dev/pts/ptmx") : fd;
}

int pty_open_guest(int root_fd, uint32_t uid, int *ret_master, int *ret_slave, struct error *err)
{
	autoclose int master = open_guest_ptmx(root_fd, err), slave = -EBADF;
	int r = master < 0 ? master : open_slave(master, &slave, err);

	if (r < 0)
		return r;
	if (fchown(slave, uid, (gid_t)-1) < 0)
		return error_set_errno(err, "cannot give the terminal to the guest");
	*ret_master = steal_fd(&master);
	*ret_slave = steal_fd(&slave);
	return 0;
}

int pty_set_size(int fd, unsigned rows, unsigned columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}
