/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the finding, moving and ending of a cgroup's processes. */
#include "kernel/cgroup_tasks.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernel/cgroup_walk.h"

#define PROCS_MAX     ((size_t)64 << 20)
#define KILL_PAUSE_MS 5
#define NAMED_PIDS    10 /* that an error lists */
#define EXEC_LEAF     ".exec"

void cgroup_pids_release(struct cgroup_pids *pids)
{
	free(pids->items);
	*pids = (struct cgroup_pids){0};
}

static void pids_append(struct cgroup_pids *pids, pid_t pid)
{
	if ((pids->count & (pids->count - 1)) == 0) /* 0 or a power of two: full */
		pids->items = xreallocarray(pids->items, pids->count ? pids->count * 2 : 1, sizeof(pid_t));
	pids->items[pids->count++] = pid;
}

static int add_processes(int fd, size_t depth, void *data, struct error *err)
{
	struct cgroup_pids *pids = data;
	autofree char *content = NULL;
	int r;

	(void)depth;
	r = file_read(fd, "cgroup.procs", PROCS_MAX, &content, NULL, err);
	/* Threaded cgroups of v2 refuse (EOPNOTSUPP); their processes are listed by the domain above them. Others vanish. */
	if (r == -EOPNOTSUPP || r == -ENOENT || r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	for (char *line = content, *end; *line; line = end) {
		long pid = strtol(line, &end, 10);

		if (end == line)
			break;
		if (pid > 0) /* 0 is a process that our pid namespace cannot see */
			pids_append(pids, (pid_t)pid);
		end += strspn(end, "\n");
	}
	return 0;
}

/*
 * A container's processes are below its path in every hierarchy. v2 answers for all; where it is absent, the one of
 * systemd, then any that has the cgroup.
 */
static const struct cgroup_hierarchy *find_tracking(const struct cgroup_host *host, const char *path)
{
	static const char *const preferred[] = {"cpuacct", "name=systemd", "freezer"};
	const struct cgroup_hierarchy *best = NULL;
	size_t best_rank = SIZE_MAX;

	for (size_t i = 0; i < host->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &host->hierarchies[i];
		autofree char *directory = cgroup_directory(hierarchy, path);
		size_t rank = hierarchy->is_v2 ? 0 : 1;

		while (rank > 0 && rank < ARRAY_SIZE(preferred) &&
		       !strings_contain(&hierarchy->controllers, preferred[rank]))
			rank++;
		if (rank < best_rank && file_exists(AT_FDCWD, directory)) {
			best = hierarchy;
			best_rank = rank;
		}
	}
	return best;
}

int cgroup_list_tasks(const struct cgroup_host *host, const char *path, struct cgroup_pids *ret_pids, struct error *err)
{
	struct cgroup_pids pids = {0};
	const struct cgroup_walker walker = {.before = add_processes, .data = &pids};
	const struct cgroup_hierarchy *hierarchy;
	autofree char *directory = NULL;
	int r;

	r = cgroup_path_check(path, err);
	if (r < 0)
		return r;
	hierarchy = find_tracking(host, path);
	if (hierarchy) {
		directory = cgroup_directory(hierarchy, path);
		r = cgroup_walk(directory, &walker, err);
	}
	if (r < 0 && r != -ENOENT) {
		cgroup_pids_release(&pids);
		return r;
	}
	*ret_pids = pids;
	return 0;
}

/* Signals the process only if the one that the pid means now is still in the cgroup. */
static void kill_process(const struct cgroup_host *host, const struct cgroup_hierarchy *hierarchy, const char *path,
			 pid_t pid)
{
	autoclose int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	autofree char *where = NULL;
	/* The path is the same in all hierarchies, so on v2 whichever answers for none in particular will do. */
	const char *controller = hierarchy->is_v2 ? NULL : hierarchy->controllers.items[0];

	if (fd < 0)
		return;
	if (cgroup_of_process(host, pid, controller, &where, NULL) < 0 || !cgroup_path_is_below(where, path))
		return;
	syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

static int thaw(int fd, size_t depth, void *data, struct error *err)
{
	(void)depth;
	(void)data;
	(void)err;
	file_write_value(fd, "freezer.state", "THAWED", NULL);
	return 0;
}

/* Tasks frozen by v1 do not even die. The guest may have frozen some cgroups of its own too. */
static void thaw_v1(const struct cgroup_host *host, const char *path)
{
	const struct cgroup_walker walker = {.before = thaw};
	const struct cgroup_hierarchy *hierarchy = cgroup_find(host, "freezer");
	autofree char *directory = NULL;

	if (!hierarchy || hierarchy->is_v2)
		return;
	directory = cgroup_directory(hierarchy, path);
	cgroup_walk(directory, &walker, NULL);
}

static void kill_once(const struct cgroup_host *host, const char *path, const struct cgroup_pids *pids)
{
	const struct cgroup_hierarchy *hierarchy = find_tracking(host, path);
	autofree char *file = NULL;

	if (!hierarchy)
		return;
	file = xasprintf("%s%s/cgroup.kill", hierarchy->mount_point, path);
	if (!hierarchy->is_v2 || file_write_value(AT_FDCWD, file, "1", NULL) < 0)
		for (size_t i = 0; i < pids->count; i++)
			kill_process(host, hierarchy, path, pids->items[i]);
	thaw_v1(host, path);
}

static int refuse_to_die(const char *path, const struct cgroup_pids *pids, struct error *err)
{
	autorelease(text_release) struct text named = {0};

	for (size_t i = 0; i < pids->count && i < NAMED_PIDS; i++)
		text_appendf(&named, " %d", (int)pids->items[i]);
	return error_set(err, -ETIMEDOUT, "%zu processes in the cgroup %s do not die:%s%s", pids->count, path,
			 text_get(&named), pids->count > NAMED_PIDS ? " ..." : "");
}

int cgroup_kill(const struct cgroup_host *host, const char *path, int timeout_ms, struct error *err)
{
	const struct timespec pause = {.tv_nsec = KILL_PAUSE_MS * 1000000L};
	int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

	for (;;) {
		autorelease(cgroup_pids_release) struct cgroup_pids pids = {0};
		int r;

		r = cgroup_list_tasks(host, path, &pids, err);
		if (r < 0 || pids.count == 0)
			return r;
		kill_once(host, path, &pids);
		if (clock_monotonic_ms() >= deadline_ms)
			return refuse_to_die(path, &pids, err);
		nanosleep(&pause, NULL);
	}
}

/*
 * Attaching
 */

static int attach_beside(int fd, const char *value, struct error *err)
{
	if (mkdirat(fd, EXEC_LEAF, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, "cannot make the cgroup " EXEC_LEAF);
	return file_write_value(fd, EXEC_LEAF "/cgroup.procs", value, err);
}

static int attach_in(const struct cgroup_hierarchy *hierarchy, const char *path, const char *leaf, const char *value,
		     struct error *err)
{
	autofree char *directory = cgroup_directory(hierarchy, path);
	autofree char *target = xasprintf("%s/%s", directory, leaf);
	autoclose int fd = -EBADF;
	int r;

	if (!file_exists(AT_FDCWD, directory))
		return 0;
	fd = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "cannot open the cgroup %s", target);
	r = file_write_value(fd, "cgroup.procs", value, err);
	if (r == -EBUSY && hierarchy->is_v2)
		r = attach_beside(fd, value, err);
	if (r < 0)
		error_prefix(err, "cannot enter the cgroup %s", target);
	return r;
}

int cgroup_attach(const struct cgroup_host *host, const char *path, const char *leaf, pid_t pid, struct error *err)
{
	autofree char *whole = xasprintf("%s/%s", path, leaf);
	autofree char *value = xasprintf("%d", (int)pid);
	int r;

	r = cgroup_path_check(whole, err);
	if (r >= 0 && !cgroup_exists(host, path))
		return error_set(err, -ENOENT, "there is no cgroup %s", path);
	for (size_t i = 0; i < host->count && r >= 0; i++)
		r = attach_in(&host->hierarchies[i], path, leaf, value, err);
	return r < 0 ? r : 0;
}

int cgroup_enter(const struct cgroup_host *host, const char *path, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < host->count; i++) {
		autofree char *directory = cgroup_directory(&host->hierarchies[i], path);
		autofree char *file = xasprintf("%s/cgroup.procs", directory);
		int r = file_write_value(AT_FDCWD, file, "0", result < 0 ? NULL : err);

		if (r < 0 && result == 0)
			result = r;
	}
	return result;
}

void cgroup_hasten_moves(void)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	const struct cgroup_hierarchy *hierarchy;
	autofree char *path = NULL, *directory = NULL, *file = NULL;

	if (cgroup_host_load(&host, NULL) < 0)
		return;
	hierarchy = cgroup_find(&host, "pids");
	if (!hierarchy || cgroup_of_process(&host, getpid(), "pids", &path, NULL) < 0)
		return;
	directory = cgroup_directory(hierarchy, path);
	file = xasprintf("%s/cgroup.procs", directory);
	file_write_value(AT_FDCWD, file, "0", NULL);
}
