/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the files of /etc that a spec changes for one boot. */
#include "container/etc_files.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/root.h"
#include "model/network_files.h"

#define MAX_BYTES     ((size_t)10 << 20)
#define RUN           "/run"
#define OUR_DIRECTORY "/syscontainer" /* in /run */

struct guest {
	int root_fd, run_fd;
};

struct etc_file {
	const char *path;
	bool is_made; /* where the tree has none */
	bool (*is_wanted)(const struct spec *spec);
	void (*append)(const char *data, size_t length, const struct spec *spec, struct text *out);
};

static bool wants_hosts(const struct spec *spec)
{
	return network_files_change_hosts(&spec->network_files);
}

static void append_hosts(const char *data, size_t length, const struct spec *spec, struct text *out)
{
	network_files_hosts(data, length, &spec->network_files, out);
}

static bool wants_resolver(const struct spec *spec)
{
	return network_files_change_resolver(&spec->network_files);
}

static void append_resolver(const char *data, size_t length, const struct spec *spec, struct text *out)
{
	network_files_resolver(data, length, &spec->network_files, out);
}

static bool wants_hostname(const struct spec *spec)
{
	return spec->is_hostname_given;
}

/* systemd sets the name that the tree's file has, so one that was asked for lies over it. */
static void append_hostname(const char *data, size_t length, const struct spec *spec, struct text *out)
{
	(void)data;
	(void)length;
	text_appendf(out, "%s\n", spec->hostname);
}

static const struct etc_file files[] = {
	{"/etc/hosts", true, wants_hosts, append_hosts},
	{"/etc/resolv.conf", true, wants_resolver, append_resolver},
	{"/etc/hostname", false, wants_hostname, append_hostname},
};

/* "../run/x/y" in /etc and "/run/x/y" give "/x/y"; NULL for what is not below /run. */
static char *find_in_run(const char *link)
{
	static const char *const starts[] = {"../run/", "/run/", "../var/run/", "/var/run/"};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		const char *rest = link + strlen(starts[i]);

		if (strncmp(link, starts[i], strlen(starts[i])) == 0 && *rest && *rest != '/' && !strstr(rest, "./") &&
		    !strstr(rest, "//") && rest[strlen(rest) - 1] != '/' && rest[strlen(rest) - 1] != '.')
			return xasprintf("/%s", rest);
	}
	return NULL;
}

/* What the symlink at `path` says; NULL where there is none. */
static char *read_link(int root_fd, const char *path)
{
	autofree char *directory = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	autoclose int fd = root_open(root_fd, directory, O_PATH | O_DIRECTORY, 0, NULL);
	char target[PATH_MAX];
	ssize_t length = fd < 0 ? -1 : readlinkat(fd, strrchr(path, '/') + 1, target, sizeof(target) - 1);

	return length < 0 ? NULL : xstrndup(target, (size_t)length);
}

/* The link leads to nothing yet: a service makes it when it starts, if it does. */
static int write_for_service(const struct guest *guest, const struct etc_file *file, const char *link,
			     const struct spec *spec, struct error *err)
{
	autofree char *path = find_in_run(link);
	autorelease(text_release) struct text content = {0}, resolved = {0};
	int r;

	if (!path)
		return error_set(err, -ENOENT, "%s of the guest is a symbolic link that leads nowhere: %s", file->path,
				 link);
	file->append("", 0, spec, &content);
	r = root_replace(guest->run_fd, path, text_get(&content), content.length, 0644, err);
	if (r < 0 || strncmp(path, "/systemd/resolve/", strlen("/systemd/resolve/")) != 0)
		return r;
	network_files_resolved(&spec->network_files, &resolved);
	return root_replace(guest->run_fd, "/systemd/resolved.conf.d/50-syscontainer.conf", text_get(&resolved),
			    resolved.length, 0644, err);
}

static int cover(const struct guest *guest, const struct etc_file *file, const struct spec *spec, int target_fd,
		 struct error *err)
{
	const char *name = strrchr(file->path, '/') + 1;
	autofree char *path = xasprintf("%s/%s", OUR_DIRECTORY, name), *data = NULL;
	autorelease(text_release) struct text content = {0};
	autoclose int directory = -EBADF, tree = -EBADF;
	size_t length;
	int r = root_read(guest->root_fd, file->path, MAX_BYTES, &data, &length, err);

	if (r < 0)
		return r;
	file->append(data, length, spec, &content);
	r = root_replace(guest->run_fd, path, text_get(&content), content.length, 0644, err);
	if (r < 0)
		return r;
	directory = root_open(guest->run_fd, OUR_DIRECTORY, O_PATH | O_DIRECTORY, 0, err);
	if (directory < 0)
		return directory;
	tree = r = mount_clone(directory, name, AT_SYMLINK_NOFOLLOW, err);
	if (r >= 0)
		r = mount_attach(tree, target_fd, err);
	return r < 0 ? error_prefix(err, "%s of the guest", file->path) : 0;
}

static int apply_one(const struct guest *guest, const struct etc_file *file, const struct spec *spec, struct error *err)
{
	struct error problem = {0};
	autoclose int target = root_open(guest->root_fd, file->path, O_PATH, 0, &problem);
	autofree char *link = NULL;
	int r;

	if (target < 0 && target != -ENOENT)
		return error_set(err, target, "%s", problem.message);
	if (target < 0) {
		link = read_link(guest->root_fd, file->path);
		if (link && file->is_made)
			return write_for_service(guest, file, link, spec, err);
		if (!file->is_made)
			return 0;
		r = root_replace(guest->root_fd, file->path, "", 0, 0644, err);
		if (r < 0)
			return r;
		target = root_open(guest->root_fd, file->path, O_PATH, 0, err);
		if (target < 0)
			return target;
	}
	return cover(guest, file, spec, target, err);
}

/* Runs in the guest, as its root. */
static int apply(void *data, struct error *err)
{
	const struct spec *spec = data;
	autoclose int root_fd = root_open_own(err), run_fd = -EBADF;
	int r = 0;

	if (root_fd < 0)
		return root_fd;
	run_fd = root_open(root_fd, RUN, O_PATH | O_DIRECTORY, 0, err);
	if (run_fd < 0)
		return run_fd;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		if (files[i].is_wanted(spec))
			r = apply_one(&(struct guest){root_fd, run_fd}, &files[i], spec, err);
	return r;
}

int etc_files_apply(const struct spec *spec, int pidfd, pid_t pid, struct error *err)
{
	bool is_wanted = false;
	int r, flags;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		is_wanted |= files[i].is_wanted(spec);
	if (!is_wanted)
		return 0;
	r = namespace_differing(pid, &flags, err);
	return r < 0 ? r : namespace_run(pidfd, flags & (CLONE_NEWNS | CLONE_NEWUSER), apply, (void *)spec, err);
}
