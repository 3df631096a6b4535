/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer export`: a container's root file system as a tar file. */

#include "syscontainer/transfer.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "container/archive.h"
#include "container/container.h"
#include "container/view.h"
#include "kernel/root.h"
#include "model/event.h"

/* --- the file that is written ------------------------------------------------------------------------------------------- */

struct output {
	int directory_fd;
	const char *name;
	char temporary[64]; /* its name while it is not complete; "" while it has none */
	int fd;
};

static void output_release(struct output *output)
{
	if (output->temporary[0])
		unlinkat(output->directory_fd, output->temporary, 0);
	if (output->fd >= 0)
		close(output->fd);
	if (output->directory_fd >= 0)
		close(output->directory_fd);
}

static void make_temporary_name(char *name, size_t size)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), 0) < 0)
		number = (uint64_t)getpid();
	snprintf(name, size, ".syscontainer-export.%016llx", (unsigned long long)number);
}

static int check_place(const struct output *output, const char *path, struct error *err)
{
	struct stat status;

	if (!*output->name)
		return error_set(err, -EISDIR, "%s is a directory; name a file in it", path);
	if (fstatat(output->directory_fd, output->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot look at %s", path);
	if (S_ISDIR(status.st_mode))
		return error_set(err, -EISDIR, "%s is a directory; name a file in it", path);
	return S_ISREG(status.st_mode) ? 0
				       : error_set(err, -EEXIST, "%s is no regular file, and is not replaced by one", path);
}

/* Without a name where the file system can do that: then even SIGKILL leaves nothing. */
static int output_open(const char *path, struct output *output, struct error *err)
{
	const char *slash = strrchr(path, '/');
	autofree char *directory = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	int r;

	output->name = slash ? slash + 1 : path;
	output->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (output->directory_fd < 0)
		return error_set_errno(err, "cannot open the directory of %s", path);
	r = check_place(output, path, err);
	if (r < 0)
		return r;
	output->fd = openat(output->directory_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (output->fd >= 0)
		return 0;
	make_temporary_name(output->temporary, sizeof(output->temporary));
	output->fd = openat(output->directory_fd, output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (output->fd >= 0)
		return 0;
	output->temporary[0] = '\0';
	return error_set_errno(err, "cannot make %s", path);
}

static int name_temporary(struct output *output)
{
	char place[32], name[sizeof(output->temporary)];

	if (output->temporary[0])
		return 0;
	snprintf(place, sizeof(place), "/proc/self/fd/%d", output->fd);
	make_temporary_name(name, sizeof(name));
	if (linkat(AT_FDCWD, place, output->directory_fd, name, AT_SYMLINK_FOLLOW) < 0)
		return -1;
	strcpy(output->temporary, name);
	return 0;
}

/* The new file in place of an old one, at once and for good. */
static int output_commit(struct output *output, const char *path, struct error *err)
{
	if (fsync(output->fd) < 0)
		return error_set_errno(err, "cannot write %s", path);
	if (name_temporary(output) < 0 ||
	    renameat(output->directory_fd, output->temporary, output->directory_fd, output->name) < 0)
		return error_set_errno(err, "cannot put %s in its place", path);
	output->temporary[0] = '\0';
	if (fsync(output->directory_fd) < 0 && errno != EINVAL)
		return error_set_errno(err, "cannot sync the directory of %s", path);
	return 0;
}

/* --- the command ------------------------------------------------------------------------------------------------------------ */

static int pack(const struct view_inside *inside, const void *data, struct error *err)
{
	autoclose int root = root_open_own(err);
	struct archive_pack pack = {.place_fd = root, .proc_fd = inside->proc_fd, .name = ".", .is_for_others = true};

	(void)data;
	if (root < 0)
		return root;
	return archive_pack(&pack, inside->stream_fd, err);
}

static int relay(const struct export_options *options, const char *reference, int in_fd, int out_fd, struct error *err)
{
	autofree char *what = xasprintf("Exporting %s", reference);
	struct progress *progress = options->is_quiet ? NULL : progress_new(what, 0);
	int r = view_relay(in_fd, out_fd, progress, err);

	progress_done(progress);
	return r;
}

static int write_tar(const struct export_options *options, const char *reference, const struct view *view, int fd,
		     struct error *err)
{
	autoclose int read_fd = -EBADF, write_fd = -EBADF;
	struct error relay_error = {0};
	struct view_process process;
	int r, relayed, fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	read_fd = fds[0];
	write_fd = fds[1];
	r = view_start(view, &(struct view_task){pack, NULL, write_fd, -1}, &process, err);
	if (r < 0)
		return r;
	close(steal_fd(&write_fd));
	relayed = relay(options, reference, read_fd, fd, &relay_error);
	close(steal_fd(&read_fd));
	r = view_finish(&process, err);
	if (relayed == 0)
		return r;
	*err = relay_error;
	return error_prefix(err, "cannot write %s", options->output);
}

static int export_to(const struct export_options *options, const char *reference, struct output *output, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	struct view *view = NULL;
	struct error commit_error;
	int r, committed;

	r = container_open(reference, &container, err);
	if (r == 0)
		r = view_open(&container, VIEW_ROOTFS_ONLY, true, &view, err);
	if (r == 0)
		r = write_tar(options, reference, view, output->fd, err);
	view_free(view);
	if (r < 0 && r != -EUCLEAN)
		return r;
	committed = output_commit(output, options->output, &commit_error);
	if (committed < 0) {
		*err = commit_error;
		return committed;
	}
	event_log(container.id, container.spec.name, "export", "path=%s", options->output);
	return r < 0 ? error_prefix(err, "%s was written, but not all files in it are complete", options->output) : 0;
}

int transfer_export(void *data, const struct strings *operands, struct error *err)
{
	autorelease(output_release) struct output output = {.directory_fd = -1, .fd = -1};
	const struct export_options *options = data;
	int r;

	if (!options->output || !*options->output)
		return error_set(err, -EINVAL, "export needs a file to write to: -o FILE");
	signal(SIGPIPE, SIG_IGN);
	r = output_open(options->output, &output, err);
	return r < 0 ? r : export_to(options, operands->items[0], &output, err);
}
