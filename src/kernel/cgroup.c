/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns which cgroup hierarchies the host has, and the making, finding and removing of cgroups in them. */
#include "kernel/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "kernel/cgroup_walk.h"
#include "kernel/cpulist.h"
#include "kernel/mountinfo.h"

#define MOUNTINFO_MAX      ((size_t)16 << 20)
#define REMOVE_DEADLINE_MS 1000
#define REMOVE_PAUSE_MS    5

/* What v2 calls a v1 controller; an empty name stands for what v2 always has. */
static const struct {
	const char *v1;
	const char *v2;
} controller_names[] = {
	{"cpu", "cpu"},  {"cpuacct", ""}, {"cpuset", "cpuset"}, {"memory", "memory"},   {"devices", ""},
	{"freezer", ""}, {"blkio", "io"}, {"pids", "pids"},     {"hugetlb", "hugetlb"}, {"files", "files"},
};

/* NULL for one that v2 does not know at all. */
static const char *name_on_v2(const char *controller)
{
	for (size_t i = 0; i < ARRAY_SIZE(controller_names); i++)
		if (strcmp(controller_names[i].v1, controller) == 0)
			return controller_names[i].v2;
	return NULL;
}

static void hierarchy_release(struct cgroup_hierarchy *hierarchy)
{
	free(hierarchy->mount_point);
	free(hierarchy->mounted_root);
	strings_release(&hierarchy->controllers);
	*hierarchy = (struct cgroup_hierarchy){0};
}

void cgroup_host_release(struct cgroup_host *host)
{
	for (size_t i = 0; i < host->count; i++)
		hierarchy_release(&host->hierarchies[i]);
	free(host->hierarchies);
	free(host->root);
	*host = (struct cgroup_host){0};
}

static bool is_mount_flag(const char *option)
{
	static const char *const flags[] = {"rw",          "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode",
					    "favordynmods"};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strcmp(flags[i], option) == 0)
			return true;
	return strncmp(option, "release_agent=", strlen("release_agent=")) == 0;
}

static void read_v1_controllers(const char *super_options, struct strings *controllers)
{
	autorelease(strings_release) struct strings options = {0};

	strings_split(&options, super_options, ",");
	for (size_t i = 0; i < options.count; i++)
		if (!is_mount_flag(options.items[i]))
			strings_append(controllers, options.items[i]);
}

static bool read_hierarchy(const struct mountinfo_entry *mount, const char *root, struct cgroup_hierarchy *ret_hierarchy)
{
	if (strcmp(mount->type, "cgroup") != 0 && strcmp(mount->type, "cgroup2") != 0)
		return false;
	*ret_hierarchy = (struct cgroup_hierarchy){
		.mount_point = xasprintf("%s%s", root, mount->target),
		.mounted_root = xstrdup(mount->root),
		.device = makedev(mount->device_major, mount->device_minor),
		.is_v2 = strcmp(mount->type, "cgroup2") == 0,
	};
	if (!ret_hierarchy->is_v2)
		read_v1_controllers(mount->options, &ret_hierarchy->controllers);
	if (ret_hierarchy->is_v2 || ret_hierarchy->controllers.count)
		return true;
	hierarchy_release(ret_hierarchy);
	return false;
}

static struct cgroup_hierarchy *find_device(struct cgroup_host *host, dev_t device)
{
	for (size_t i = 0; i < host->count; i++)
		if (host->hierarchies[i].device == device)
			return &host->hierarchies[i];
	return NULL;
}

/* Is the mount what one sees at its path, or has something been mounted over it? */
static bool is_visible(const struct cgroup_host *host, const struct cgroup_hierarchy *hierarchy)
{
	struct statfs status;

	if (statfs(hierarchy->mount_point, &status) < 0)
		return false;
	/* A folder of test input is no cgroup file system. */
	return *host->root || status.f_type == (hierarchy->is_v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

/* Takes over `found`. A hierarchy may be mounted at several places: the one that shows most of it is used. */
static void add_hierarchy(struct cgroup_host *host, struct cgroup_hierarchy *found)
{
	struct cgroup_hierarchy *known = find_device(host, found->device);

	if (!is_visible(host, found) || (known && strlen(known->mounted_root) <= strlen(found->mounted_root))) {
		hierarchy_release(found);
		return;
	}
	if (known) {
		hierarchy_release(known);
		*known = *found;
		return;
	}
	host->hierarchies = xreallocarray(host->hierarchies, host->count + 1, sizeof(*host->hierarchies));
	host->hierarchies[host->count++] = *found;
}

static int read_v2_controllers(struct cgroup_hierarchy *hierarchy, struct error *err)
{
	autofree char *path = xasprintf("%s/cgroup.controllers", hierarchy->mount_point);
	autofree char *names = NULL;
	int r;

	r = file_read_line(AT_FDCWD, path, &names, err);
	if (r < 0)
		return r;
	strings_split(&hierarchy->controllers, names, " ");
	return 0;
}

static int load(const char *root, struct cgroup_host *host, struct error *err)
{
	autofree char *path = xasprintf("%s/proc/self/mountinfo", root);
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	autofree char *content = NULL;
	int r;

	host->root = xstrdup(root);
	r = file_read(AT_FDCWD, path, MOUNTINFO_MAX, &content, NULL, err);
	if (r < 0)
		return r;
	mountinfo_parse(content, &mounts);
	for (size_t i = 0; i < mounts.count; i++) {
		struct cgroup_hierarchy found;

		if (read_hierarchy(&mounts.entries[i], root, &found))
			add_hierarchy(host, &found);
	}
	if (host->count == 0)
		return error_set(err, -ENOENT,
				 "no cgroup hierarchy is mounted on this host: mount cgroup2 on /sys/fs/cgroup");
	for (size_t i = 0; i < host->count && r >= 0; i++)
		if (host->hierarchies[i].is_v2)
			r = read_v2_controllers(&host->hierarchies[i], err);
	return r;
}

int cgroup_host_load_below(const char *root, struct cgroup_host *ret_host, struct error *err)
{
	struct cgroup_host host = {0};
	int r;

	r = load(root, &host, err);
	if (r < 0) {
		cgroup_host_release(&host);
		return r;
	}
	*ret_host = host;
	return 0;
}

int cgroup_host_load(struct cgroup_host *ret_host, struct error *err)
{
	return cgroup_host_load_below("", ret_host, err);
}

static const struct cgroup_hierarchy *find_in(const struct cgroup_host *host, bool is_v2, const char *name)
{
	for (size_t i = 0; i < host->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &host->hierarchies[i];

		if (hierarchy->is_v2 == is_v2 && (!*name || strings_contain(&hierarchy->controllers, name)))
			return hierarchy;
	}
	return NULL;
}

const struct cgroup_hierarchy *cgroup_find(const struct cgroup_host *host, const char *controller)
{
	const struct cgroup_hierarchy *hierarchy = find_in(host, false, controller);
	const char *name = name_on_v2(controller);

	if (hierarchy || !name)
		return hierarchy;
	return find_in(host, true, name);
}

int cgroup_require(const struct cgroup_host *host, const char *controller, const char *purpose,
		   const struct cgroup_hierarchy **ret_hierarchy, struct error *err)
{
	*ret_hierarchy = cgroup_find(host, controller);
	if (*ret_hierarchy)
		return 0;
	return error_set(err, -EOPNOTSUPP,
			 "Your kernel does not support %s: no cgroup hierarchy on this host has the controller %s", purpose,
			 controller);
}

const struct cgroup_hierarchy *cgroup_find_v2(const struct cgroup_host *host)
{
	return find_in(host, true, "");
}

bool cgroup_is_unified(const struct cgroup_host *host)
{
	for (size_t i = 0; i < host->count; i++)
		if (!host->hierarchies[i].is_v2)
			return false;
	return host->count > 0;
}

static bool is_good_component(const char *component, size_t length)
{
	if (length == 0 || length > NAME_MAX)
		return false;
	if (component[0] == '.' && (length == 1 || (length == 2 && component[1] == '.')))
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)component[i] < ' ' || component[i] == 0x7f)
			return false;
	return true;
}

int cgroup_path_check(const char *path, struct error *err)
{
	const char *rest = path;

	if (*rest != '/' || strlen(path) > CGROUP_PATH_MAX)
		return error_set(err, -EINVAL,
				 "\"%.300s\" is no cgroup path: it must begin with / and be no longer than %d bytes", path,
				 CGROUP_PATH_MAX);
	while (*rest == '/') {
		size_t length = strcspn(++rest, "/");

		if (!is_good_component(rest, length))
			return error_set(err, -EINVAL, "\"%.300s\" is no cgroup path: \"%.*s\" cannot be a part of one",
					 path, (int)length, rest);
		rest += length;
	}
	return 0;
}

bool cgroup_path_is_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

char *cgroup_directory(const struct cgroup_hierarchy *hierarchy, const char *path)
{
	return xasprintf("%s%s", hierarchy->mount_point, path);
}

bool cgroup_exists(const struct cgroup_host *host, const char *path)
{
	for (size_t i = 0; i < host->count; i++) {
		autofree char *directory = cgroup_directory(&host->hierarchies[i], path);

		if (file_exists(AT_FDCWD, directory))
			return true;
	}
	return false;
}

/*
 * Making
 */

static int hand_down(const char *directory, const char *name, struct error *err)
{
	autofree char *file = xasprintf("%s/cgroup.subtree_control", directory);
	autofree char *request = xasprintf("+%s", name);
	autorelease(strings_release) struct strings enabled = {0};
	autofree char *line = NULL;
	int r;

	r = file_read_line(AT_FDCWD, file, &line, err);
	if (r < 0)
		return r;
	strings_split(&enabled, line, " ");
	return strings_contain(&enabled, name) ? 0 : file_write_value(AT_FDCWD, file, request, err);
}

int cgroup_enable_controller(const struct cgroup_hierarchy *hierarchy, const char *path, const char *controller,
			     struct error *err)
{
	const char *name = name_on_v2(controller);

	if (!hierarchy->is_v2 || !name || !*name)
		return 0;
	/* The top first: a cgroup can only hand down what it was given. */
	for (const char *end = path; end; end = strchr(end + 1, '/')) {
		autofree char *ancestor = xstrndup(path, (size_t)(end - path));
		autofree char *directory = cgroup_directory(hierarchy, ancestor);
		int r;

		r = hand_down(directory, name, err);
		if (r == -EBUSY)
			error_prefix(err, "the cgroup %s has processes of its own and cannot give the controller %s to %s",
				     *ancestor ? ancestor : "/", name, path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A new v1 cpuset is empty, and so is that of an ancestor that somebody just made. */
static int inherit_cpuset(const char *directory, const char *parent, const char *name, struct error *err)
{
	autofree char *own_file = xasprintf("%s/%s", directory, name);
	autofree char *parent_file = xasprintf("%s/%s", parent, name);
	autofree char *own = NULL, *inherited = NULL;
	int r;

	r = file_read_line(AT_FDCWD, own_file, &own, err);
	if (r < 0 || *own)
		return r;
	r = file_read_line(AT_FDCWD, parent_file, &inherited, err);
	return r < 0 ? r : file_write_value(AT_FDCWD, own_file, inherited, err);
}

/* Whether a limit really needs the controller is seen when it is applied, and said then. */
static void hand_all_down(const struct cgroup_hierarchy *hierarchy, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(controller_names); i++)
		if (strings_contain(&hierarchy->controllers, controller_names[i].v2))
			cgroup_enable_controller(hierarchy, path, controller_names[i].v1, NULL);
}

static int fit_v1(const struct cgroup_hierarchy *hierarchy, const char *directory, const char *parent, struct error *err)
{
	int r = 0;

	if (strings_contain(&hierarchy->controllers, "cpuset")) {
		autofree char *clone_children = xasprintf("%s/cgroup.clone_children", directory);

		/* For what others make below it: liblxc fills no cpuset whose parent was there already. */
		file_write_value(AT_FDCWD, clone_children, "1", NULL);
		r = inherit_cpuset(directory, parent, "cpuset.cpus", err);
		if (r >= 0)
			r = inherit_cpuset(directory, parent, "cpuset.mems", err);
	}
	/* Before Linux 5.11 a limit bound the cgroup's own tasks only, unless asked; refused when it is so already. */
	if (strings_contain(&hierarchy->controllers, "memory")) {
		autofree char *file = xasprintf("%s/memory.use_hierarchy", directory);

		file_write_value(AT_FDCWD, file, "1", NULL);
	}
	return r;
}

/* Removes the cgroup and its ancestors, as long as they are longer than `keep` bytes of its path. */
static void unmake(const struct cgroup_hierarchy *hierarchy, const char *path, size_t keep)
{
	size_t length = strlen(path);

	while (length > keep) {
		autofree char *made = xstrndup(path, length);
		autofree char *directory = cgroup_directory(hierarchy, made);

		rmdir(directory);
		while (path[--length] != '/')
			continue;
	}
}

/* On cgroups that we made or had made, so that no others are removed as unused. A kernel that does not take it keeps them. */
#define OURS "trusted.syscontainer"

static void mark_as_ours(const char *directory)
{
	setxattr(directory, OURS, "", 0, 0);
}

/* One level: `end` is where it ends in `path`. *made_from becomes the length of what was there before us. */
static int create_level(const struct cgroup_hierarchy *hierarchy, const char *path, size_t parent_length, size_t length,
			size_t *made_from, struct error *err)
{
	autofree char *level = xstrndup(path, length);
	autofree char *above = xstrndup(path, parent_length);
	autofree char *directory = cgroup_directory(hierarchy, level);
	autofree char *parent = cgroup_directory(hierarchy, above);

	if (mkdir(directory, 0755) < 0) {
		if (errno != EEXIST)
			return error_set_errno(err, "cannot make the cgroup %s", directory);
	} else {
		mark_as_ours(directory);
		if (*made_from > parent_length)
			*made_from = parent_length;
	}
	return hierarchy->is_v2 ? 0 : fit_v1(hierarchy, directory, parent, err);
}

static int create_in(const struct cgroup_hierarchy *hierarchy, const char *path, size_t *made_from, struct error *err)
{
	size_t parent_length = 0;
	int r = 0;

	*made_from = strlen(path);
	while (path[parent_length] && r >= 0) {
		size_t length = parent_length + 1 + strcspn(path + parent_length + 1, "/");

		r = create_level(hierarchy, path, parent_length, length, made_from, err);
		parent_length = length;
	}
	return r;
}

int cgroup_create(const struct cgroup_host *host, const char *path, struct error *err)
{
	autofree size_t *made_from = xcalloc(host->count + 1, sizeof(*made_from));
	size_t i;
	int r;

	r = cgroup_path_check(path, err);
	for (i = 0; i < host->count && r >= 0; i++)
		r = create_in(&host->hierarchies[i], path, &made_from[i], err);
	/* On a hybrid host the top's cgroup.subtree_control is not ours to change before a limit needs it. */
	if (r >= 0 && cgroup_is_unified(host))
		hand_all_down(&host->hierarchies[0], path);
	while (r < 0 && i-- > 0)
		unmake(&host->hierarchies[i], path, made_from[i]);
	return r < 0 ? r : 0;
}

void cgroup_adopt(const struct cgroup_host *host, const char *path)
{
	if (cgroup_path_check(path, NULL) < 0)
		return;
	for (size_t i = 0; i < host->count; i++) {
		autofree char *directory = cgroup_directory(&host->hierarchies[i], path);

		mark_as_ours(directory);
	}
}

/*
 * Removing
 */

static int remove_child(int parent_fd, const char *name, void *data, struct error *err)
{
	(void)data;
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENODEV)
		return 0;
	return error_set_errno(err, "cannot remove the cgroup %s", name);
}

/* One try: children first, then the cgroup itself. */
static int remove_once(const char *directory, struct error *err)
{
	const struct cgroup_walker walker = {.left = remove_child};
	int r;

	if (rmdir(directory) == 0 || errno == ENOENT)
		return 0;
	r = cgroup_walk(directory, &walker, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		error_prefix(err, "below %s", directory);
		return r;
	}
	if (rmdir(directory) == 0 || errno == ENOENT)
		return 0;
	return error_set_errno(err, "cannot remove the cgroup %s", directory);
}

static bool is_busy(int code)
{
	return code == -EBUSY || code == -ENOTEMPTY;
}

static int remove_in(const struct cgroup_hierarchy *hierarchy, const char *path, int64_t deadline_ms, struct error *err)
{
	const struct timespec pause = {.tv_nsec = REMOVE_PAUSE_MS * 1000000L};
	autofree char *directory = cgroup_directory(hierarchy, path);
	int r;

	while (is_busy(r = remove_once(directory, err)) && clock_monotonic_ms() < deadline_ms)
		nanosleep(&pause, NULL);
	if (is_busy(r))
		error_append(err, " (processes are still in it)");
	return r;
}

int cgroup_remove(const struct cgroup_host *host, const char *path, struct error *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + REMOVE_DEADLINE_MS;
	int result;

	result = cgroup_path_check(path, err);
	if (result < 0)
		return result;
	/* One hierarchy that is stuck does not keep the others' cgroups. The first failure is the one reported. */
	for (size_t i = 0; i < host->count; i++) {
		int r = remove_in(&host->hierarchies[i], path, deadline_ms, result < 0 ? NULL : err);

		if (r < 0 && result >= 0)
			result = r;
	}
	return result < 0 ? result : 0;
}

/* rmdir(2) keeps what has processes or cgroups in it. */
static void remove_unused(const struct cgroup_hierarchy *hierarchy, const char *path)
{
	autofree char *level = xstrdup(path);
	bool is_ours = true;

	for (char *end = level + strlen(level); is_ours && end > level; end = strrchr(level, '/')) {
		autofree char *directory = NULL;

		*end = '\0';
		directory = cgroup_directory(hierarchy, level);
		is_ours = getxattr(directory, OURS, NULL, 0) >= 0 || errno == ENOENT;
		if (is_ours && rmdir(directory) < 0 && errno != ENOENT)
			return;
	}
}

void cgroup_remove_unused(const struct cgroup_host *host, const char *path)
{
	if (cgroup_path_check(path, NULL) < 0)
		return;
	for (size_t i = 0; i < host->count; i++)
		remove_unused(&host->hierarchies[i], path);
}

/*
 * Of a process
 */

/* "4:memory,cpu:/path", "1:name=systemd:/path", "0::/path" (cgroups(7)): the path if the line is the hierarchy's, else NULL. */
static char *match_membership(char *line, const struct cgroup_hierarchy *hierarchy)
{
	autorelease(strings_release) struct strings controllers = {0};
	char *names = strchr(line, ':');
	char *path = names ? strchr(names + 1, ':') : NULL;

	if (!path)
		return NULL;
	*names++ = '\0';
	*path++ = '\0';
	if (hierarchy->is_v2)
		return strcmp(line, "0") == 0 ? path : NULL;
	strings_split(&controllers, names, ",");
	return strings_contain(&controllers, hierarchy->controllers.items[0]) ? path : NULL;
}

static void cut_suffix(char *text, const char *suffix)
{
	size_t length = strlen(text), suffix_length = strlen(suffix);

	if (length >= suffix_length && strcmp(text + length - suffix_length, suffix) == 0)
		text[length - suffix_length] = '\0';
}

int cgroup_parse_place(const char *content, const struct cgroup_hierarchy *hierarchy, char **ret_path, struct error *err)
{
	size_t root_length = strcmp(hierarchy->mounted_root, "/") == 0 ? 0 : strlen(hierarchy->mounted_root);
	autorelease(strings_release) struct strings lines = {0};

	strings_split(&lines, content, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		char *path = match_membership(lines.items[i], hierarchy);

		if (!path)
			continue;
		if (root_length && !cgroup_path_is_below(path, hierarchy->mounted_root))
			break;
		/* v2 marks the removed cgroup of a dead process. */
		cut_suffix(path, " (deleted)");
		*ret_path = xstrdup(path[root_length] ? path + root_length : "/");
		return 0;
	}
	return error_set(err, -ENOENT, "no cgroup below %s", hierarchy->mount_point);
}

int cgroup_of_process_in(const struct cgroup_host *host, const struct cgroup_hierarchy *hierarchy, pid_t pid,
			 char **ret_path, struct error *err)
{
	autofree char *file = xasprintf("%s/proc/%d/cgroup", host->root, (int)pid);
	autofree char *content = NULL;
	int r;

	r = file_read(AT_FDCWD, file, MOUNTINFO_MAX, &content, NULL, NULL);
	if (r == -ENOENT || r == -ESRCH)
		return error_set(err, -ESRCH, "there is no process %d", (int)pid);
	if (r < 0)
		return error_set(err, r, "cannot read %s: %s", file, strerror(-r));
	if (cgroup_parse_place(content, hierarchy, ret_path, NULL) < 0)
		return error_set(err, -ENOENT, "process %d is in no cgroup below %s", (int)pid, hierarchy->mount_point);
	return 0;
}

int cgroup_of_process(const struct cgroup_host *host, pid_t pid, const char *controller, char **ret_path, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_find(host, controller ? controller : "name=systemd");

	if (!hierarchy && !controller)
		hierarchy = cgroup_find_v2(host);
	if (!hierarchy)
		return error_set(err, -EOPNOTSUPP, "no cgroup hierarchy has the controller %s",
				 controller ? controller : "name=systemd");
	return cgroup_of_process_in(host, hierarchy, pid, ret_path, err);
}

int cgroup_join(const struct cgroup_host *host, pid_t pid, struct error *err)
{
	for (size_t i = 0; i < host->count; i++) {
		autofree char *place = NULL, *directory = NULL, *file = NULL;
		int r = cgroup_of_process_in(host, &host->hierarchies[i], pid, &place, err);

		if (r < 0)
			return r;
		directory = cgroup_directory(&host->hierarchies[i], place);
		file = xasprintf("%s/cgroup.procs", directory);
		r = file_write_value(AT_FDCWD, file, "0", err);
		if (r < 0)
			return r;
	}
	return 0;
}
