/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the maps in which BPF programs find the limits of containers on open files and keep what they count. See files_counter_main.c. */
#include "kernel/files_limit.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "kernel/bpf.h"

#define LOADER_TIMEOUT_MS 20000
#define LSM_LIST          "/sys/kernel/security/lsm"
#define KERNEL_TYPES      "/sys/kernel/btf/vmlinux"

static int open_map(const char *name)
{
	autofree char *path = xasprintf(FILES_LIMIT_DIRECTORY "/%s", name);

	return bpf(BPF_OBJ_GET, &(union bpf_attr){.pathname = (uintptr_t)path});
}

/* `flags` as in bpf(2): BPF_ANY, or BPF_EXIST. */
static int map_set(const char *name, uint64_t key, uint64_t value, uint64_t flags)
{
	autoclose int map = open_map(name);
	union bpf_attr attributes = {.map_fd = (uint32_t)map,
				     .key = (uintptr_t)&key,
				     .value = (uintptr_t)&value,
				     .flags = flags};

	return map < 0 || bpf(BPF_MAP_UPDATE_ELEM, &attributes) < 0 ? -errno : 0;
}

static int map_get(const char *name, uint64_t key, uint64_t *ret_value)
{
	autoclose int map = open_map(name);
	union bpf_attr attributes = {.map_fd = (uint32_t)map, .key = (uintptr_t)&key, .value = (uintptr_t)ret_value};

	return map < 0 || bpf(BPF_MAP_LOOKUP_ELEM, &attributes) < 0 ? -errno : 0;
}

static void map_delete(const char *name, uint64_t key)
{
	autoclose int map = open_map(name);

	if (map >= 0)
		bpf(BPF_MAP_DELETE_ELEM, &(union bpf_attr){.map_fd = (uint32_t)map, .key = (uintptr_t)&key});
}

static bool map_is_empty(const char *name)
{
	autoclose int map = open_map(name);
	union bpf_attr attributes = {.map_fd = (uint32_t)map};
	uint64_t first;

	attributes.next_key = (uintptr_t)&first;
	return map >= 0 && bpf(BPF_MAP_GET_NEXT_KEY, &attributes) < 0 && errno == ENOENT;
}

static const struct cgroup_hierarchy *find_v2(const struct cgroup_host *host)
{
	for (size_t i = 0; i < host->count; i++)
		if (host->hierarchies[i].is_v2)
			return &host->hierarchies[i];
	return NULL;
}

/* What bpf_get_current_ancestor_cgroup_id() says of it: the inode number of the cgroup's directory. */
static int read_id(const struct cgroup_host *host, const char *path, uint64_t *ret_id, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = find_v2(host);
	autofree char *directory = hierarchy ? cgroup_directory(hierarchy, path) : NULL;
	struct stat status;

	if (!directory)
		return error_set(err, -ENOENT, "no cgroup v2 hierarchy is mounted");
	if (stat(directory, &status) < 0)
		return error_set_errno(err, "cannot find the cgroup %s", directory);
	*ret_id = status.st_ino;
	return 0;
}

static size_t count_levels(const char *path)
{
	size_t count = 0;

	for (; *path; path++)
		count += path[0] == '/' && path[1] && path[1] != '/';
	return count;
}

/* Deeper than the programs look, nothing would be limited. */
static int check_level(const struct cgroup_host *host, const char *path, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = find_v2(host);

	if (count_levels(hierarchy->mounted_root) + count_levels(path) <= FILES_LIMIT_MAX_LEVEL)
		return 0;
	return error_set(
		err, -EOPNOTSUPP,
		"--files-limit needs a cgroup at most %d levels deep, and %s is deeper: choose another --cgroup-parent",
		FILES_LIMIT_MAX_LEVEL, path);
}

static int check_security_modules(const struct cgroup_host *host, struct error *err)
{
	autofree char *path = xasprintf("%s" LSM_LIST, host->root);
	autorelease(strings_release) struct strings modules = {0};
	autofree char *line = NULL;

	if (file_read_line(AT_FDCWD, path, &line, NULL) < 0)
		return error_set(err, -EOPNOTSUPP,
				 "there is no " LSM_LIST " that tells whether BPF is among the kernel's security modules");
	strings_split(&modules, line, ",");
	if (strings_contain(&modules, "bpf"))
		return 0;
	return error_set(err, -EOPNOTSUPP,
			 "the kernel's security modules are %s, without bpf; boot the host with lsm=%s,bpf", line, line);
}

static int check_mechanism(const struct cgroup_host *host, struct error *err)
{
	autofree char *types = xasprintf("%s" KERNEL_TYPES, host->root);
	struct statfs status;
	int r = check_security_modules(host, err);

	if (r < 0)
		return r;
	if (!find_v2(host))
		return error_set(err, -EOPNOTSUPP, "no cgroup v2 hierarchy is mounted, by which the files' owner is known");
	if (!file_exists(AT_FDCWD, types))
		return error_set(err, -EOPNOTSUPP,
				 "there is no " KERNEL_TYPES ": the kernel was built without CONFIG_DEBUG_INFO_BTF");
	if (statfs(FILES_LIMIT_BPFFS, &status) < 0 || status.f_type != BPF_FS_MAGIC)
		return error_set(err, -EOPNOTSUPP,
				 "there is no BPF file system; mount one: mount -t bpf bpf " FILES_LIMIT_BPFFS);
	return 0;
}

int files_limit_check(const struct cgroup_host *host, struct error *err)
{
	int r = check_mechanism(host, err);

	return r < 0 ? error_prefix(err,
				    "Your kernel does not support --files-limit: it has no cgroup controller files, and "
				    "BPF cannot count files either")
		     : 0;
}

static int lock(void)
{
	int fd = open(FILES_LIMIT_BPFFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int load(const char *loader, struct error *err)
{
	char *const argv[] = {(char *)"syscontainer-files-counter", NULL};
	const struct process_run run = {.path = loader, .argv = argv, .timeout_ms = LOADER_TIMEOUT_MS};
	autorelease(text_release) struct text errors = {0};
	int status, r;

	if (file_exists(AT_FDCWD, FILES_LIMIT_DIRECTORY))
		return 0;
	r = process_run(&run, &status, NULL, &errors, err);
	if (r < 0)
		return r;
	if (status != 0)
		return error_set(err, -EOPNOTSUPP,
				 "Your kernel does not support --files-limit: it has no cgroup controller files, and %s",
				 text_get(&errors));
	return 0;
}

/* The count first: a limit is what the programs look for. */
static int insert(uint64_t id, uint64_t limit, struct error *err)
{
	int r = map_set(FILES_LIMIT_USED, id, 0, BPF_ANY);

	if (r == 0)
		r = map_set(FILES_LIMIT_LIMITS, id, limit, BPF_ANY);
	return r < 0 ? error_set(err, r, "cannot have the open files of the container counted: %s", strerror(-r)) : 0;
}

int files_limit_begin(const struct cgroup_host *host, const char *path, const char *loader, uint64_t limit,
		      struct error *err)
{
	autoclose int locked = -EBADF;
	uint64_t id;
	int r = files_limit_check(host, err);

	if (r == 0)
		r = check_level(host, path, err);
	if (r == 0)
		r = read_id(host, path, &id, err);
	if (r < 0)
		return r;
	locked = lock();
	if (locked < 0)
		return error_set_errno(err, "cannot lock " FILES_LIMIT_BPFFS);
	r = load(loader, err);
	return r < 0 ? r : insert(id, limit, err);
}

int files_limit_set(const struct cgroup_host *host, const char *path, uint64_t limit, struct error *err)
{
	uint64_t id;
	int r = read_id(host, path, &id, err);

	if (r < 0)
		return r;
	r = map_set(FILES_LIMIT_LIMITS, id, limit, BPF_EXIST);
	if (r == -ENOENT)
		return error_set(
			err, r,
			"--files-limit cannot be set while the container runs: it was started without, so its open files "
			"were not counted; stop it first");
	return r < 0 ? error_set(err, r, "cannot set the limit on open files: %s", strerror(-r)) : 0;
}

int files_limit_read(const struct cgroup_host *host, const char *path, uint64_t *ret_used, uint64_t *ret_limit)
{
	uint64_t id;

	return read_id(host, path, &id, NULL) == 0 && map_get(FILES_LIMIT_LIMITS, id, ret_limit) == 0 &&
	       map_get(FILES_LIMIT_USED, id, ret_used) == 0;
}

void files_limit_end(const struct cgroup_host *host, const char *path)
{
	autoclose int locked = -EBADF;
	uint64_t id;

	if (!file_exists(AT_FDCWD, FILES_LIMIT_DIRECTORY) || read_id(host, path, &id, NULL) < 0)
		return;
	locked = lock();
	map_delete(FILES_LIMIT_LIMITS, id);
	map_delete(FILES_LIMIT_USED, id);
	if (locked >= 0 && map_is_empty(FILES_LIMIT_LIMITS))
		file_remove_tree(AT_FDCWD, FILES_LIMIT_DIRECTORY, NULL);
}
