/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how whole files are read, replaced and locked, and how trees of directories come and go. */
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

#define TEMPORARY_PREFIX  ".tmp-"
#define LINE_MAX_BYTES    ((size_t)64 << 10)
#define REMOVE_MAX_DEPTH  64 /* descriptors that one removal holds */
#define LOCK_MAX_PAUSE_MS 20

static ssize_t read_some(int fd, void *buffer, size_t size)
{
	ssize_t count;

	do {
		count = read(fd, buffer, size);
	} while (count < 0 && errno == EINTR);
	return count;
}

static int read_all(int fd, const char *path, size_t max, char **ret_data, size_t *ret_length, struct error *err)
{
	autorelease(text_release) struct text content = {0};
	char chunk[16384];
	ssize_t count;

	while ((count = read_some(fd, chunk, sizeof(chunk))) > 0) {
		if ((size_t)count > max - content.length)
			return error_set(err, -EFBIG, "%s is larger than %zu bytes", path, max);
		text_append_bytes(&content, chunk, (size_t)count);
	}
	if (count < 0)
		return error_set_errno(err, "cannot read %s", path);
	if (ret_length)
		*ret_length = content.length;
	*ret_data = text_steal(&content);
	return 0;
}

int file_read(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_length, struct error *err)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? error_set_errno(err, "cannot open %s", path) : read_all(fd, path, max, ret_data, ret_length, err);
}

int file_read_open(int fd, const char *name, size_t max, char **ret_data, size_t *ret_length, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot look at %s", name);
	if (!S_ISREG(status.st_mode))
		return error_set(err, -EINVAL, "%s is no regular file", name);
	return read_all(fd, name, max, ret_data, ret_length, err);
}

int file_read_regular(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_length, struct error *err)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? error_set_errno(err, "cannot open %s", path)
		      : file_read_open(fd, path, max, ret_data, ret_length, err);
}

int file_read_line(int dirfd, const char *path, char **ret_line, struct error *err)
{
	char *line;
	int result;

	result = file_read(dirfd, path, LINE_MAX_BYTES, &line, NULL, err);
	if (result < 0)
		return result;
	line[strcspn(line, "\n")] = '\0';
	*ret_line = line;
	return 0;
}

int file_read_number(int dirfd, const char *path, unsigned long long *ret_value, struct error *err)
{
	autofree char *line = NULL;
	uint64_t value = UINT64_MAX;
	int result;

	result = file_read_line(dirfd, path, &line, err);
	if (result < 0)
		return result;
	if (strcmp(line, "max") != 0) {
		result = number_parse_unsigned(line, UINT64_MAX, &value, err);
		if (result < 0) {
			error_prefix(err, "cannot read a number from %s", path);
			return result;
		}
	}
	*ret_value = value;
	return 0;
}

int file_write_value(int dirfd, const char *path, const char *value, struct error *err)
{
	size_t length = strlen(value);
	autoclose int fd = -EBADF;
	ssize_t count;

	fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_set_errno(err, "cannot open %s to write \"%s\"", path, value);
	do {
		count = write(fd, value, length);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_set_errno(err, "cannot write \"%s\" to %s", value, path);
	if ((size_t)count != length)
		return error_set(err, -EIO, "cannot write \"%s\" to %s: only %zd bytes were taken", value, path, count);
	return 0;
}

int file_write_all(int fd, const void *data, size_t length, struct error *err)
{
	const char *next = data;

	while (length > 0) {
		ssize_t count = write(fd, next, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_set_errno(err, "cannot write");
		next += count;
		length -= (size_t)count;
	}
	return 0;
}

bool file_exists(int dirfd, const char *path)
{
	struct stat status;

	return fstatat(dirfd, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Opens the directory that holds the last component of `path`, and gives that component. */
static int open_parent(int dirfd, const char *path, char **ret_name, struct error *err)
{
	autofree char *parent = xstrdup(path);
	size_t length = strlen(parent);
	const char *name = parent;
	const char *directory = ".";
	char *slash;
	int fd;

	while (length > 0 && parent[length - 1] == '/')
		parent[--length] = '\0';
	slash = strrchr(parent, '/');
	if (slash) {
		*slash = '\0';
		name = slash + 1;
		directory = slash == parent ? "/" : parent;
	}
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, -EINVAL, "\"%s\" does not name an entry of a directory", path);
	fd = openat(dirfd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "cannot open the directory of %s", path);
	*ret_name = xstrdup(name);
	return fd;
}

static void make_temporary_name(char name[static 32])
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (uint64_t)clock_real_ns() ^ ((uint64_t)getpid() << 40);
	snprintf(name, 32, TEMPORARY_PREFIX "%016" PRIx64, number);
}

/* Returns 0 or a negative errno; a negative deadline never comes. */
static int lock_within(int fd, int64_t deadline_ms)
{
	int operation = deadline_ms < 0 ? LOCK_EX : LOCK_EX | LOCK_NB;
	int64_t pause_ms = 1;

	while (flock(fd, operation) < 0) {
		int code = errno;
		int64_t left_ms;

		if (code == EINTR)
			continue;
		left_ms = deadline_ms - clock_monotonic_ms();
		if (code != EWOULDBLOCK || left_ms <= 0)
			return -code;
		pause_ms = pause_ms < left_ms ? pause_ms : left_ms;
		nanosleep(&(struct timespec){.tv_nsec = (long)pause_ms * 1000000}, NULL);
		pause_ms = pause_ms * 2 < LOCK_MAX_PAUSE_MS ? pause_ms * 2 : LOCK_MAX_PAUSE_MS;
	}
	return 0;
}

/* Whoever held the lock may have removed the file; then ours is a lock on nothing that others will open. */
static bool is_same_file(int fd, int dirfd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && fstatat(dirfd, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Its lock tells file_sweep() that the writer lives. One that came in between, while it was not locked yet, has removed it: then another. */
static int create_temporary(int dirfd, char name[static 32])
{
	for (;;) {
		autoclose int fd = -EBADF;

		make_temporary_name(name);
		fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return -1;
		if (fd < 0)
			continue;
		if (lock_within(fd, -1) < 0) {
			unlinkat(dirfd, name, 0);
			return -1;
		}
		if (is_same_file(fd, dirfd, name))
			return steal_fd(&fd);
	}
}

static int fill_temporary(int fd, const void *data, size_t length, mode_t mode, struct error *err)
{
	int result;

	result = file_write_all(fd, data, length, err);
	if (result < 0)
		return result;
	if (fchmod(fd, mode) < 0)
		return error_set_errno(err, "cannot set its mode");
	if (fsync(fd) < 0)
		return error_set_errno(err, "cannot sync it");
	return 0;
}

static int sync_directory(int fd, const char *path, struct error *err)
{
	/* Some file systems (FUSE ones) have no fsync of directories and say EINVAL. */
	if (fsync(fd) < 0 && errno != EINVAL)
		return error_set_errno(err, "cannot sync the directory of %s", path);
	return 0;
}

int file_replace(int dirfd, const char *path, const void *data, size_t length, mode_t mode, struct error *err)
{
	autoclose int parent = -EBADF;
	autoclose int fd = -EBADF;
	autofree char *name = NULL;
	char temporary[32];
	int result;

	parent = open_parent(dirfd, path, &name, err);
	if (parent < 0)
		return parent;
	fd = create_temporary(parent, temporary);
	if (fd < 0)
		return error_set_errno(err, "cannot replace %s: cannot create a file in its directory", path);
	result = fill_temporary(fd, data, length, mode, err);
	fault_point();
	if (result < 0)
		error_prefix(err, "cannot replace %s", path);
	else if (renameat(parent, temporary, parent, name) < 0)
		result = error_set_errno(err, "cannot replace %s", path);
	if (result < 0) {
		unlinkat(parent, temporary, 0);
		return result;
	}
	fault_point();
	return sync_directory(parent, path, err);
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int sweep_temporary(int dirfd, const char *name, struct error *err)
{
	autoclose int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_set_errno(err, "cannot open %s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : error_set_errno(err, "cannot lock %s", name);
	/* The name is never given again: what its writer has renamed meanwhile is not found by it. */
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove %s", name);
	return 0;
}

int file_sweep(const char *path, struct error *err)
{
	autorelease(close_directory) DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot list %s", path);
	while ((errno = 0, entry = readdir(directory))) {
		if (strncmp(entry->d_name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) != 0)
			continue;
		if (sweep_temporary(dirfd(directory), entry->d_name, err) < 0)
			return error_prefix(err, "cannot clean up %s", path);
	}
	return errno ? error_set_errno(err, "cannot list %s", path) : 0;
}

int file_sync_parent(const char *path, struct error *err)
{
	autofree char *name = NULL;
	autoclose int parent = open_parent(AT_FDCWD, path, &name, err);

	return parent < 0 ? parent : sync_directory(parent, path, err);
}

/* The umask must not decide who may pass through our directories, so the mode is set again on what we made. */
static int make_directory(const char *path, mode_t mode, struct error *err)
{
	if (mkdir(path, mode) < 0) {
		if (errno == EEXIST)
			return 0;
		return error_set_errno(err, "cannot create directory %s", path);
	}
	if (chmod(path, mode) < 0)
		return error_set_errno(err, "cannot set the mode of directory %s", path);
	return 0;
}

int file_make_directories(const char *path, mode_t mode, struct error *err)
{
	autofree char *prefix = xstrdup(path);
	char *end = prefix;
	struct stat status;
	int result;

	do {
		char separator;

		end += strspn(end, "/");
		end += strcspn(end, "/");
		separator = *end;
		*end = '\0';
		result = make_directory(prefix, mode, err);
		if (result < 0)
			return result;
		*end = separator;
	} while (end[strspn(end, "/")]);

	*end = '\0'; /* behind a trailing slash a symlink would be followed */
	if (lstat(prefix, &status) < 0)
		return error_set_errno(err, "cannot look at %s", prefix);
	if (!S_ISDIR(status.st_mode))
		return error_set(err, -ENOTDIR, "%s is in the way: it is not a directory", prefix);
	return 0;
}

struct removal {
	int top; /* the root of the tree */
	dev_t device;
	const char *path; /* of the whole tree, for messages */
};

static int remove_directory(const struct removal *removal, int parent, const char *name, int depth, struct error *err);

/*
 * Neither symlinks nor mount points: a bind mount of the same file system has the same st_dev, only the kernel's own
 * walk sees it.
 */
static int open_below(int parent, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	int fd;

	do {
		fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd;
}

static int remove_entry(const struct removal *removal, int parent, const char *name, int depth, struct error *err)
{
	char moved[32];

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return error_set_errno(err, "cannot remove %s in %s", name, removal->path);
	if (depth < REMOVE_MAX_DEPTH)
		return remove_directory(removal, parent, name, depth, err);
	/* Too deep for one descriptor a level: it goes up, and the next pass over the tree's root finds it there. */
	make_temporary_name(moved);
	if (renameat(parent, name, removal->top, moved) < 0)
		return error_set_errno(err, "cannot move %s within %s", name, removal->path);
	return 0;
}

/* One pass over the entries. Returns 1 when there were any, 0 when it was empty. */
static int remove_entries(const struct removal *removal, DIR *directory, int depth, struct error *err)
{
	struct dirent *entry;
	int had_any = 0;
	int result;

	rewinddir(directory);
	while ((errno = 0, entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		result = remove_entry(removal, dirfd(directory), entry->d_name, depth + 1, err);
		if (result < 0)
			return result;
		had_any = 1;
	}
	if (errno)
		return error_set_errno(err, "cannot list a directory in %s", removal->path);
	return had_any;
}

static int open_for_removal(int parent, const char *name, const char *path, DIR **ret_directory, struct stat *ret_status,
			    struct error *err)
{
	autoclose int fd = open_below(parent, name);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 && errno == EXDEV)
		return error_set(err, -EXDEV, "cannot remove %s in %s: something is mounted there; unmount it first", name,
				 path);
	if (fd < 0 || fstat(fd, ret_status) < 0)
		return error_set_errno(err, "cannot open %s in %s", name, path);
	*ret_directory = fdopendir(fd);
	if (!*ret_directory)
		return error_set_errno(err, "cannot list %s in %s", name, path);
	steal_fd(&fd);
	return 0;
}

static int remove_directory(const struct removal *removal, int parent, const char *name, int depth, struct error *err)
{
	autorelease(close_directory) DIR *directory = NULL;
	struct removal below = *removal;
	struct stat status;
	int result;

	result = open_for_removal(parent, name, removal->path, &directory, &status, err);
	if (result < 0 || !directory)
		return result;
	if (depth == 0) {
		below.top = dirfd(directory);
		below.device = status.st_dev;
	}
	if (status.st_dev != below.device)
		return error_set(err, -EXDEV, "cannot remove %s in %s: it is another file system", name, removal->path);
	/* Some file systems skip entries when others go while they are listed. */
	do {
		result = remove_entries(&below, directory, depth, err);
		if (result < 0)
			return result;
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
	} while (result > 0 && (errno == ENOTEMPTY || errno == EEXIST));
	return error_set_errno(err, "cannot remove directory %s in %s", name, removal->path);
}

int file_remove_tree(int dirfd, const char *path, struct error *err)
{
	struct removal removal = {.top = -EBADF, .path = path};
	autoclose int parent = -EBADF;
	autofree char *name = NULL;

	parent = open_parent(dirfd, path, &name, err);
	if (parent == -ENOENT)
		return 0;
	if (parent < 0)
		return parent;
	return remove_entry(&removal, parent, name, 0, err);
}

int file_lock(int dirfd, const char *path, int timeout_ms, int *ret_fd, struct error *err)
{
	int64_t deadline_ms = timeout_ms < 0 ? -1 : clock_monotonic_ms() + timeout_ms;

	for (;;) {
		autoclose int fd = openat(dirfd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
		int result;

		if (fd < 0)
			return error_set_errno(err, "cannot open lock file %s", path);
		result = lock_within(fd, deadline_ms);
		if (result == -EWOULDBLOCK)
			return error_set(err, result, "cannot lock %s: another process holds it; tried for %d ms", path,
					 timeout_ms);
		if (result < 0)
			return error_set_errno(err, "cannot lock %s", path);
		if (!is_same_file(fd, dirfd, path))
			continue;
		*ret_fd = steal_fd(&fd);
		return 0;
	}
}
