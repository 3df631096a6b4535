/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the directory of containers: ids and names, and how a container comes and goes as a whole. */
#include "model/registry.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "model/idmap.h"
#include "model/paths.h"

/* Directories that are being made or removed are called so; a command that dies leaves one for the next to sweep. */
#define NEW_PREFIX ".new-"
#define OLD_PREFIX ".old-"
/* Is there while a name changes: a crash then leaves something for the sweep. */
#define RENAME_MARK NEW_PREFIX "rename"

static bool is_id(const char *text)
{
	return strlen(text) == SPEC_ID_LENGTH && strspn(text, "0123456789abcdef") == SPEC_ID_LENGTH;
}

static void make_id(char id[SPEC_ID_LENGTH + 1])
{
	unsigned char bytes[SPEC_ID_LENGTH / 2];

	while (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

static void closedir_scoped(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int list_directory(const char *path, struct strings *ret_names, struct error *err)
{
	autorelease(closedir_scoped) DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot list %s", path);
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strings_append(ret_names, entry->d_name);
	return 0;
}

int registry_list(struct strings *ret_ids, struct error *err)
{
	autofree char *path = paths_containers();
	autorelease(strings_release) struct strings names = {0};
	int r = list_directory(path, &names, err);

	for (size_t i = 0; r == 0 && i < names.count; i++)
		if (is_id(names.items[i]))
			strings_append(ret_ids, names.items[i]);
	return r;
}

static bool container_exists(const char *id)
{
	autofree char *path = paths_container(id, NULL);

	return file_exists(AT_FDCWD, path);
}

/* The id that a link in names/ or idmap/ points to, or NULL. */
static char *read_id_link(const char *directory, const char *name)
{
	autofree char *path = xasprintf("%s/%s", directory, name);
	char id[SPEC_ID_LENGTH + 1];
	ssize_t length = readlink(path, id, sizeof(id));

	if (length != SPEC_ID_LENGTH)
		return NULL;
	id[SPEC_ID_LENGTH] = '\0';
	return is_id(id) ? xstrdup(id) : NULL;
}

static char *id_of_name(const char *name)
{
	autofree char *directory = paths_names();
	autofree char *id = strchr(name, '/') ? NULL : read_id_link(directory, name);

	return id && container_exists(id) ? steal_ptr(id) : NULL;
}

static int resolve_prefix(const char *prefix, char **ret_id, struct error *err)
{
	autorelease(strings_release) struct strings ids = {0}, matches = {0};
	autofree char *list = NULL;
	int r = registry_list(&ids, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ids.count; i++)
		if (strncmp(ids.items[i], prefix, strlen(prefix)) == 0)
			strings_appendf(&matches, "%.12s", ids.items[i]);
	if (matches.count == 0)
		return error_set(err, -ENOENT, "No such container: %s", prefix);
	if (matches.count > 1) {
		list = strings_join(&matches, ", ");
		return error_set(err, -ENOTUNIQ, "%s could be any of the containers %s; give more of the id", prefix, list);
	}
	for (size_t i = 0; i < ids.count; i++)
		if (strncmp(ids.items[i], prefix, strlen(prefix)) == 0)
			*ret_id = xstrdup(ids.items[i]);
	return 0;
}

int registry_resolve(const char *reference, char **ret_id, struct error *err)
{
	const char *name = reference[0] == '/' ? reference + 1 : reference;

	if (is_id(name) && container_exists(name)) {
		*ret_id = xstrdup(name);
		return 0;
	}
	*ret_id = id_of_name(name);
	if (*ret_id)
		return 0;
	if (!name[0] || strspn(name, "0123456789abcdef") != strlen(name))
		return error_set(err, -ENOENT, "No such container: %.256s", reference);
	return resolve_prefix(name, ret_id, err);
}

/* A rename that was cut short leaves two names; the spec says which one counts. */
static bool is_other_name(const char *id, const char *name)
{
	autorelease(spec_release) struct spec spec = {0};

	return spec_load(id, &spec, NULL) >= 0 && strcmp(spec.name, name) != 0;
}

/* Links whose container is not there, or that are `is_false`: a command died between making the one and the other. */
static int sweep_links(const char *directory, bool (*is_false)(const char *id, const char *name), struct error *err)
{
	autorelease(strings_release) struct strings names = {0};
	int r = list_directory(directory, &names, err);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		autofree char *id = read_id_link(directory, names.items[i]);
		autofree char *path = xasprintf("%s/%s", directory, names.items[i]);
		bool is_stale = !id || !container_exists(id) || (is_false && is_false(id, names.items[i]));

		if (is_stale && unlink(path) < 0 && errno != ENOENT)
			r = error_set_errno(err, "cannot remove the stale link %s", path);
	}
	return r;
}

static int list_leftovers(struct strings *ret_names, struct error *err)
{
	autofree char *path = paths_containers();
	autorelease(strings_release) struct strings names = {0};
	int r = list_directory(path, &names, err);

	for (size_t i = 0; r == 0 && i < names.count; i++)
		if (strncmp(names.items[i], NEW_PREFIX, strlen(NEW_PREFIX)) == 0 ||
		    strncmp(names.items[i], OLD_PREFIX, strlen(OLD_PREFIX)) == 0)
			strings_append(ret_names, names.items[i]);
	return r;
}

/* Its directory goes last: it is what tells the next command that there is something to sweep. */
static int remove_hidden(const char *id, const char *hidden, struct error *err)
{
	autofree char *run = paths_run_container(id, NULL), *host = paths_run_host(id);
	int r = file_remove_tree(AT_FDCWD, run, err);

	if (r == 0)
		r = file_remove_tree(AT_FDCWD, host, err);
	return r < 0 ? r : file_remove_tree(AT_FDCWD, hidden, err);
}

static int sweep(struct error *err)
{
	autorelease(strings_release) struct strings leftovers = {0};
	autofree char *names = paths_names(), *idmap = paths_idmap();
	int r = list_leftovers(&leftovers, err);

	if (r == 0 && leftovers.count)
		r = sweep_links(names, is_other_name, err);
	if (r == 0 && leftovers.count)
		r = sweep_links(idmap, NULL, err);
	for (size_t i = 0; r == 0 && i < leftovers.count; i++) {
		autofree char *hidden = paths_container(leftovers.items[i], NULL);
		const char *id = leftovers.items[i] + strlen(OLD_PREFIX); /* both are of one length */

		/* An empty word would mean the whole of RUN. */
		r = is_id(id) ? remove_hidden(id, hidden, err) : file_remove_tree(AT_FDCWD, hidden, err);
	}
	return r;
}

int registry_lock(int *ret_fd, struct error *err)
{
	autofree char *path = NULL;
	autoclose int fd = -EBADF;
	int r = paths_prepare(err);

	if (r < 0)
		return r;
	path = xasprintf("%s/lock", paths_root());
	r = file_lock(AT_FDCWD, path, -1, &fd, err);
	if (r < 0)
		return r;
	r = sweep(err);
	if (r < 0)
		return r;
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int link_name(const char *name, const char *id, struct error *err)
{
	autofree char *directory = paths_names(), *path = xasprintf("%s/%s", directory, name);
	autofree char *owner = read_id_link(directory, name);

	if (owner && container_exists(owner))
		return error_set(
			err, -EEXIST,
			"Conflict. The name \"%s\" is already in use by container %s. You have to remove (or rename) that "
			"container to be able to reuse that name.",
			name, owner);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot replace the stale link %s", path);
	if (symlink(id, path) < 0)
		return error_set_errno(err, "cannot make %s", path);
	return 0;
}

static void unlink_name(const char *name)
{
	autofree char *directory = paths_names(), *path = xasprintf("%s/%s", directory, name);

	unlink(path);
}

static void unlink_all_of(const char *directory, const char *id)
{
	autorelease(strings_release) struct strings names = {0};

	if (list_directory(directory, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		autofree char *owner = read_id_link(directory, names.items[i]);
		autofree char *path = xasprintf("%s/%s", directory, names.items[i]);

		if (owner && strcmp(owner, id) == 0)
			unlink(path);
	}
}

static int fill_directory(const char *hidden_id, struct spec *spec, struct error *err)
{
	struct state state = {0};
	int r = 0;

	if (spec->idmap.is_automatic)
		r = idmap_allocate(spec->id, &spec->idmap, err);
	else if (spec_is_remapped(spec))
		r = idmap_claim(spec->id, &spec->idmap, err);
	if (r == 0)
		r = spec_save(hidden_id, spec, err);
	if (r == 0 && spec->security.seccomp_text) {
		autofree char *path = paths_container(hidden_id, SPEC_SECCOMP_FILE);

		r = file_replace(AT_FDCWD, path, spec->security.seccomp_text, strlen(spec->security.seccomp_text), 0600,
				 err);
	}
	return r < 0 ? r : state_save(hidden_id, &state, err);
}

/*
 * The directory is made under a hidden name and filled, and the links point to its final one. While that does not exist they are stale,
 * so the rename is the moment from which the container is there; until then the hidden directory tells the next command to sweep.
 */
int registry_add(int lock_fd, struct spec *spec, struct error *err)
{
	autofree char *hidden_id = NULL, *hidden = NULL, *final = NULL, *idmap = paths_idmap();
	char id[SPEC_ID_LENGTH + 1];
	int r;

	(void)lock_fd; /* proof that the caller holds it */
	make_id(id);
	hidden_id = xasprintf(NEW_PREFIX "%s", id);
	hidden = paths_container(hidden_id, NULL);
	final = paths_container(id, NULL);
	spec->id = xstrdup(id);
	spec->created_ns = clock_real_ns();
	if (!spec->name)
		spec->name = xstrndup(id, 12);
	if (!spec->hostname)
		spec->hostname = xstrndup(id, 12);
	if (mkdir(hidden, 0700) < 0)
		return error_set_errno(err, "cannot make %s", hidden);
	r = link_name(spec->name, spec->id, err);
	if (r == 0) {
		r = fill_directory(hidden_id, spec, err);
		if (r == 0 && rename(hidden, final) < 0)
			r = error_set_errno(err, "cannot make %s", final);
		/* From here on it is there after a power cut, too; it is complete, so a failure takes nothing back. */
		if (r == 0)
			file_sync_parent(final, NULL);
		if (r < 0)
			unlink_name(spec->name);
	}
	if (r < 0) {
		unlink_all_of(idmap, spec->id);
		file_remove_tree(AT_FDCWD, hidden, NULL);
	}
	return r;
}

int registry_rename(int lock_fd, struct spec *spec, const char *new_name, struct error *err)
{
	autofree char *old_name = NULL, *mark = paths_container(RENAME_MARK, NULL);
	int r;

	(void)lock_fd;
	if (mkdir(mark, 0700) < 0)
		return error_set_errno(err, "cannot make %s", mark);
	r = link_name(new_name, spec->id, err);
	if (r == 0) {
		old_name = spec->name;
		spec->name = xstrdup(new_name);
		r = spec_save(spec->id, spec, err);
		unlink_name(r < 0 ? new_name : old_name);
	}
	rmdir(mark);
	return r;
}

int registry_remove(int lock_fd, const char *id, struct error *err)
{
	autofree char *path = paths_container(id, NULL), *names = paths_names(), *idmap = paths_idmap();
	autofree char *hidden_id = xasprintf(OLD_PREFIX "%s", id), *hidden = paths_container(hidden_id, NULL);

	(void)lock_fd;
	if (rename(path, hidden) < 0)
		return error_set_errno(err, "cannot remove %s", path);
	/* Before its name and ids are somebody else's. */
	file_sync_parent(path, NULL);
	unlink_all_of(names, id);
	unlink_all_of(idmap, id);
	return remove_hidden(id, hidden, err);
}

char *registry_find_name(const char *id)
{
	autofree char *directory = paths_names();
	autorelease(strings_release) struct strings names = {0};

	if (list_directory(directory, &names, NULL) < 0)
		return xstrdup("");
	for (size_t i = 0; i < names.count; i++) {
		autofree char *owner = read_id_link(directory, names.items[i]);

		if (owner && strcmp(owner, id) == 0)
			return xstrdup(names.items[i]);
	}
	return xstrdup("");
}
