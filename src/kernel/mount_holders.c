/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the search for the processes that use a mount. */
#include "kernel/mount_holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/procfs.h"

/* A guest decides how many processes, namespaces and files it has, and nobody reads a longer list. */
#define NAMED_MAX      5
#define NAMESPACES_MAX 64
#define FILES_MAX      4096
#define MAPS_MAX       ((size_t)4 << 20)

/* The mounts as they are called in one mount namespace. */
struct space {
	uint64_t inode; /* of the namespace */
	uint64_t *ids;
	size_t count;
};

struct search {
	const struct mountinfo *table;
	const size_t *mounts;
	size_t mount_count;
	struct space spaces[NAMESPACES_MAX];
	size_t space_count;
};

static void search_release(struct search *search)
{
	for (size_t i = 0; i < search->space_count; i++)
		free(search->spaces[i].ids);
}

static bool is_copy(const struct search *search, const struct mountinfo_entry *entry)
{
	for (size_t i = 0; i < search->mount_count; i++) {
		const struct mountinfo_entry *mount = &search->table->entries[search->mounts[i]];

		if (entry->device_major == mount->device_major && entry->device_minor == mount->device_minor &&
		    strcmp(entry->root, mount->root) == 0)
			return true;
	}
	return false;
}

static void add_copies(const struct search *search, pid_t pid, struct space *space)
{
	autorelease(mountinfo_release) struct mountinfo table = {0};

	if (mountinfo_read(pid, &table, NULL) < 0)
		return;
	space->ids = xcalloc(table.count, sizeof(*space->ids));
	for (size_t i = 0; i < table.count; i++)
		if (is_copy(search, &table.entries[i]))
			space->ids[space->count++] = table.entries[i].id;
}

static const struct space *find_space(struct search *search, pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/ns/mnt", pid);
	struct space *space;
	struct stat status;

	if (stat(path, &status) < 0)
		return NULL;
	for (size_t i = 0; i < search->space_count; i++)
		if (search->spaces[i].inode == status.st_ino)
			return &search->spaces[i];
	if (search->space_count == NAMESPACES_MAX)
		return NULL;
	space = &search->spaces[search->space_count++];
	*space = (struct space){.inode = status.st_ino};
	add_copies(search, pid, space);
	return space;
}

/* In the guest's own namespace only these very mounts: a copy that it made of them keeps nobody waiting. */
static void add_own_space(struct search *search, pid_t init)
{
	autofree char *path = xasprintf("/proc/%d/ns/mnt", init);
	struct space *space = &search->spaces[0];
	struct stat status;

	if (stat(path, &status) < 0)
		return;
	*space = (struct space){.inode = status.st_ino, .ids = xcalloc(search->mount_count, sizeof(*space->ids))};
	for (; space->count < search->mount_count; space->count++)
		space->ids[space->count] = search->table->entries[search->mounts[space->count]].id;
	search->space_count = 1;
}

/* --- one process --------------------------------------------------------------------------------------------------------- */

/* What a link of /proc leads to, without a word to its file system. */
static bool leads_to(const struct space *space, int directory_fd, const char *name)
{
	struct statx status;

	if (statx(directory_fd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) < 0)
		return false;
	for (size_t i = 0; i < space->count; i++)
		if (space->ids[i] == status.stx_mnt_id)
			return true;
	return false;
}

static bool has_open_file(const struct space *space, int process_fd)
{
	int fd = openat(process_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool has = false;

	for (size_t i = 0; directory && !has && i < FILES_MAX && (entry = readdir(directory)); i++)
		has = entry->d_name[0] != '.' && leads_to(space, dirfd(directory), entry->d_name);
	if (directory)
		closedir(directory);
	return has;
}

bool mount_holders_parse_mapping(const char *line, struct mount_mapping *ret_mapping)
{
	struct mount_mapping mapping = {0};

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*x %x:%x ", &mapping.start, &mapping.end, &mapping.device_major,
		   &mapping.device_minor) != 4)
		return false;
	*ret_mapping = mapping;
	return true;
}

static bool is_on_device(const struct search *search, const struct mount_mapping *mapping)
{
	for (size_t i = 0; i < search->mount_count; i++) {
		const struct mountinfo_entry *mount = &search->table->entries[search->mounts[i]];

		if (mapping->device_major == mount->device_major && mapping->device_minor == mount->device_minor)
			return true;
	}
	return false;
}

static bool has_mapped_file(const struct search *search, const struct space *space, int process_fd)
{
	autofree char *maps = NULL;
	char *state = NULL;

	if (file_read(process_fd, "maps", MAPS_MAX, &maps, NULL, NULL) < 0)
		return false;
	for (char *line = strtok_r(maps, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
		struct mount_mapping mapping;
		char name[64];

		if (!mount_holders_parse_mapping(line, &mapping) || !is_on_device(search, &mapping))
			continue;
		snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, mapping.start, mapping.end);
		if (leads_to(space, process_fd, name))
			return true;
	}
	return false;
}

static const char *find_use(const struct search *search, const struct space *space, int process_fd)
{
	static const struct {
		const char *name, *use;
	} links[] = {{"cwd", "working directory"}, {"root", "root directory"}, {"exe", "program"}};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (leads_to(space, process_fd, links[i].name))
			return links[i].use;
	if (has_open_file(space, process_fd))
		return "open file";
	return has_mapped_file(search, space, process_fd) ? "mapped file" : NULL;
}

size_t mount_holders_describe(pid_t init, const struct mountinfo *table, const size_t *mounts, size_t mount_count,
			      const pid_t *pids, size_t pid_count, struct text *out)
{
	autorelease(search_release) struct search search = {.table = table, .mounts = mounts, .mount_count = mount_count};
	size_t found = 0;

	add_own_space(&search, init);
	for (size_t i = 0; i < pid_count; i++) {
		autofree char *path = xasprintf("/proc/%d", pids[i]), *name = NULL;
		autoclose int process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		const struct space *space = process < 0 ? NULL : find_space(&search, pids[i]);
		const char *use = space && space->count ? find_use(&search, space, process) : NULL;

		if (!use)
			continue;
		if (found == NAMED_MAX) {
			text_append(out, " and others");
			break;
		}
		if (file_read_line(process, "comm", &name, NULL) < 0)
			name = xstrdup("?");
		text_appendf(out, "%s%d (%s: %s)", found++ ? ", " : "", procfs_own_pid(pids[i]), name, use);
	}
	return found;
}
