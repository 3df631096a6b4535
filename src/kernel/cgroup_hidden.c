/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns hierarchies of cgroups that the host has not mounted. */
#include "kernel/cgroup_hidden.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/cgroup_tasks.h"
#include "kernel/mount.h"

#define GRACE_MS  100
#define MAX_TRIES 3

static const char *const names[] = {[CGROUP_HIDDEN_SYSTEMD] = "systemd", [CGROUP_HIDDEN_V2] = NULL};

/* What it is called by mountinfo(5), and by cgroup_find(). */
static struct cgroup_hierarchy describe(enum cgroup_hidden_kind kind, int fd)
{
	struct cgroup_hierarchy hierarchy = {
		.mount_point = xasprintf("/proc/self/fd/%d", fd),
		.mounted_root = xstrdup("/"),
		.is_v2 = kind == CGROUP_HIDDEN_V2,
	};

	/* v2 has controllers here too, those that v1 has not taken. They are not for guests: to hand them down changes the top of the tree. */
	if (!hierarchy.is_v2)
		strings_append(&hierarchy.controllers, "name=systemd");
	return hierarchy;
}

static int add(enum cgroup_hidden_kind kind, struct cgroup_hidden *hidden, struct error *err)
{
	struct cgroup_host *host = &hidden->host;
	int fd = mount_new_cgroup(names[kind], err);

	if (fd < 0)
		return fd;
	if (!host->root)
		host->root = xstrdup("");
	host->hierarchies = xreallocarray(host->hierarchies, host->count + 1, sizeof(*host->hierarchies));
	hidden->fds[host->count] = fd;
	host->hierarchies[host->count++] = describe(kind, fd);
	return 0;
}

int cgroup_hidden_open(const bool kinds[CGROUP_HIDDEN_COUNT], struct cgroup_hidden *ret_hidden, struct error *err)
{
	int r = 0;

	*ret_hidden = (struct cgroup_hidden){0};
	for (enum cgroup_hidden_kind kind = 0; kind < CGROUP_HIDDEN_COUNT && r == 0; kind++)
		r = kinds[kind] ? add(kind, ret_hidden, err) : 0;
	if (r < 0)
		cgroup_hidden_release(ret_hidden);
	return r;
}

/* What exists is told of every process, mounted or not. */
static bool is_there(enum cgroup_hidden_kind kind)
{
	struct cgroup_hierarchy hierarchy = describe(kind, -1);
	struct cgroup_host host = {.root = (char *)"", .hierarchies = &hierarchy, .count = 1};
	autofree char *place = NULL;
	int r = cgroup_of_process_in(&host, &hierarchy, getpid(), &place, NULL);

	free(hierarchy.mount_point);
	free(hierarchy.mounted_root);
	strings_release(&hierarchy.controllers);
	return r >= 0;
}

void cgroup_hidden_load(const struct cgroup_host *mounted, struct cgroup_hidden *ret_hidden)
{
	*ret_hidden = (struct cgroup_hidden){0};
	if (!cgroup_find(mounted, "name=systemd") && is_there(CGROUP_HIDDEN_SYSTEMD))
		add(CGROUP_HIDDEN_SYSTEMD, ret_hidden, NULL);
	if (!cgroup_find_v2(mounted) && is_there(CGROUP_HIDDEN_V2))
		add(CGROUP_HIDDEN_V2, ret_hidden, NULL);
}

void cgroup_hidden_release(struct cgroup_hidden *hidden)
{
	for (size_t i = 0; i < hidden->host.count; i++)
		close(hidden->fds[i]);
	cgroup_host_release(&hidden->host);
}

/* name=systemd, with no cgroup in it. */
static bool is_last(const struct cgroup_hidden *hidden)
{
	const struct cgroup_hierarchy *hierarchy = hidden->host.hierarchies;
	bool has_cgroup = false;
	const struct dirent *entry;
	DIR *directory;

	if (hidden->host.count == 0 || hierarchy->is_v2)
		return false;
	directory = opendir(hierarchy->mount_point);
	while (directory && (entry = readdir(directory)))
		has_cgroup |= entry->d_type == DT_DIR && entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return directory && !has_cgroup;
}

/*
 * The kernel looks once whether a v1 hierarchy has cgroups, when its last mount goes: one that was removed but is still on its way out keeps it for good.
 */
void cgroup_hidden_dissolve(struct cgroup_hidden *hidden)
{
	const struct timespec grace = {.tv_nsec = GRACE_MS * 1000000L};
	const bool systemd[CGROUP_HIDDEN_COUNT] = {[CGROUP_HIDDEN_SYSTEMD] = true};

	for (int tries = 0; tries < MAX_TRIES && is_last(hidden); tries++) {
		nanosleep(&grace, NULL);
		cgroup_hidden_release(hidden);
		nanosleep(&grace, NULL);
		if (!is_there(CGROUP_HIDDEN_SYSTEMD) || cgroup_hidden_open(systemd, hidden, NULL) < 0)
			return;
	}
	cgroup_hidden_release(hidden);
}

/* What a cgroup namespace's root needs to make cgroups below and move its processes (cgroups(7), delegation). */
static int give(const char *directory, uid_t uid, gid_t gid, struct error *err)
{
	static const char *const files[] = {"", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control", "/tasks"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *path = xasprintf("%s%s", directory, files[i]);

		if (chown(path, uid, gid) < 0 && errno != ENOENT)
			return error_set_errno(err, "cannot give %s to the guest", path);
	}
	return 0;
}

int cgroup_hidden_enter(const struct cgroup_hidden *hidden, const char *path, uid_t uid, gid_t gid, struct error *err)
{
	autofree char *guest = xasprintf("%s/" CGROUP_GUEST, path);
	int r = cgroup_create(&hidden->host, guest, err);

	for (size_t i = 0; i < hidden->host.count && r >= 0; i++) {
		autofree char *directory = cgroup_directory(&hidden->host.hierarchies[i], guest);

		r = give(directory, uid, gid, err);
	}
	return r < 0 || hidden->host.count == 0 ? r : cgroup_attach(&hidden->host, path, CGROUP_GUEST, 0, err);
}

int cgroup_hidden_leave(const struct cgroup_hidden *hidden, pid_t pid, struct error *err)
{
	autofree char *value = xasprintf("%d", (int)pid);
	int r = 0;

	for (size_t i = 0; i < hidden->host.count && r >= 0; i++) {
		const struct cgroup_hierarchy *hierarchy = &hidden->host.hierarchies[i];
		autofree char *place = NULL, *file = NULL;

		r = cgroup_of_process_in(&hidden->host, hierarchy, getpid(), &place, err);
		if (r < 0)
			break;
		file = xasprintf("%s%s/cgroup.procs", hierarchy->mount_point, place);
		r = file_write_value(AT_FDCWD, file, value, err);
	}
	return r < 0 ? r : 0;
}
