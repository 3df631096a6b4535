/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns which container has which range of the host's ids. */
#include "model/idmap.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/paths.h"

/* In names of links: "UID-SIZE" is an automatic range with one owner, "UID-SIZE@ID" a fixed one, which several containers may share. */
#define FIXED_MARK '@'

struct range {
	uint64_t first, size;
	bool is_fixed;
};

struct ranges {
	struct range *items;
	size_t count;
};

/* What files say may be absurd; beyond the last id nothing can overlap, and the sums stay small. */
static void ranges_append(struct ranges *ranges, struct range range)
{
	if (range.first > UINT32_MAX)
		return;
	if (range.size > UINT32_MAX)
		range.size = UINT32_MAX;
	ranges->items = xreallocarray(ranges->items, ranges->count + 1, sizeof(struct range));
	ranges->items[ranges->count++] = range;
}

static void ranges_release(struct ranges *ranges)
{
	free(ranges->items);
}

static bool overlaps(const struct range *range, uint64_t first, uint64_t size)
{
	return range->first < first + size && first < range->first + range->size;
}

static void append_subordinate(struct ranges *ranges, const char *text)
{
	while (text && *text) {
		const char *end = strchr(text, '\n'), *colon = strchr(text, ':');
		unsigned long long first, size;

		if (colon && (!end || colon < end) && sscanf(colon, ":%llu:%llu", &first, &size) == 2)
			ranges_append(ranges, (struct range){.first = first, .size = size});
		text = end ? end + 1 : NULL;
	}
}

int idmap_overlaps_subordinate(const char *text, uint64_t first, uint64_t size)
{
	autorelease(ranges_release) struct ranges ranges = {0};

	append_subordinate(&ranges, text);
	for (size_t i = 0; i < ranges.count; i++)
		if (overlaps(&ranges.items[i], first, size))
			return true;
	return false;
}

static void append_file(struct ranges *ranges, const char *path)
{
	autofree char *text = NULL;
	size_t length;

	if (file_read(AT_FDCWD, path, (size_t)16 << 20, &text, &length, NULL) == 0)
		append_subordinate(ranges, text);
}

/*
 * /proc/PID/uid_map (user_namespaces(7)), lines "INSIDE OUTSIDE COUNT". Ids that are the same on both sides are the
 * host's and nobody's own: a service with systemd's PrivateUsers=full has all there are.
 */
static void append_map(struct ranges *ranges, const char *path)
{
	autofree char *text = NULL;
	unsigned long long inside, outside, size;
	size_t length;

	if (file_read(AT_FDCWD, path, 65536, &text, &length, NULL) < 0)
		return;
	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (sscanf(line, "%llu %llu %llu", &inside, &outside, &size) == 3 && inside != outside)
			ranges_append(ranges, (struct range){.first = outside, .size = size});
}

/* Only those user namespaces are read that were not seen yet: most processes share ours. */
static void append_running(struct ranges *ranges)
{
	DIR *proc = opendir("/proc");
	ino_t last_seen = 0;
	struct dirent *entry;
	struct stat stat;

	if (!proc)
		return;
	if (fstatat(dirfd(proc), "self/ns/user", &stat, 0) == 0)
		last_seen = stat.st_ino;
	while ((entry = readdir(proc))) {
		char path[64];

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%.20s/ns/user", entry->d_name);
		if (fstatat(dirfd(proc), path, &stat, 0) < 0 || stat.st_ino == last_seen)
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/uid_map", entry->d_name);
		append_map(ranges, path);
		last_seen = stat.st_ino;
	}
	closedir(proc);
}

static void append_owned(struct ranges *ranges)
{
	autofree char *path = paths_idmap();
	DIR *directory = opendir(path);
	unsigned long long first, size;
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		if (sscanf(entry->d_name, "%llu-%llu", &first, &size) != 2)
			continue;
		ranges_append(ranges,
			      (struct range){.first = first, .size = size, .is_fixed = strchr(entry->d_name, FIXED_MARK)});
	}
	closedir(directory);
}

/* The first candidate at or behind `first` that overlaps nothing; each overlap moves the candidate behind the range that it hit. */
static uint64_t find_free(const struct ranges *used, uint64_t first)
{
	for (size_t i = 0; i < used->count; i++) {
		const struct range *range = &used->items[i];

		if (!overlaps(range, first, IDMAP_SIZE))
			continue;
		first = (range->first + range->size + IDMAP_SIZE - 1) / IDMAP_SIZE * IDMAP_SIZE;
		i = (size_t)-1;
	}
	return first;
}

static int record(const char *id, uint64_t first, uint64_t size, const char *suffix, struct error *err)
{
	autofree char *directory = paths_idmap();
	autofree char *path =
		xasprintf("%s/%llu-%llu%s", directory, (unsigned long long)first, (unsigned long long)size, suffix);

	if (symlink(id, path) < 0)
		return error_set_errno(err, "cannot record the range of ids %s", path);
	return 0;
}

/*
 * Where this set of containers starts to look (FNV-1a of its path). Two sets on one host know nothing of each other's
 * stopped containers, and hardly ever meet this way.
 */
static uint64_t first_candidate(void)
{
	autofree char *path = paths_idmap();
	uint32_t hash = 2166136261u;

	for (const char *c = path; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return IDMAP_FIRST + (uint64_t)hash % IDMAP_COUNT * IDMAP_SIZE;
}

/* A range from `first` to `last` that is nobody's, a user's of the host included. */
static bool find_unowned(const struct ranges *used, uint64_t first, uint64_t last, uint64_t *ret_first)
{
	for (first = find_free(used, first); first + IDMAP_SIZE - 1 <= last; first = find_free(used, first + IDMAP_SIZE)) {
		if (getpwuid((uid_t)first))
			continue;
		*ret_first = first;
		return true;
	}
	return false;
}

int idmap_allocate(const char *id, struct spec_idmap *ret_idmap, struct error *err)
{
	autorelease(ranges_release) struct ranges used = {0};
	uint64_t start = first_candidate(), first;

	append_owned(&used);
	append_file(&used, "/etc/subuid");
	append_file(&used, "/etc/subgid");
	append_running(&used);
	if (!find_unowned(&used, start, IDMAP_LAST, &first) && !find_unowned(&used, IDMAP_FIRST, start - 1, &first))
		return error_set(
			err, -ENOSPC,
			"no %u free ids are left between %u and %u; remove containers, or give a range with --user-remap",
			IDMAP_SIZE, IDMAP_FIRST, IDMAP_LAST);
	*ret_idmap = (struct spec_idmap){.uid = first, .gid = first, .size = IDMAP_SIZE, .is_automatic = true};
	return record(id, first, IDMAP_SIZE, "", err);
}

static int check_fixed(const struct ranges *owned, uint64_t first, uint64_t size, struct error *err)
{
	for (size_t i = 0; i < owned->count; i++) {
		const struct range *range = &owned->items[i];

		if (!overlaps(range, first, size) || (range->is_fixed && range->first == first && range->size == size))
			continue;
		return error_set(err, -EEXIST, "the ids %llu to %llu overlap the range %llu to %llu of another container",
				 (unsigned long long)first, (unsigned long long)(first + size - 1),
				 (unsigned long long)range->first, (unsigned long long)(range->first + range->size - 1));
	}
	return 0;
}

int idmap_claim(const char *id, const struct spec_idmap *idmap, struct error *err)
{
	autofree char *suffix = xasprintf("%c%s", FIXED_MARK, id);
	autorelease(ranges_release) struct ranges owned = {0};
	int r;

	append_owned(&owned);
	r = check_fixed(&owned, idmap->uid, idmap->size, err);
	if (r == 0)
		r = check_fixed(&owned, idmap->gid, idmap->size, err);
	if (r == 0)
		r = record(id, idmap->uid, idmap->size, suffix, err);
	if (r == 0 && idmap->gid != idmap->uid)
		r = record(id, idmap->gid, idmap->size, suffix, err);
	return r;
}
