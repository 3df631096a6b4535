/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what a usable tree is. */
#include "container/rootfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/guest_layout.h"
#include "container/init.h"
#include "kernel/elf.h"
#include "kernel/mount.h"
#include "kernel/root.h"
#include "kernel/userns.h"

int rootfs_resolve(const char *path, char **ret_path, struct error *err)
{
	autofree char *canonical = NULL;
	struct stat stat_buffer;

	if (path[0] != '/')
		return error_set(err, -EINVAL, "the root file system \"%s\" is no absolute path", path);
	canonical = realpath(path, NULL);
	if (!canonical && errno == EACCES)
		return error_set(
			err, -EACCES,
			"a directory on the way to the root file system %s cannot be entered by root; is it on NFS or FUSE?",
			path);
	if (!canonical)
		return error_set_errno(err, "cannot find the root file system %s", path);
	if (stat(canonical, &stat_buffer) < 0)
		return error_set_errno(err, "cannot look at the root file system %s", canonical);
	if (!S_ISDIR(stat_buffer.st_mode) && !S_ISBLK(stat_buffer.st_mode) && !S_ISREG(stat_buffer.st_mode))
		return error_set(err, -EINVAL,
				 "the root file system %s is neither a directory nor a block device nor an image file",
				 canonical);
	if (strcmp(canonical, "/") == 0)
		return error_set(
			err, -EINVAL,
			"the root file system / is the host's own: its services would run twice. Give a tree of its own");
	if (S_ISDIR(stat_buffer.st_mode) && access(canonical, X_OK) < 0)
		return error_set_errno(err, "the root file system %s cannot be entered", canonical);
	*ret_path = steal_ptr(canonical);
	return 0;
}

bool rootfs_is_image(const char *path)
{
	struct stat stat_buffer;

	return stat(path, &stat_buffer) == 0 && !S_ISDIR(stat_buffer.st_mode);
}

static int check_os_release(int root_fd, const char *path, struct error *err)
{
	static const char *const places[] = {"/etc/os-release", "/usr/lib/os-release"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		autoclose int fd = root_open(root_fd, places[i], O_PATH, 0, NULL);

		if (fd >= 0)
			return 0;
	}
	return error_set(
		err, -ENOENT,
		"%s has no os-release (/etc/os-release, /usr/lib/os-release): this is no system tree, or it is the directory above one",
		path);
}

int rootfs_find_owner(const char *path, const struct spec_idmap *idmap, bool *ret_is_chowned, struct error *err)
{
	static const char *const samples[] = {"/", "/etc", "/etc/passwd", "/usr", "/usr/bin", "/usr/lib", "/sbin/init"};
	autoclose int root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *plain = NULL, *chowned = NULL;

	*ret_is_chowned = false;
	if (idmap->size == 0)
		return 0;
	if (root_fd < 0)
		return error_set_errno(err, "cannot enter the root file system %s", path);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		autoclose int fd = root_open(root_fd, samples[i], O_PATH, 0, NULL);
		struct stat stat;

		if (fd < 0 || fstat(fd, &stat) < 0)
			continue;
		if (stat.st_uid == idmap->uid && stat.st_gid == idmap->gid)
			chowned = chowned ? chowned : samples[i];
		else if (stat.st_uid < idmap->size && stat.st_gid < idmap->size)
			plain = plain ? plain : samples[i];
		else
			return error_set(
				err, -EINVAL,
				"%s of the root file system %s belongs to %u:%u, which is no id of the guest. If the tree was chowned for a range, "
				"give that one with --user-remap UID:GID:SIZE",
				samples[i], path, stat.st_uid, stat.st_gid);
	}
	if (plain && chowned)
		return error_set(
			err, -EINVAL,
			"the root file system %s is half chowned: %s belongs to %llu:%llu, %s does not. Chown all of it, each id by the same "
			"shift, or nothing: a tree that root owns is shifted when it is mounted",
			path, chowned, (unsigned long long)idmap->uid, (unsigned long long)idmap->gid, plain);
	*ret_is_chowned = chowned != NULL;
	return 0;
}

int rootfs_check_idmap(const char *path, const struct spec *spec, struct error *err)
{
	autoclose int userns = -EBADF;
	bool is_chowned;
	int r = rootfs_find_owner(path, &spec->idmap, &is_chowned, err);

	if (r < 0 || !spec_is_remapped(spec) || is_chowned)
		return r;
	userns = userns_open(spec->idmap.uid, spec->idmap.gid, spec->idmap.size, err);
	return userns < 0 ? userns : mount_check_shift(path, userns, err);
}

/* By the name that was given, and by what that leads to if it is there. */
static int check_is_first(int program, const struct spec *spec, struct error *err)
{
	autofree char *link = xasprintf("/proc/self/fd/%d", program);
	const char *name = spec->command.items[0];
	char target[PATH_MAX] = "";

	if (spec_namespace_is_own(&spec->namespaces, SPEC_NAMESPACE_PID))
		return 0;
	if (readlink(link, target, sizeof(target) - 1) < 0)
		target[0] = '\0';
	if (!init_is_name(name) && !init_is_name(target))
		return 0;
	return error_set(
		err, -EINVAL,
		"--pid %s: %s is an init and must be PID 1, which it cannot be among the processes of others; give another COMMAND",
		spec_namespace_mode(&spec->namespaces, SPEC_NAMESPACE_PID), name);
}

int rootfs_check(const char *path, const struct spec *spec, struct error *err)
{
	autoclose int root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), program = -EBADF;
	int r;

	if (root_fd < 0)
		return error_set_errno(err, "cannot enter the root file system %s", path);
	r = check_os_release(root_fd, path, err);
	if (r < 0)
		return r;
	program = guest_open_program(
		root_fd, spec->command.items[0]); /* what is not found is the stub's to report, with the right exit status */
	if (program >= 0) {
		r = elf_check_machine(program, spec->command.items[0], err);
		if (r < 0)
			return error_prefix(err, "the root file system %s has the wrong architecture", path);
	}
	r = check_is_first(program, spec, err);
	return r < 0 ? r : guest_layout_check(root_fd, spec, err);
}

int rootfs_lock(const char *path, int *ret_fd, struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_set_errno(err, "cannot open the root file system %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? error_set(err, -EBUSY, "the root file system %s is in use by a running container", path)
			       : error_set_errno(err, "cannot lock the root file system %s", path);
	*ret_fd = steal_fd(&fd);
	return 0;
}
