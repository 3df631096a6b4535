/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns lookups below a directory that a guest controls. */
#include "kernel/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/memory.h"

/* EAGAIN: something was renamed meanwhile (openat2(2)), or a guest's lease (fcntl(2)) would make us wait: not for ever. */
#define MAX_TRIES 64

int root_open(int root_fd, const char *path, int flags, mode_t mode, struct error *err)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	do
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < MAX_TRIES)));
	return fd < 0 ? error_set_errno(err, "cannot open %s of the guest", path) : fd;
}

int root_open_own(struct error *err)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? error_set_errno(err, "cannot open the guest's root directory") : fd;
}

int root_read(int root_fd, const char *path, size_t max, char **ret_data, size_t *ret_length, struct error *err)
{
	autoclose int fd = root_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	autofree char *name = xasprintf("%s of the guest", path);

	return fd < 0 ? fd : file_read_open(fd, name, max, ret_data, ret_length, err);
}

static int check_mount(int root_fd, int directory_fd, const char *path, struct error *err)
{
	struct statx root, directory;

	if (statx(root_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &root) < 0 ||
	    statx(directory_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &directory) < 0)
		return error_set_errno(err, "cannot look at the directory of %s of the guest", path);
	if (root.stx_mnt_id != directory.stx_mnt_id)
		return error_set(err, -EXDEV, "%s of the guest is on something that is mounted in it, not in its tree",
				 path);
	return 0;
}

/* The umask must not decide who may pass through. */
static int make_directory(int parent_fd, const char *name)
{
	mode_t mask = umask(0);
	int r = mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST ? -errno : 0;

	umask(mask);
	return r;
}

/* A symlink that leads nowhere is met by what makes something as EEXIST, and by the second look as ENOENT. */
static int open_made(int root_fd, const char *path, int flags, struct error *err)
{
	int fd = root_open(root_fd, path, flags, 0, err);

	return fd == -ENOENT ? error_set(err, fd, "%s of the guest is a symlink that leads nowhere", path) : fd;
}

/* What is done where a directory is missing, and where the last one may lie. */
enum reach {
	LOOK_IN_TREE, /* as MAKE_IN_TREE, but nothing is made */
	LOOK_ANYWHERE,
	MAKE_IN_TREE, /* only on the file system of the root */
	MAKE_ANYWHERE,
};

static int open_directory(int root_fd, const char *path, int parent_fd, const char *name, enum reach reach,
			  struct error *err)
{
	int fd = root_open(root_fd, path, O_PATH | O_DIRECTORY, 0, err), r;

	if (fd != -ENOENT || reach == LOOK_IN_TREE || reach == LOOK_ANYWHERE)
		return fd;
	r = reach == MAKE_IN_TREE ? check_mount(root_fd, parent_fd, path, err) : 0;
	if (r < 0)
		return r;
	r = make_directory(parent_fd, name);
	if (r < 0)
		return error_set(err, r, "cannot make directory %s of the guest: %s", path, strerror(-r));
	return open_made(root_fd, path, O_PATH | O_DIRECTORY, err);
}

/* The directory of the last component, which *ret_name gives, part of `path`. */
static int open_parent(int root_fd, const char *path, enum reach reach, const char **ret_name, struct error *err)
{
	autoclose int fd = root_open(root_fd, "/", O_PATH | O_DIRECTORY, 0, err);
	const char *name = path + 1, *slash;
	int r;

	for (; fd >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
		autofree char *directory = xstrndup(path, (size_t)(slash - path)),
			      *last = xstrndup(name, (size_t)(slash - name));
		int next = open_directory(root_fd, directory, fd, last, reach, err);

		if (next < 0)
			return next;
		close(fd);
		fd = next;
	}
	if (fd < 0)
		return fd;
	r = reach == MAKE_ANYWHERE || reach == LOOK_ANYWHERE ? 0 : check_mount(root_fd, fd, path, err);
	if (r < 0)
		return r;
	*ret_name = name;
	return steal_fd(&fd);
}

/* 1 and its stat when the file is there, 0 when it is not. */
static int look_at(int parent, const char *name, const char *path, struct stat *ret_stat, struct error *err)
{
	if (fstatat(parent, name, ret_stat, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot look at %s of the guest", path);
	if (S_ISLNK(ret_stat->st_mode))
		return error_set(err, -EINVAL, "%s of the guest is a symbolic link; name the file that it leads to", path);
	if (!S_ISREG(ret_stat->st_mode))
		return error_set(err, -EINVAL, "%s of the guest is no regular file", path);
	return 1;
}

static int fill(int fd, const struct stat *old, const void *data, size_t length, mode_t mode, struct error *err)
{
	int r = file_write_all(fd, data, length, err);

	if (r < 0)
		return r;
	if (old && fchown(fd, old->st_uid, old->st_gid) < 0)
		return error_set_errno(err, "cannot keep its owner");
	if (fchmod(fd, old ? old->st_mode & 0777 : mode) < 0)
		return error_set_errno(err, "cannot set its mode");
	return fsync(fd) < 0 ? error_set_errno(err, "cannot sync it") : 0;
}

int root_replace(int root_fd, const char *path, const void *data, size_t length, mode_t mode, struct error *err)
{
	autoclose int parent = -EBADF, fd = -EBADF;
	autofree char *temporary = NULL;
	const char *name;
	struct stat old;
	int r;

	parent = open_parent(root_fd, path, MAKE_IN_TREE, &name, err);
	if (parent < 0)
		return parent;
	r = look_at(parent, name, path, &old, err);
	if (r < 0)
		return r;
	/* Always the same, so that one whose writer was killed is taken away by the next. */
	temporary = xasprintf(".%.200s.syscontainer", name);
	unlinkat(parent, temporary, 0);
	fd = openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, "cannot replace %s of the guest: cannot create a file in its directory", path);
	r = fill(fd, r > 0 ? &old : NULL, data, length, mode, err);
	if (r < 0)
		error_prefix(err, "cannot replace %s of the guest", path);
	else if (renameat(parent, temporary, parent, name) < 0)
		r = error_set_errno(err, "cannot replace %s of the guest", path);
	if (r < 0)
		unlinkat(parent, temporary, 0);
	return r;
}

int root_check_replace(int root_fd, const char *path, struct error *err)
{
	struct error ignored = {0};
	const char *name;
	autoclose int parent = open_parent(root_fd, path, LOOK_IN_TREE, &name, &ignored);
	struct stat old;
	int r;

	if (parent == -ENOENT)
		return 0;
	if (parent < 0)
		return error_set(err, parent, "%s", ignored.message);
	r = look_at(parent, name, path, &old, err);
	return r < 0 ? r : 0;
}

static int make_file(int parent_fd, const char *name, mode_t mode)
{
	mode_t mask = umask(0);
	int fd = openat(parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r = fd < 0 && errno != EEXIST ? -errno : 0;

	umask(mask);
	if (fd >= 0)
		close(fd);
	return r;
}

/* A directory has 0755, `mode` is that of a file. */
static int make_point(int root_fd, const char *path, mode_t type, mode_t mode, struct error *err)
{
	struct error error = {0};
	int fd = root_open(root_fd, path, O_PATH, 0, &error), r;
	autoclose int parent = -EBADF;
	const char *name;

	if (fd != -ENOENT)
		return fd < 0 ? error_set(err, fd, "%s", error.message) : fd;
	parent = open_parent(root_fd, path, MAKE_ANYWHERE, &name, err);
	if (parent < 0)
		return parent;
	r = S_ISDIR(type) ? make_directory(parent, name) : make_file(parent, name, mode);
	if (r < 0)
		return error_set(err, r, "cannot make the mount point %s in the guest: %s", path, strerror(-r));
	return open_made(root_fd, path, O_PATH, err);
}

int root_make_point(int root_fd, const char *path, bool is_directory, struct error *err)
{
	return make_point(root_fd, path, is_directory ? S_IFDIR : S_IFREG, 0644, err);
}

int root_find_missing(int root_fd, const char *path, struct error *err)
{
	for (const char *end = path; *end;) {
		struct error error = {0};
		autofree char *part = NULL;
		autoclose int fd = -EBADF;

		end += 1 + strcspn(end + 1, "/");
		part = xstrndup(path, (size_t)(end - path));
		fd = root_open(root_fd, part, O_PATH, 0, &error);
		if (fd == -ENOENT)
			return (int)(end - path);
		if (fd < 0)
			return error_set(err, fd, "%s", error.message);
	}
	return 0;
}

/* False when it stays. */
static bool remove_empty(int parent_fd, const char *name)
{
	struct stat status;

	if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (S_ISDIR(status.st_mode))
		return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0;
	return S_ISREG(status.st_mode) && status.st_size == 0 && unlinkat(parent_fd, name, 0) == 0;
}

void root_unmake_point(int root_fd, const char *path, const char *made)
{
	autofree char *left = xstrdup(path);
	bool goes_on = true;

	while (goes_on && strlen(left) >= strlen(made) && strlen(left) > 1) {
		char *slash = strrchr(left, '/');
		autofree char *parent = xstrndup(left, (size_t)(slash - left) + 1);
		autoclose int fd = root_open(root_fd, parent, O_PATH | O_DIRECTORY, 0, NULL);

		goes_on = fd >= 0 && remove_empty(fd, slash + 1);
		*slash = '\0';
	}
}

int root_make_placeholder(int root_fd, const char *path, struct error *err)
{
	return make_point(root_fd, path, S_IFREG, 0, err);
}

static bool is_placeholder(const struct stat *stat)
{
	return stat->st_mode == S_IFREG && stat->st_size == 0;
}

bool root_is_placeholder(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && is_placeholder(&stat);
}

void root_remove_placeholder(int root_fd, const char *path)
{
	const char *name;
	autoclose int parent = open_parent(root_fd, path, LOOK_ANYWHERE, &name, NULL);
	struct stat stat;

	/* The guest may put another file there between these two: then its root loses a file by what it did itself. */
	if (parent >= 0 && fstatat(parent, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && is_placeholder(&stat))
		unlinkat(parent, name, 0);
}
