/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way from a thread to the init of its pid namespace, without a fork. */
#include "lxcfs/reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* linux/nsfs.h as of Linux 6.11, which distributions' headers do not have yet. */
#ifndef NS_GET_TGID_FROM_PIDNS
#define NS_GET_TGID_FROM_PIDNS _IOR(0xb7, 0x7, int)
#endif

static int inode_of(const char *path, uint64_t *ret_inode)
{
	struct stat buffer;

	if (stat(path, &buffer) < 0)
		return -errno;
	*ret_inode = buffer.st_ino;
	return 0;
}

int reader_namespace(pid_t thread, int *ret_namespace_fd, uint64_t *ret_inode, bool *ret_is_ours, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/ns/pid", thread);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	static uint64_t own; /* never changes */
	struct stat buffer;

	if (fd < 0 || fstat(fd, &buffer) < 0)
		return error_set_errno(err, "cannot open the pid namespace of %d", thread);
	if (!own && inode_of("/proc/self/ns/pid", &own) < 0)
		return error_set_errno(err, "cannot look at our pid namespace");
	*ret_inode = buffer.st_ino;
	*ret_is_ours = own == buffer.st_ino;
	*ret_namespace_fd = steal_fd(&fd);
	return 0;
}

static pid_t search_init(uint64_t inode)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (directory && !found && (entry = readdir(directory))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		autofree char *path = xasprintf("/proc/%d/ns/pid", pid);
		uint64_t number = 0;

		if (pid > 0 && inode_of(path, &number) == 0 && number == inode && procfs_own_pid(pid) == 1)
			found = pid;
	}
	if (directory)
		closedir(directory);
	return found;
}

int reader_init(int namespace_fd, uint64_t inode, struct process_id *ret_init, struct error *err)
{
	pid_t pid = ioctl(namespace_fd, NS_GET_TGID_FROM_PIDNS, 1);

	if (pid <= 0)
		pid = errno == ENOTTY || errno == EINVAL ? search_init(inode) : 0;
	if (pid <= 0)
		return error_set(err, -ESRCH, "a pid namespace without a process 1 that is visible here");
	return procfs_identify(pid, ret_init, err);
}
