/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the order in which limits reach the kernel's files, and the way back when one is refused. */
#include "kernel/cgroup_applying.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/files_limit.h"

void applying_release(struct applying *applying)
{
	for (size_t i = 0; i < applying->count; i++) {
		free(applying->undos[i].file);
		free(applying->undos[i].old);
	}
	free(applying->undos);
}

/* cpuset files of v2 are emptied by a line without anything; a write of no bytes does nothing. */
static const char *written_form(const char *value)
{
	return *value ? value : "\n";
}

/* Backwards: each step of the way back was one that the kernel took forwards. */
static void take_back(struct applying *applying)
{
	for (size_t i = applying->count; i-- > 0;)
		file_write_value(AT_FDCWD, applying->undos[i].file, written_form(applying->undos[i].old), NULL);
	if (applying->had_files_limit)
		files_limit_set(applying->host, applying->path, applying->old_files_limit, NULL);
}

/* Takes over `old`. */
static void remember(struct applying *applying, int fd, const char *file, char *old)
{
	autofree char *link = xasprintf("/proc/self/fd/%d", fd);
	char directory[4096];
	ssize_t length = readlink(link, directory, sizeof(directory) - 1);

	if (length < 0 || (size_t)length >= sizeof(directory) - 1) {
		free(old);
		return;
	}
	directory[length] = '\0';
	applying->undos = xreallocarray(applying->undos, applying->count + 1, sizeof(*applying->undos));
	applying->undos[applying->count++] = (struct undo){.file = xasprintf("%s/%s", directory, file), .old = old};
}

int applying_change(struct applying *applying, int fd, const char *file, const char *old, const char *value,
		    struct error *err)
{
	int r = strcmp(old, value) == 0 ? 0 : file_write_value(fd, file, written_form(value), err);

	if (r >= 0 && strcmp(old, value) != 0)
		remember(applying, fd, file, xstrdup(old));
	return r;
}

/* A file that is not there means that the kernel was built or booted without that part. */
int applying_read(int fd, const char *file, const char *option, char **ret_line, struct error *err)
{
	int r = file_read_line(fd, file, ret_line, err);

	if (r == -ENOENT)
		return error_set(err, -EOPNOTSUPP, "Your kernel does not support %s: the cgroup has no %s", option, file);
	return r;
}

int applying_set(struct applying *applying, int fd, const char *file, const char *option, const char *value,
		 struct error *err)
{
	autofree char *old = NULL;
	int r = applying_read(fd, file, option, &old, err);

	return r < 0 ? r : applying_change(applying, fd, file, old, value, err);
}

int applying_set_number(struct applying *applying, int fd, const char *file, const char *option, int64_t value,
			struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return applying_set(applying, fd, file, option, text, err);
}

int applying_open(struct applying *applying, const char *controller, const char *option, bool *ret_is_v2, int *ret_fd,
		  struct error *err)
{
	const struct cgroup_hierarchy *hierarchy;
	autofree char *directory = NULL;
	int r;

	r = cgroup_require(applying->host, controller, option, &hierarchy, err);
	if (r >= 0)
		r = cgroup_enable_controller(hierarchy, applying->path, controller, err);
	if (r < 0)
		return r;
	directory = cgroup_directory(hierarchy, applying->path);
	*ret_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0)
		return error_set_errno(err, "cannot open the cgroup %s", directory);
	*ret_is_v2 = hierarchy->is_v2;
	return 0;
}

/*
 * pids
 */

static int apply_pids(struct applying *applying, struct error *err)
{
	int64_t limit = applying->limits->pids;
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	if (limit == CGROUP_LIMIT_UNSET)
		return 0;
	r = applying_open(applying, "pids", "--pids-limit", &is_v2, &fd, err);
	if (r < 0)
		return r;
	return limit <= 0 ? applying_set(applying, fd, "pids.max", "--pids-limit", "max", err)
			  : applying_set_number(applying, fd, "pids.max", "--pids-limit", limit, err);
}

/*
 * files
 */

static int apply_files_counted(struct applying *applying, int64_t limit, struct error *err)
{
	uint64_t used, wanted = limit <= 0 ? FILES_LIMIT_NONE : (uint64_t)limit;
	int r;

	applying->had_files_limit = files_limit_read(applying->host, applying->path, &used, &applying->old_files_limit) == 1;
	r = files_limit_set(applying->host, applying->path, wanted, err);
	return r == -ENOENT && limit <= 0 ? 0 : r; /* not counted is not limited */
}

static int apply_files(struct applying *applying, struct error *err)
{
	int64_t limit = applying->limits->files;
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	if (limit == CGROUP_LIMIT_UNSET)
		return 0;
	if (!cgroup_find(applying->host, "files"))
		return apply_files_counted(applying, limit, err);
	r = applying_open(applying, "files", "--files-limit", &is_v2, &fd, err);
	if (r < 0)
		return r;
	return limit <= 0 ? applying_set(applying, fd, "files.limit", "--files-limit", "max", err)
			  : applying_set_number(applying, fd, "files.limit", "--files-limit", limit, err);
}

int cgroup_limits_apply(const struct cgroup_host *host, const char *path, const struct cgroup_limits *limits,
			cgroup_limits_commit *commit, void *data, struct error *err)
{
	/* What cannot fail for want of something in use comes first: there is less to take back. */
	static int (*const steps[])(struct applying *, struct error *) = {
		cgroup_apply_cpuset, cgroup_apply_cpu,     apply_pids,          apply_files,
		cgroup_apply_io,     cgroup_apply_hugetlb, cgroup_apply_memory,
	};
	autorelease(applying_release) struct applying applying = {.host = host, .path = path, .limits = limits};
	int r;

	r = cgroup_path_check(path, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
		r = steps[i](&applying, err);
	if (r < 0)
		error_prefix(err, "cannot set the limits of the cgroup %s", path);
	else if (commit)
		r = commit(data, err);
	if (r < 0)
		take_back(&applying);
	return r < 0 ? r : 0;
}

int cgroup_limits_apply_disk(const struct cgroup_host *host, const char *path, dev_t disk,
			     const struct cgroup_disk_limit *limits, size_t count, struct error *err)
{
	autorelease(applying_release) struct applying applying = {.host = host, .path = path};
	autofree char *number = xasprintf("%u:%u", major(disk), minor(disk));
	int r = cgroup_path_check(path, err);

	if (r >= 0)
		r = cgroup_apply_disk(&applying, number, limits, count, err);
	if (r < 0)
		take_back(&applying);
	return r < 0 ? r : 0;
}
