/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the question whether only root can change a file. */
#include "base/trusted.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

static int check_owner(const char *path, const struct stat *status, struct error *err)
{
	bool is_sticky = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX);

	if (status->st_uid != 0)
		return error_set(err, -EPERM, "%s belongs to user %u and not to root", path, status->st_uid);
	if ((status->st_mode & 022) && !is_sticky)
		return error_set(err, -EPERM, "%s can be written to by others than root (mode %04o)", path,
				 status->st_mode & 07777);
	return 0;
}

/* `path` is canonical: no component of it is a symbolic link. */
static int check_directories(const char *path, struct error *err)
{
	autofree char *directory = xstrdup(path);
	char *slash;

	while ((slash = strrchr(directory, '/'))) {
		struct stat status;
		const char *name = slash == directory ? "/" : directory;
		int r;

		*slash = '\0';
		if (lstat(name, &status) < 0)
			return error_set_errno(err, "cannot look at %s", name);
		r = check_owner(name, &status, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int trusted_resolve(const char *path, char **ret_path, struct error *err)
{
	autofree char *canonical = NULL;
	struct stat status;
	int r;

	if (path[0] != '/')
		return error_set(err, -EINVAL, "%s is no absolute path", path);
	canonical = realpath(path, NULL);
	if (!canonical || lstat(canonical, &status) < 0)
		return error_set_errno(err, "cannot find %s", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, -EINVAL, "%s is no regular file", path);
	r = check_owner(canonical, &status, err);
	if (r == 0)
		r = check_directories(canonical, err);
	if (r == 0)
		*ret_path = steal_ptr(canonical);
	return r;
}
