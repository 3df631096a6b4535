/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from a mount that a spec asks for to a detached mount. */
#include "container/mount_source.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/image.h"
#include "kernel/mount.h"
#include "kernel/mount_lock.h"
#include "kernel/mountinfo.h"
#include "kernel/userns.h"

struct guest {
	const struct spec *spec;
	int userns_fd; /* negative: its ids are the host's */
};

static int open_source(const char *path, struct error *err)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? error_set_errno(err, "cannot find the source %s", path) : fd;
}

static bool is_shared(const struct spec_mount *mount)
{
	return mount->propagation == SPEC_PROPAGATION_SHARED || mount->propagation == SPEC_PROPAGATION_RSHARED;
}

static bool is_slave(const struct spec_mount *mount)
{
	return mount->propagation == SPEC_PROPAGATION_SLAVE || mount->propagation == SPEC_PROPAGATION_RSLAVE;
}

/* Without a peer on the host nothing would propagate, which whoever asked for it should know. */
static int check_propagation(const struct spec *spec, const struct spec_mount *mount, int source_fd, struct error *err)
{
	autorelease(mountinfo_entry_release) struct mountinfo_entry info = {0};
	const char *name = spec_propagation_names[mount->propagation];
	int r;

	if (!is_shared(mount) && !is_slave(mount))
		return 0;
	if (is_shared(mount) && spec_is_remapped(spec))
		return error_set(
			err, -EPERM,
			"%s: %s would let a guest with ids of its own mount into the host; use rslave, or --user-remap none",
			mount->source, name);
	r = mountinfo_describe(source_fd, &info, err);
	if (r < 0)
		return r;
	if (info.is_shared || (info.is_slave && is_slave(mount)))
		return 0;
	return error_set(err, -EINVAL,
			 "%s: %s needs a source that lies on a shared mount; run on the host: mount --make-shared",
			 mount->source, name);
}

static int explain_shift(const struct spec_mount *mount, const char *type, struct error *err)
{
	return error_set(
		err, -EOPNOTSUPP,
		"the file system of %s (%s), or of what is mounted below it, cannot be mounted with shifted ids. Use the option "
		"noshift, with which the guest sees the host's ids, or put it on ext4, xfs or btrfs (squashfs: Linux 6.2, tmpfs: Linux 6.3)",
		mount->source, type ? type : "unknown");
}

static uint64_t attributes_of(const struct spec_mount *mount)
{
	return (mount->is_read_only ? MOUNT_ATTR_RDONLY : 0) | (mount->has_no_exec ? MOUNT_ATTR_NOEXEC : 0) |
	       (mount->has_no_suid ? MOUNT_ATTR_NOSUID : 0) | (mount->has_no_dev ? MOUNT_ATTR_NODEV : 0);
}

/* Also what is mounted below it comes along, and all of it gets the same propagation. */
static int change_bind(const struct spec_mount *mount, int tree, struct error *err)
{
	const struct mount_attr change = {
		.attr_set = attributes_of(mount),
		.propagation = is_shared(mount)  ? 0
			       : is_slave(mount) ? MS_SLAVE
						 : MS_PRIVATE,
	};

	return mount_change(tree, &change, AT_RECURSIVE, err);
}

static int clone_source(const struct spec_mount *mount, int source_fd, int userns_fd, struct error *err)
{
	autorelease(mountinfo_entry_release) struct mountinfo_entry info = {0};
	autoclose int tree = mount_clone(source_fd, "", AT_RECURSIVE, err);
	int r = tree < 0 ? tree : change_bind(mount, tree, err);

	if (r < 0)
		return error_prefix(err, "%s", mount->source);
	if (userns_fd >= 0 && !mount->keeps_ids && mount_shift(tree, userns_fd, AT_RECURSIVE, NULL) < 0) {
		mountinfo_describe(source_fd, &info, NULL);
		return explain_shift(mount, info.type, err);
	}
	return steal_fd(&tree);
}

static int open_bind(const struct guest *guest, const struct spec_mount *mount, struct error *err)
{
	autoclose int source = open_source(mount->source, err);
	int r = source < 0 ? source : check_propagation(guest->spec, mount, source, err);

	return r < 0 ? r : clone_source(mount, source, guest->userns_fd, err);
}

int mount_source_open_path(const struct attached_path *path, int source_fd, int userns_fd, struct error *err)
{
	const struct spec_mount mount = {
		.type = SPEC_MOUNT_BIND,
		.source = path->host,
		.is_read_only = path->is_read_only,
		.keeps_ids = path->keeps_ids,
		.propagation = attached_path_is_slave(path) ? SPEC_PROPAGATION_RSLAVE : SPEC_PROPAGATION_RPRIVATE,
	};
	autoclose int tree = clone_source(&mount, source_fd, userns_fd, err);
	int r = tree < 0 ? tree : 0;

	if (r == 0 && path->is_read_only && userns_fd >= 0)
		r = mount_lock(&tree, 1, err);
	return r < 0 ? r : steal_fd(&tree);
}

static int open_squashfs(const struct guest *guest, const struct spec_mount *mount, struct error *err)
{
	autoclose int tree = image_open_squashfs(mount->source, err);

	if (tree < 0)
		return tree;
	if (guest->userns_fd >= 0 && !mount->keeps_ids && mount_shift(tree, guest->userns_fd, AT_RECURSIVE, NULL) < 0)
		return explain_shift(mount, "squashfs", err);
	return steal_fd(&tree);
}

/* Made by the host's root and given to the guest's: so its size is out of the guest's reach. */
static int open_tmpfs(const struct guest *guest, const struct spec_mount *mount, struct error *err)
{
	const struct spec_idmap *idmap = &guest->spec->idmap;
	const struct mount_tmpfs tmpfs = {
		.name = "tmpfs",
		.size_bytes = mount->size_bytes,
		.mode = mount->mode,
		.uid = (uint32_t)idmap->uid,
		.gid = (uint32_t)idmap->gid,
	};

	return mount_new_tmpfs(&tmpfs, attributes_of(mount), err);
}

typedef int open_mount(const struct guest *guest, const struct spec_mount *mount, struct error *err);
static open_mount *const openers[] = {
	[SPEC_MOUNT_BIND] = open_bind,
	[SPEC_MOUNT_TMPFS] = open_tmpfs,
	[SPEC_MOUNT_SQUASHFS] = open_squashfs,
};

int mount_source_open(const struct spec *spec, int userns_fd, const struct spec_mount *mount, struct error *err)
{
	return openers[mount->type](&(struct guest){spec, userns_fd}, mount, err);
}

static int check_source(const struct guest *guest, const struct spec_mount *mount, struct error *err)
{
	autoclose int tree = -EBADF;

	if (mount->origin == SPEC_MOUNT_FROM_VOLUME && !file_exists(AT_FDCWD, mount->source)) {
		int r = file_make_directories(mount->source, 0750, err);

		if (r < 0)
			return r;
	}
	tree = openers[mount->type](guest, mount, err);
	return tree < 0 ? tree : 0;
}

int mount_source_check_all(const struct spec *spec, struct error *err)
{
	autoclose int userns = -EBADF;
	int r = 0;

	if (spec->mounts.list.count == 0)
		return 0;
	if (spec_is_remapped(spec))
		userns = r = userns_open(spec->idmap.uid, spec->idmap.gid, spec->idmap.size, err);
	for (size_t i = 0; r >= 0 && i < spec->mounts.list.count; i++) {
		r = check_source(&(struct guest){spec, userns}, &spec->mounts.list.items[i], err);
		if (r < 0)
			error_prefix(err, "cannot mount %s", spec->mounts.list.items[i].target);
	}
	return r < 0 ? r : 0;
}
