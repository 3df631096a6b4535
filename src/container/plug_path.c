/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way of a path of the host into a running guest, and out of it. */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/mount_plan.h"
#include "container/mount_source.h"
#include "container/plug.h"
#include "kernel/cgroup_tasks.h"
#include "kernel/mount.h"
#include "kernel/mount_holders.h"
#include "kernel/mountinfo.h"
#include "kernel/namespace.h"
#include "kernel/root.h"
#include "kernel/userns.h"

/* How often a guest may mount something over a path between our look and our unmounting. */
#define ATTEMPTS 8

/* As root of the guest's own namespaces: what a guest makes of its tree meanwhile leads us nowhere that its root could not go. */
static int run_inside(const struct plug *plug, int (*function)(void *data, struct error *err), const void *data,
		      struct error *err)
{
	int flags = 0, r = namespace_differing(plug->init.pid, &flags, err);

	if (r == 0 && !(flags & CLONE_NEWNS))
		return error_set(err, -EPERM, "process %d is in the host's mount namespace", plug->init.pid);
	return r < 0 ? r
		     : namespace_run(plug->init_pidfd, flags & (CLONE_NEWUSER | CLONE_NEWNS), function, (void *)data, err);
}

/* --- the host's side ----------------------------------------------------------------------------------------------------- */

/* Symlinks are the host's, and the administrator's business. */
static int open_host(const struct attached_path *path, struct error *err)
{
	int fd = open(path->host, O_PATH | O_CLOEXEC);

	return fd < 0 ? error_set_errno(err, "cannot find %s on the host", path->host) : fd;
}

static int note_source(int source_fd, struct attached_path *path, struct error *err)
{
	struct mount_identity identity;
	int r = mount_identify(source_fd, &identity, err);

	if (r < 0)
		return r;
	path->now.device = identity.device;
	path->now.inode = identity.inode;
	return 0;
}

static int check_place(const struct plug *plug, const struct attached_path *path, struct error *err)
{
	const struct spec_mounts *mounts = &plug->spec->mounts;

	if (spec_mounts_find(mounts, path->guest) ||
	    (mounts->channel.target && strcmp(mounts->channel.target, path->guest) == 0))
		return error_set(err, -EEXIST,
				 "Mount more than one host paths to a single path in container: %s is mounted since create",
				 path->guest);
	return 0;
}

static int find_missing(void *data, struct error *err)
{
	const struct attached_path *path = data;
	autoclose int root = root_open_own(err);

	return root < 0 ? root : root_find_missing(root, path->guest, err);
}

static int resolve(struct plug *plug, void *item, struct error *err)
{
	struct attached_path *path = item;
	autoclose int source = open_host(path, err);
	int r = source < 0 ? source : check_place(plug, path, err);

	if (r == 0)
		r = note_source(source, path, err);
	if (r == 0)
		r = run_inside(plug, find_missing, path, err);
	if (r < 0)
		return r;
	free(path->now.made);
	path->now.made = r > 0 ? xstrndup(path->guest, (size_t)r) : NULL;
	return 0;
}

/* --- what is there ------------------------------------------------------------------------------------------------------- */

static int find_at_place(void *data, struct error *err)
{
	const struct attached_path *path = data;
	struct mount_identity identity;
	autoclose int root = root_open_own(err), place = -EBADF;
	int r;

	if (root < 0)
		return root;
	place = root_open(root, path->guest, O_PATH, 0, err);
	if (place < 0)
		return place == -ENOENT ? 0 : place;
	r = mount_identify(place, &identity, err);
	if (r < 0 || !mount_is_root(place) || identity.device != path->now.device || identity.inode != path->now.inode)
		return r;
	return (int)identity.id; /* the kernel makes them from int */
}

/*
 * The number of the mount in the guest, 0 when there is none. After a crash it may not have been written down: then what lies at that place and shows the same directory
 * is it.
 */
static int find_mount(const struct plug *plug, const struct attached_path *path, uint64_t *ret_id, struct error *err)
{
	int r;

	*ret_id = path->now.mount_id;
	if (*ret_id || !plug->is_repair)
		return 0;
	r = run_inside(plug, find_at_place, path, err);
	*ret_id = r > 0 ? (uint64_t)r : 0;
	return r < 0 ? r : 0;
}

static bool is_as_wanted(const struct plug *plug, const struct attached_path *path, uint64_t id, int source_fd)
{
	autorelease(mountinfo_release) struct mountinfo table = {0};
	autorelease(mountinfo_entry_release) struct mountinfo_entry source = {0};
	const struct mountinfo_entry *entry;
	bool is_shifted = spec_is_remapped(plug->spec) && !path->keeps_ids;

	if (mountinfo_read(plug->init.pid, &table, NULL) < 0 || mountinfo_describe(source_fd, &source, NULL) < 0)
		return false;
	entry = mountinfo_find(&table, id);
	return entry && entry->is_read_only == path->is_read_only && entry->is_idmapped == is_shifted &&
	       entry->is_slave == (attached_path_is_slave(path) && (source.is_shared || source.is_slave));
}

/* --- out ----------------------------------------------------------------------------------------------------------------- */

/* What an attempt came to, when it neither failed nor did it. */
enum { LOOK_AGAIN = 1, IS_GONE = 2 };

/* What is done in the guest to take one mount out. */
struct removal {
	const struct attached_path *path;
	const struct mountinfo_entry *entry; /* NULL: it is gone already */
	uint64_t *covers;                    /* mounts on the same place that go first */
	size_t cover_count;
	int flags; /* of umount2(2) */
};

static void removal_release(struct removal *removal)
{
	free(removal->covers);
}

static bool is_cover(const struct removal *removal, uint64_t id)
{
	for (size_t i = 0; i < removal->cover_count; i++)
		if (removal->covers[i] == id)
			return true;
	return false;
}

static int refuse_covered(const struct mountinfo_entry *entry, struct error *err)
{
	return error_set(err, -ESTALE, "the guest has mounted something over %s; unmount that in it first", entry->target);
}

static int look_at(const char *name, const struct removal *removal, struct mount_identity *ret_identity, struct error *err)
{
	autoclose int place = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (place >= 0)
		return mount_identify(place, ret_identity, err);
	return errno == ENOENT ? refuse_covered(removal->entry, err) : error_set_errno(err, "cannot open it");
}

/*
 * umount2(2) takes a path: here of one component, below a directory that we hold. LOOK_AGAIN: something that covered it is gone. A guest
 * that is quick enough has its own mount taken off instead of ours; the caller finds out.
 */
static int take_off(const struct removal *removal, const char *name, struct error *err)
{
	const struct attached_path_now *now = &removal->path->now;
	struct mount_identity identity;
	int r = look_at(name, removal, &identity, err);
	bool covers = r == 0 && is_cover(removal, identity.id);

	if (r < 0)
		return r;
	if (!covers && identity.id != removal->entry->id)
		return refuse_covered(removal->entry, err);
	/* Its number, on something else: ours is gone. */
	if (!covers && (identity.device != now->device || identity.inode != now->inode))
		return IS_GONE;
	if (umount2(name, UMOUNT_NOFOLLOW | (covers ? MNT_DETACH : removal->flags)) < 0)
		return error_set_errno(err, "cannot unmount it");
	return covers ? LOOK_AGAIN : 0;
}

static int unmount(int root_fd, const struct removal *removal, struct error *err)
{
	const char *target = removal->entry->target, *slash = strrchr(target, '/');
	autofree char *directory = xstrndup(target, (size_t)(slash - target) + 1);
	autoclose int parent = root_open(root_fd, directory, O_PATH | O_DIRECTORY, 0, err);
	int r = LOOK_AGAIN;

	if (parent < 0)
		return parent == -ENOENT ? refuse_covered(removal->entry, err) : parent;
	if (fchdir(parent) < 0)
		return error_set_errno(err, "cannot change to %s of the guest", directory);
	for (size_t i = 0; r == LOOK_AGAIN && i <= removal->cover_count; i++)
		r = take_off(removal, slash + 1, err);
	return r;
}

static int remove_inside(void *data, struct error *err)
{
	const struct removal *removal = data;
	autoclose int root = root_open_own(err);
	int r = root < 0 ? root : 0;

	if (r == 0 && removal->entry)
		r = unmount(root, removal, err);
	fault_point();
	if ((r == 0 || r == IS_GONE) && removal->path->now.made)
		root_unmake_point(root, removal->path->guest, removal->path->now.made);
	return r;
}

/* --- who is in the way --------------------------------------------------------------------------------------------------- */

/* What came along from the host, or did so later by propagation, is mounted there too. */
static bool is_hosts(const struct mountinfo *host, const struct mountinfo_entry *entry)
{
	for (size_t i = 0; i < host->count; i++)
		if (host->entries[i].device_major == entry->device_major &&
		    host->entries[i].device_minor == entry->device_minor && strcmp(host->entries[i].root, entry->root) == 0)
			return true;
	return false;
}

/* Only the host's own mounts are below it. */
static int check_tree(const struct mountinfo *table, const struct mountinfo_tree *tree, struct error *err)
{
	autorelease(mountinfo_release) struct mountinfo host = {0};
	int r = tree->count > 1 ? mountinfo_read(getpid(), &host, err) : 0;

	for (size_t i = 1; r == 0 && i < tree->count; i++) {
		const struct mountinfo_entry *entry = &table->entries[tree->mounts[i]];

		if (!is_hosts(&host, entry))
			return error_set(
				err, -EBUSY,
				"it is in use: the guest has mounted %s on %s. Unmount that in it first, or take it "
				"along with --force",
				entry->type, entry->target);
	}
	return r;
}

/* Another path that is plugged in below would go with it, and its record would not know. */
static int check_attached_below(const struct plug *plug, const struct attached_path *path, struct error *err)
{
	const struct schema_array *list = &plug->now.live.lists[ATTACHMENT_PATH];

	for (size_t i = 0; i < list->count; i++) {
		const struct attached_path *other = attachments_at(&plug->now.live, ATTACHMENT_PATH, i);

		if (attached_path_is_below(other, path))
			return error_set(err, -EBUSY, "%s is plugged in below it, at %s; remove that first", other->host,
					 other->guest);
	}
	return 0;
}

/* 0 when nobody is found. */
static int refuse_holders(const struct plug *plug, const struct mountinfo *table, const struct mountinfo_tree *tree,
			  struct error *err)
{
	autorelease(cgroup_pids_release) struct cgroup_pids pids = {0};
	autorelease(text_release) struct text holders = {0};
	autofree char *cgroup = spec_cgroup(plug->spec);
	int r = cgroup_list_tasks(&plug->cgroups, cgroup, &pids, err);

	if (r < 0)
		return r;
	if (mount_holders_describe(plug->init.pid, table, tree->mounts, tree->count, pids.items, pids.count, &holders) == 0)
		return 0;
	return error_set(
		err, -EBUSY,
		"it is in use by process %s of the guest. End that first, or use remove-path --force, which leaves it to "
		"them until they end",
		text_get(&holders));
}

/* --- detach -------------------------------------------------------------------------------------------------------------- */

static int remove_once(const struct plug *plug, const struct mountinfo *table, const struct removal *removal,
		       const struct mountinfo_tree *tree, struct error *err)
{
	struct error error = {0};
	int r = run_inside(plug, remove_inside, removal, &error);

	if (r == -EBUSY && !(removal->flags & MNT_DETACH)) {
		r = refuse_holders(plug, table, tree, err);
		if (r < 0)
			return r;
		return error_set(err, -EBUSY,
				 "%s (no process of the guest is seen to use it; remove-path --force detaches it)",
				 error.message);
	}
	return r < 0 ? error_set(err, r, "%s", error.message) : r;
}

static void note_covers(const struct mountinfo *table, const struct mountinfo_tree *tree, struct removal *removal)
{
	removal->covers = xcalloc(tree->count, sizeof(*removal->covers));
	for (size_t i = 1; i < tree->count; i++)
		if (strcmp(table->entries[tree->mounts[i]].target, removal->entry->target) == 0)
			removal->covers[removal->cover_count++] = table->entries[tree->mounts[i]].id;
}

/* umount2(2) takes a tree of mounts only lazily, and then asks nobody: we ask before. A single mount is the kernel's to refuse. */
static int remove_tree(const struct plug *plug, const struct mountinfo *table, struct removal *removal, struct error *err)
{
	autorelease(mountinfo_tree_release) struct mountinfo_tree tree = {0};
	int r;

	mountinfo_find_tree(table, removal->entry, &tree);
	r = plug->is_forced ? 0 : check_tree(table, &tree, err);
	if (r == 0 && !plug->is_forced && tree.count > 1)
		r = refuse_holders(plug, table, &tree, err);
	if (r < 0)
		return r;
	removal->flags = plug->is_forced || tree.count > 1 ? MNT_DETACH : 0;
	if (plug->is_forced)
		note_covers(table, &tree, removal);
	return remove_once(plug, table, removal, &tree, err);
}

/* LOOK_AGAIN when it was there. What was made for it goes at the first attempt, whether the mount is there still or not. */
static int try_detach(const struct plug *plug, const struct attached_path *path, uint64_t id, bool is_first,
		      struct error *err)
{
	autorelease(mountinfo_release) struct mountinfo table = {0};
	autorelease(removal_release) struct removal removal = {.path = path};
	int r = mountinfo_read(plug->init.pid, &table, err);

	if (r < 0)
		return r;
	removal.entry = id ? mountinfo_find(&table, id) : NULL;
	if (removal.entry) {
		r = remove_tree(plug, &table, &removal, err);
		return r < 0 ? r : r == IS_GONE ? 0 : LOOK_AGAIN;
	}
	return is_first && path->now.made ? run_inside(plug, remove_inside, &removal, err) : 0;
}

static int detach(struct plug *plug, const void *item, struct error *err)
{
	const struct attached_path *path = item;
	struct error error = {0};
	uint64_t id;
	int r = check_attached_below(plug, path, err);

	if (r < 0)
		return r;
	r = find_mount(plug, path, &id, &error);
	if (r == 0)
		r = LOOK_AGAIN;
	for (int i = 0; r == LOOK_AGAIN && i < ATTEMPTS; i++)
		r = try_detach(plug, path, id, i == 0, &error);
	if (r == LOOK_AGAIN)
		r = error_set(&error, -EBUSY, "the guest mounts something over %s again and again", path->guest);
	/* The end of the guest is the end of its mounts. */
	return r < 0 && r != -ESRCH ? error_set(err, r, "%s", error.message) : 0;
}

/* --- attach -------------------------------------------------------------------------------------------------------------- */

static int open_tree_of(const struct plug *plug, const struct attached_path *path, int source_fd, struct error *err)
{
	autoclose int userns = -EBADF;

	if (spec_is_remapped(plug->spec)) {
		userns = userns_open_of(plug->init.pid, err);
		if (userns < 0)
			return userns;
	}
	return mount_source_open_path(path, source_fd, userns, err);
}

static int put_in(struct plug *plug, struct attached_path *path, int tree_fd, struct error *err)
{
	struct mount_operation operation = {.target = path->guest, .tree_fd = tree_fd};
	struct mount_plan plan = {.spec = plug->spec, .userns_fd = -1, .items = &operation, .count = 1};
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mount_identity identity;
	int r;

	if (proc < 0)
		return error_set_errno(err, "cannot open /proc");
	plan.proc_fd = proc;
	r = mount_identify(tree_fd, &identity, err);
	if (r == 0)
		r = mount_plan_attach(&plan, plug->init.pid, plug->init_pidfd, err);
	if (r < 0) {
		/* What was made as a place for it. */
		if (path->now.made)
			run_inside(plug, remove_inside, &(struct removal){.path = path}, NULL);
		return r;
	}
	path->now.mount_id = identity.id;
	return 0;
}

/* Of a change that was not finished: what was to be there, or what was. */
static int clear_up(struct plug *plug, const void *old, struct attached_path *path, int source_fd, bool *ret_is_there,
		    struct error *err)
{
	const struct attached_path *const found[] = {path, attachments_find(&plug->now.intent, ATTACHMENT_PATH, path), old};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(found); i++) {
		uint64_t id = 0;

		r = found[i] ? find_mount(plug, found[i], &id, err) : 0;
		if (r == 0 && id && is_as_wanted(plug, path, id, source_fd) && found[i]->now.device == path->now.device &&
		    found[i]->now.inode == path->now.inode) {
			path->now.mount_id = id;
			*ret_is_there = true;
			return 0;
		}
		if (r == 0 && id)
			r = detach(plug, found[i], err);
	}
	return r;
}

/* What is known of it is new; the step that it is a part of has a copy of its own. */
static void bring_back(struct plug *plug, struct attached_path *old, struct error *err)
{
	struct error error = {0};
	autoclose int source = open_host(old, &error), tree = -EBADF;
	int r = source < 0 ? source : 0;

	if (r == 0)
		tree = r = open_tree_of(plug, old, source, &error);
	if (r >= 0)
		r = put_in(plug, old, tree, &error);
	if (r < 0)
		error_append(err, "; and what was there before cannot be mounted again: %s", error.message);
}

/* Between the old one and the new one the guest sees neither. */
static int replace(struct plug *plug, struct attached_path *old, struct attached_path *path, int tree_fd, struct error *err)
{
	int r = detach(plug, old, err);

	if (r < 0)
		return r;
	fault_point();
	if (!path->now.made)
		path->now.made = xstrdup(old->now.made);
	r = put_in(plug, path, tree_fd, err);
	if (r < 0)
		bring_back(plug, old, err);
	return r;
}

static int attach(struct plug *plug, const void *old, void *item, struct error *err)
{
	struct attached_path *path = item;
	autoclose int source = open_host(path, err), tree = -EBADF;
	bool is_there = false;
	int r = source < 0 ? source : note_source(source, path, err);

	if (r == 0 && plug->is_repair)
		r = clear_up(plug, old, path, source, &is_there, err);
	if (r < 0 || is_there)
		return r;
	/* All that the host could refuse comes first. */
	tree = open_tree_of(plug, path, source, err);
	if (tree < 0)
		return tree;
	return old ? replace(plug, (struct attached_path *)old, path, tree, err) : put_in(plug, path, tree, err);
}

const struct plug_kind plug_path = {.resolve = resolve, .attach = attach, .detach = detach};
