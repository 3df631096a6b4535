/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer cp`: files between the host and a container, running or stopped. */

#include "syscontainer/transfer.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "container/archive.h"
#include "container/container.h"
#include "container/view.h"
#include "model/event.h"

#define MAX_LINKS 40 /* as the kernel, path_resolution(7) */

/* One side of a copy. */
struct end {
	const char *operand; /* as typed, for messages */
	char *reference;     /* of the container; NULL: the host */
	char *path;          /* as the process in the view sees it; NULL: a tar stream on standard input or output */
	struct container container;
	struct view *view;
};

/* What both processes know. */
struct copy {
	const struct cp_options *options;
	struct end from, to;
	char *name; /* of what is copied, "." for the content of a directory; NULL: somebody else's tar, with any names */
};

static void end_release(struct end *end)
{
	free(end->reference);
	free(end->path);
	view_free(end->view);
	container_release(&end->container);
}

static void copy_release(struct copy *copy)
{
	end_release(&copy->from);
	end_release(&copy->to);
	free(copy->name);
}

/* --- operands -------------------------------------------------------------------------------------------------------------- */

/* "CONTAINER:PATH" unless it begins like a path of the host's. */
static int parse_end(const char *operand, const char *what, struct end *ret_end, struct error *err)
{
	const char *colon = strchr(operand, ':');

	*ret_end = (struct end){.operand = operand};
	if (!*operand)
		return error_set(err, -EINVAL, "the %s can not be empty", what);
	if (strcmp(operand, "-") == 0)
		return 0;
	if (operand[0] == '/' || operand[0] == '.' || !colon) {
		ret_end->path = xstrdup(operand);
		return 0;
	}
	if (colon == operand || !colon[1])
		return error_set(err, -EINVAL, "the %s \"%s\" must be CONTAINER:PATH or a path of the host", what, operand);
	ret_end->reference = xstrndup(operand, (size_t)(colon - operand));
	/* Guests have no working directory of ours: all their paths begin at the root. */
	ret_end->path = xasprintf("%s%s", colon[1] == '/' ? "" : "/", colon + 1);
	return 0;
}

/* "." where there is no name to give: "/", "." and "..". Caller frees. */
static char *name_of(const char *path)
{
	size_t end = strlen(path), begin;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (begin = end; begin > 0 && path[begin - 1] != '/';)
		begin--;
	if (end == begin || (end - begin == 1 && path[begin] == '.') ||
	    (end - begin == 2 && strncmp(path + begin, "..", 2) == 0))
		return xstrdup(".");
	return xstrndup(path + begin, end - begin);
}

static int parse(const struct strings *operands, struct copy *copy, struct error *err)
{
	int r = parse_end(operands->items[0], "source", &copy->from, err);

	if (r == 0)
		r = parse_end(operands->items[1], "destination", &copy->to, err);
	if (r < 0)
		return r;
	if (copy->from.reference && copy->to.reference)
		return error_set(err, -EINVAL, "copying between containers is not supported");
	if (!copy->from.reference && !copy->to.reference)
		return error_set(err, -EINVAL, "must specify at least one container source, as CONTAINER:PATH");
	if (!copy->from.path && isatty(STDIN_FILENO))
		return error_set(err, -EINVAL, "no archive can be read from a terminal; redirect standard input");
	if (!copy->to.path && isatty(STDOUT_FILENO))
		return error_set(err, -EINVAL, "an archive is not written to a terminal; redirect standard output");
	copy->name = copy->from.path ? name_of(copy->from.path) : NULL;
	return 0;
}

static int open_end(struct end *end, bool is_read_only, struct error *err)
{
	int r;

	if (!end->reference) {
		end->view = view_new_host();
		return 0;
	}
	r = container_open(end->reference, &end->container, err);
	return r < 0 ? r : view_open(&end->container, VIEW_WHOLE, is_read_only, &end->view, err);
}

/* --- the source's process ---------------------------------------------------------------------------------------------- */

static int pack(const struct view_inside *inside, const void *data, struct error *err)
{
	const struct copy *copy = data;
	struct archive_pack pack = {.proc_fd = inside->proc_fd, .name = copy->name, .is_for_others = !copy->to.path};
	int flags = O_PATH | O_CLOEXEC | (copy->options->follows_link ? 0 : O_NOFOLLOW);
	autoclose int place = -EBADF;

	if (!copy->name)
		return archive_repack(inside->input_fd, inside->stream_fd, err);
	/* Behind a slash at the end the kernel follows a symlink and wants a directory. */
	place = open(copy->from.path, flags);
	if (place < 0)
		return error_set_errno(err, "cannot copy %s", copy->from.operand);
	pack.place_fd = place;
	return archive_pack(&pack, inside->stream_fd, err);
}

/* --- the destination's process ----------------------------------------------------------------------------------------- */

struct target {
	int directory_fd;
	char name[NAME_MAX + 1];
};

static int set_target(struct target *target, const char *directory, const char *name, const char *operand, struct error *err)
{
	if (strlen(name) > NAME_MAX)
		return error_set(err, -ENAMETOOLONG, "the name in %s is too long", operand);
	strcpy(target->name, name);
	target->directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target->directory_fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? error_set(err, -errno, "no such directory: the one that %s should be in", operand)
			       : error_set_errno(err, "cannot open the directory of %s", operand);
	return 0;
}

/* Its directory, up to and including the last slash. Caller frees. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("./");
}

/* Where symlinks lead in the end, though nothing need be there. Caller frees; NULL when they go round in circles. */
static char *follow_links(const char *path)
{
	autofree char *current = xstrdup(path);

	for (int i = 0; i < MAX_LINKS; i++) {
		char link[PATH_MAX + 1];
		ssize_t length = readlink(current, link, sizeof(link) - 1);
		autofree char *directory = directory_of(current);

		if (length <= 0)
			return steal_ptr(current);
		link[length] = '\0';
		free(current);
		current = link[0] == '/' ? xstrdup(link) : xasprintf("%s%s", directory, link);
	}
	return NULL;
}

/* A file that is replaced, or a new one. */
static int choose_name(const char *path, const char *operand, struct target *ret_target, struct error *err)
{
	autofree char *plain = xstrdup(path), *resolved = NULL, *directory = NULL, *name = NULL;

	for (size_t end = strlen(plain); end > 1 && plain[end - 1] == '/'; end--)
		plain[end - 1] = '\0';
	resolved = follow_links(plain);
	if (!resolved)
		return error_set(err, -ELOOP, "%s: too many symbolic links", operand);
	name = name_of(resolved);
	if (strcmp(name, ".") == 0)
		return error_set(err, -ENOENT, "no such directory: %s", operand);
	for (size_t end = strlen(resolved); end > 1 && resolved[end - 1] == '/'; end--)
		resolved[end - 1] = '\0';
	directory = directory_of(resolved);
	return set_target(ret_target, directory, name, operand, err);
}

/* As docker cp: into a directory that is there, else under the destination's own name. */
static int choose_target(const struct copy *copy, bool is_directory, struct target *ret_target, struct error *err)
{
	const char *path = copy->to.path, *operand = copy->to.operand;
	bool wants_directory = path[strlen(path) - 1] == '/';
	struct stat status;

	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return set_target(ret_target, path, copy->name ? copy->name : ".", operand, err);
		if (!copy->name)
			return error_set(err, -ENOTDIR, "extraction point is not a directory: %s", operand);
		return is_directory ? error_set(err, -ENOTDIR, "cannot copy directory %s to the file %s", copy->from.operand,
						operand)
				    : choose_name(path, operand, ret_target, err);
	}
	if (errno == ENOTDIR && wants_directory)
		return error_set(err, -ENOTDIR, "extraction point is not a directory: %s", operand);
	if (errno != ENOENT && errno != ENOTDIR)
		return error_set_errno(err, "cannot look at %s", operand);
	if (!copy->name || (wants_directory && !is_directory))
		return error_set(err, -ENOENT, "no such directory: %s", operand);
	return choose_name(path, operand, ret_target, err);
}

/* From here on no name, however forged, and no symlink leads out of the destination. */
static int enter_target(struct target *target, const char *operand, struct error *err)
{
	autoclose int fd = steal_fd(&target->directory_fd);

	return fchdir(fd) < 0 || chroot(".") < 0 ? error_set_errno(err, "cannot enter the directory of %s", operand) : 0;
}

static int unpack(const struct view_inside *inside, const void *data, struct error *err)
{
	const struct copy *copy = data;
	struct archive_unpack unpack = {.from = copy->name, .keeps_owners = copy->options->keeps_owners};
	struct archive_reader *reader = NULL;
	struct target target = {.directory_fd = -1};
	int r = archive_reader_open(inside->stream_fd, &reader, err);

	if (r == 0)
		r = choose_target(copy, S_ISDIR(archive_reader_type(reader)), &target, err);
	if (r == 0)
		r = enter_target(&target, copy->to.operand, err);
	unpack.to = target.name;
	if (r == 0)
		r = archive_unpack(reader, &unpack, err);
	archive_reader_free(reader);
	return r;
}

/* --- between them ---------------------------------------------------------------------------------------------------------- */

struct stream {
	int read_fd, write_fd;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void stream_release(struct stream *stream)
{
	close_fd(&stream->read_fd);
	close_fd(&stream->write_fd);
}

static int stream_open(struct stream *stream, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	*stream = (struct stream){fds[0], fds[1]};
	return 0;
}

static int relay(const struct copy *copy, int in_fd, int out_fd, struct error *err)
{
	autofree char *what = xasprintf("Copying %s", copy->from.path ? copy->from.operand : copy->to.operand);
	struct progress *progress = copy->options->is_quiet ? NULL : progress_new(what, 0);
	int r = view_relay(in_fd, out_fd, progress, err);

	progress_done(progress);
	return r;
}

/*
 * The message of who failed first: a side that ends early makes the other one fail too, the writer with EPIPE, the
 * reader for want of an archive.
 */
static int conclude(const struct error *from, const struct error *relayed, const struct error *to, struct error *err)
{
	const struct error *first = to->code < 0 ? to : relayed->code < 0 ? relayed : from;
	bool is_cause = from->code != -EPIPE && (from->code != -EUCLEAN || to->code == -ENODATA);

	if (from->code < 0 && is_cause)
		first = from;
	if (first->code < 0)
		*err = *first;
	return first->code;
}

static int start_source(const struct copy *copy, struct stream *stream, struct view_process *ret_process, struct error *err)
{
	struct view_task task = {pack, copy, stream->write_fd, copy->from.path ? -1 : STDIN_FILENO};
	int r = view_start(copy->from.view, &task, ret_process, err);

	close_fd(&stream->write_fd);
	return r;
}

static int start_destination(const struct copy *copy, struct stream *stream, struct view_process *ret_process,
			     struct error *err)
{
	struct view_task task = {unpack, copy, stream->read_fd, -1};
	int r = view_start(copy->to.view, &task, ret_process, err);

	close_fd(&stream->read_fd);
	return r;
}

/* The tar goes to standard output. */
static int pull_stream(const struct copy *copy, struct error *err)
{
	autorelease(stream_release) struct stream source = {-1, -1};
	struct error from = {0}, relayed = {0}, none = {0};
	struct view_process process;
	int r;

	r = stream_open(&source, err);
	if (r == 0)
		r = start_source(copy, &source, &process, err);
	if (r < 0)
		return r;
	relay(copy, source.read_fd, STDOUT_FILENO, &relayed);
	stream_release(&source);
	view_finish(&process, &from);
	return conclude(&from, &relayed, &none, err);
}

static int copy_files(const struct copy *copy, struct error *err)
{
	autorelease(stream_release) struct stream source = {-1, -1}, destination = {-1, -1};
	struct error from = {0}, relayed = {0}, to = {0};
	struct view_process from_process, to_process;
	int r;

	r = stream_open(&source, err);
	if (r == 0)
		r = stream_open(&destination, err);
	if (r == 0)
		r = start_source(copy, &source, &from_process, err);
	if (r < 0)
		return r;
	/* Whatever fails from here on, both ends are waited for. */
	r = start_destination(copy, &destination, &to_process, &to);
	if (r == 0)
		relay(copy, source.read_fd, destination.write_fd, &relayed);
	stream_release(&source);
	stream_release(&destination);
	if (r == 0)
		view_finish(&to_process, &to);
	view_finish(&from_process, &from);
	return conclude(&from, &relayed, &to, err);
}

int transfer_cp(void *options, const struct strings *operands, struct error *err)
{
	autorelease(copy_release) struct copy copy = {.options = options};
	int r = parse(operands, &copy, err);

	if (r == 0)
		r = open_end(&copy.from, true, err);
	if (r == 0 && copy.to.path)
		r = open_end(&copy.to, false, err);
	if (r < 0)
		return r;
	signal(SIGPIPE, SIG_IGN);
	r = copy.to.path ? copy_files(&copy, err) : pull_stream(&copy, err);
	if (r == 0) {
		const struct end *guest = copy.from.reference ? &copy.from : &copy.to;

		event_log(guest->container.id, guest->container.spec.name,
			  guest == &copy.from ? "archive-path" : "extract-to-dir", "path=%s", guest->path);
	}
	return r;
}
