/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the walk through a tree of cgroups. */
#include "kernel/cgroup_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/strings.h"

/* A cgroup on the way from the top to where we are. */
struct level {
	char *name; /* NULL for the top */
	struct strings children;
	size_t next;
};

struct walk {
	const struct cgroup_walker *walker;
	struct level *levels;
	size_t depth; /* number of levels */
	size_t capacity;
	int fd; /* of the last level */
};

static void level_release(struct level *level)
{
	free(level->name);
	strings_release(&level->children);
}

static void walk_release(struct walk *walk)
{
	while (walk->depth)
		level_release(&walk->levels[--walk->depth]);
	free(walk->levels);
	if (walk->fd >= 0)
		close(walk->fd);
}

static bool is_child(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int list_children(int fd, struct strings *children, struct error *err)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *directory;

	if (copy < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot list a cgroup");
	directory = fdopendir(copy);
	if (!directory) {
		int r = error_set_errno(err, "cannot list a cgroup");

		close(copy);
		return r;
	}
	/* An error of readdir(3) is that of a cgroup just removed: it has no children then. */
	while ((entry = readdir(directory)))
		if (is_child(entry))
			strings_append(children, entry->d_name);
	closedir(directory);
	return 0;
}

static int visit(cgroup_visit *function, struct walk *walk, struct error *err)
{
	return function ? function(walk->fd, walk->depth - 1, walk->walker->data, err) : 0;
}

/* Takes over `fd`. */
static int go_down(struct walk *walk, int fd, const char *name, struct error *err)
{
	struct level *level;
	int r;

	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
	if (walk->depth == walk->capacity) {
		walk->capacity = walk->capacity ? walk->capacity * 2 : 8;
		walk->levels = xreallocarray(walk->levels, walk->capacity, sizeof(*walk->levels));
	}
	level = &walk->levels[walk->depth++];
	*level = (struct level){.name = xstrdup(name)};
	r = visit(walk->walker->before, walk, err);
	return r < 0 ? r : list_children(fd, &level->children, err);
}

static int go_up(struct walk *walk, struct error *err)
{
	struct level *level = &walk->levels[walk->depth - 1];
	int parent, r;

	r = visit(walk->walker->after, walk, err);
	if (r < 0 || walk->depth == 1) {
		level_release(level);
		walk->depth--;
		return r;
	}
	/* cgroups never move to another parent, and a removed one still knows its own: ".." is the way we came. */
	parent = openat(walk->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return error_set_errno(err, "cannot return from the cgroup %s to its parent", level->name);
	close(walk->fd);
	walk->fd = parent;
	if (walk->walker->left)
		r = walk->walker->left(parent, level->name, walk->walker->data, err);
	level_release(level);
	walk->depth--;
	return r;
}

static int step(struct walk *walk, struct error *err)
{
	struct level *level = &walk->levels[walk->depth - 1];
	const char *name;
	int fd;

	if (level->next == level->children.count)
		return go_up(walk, err);
	name = level->children.items[level->next++];
	fd = openat(walk->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : error_set_errno(err, "cannot open the cgroup %s", name);
	return go_down(walk, fd, name, err);
}

int cgroup_walk(const char *directory, const struct cgroup_walker *walker, struct error *err)
{
	autorelease(walk_release) struct walk walk = {.walker = walker, .fd = -EBADF};
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : error_set_errno(err, "cannot open the cgroup %s", directory);
	r = go_down(&walk, fd, NULL, err);
	while (r >= 0 && walk.depth)
		r = step(&walk, err);
	return r < 0 ? r : 0;
}
