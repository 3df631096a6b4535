/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the layout on disk. */
#include "model/paths.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"

static const char *root_from(const char *variable, const char *fallback)
{
	const char *value = getenv(variable);

	return value && value[0] == '/' ? value : fallback;
}

const char *paths_root(void)
{
	return root_from("SYSCONTAINER_ROOT", "/var/lib/syscontainer");
}

const char *paths_run(void)
{
	return root_from("SYSCONTAINER_RUN", "/run/syscontainer");
}

const char *paths_config(void)
{
	return root_from("SYSCONTAINER_CONFIG", SYSCONFDIR "/syscontainer/daemon.json");
}

const char *paths_seccomp(void)
{
	return SYSCONFDIR "/syscontainer/seccomp.json";
}

char *paths_containers(void)
{
	return xasprintf("%s/containers", paths_root());
}

char *paths_names(void)
{
	return xasprintf("%s/names", paths_root());
}

char *paths_idmap(void)
{
	return xasprintf("%s/idmap", paths_root());
}

char *paths_container(const char *id, const char *leaf)
{
	return xasprintf("%s/containers/%s%s%s", paths_root(), id, leaf ? "/" : "", leaf ? leaf : "");
}

char *paths_run_container(const char *id, const char *leaf)
{
	return xasprintf("%s/%s%s%s", paths_run(), id, leaf ? "/" : "", leaf ? leaf : "");
}

char *paths_run_host(const char *id)
{
	return xasprintf("%s/host/%s", paths_run(), id);
}

char *paths_run_file(const char *leaf)
{
	return xasprintf("%s/%s", paths_run(), leaf);
}

char *paths_program(const char *name)
{
	return xasprintf("%s/%s", root_from("SYSCONTAINER_LIBEXEC", LIBEXECDIR), name);
}

static int prepare_root(const char *path, struct error *err)
{
	struct stat stat;
	int r = file_make_directories(path, 0711, err);

	if (r < 0)
		return r;
	if (lstat(path, &stat) < 0)
		return error_set_errno(err, "cannot look at %s", path);
	if (stat.st_uid != 0 || (stat.st_mode & 022))
		return error_set(err, -EPERM,
				 "%s must belong to root and be writable by nobody else; run: chown root: %s; chmod 711 %s",
				 path, path, path);
	return 0;
}

int paths_prepare(struct error *err)
{
	autofree char *containers = paths_containers(), *names = paths_names(), *idmap = paths_idmap();
	const char *below[] = {containers, names, idmap};
	int r;

	r = prepare_root(paths_root(), err);
	if (r == 0)
		r = prepare_root(paths_run(), err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(below); i++)
		r = file_make_directories(below[i], 0700, err);
	return r;
}
