/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the descriptors through which the kernel tells of memory that ran out. */
#include "kernel/cgroup_oom.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/file.h"
#include "base/memory.h"

static int watch_v1(int directory, struct cgroup_oom *oom, struct error *err)
{
	autofree char *request = NULL;

	oom->events = EPOLLIN;
	oom->control_fd = openat(directory, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	if (oom->control_fd < 0)
		return error_set_errno(err, "cannot open memory.oom_control");
	oom->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (oom->fd < 0)
		return error_set_errno(err, "cannot make an eventfd");
	request = xasprintf("%d %d", oom->fd, oom->control_fd);
	return file_write_value(directory, "cgroup.event_control", request, err);
}

/* "key value" lines. What was read is also what the next EPOLLPRI is measured from. */
static uint64_t read_kills(int fd)
{
	char content[1024];
	ssize_t length = pread(fd, content, sizeof(content) - 1, 0);
	const char *place;

	if (length < 0)
		return 0;
	content[length] = '\0';
	place = strstr(content, "\noom_kill ");
	return place ? strtoull(place + strlen("\noom_kill "), NULL, 10) : 0;
}

static int watch_v2(int directory, struct cgroup_oom *oom, struct error *err)
{
	oom->events = EPOLLPRI;
	oom->fd = openat(directory, "memory.events", O_RDONLY | O_CLOEXEC);
	if (oom->fd < 0)
		return error_set_errno(err, "cannot open memory.events");
	oom->seen = read_kills(oom->fd);
	return 0;
}

int cgroup_oom_watch(const struct cgroup_host *host, const char *path, struct cgroup_oom *ret_oom, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(host, "memory");
	struct cgroup_oom oom = CGROUP_OOM_NONE;
	autofree char *directory = hierarchy ? cgroup_directory(hierarchy, path) : NULL;
	autoclose int fd = -EBADF;
	int r;

	*ret_oom = oom;
	if (!hierarchy)
		return 0;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "cannot open the cgroup %s", directory);
	r = hierarchy->is_v2 ? watch_v2(fd, &oom, err) : watch_v1(fd, &oom, err);
	if (r < 0) {
		cgroup_oom_close(&oom);
		return error_prefix(err, "cannot watch the memory of the cgroup %s", path);
	}
	*ret_oom = oom;
	return 1;
}

static bool take_v1(const struct cgroup_oom *oom, bool *ret_is_killing)
{
	char content[256];
	uint64_t rings;
	ssize_t length;

	if (read(oom->fd, &rings, sizeof(rings)) != sizeof(rings))
		return false;
	/* It rings for the last time when the cgroup goes. */
	length = pread(oom->control_fd, content, sizeof(content) - 1, 0);
	if (length < 0)
		return false;
	content[length] = '\0';
	*ret_is_killing = !strstr(content, "oom_kill_disable 1");
	return true;
}

bool cgroup_oom_take(struct cgroup_oom *oom, bool *ret_is_killing)
{
	uint64_t kills;
	bool is_more;

	if (oom->control_fd >= 0)
		return take_v1(oom, ret_is_killing);
	*ret_is_killing = true;
	kills = read_kills(oom->fd);
	is_more = kills > oom->seen;
	oom->seen = kills;
	return is_more;
}

void cgroup_oom_close(struct cgroup_oom *oom)
{
	if (oom->fd >= 0)
		close(oom->fd);
	if (oom->control_fd >= 0)
		close(oom->control_fd);
	*oom = (struct cgroup_oom)CGROUP_OOM_NONE;
}
