/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns user namespaces that exist for their maps. */
#include "kernel/userns.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct range {
	uint64_t inside, outside;
};

static int write_map(pid_t pid, const char *name, struct range range, uint64_t size, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/%s", pid, name);
	autofree char *map = xasprintf("%llu %llu %llu", (unsigned long long)range.inside, (unsigned long long)range.outside,
				       (unsigned long long)size);

	return file_write_value(AT_FDCWD, path, map, err);
}

int userns_open_of(pid_t pid, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/ns/user", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? error_set_errno(err, "cannot open %s", path) : fd;
}

static int make(struct range uids, struct range gids, uint64_t size, struct error *err)
{
	/* A child with a user namespace of its own, which does nothing; the descriptor keeps the namespace when it is gone. */
	pid_t parent = getpid(), pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	int r, fd = -EBADF;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive a command that is killed */
		while (getppid() == parent)
			pause();
		_exit(0);
	}
	if (pid < 0)
		return error_set_errno(err, "cannot make a user namespace; is user.max_user_namespaces 0?");
	r = write_map(pid, "uid_map", uids, size, err);
	if (r == 0)
		r = write_map(pid, "gid_map", gids, size, err);
	if (r == 0)
		fd = r = userns_open_of(pid, err);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : fd;
}

int userns_open(uint64_t uid, uint64_t gid, uint64_t size, struct error *err)
{
	return make((struct range){0, uid}, (struct range){0, gid}, size, err);
}

int userns_open_back(uint64_t uid, uint64_t gid, uint64_t size, struct error *err)
{
	return make((struct range){uid, 0}, (struct range){gid, 0}, size, err);
}
