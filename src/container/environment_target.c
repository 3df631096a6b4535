/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the exchange of variables between a spec and a file of its guest. */
#include "container/environment_target.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/namespace.h"
#include "kernel/root.h"
#include "model/environment_file.h"

#define NEW_FILE_MODE 0640

struct exchange {
	const struct spec *spec;
	int result_fd; /* a memory file: what only the guest's file has, one a line */
};

/* Empty when it is not there. */
static int read_target(int root_fd, const char *path, char **ret_data, size_t *ret_length, struct error *err)
{
	struct error problem = {0};
	int r = root_check_replace(root_fd, path, err);

	if (r < 0)
		return r;
	r = root_read(root_fd, path, ENVIRONMENT_FILE_MAX_BYTES, ret_data, ret_length, &problem);
	if (r == -ENOENT) {
		*ret_data = xstrdup("");
		*ret_length = 0;
		return 0;
	}
	return r < 0 ? error_set(err, r, "%s", problem.message) : 0;
}

static int write_target(int root_fd, const struct spec *spec, const char *data, size_t length, struct error *err)
{
	autorelease(text_release) struct text merged = {0};

	environment_file_merge(data, length, &spec->environment, &merged);
	if (merged.length == length && memcmp(text_get(&merged), data, length) == 0)
		return 0;
	if (merged.length > ENVIRONMENT_FILE_MAX_BYTES)
		return error_set(err, -EFBIG, "%s of the guest would be larger than %zu bytes", spec->environment_target,
				 ENVIRONMENT_FILE_MAX_BYTES);
	return root_replace(root_fd, spec->environment_target, merged.data, merged.length, NEW_FILE_MODE, err);
}

/* Runs in the guest, as its root. */
static int exchange(void *data, struct error *err)
{
	const struct exchange *task = data;
	const struct spec *spec = task->spec;
	autoclose int root_fd = root_open_own(err);
	autorelease(strings_release) struct strings items = {0};
	autofree char *content = NULL, *joined = NULL;
	size_t length;
	int r;

	if (root_fd < 0)
		return root_fd;
	r = read_target(root_fd, spec->environment_target, &content, &length, err);
	if (r == 0)
		r = environment_file_join(content, length, &spec->environment, &items, err);
	if (r < 0)
		return error_prefix(err, "--env-target-file %s", spec->environment_target);
	r = write_target(root_fd, spec, content, length, err);
	if (r < 0)
		return error_prefix(err, "--env-target-file");
	joined = strings_join(&items, "\n");
	return file_write_all(task->result_fd, joined, strlen(joined), err);
}

static int read_result(int fd, struct strings *ret_environment, struct error *err)
{
	char *start;
	off_t size = lseek(fd, 0, SEEK_END);
	autofree char *content = NULL;

	if (size <= 0)
		return size < 0 ? error_set_errno(err, "cannot look at what the guest's file has") : 0;
	start = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (start == MAP_FAILED)
		return error_set_errno(err, "cannot read what the guest's file has");
	content = xstrndup(start, (size_t)size);
	munmap(start, (size_t)size);
	strings_split(ret_environment, content, "\n");
	return 0;
}

int environment_target_apply(const struct spec *spec, int pidfd, pid_t pid, struct strings *ret_environment,
			     struct error *err)
{
	autoclose int result_fd = memfd_create("environment", MFD_CLOEXEC);
	struct exchange task = {.spec = spec, .result_fd = result_fd};
	int r, flags;

	if (result_fd < 0)
		return error_set_errno(err, "cannot make a memory file");
	r = namespace_differing(pid, &flags, err);
	if (r == 0)
		r = namespace_run(pidfd, flags & (CLONE_NEWNS | CLONE_NEWUSER), exchange, &task, err);
	return r < 0 ? r : read_result(result_fd, ret_environment, err);
}

int environment_target_check(const struct spec *spec, const char *rootfs, struct error *err)
{
	autoclose int root_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autorelease(strings_release) struct strings items = {0};
	autofree char *content = NULL;
	size_t length;
	int r;

	if (root_fd < 0)
		return error_set_errno(err, "cannot enter the root file system %s", rootfs);
	r = read_target(root_fd, spec->environment_target, &content, &length, err);
	return r < 0 ? r : environment_file_join(content, length, &spec->environment, &items, err);
}
