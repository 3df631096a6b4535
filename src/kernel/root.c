/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns lookups below a directory that a guest controls. */
#include "kernel/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/memory.h"

/* EAGAIN: something was renamed meanwhile (openat2(2)), or a guest's lease (fcntl(2)) would make us wait: not for ever. */
#define MAX_TRIES 64

int root_open(int root_fd, const char *path, int flags, mode_t mode, struct error *err)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	do
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < MAX_TRIES)));
	return fd < 0 ? error_set_errno(err, "cannot open %s of the guest", path) : fd;
}

int root_read(int root_fd, const char *path, size_t max, char **ret_data, size_t *ret_length, struct error *err)
{
	autoclose int fd = root_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	autofree char *data = NULL;
	struct stat stat;
	size_t length = 0;
	ssize_t count;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat) < 0)
		return error_set_errno(err, "cannot look at %s of the guest", path);
	if (!S_ISREG(stat.st_mode))
		return error_set(err, -EINVAL, "%s of the guest is no regular file", path);
	if ((unsigned long long)stat.st_size > max)
		return error_set(err, -EFBIG, "%s of the guest is larger than %zu bytes", path, max);
	data = xmalloc(max + 1);
	while (length < max && (count = read(fd, data + length, max - length)) != 0) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_set_errno(err, "cannot read %s of the guest", path);
		length += (size_t)count;
	}
	data[length] = '\0';
	*ret_data = steal_ptr(data);
	*ret_length = length;
	return 0;
}
