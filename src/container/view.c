/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how a process of ours gets a container's tree as its root directory. */
#include "container/view.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/archive.h"
#include "container/rootfs.h"
#include "kernel/image.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/procfs.h"
#include "kernel/userns.h"
#include "model/paths.h"

#define LOCK_TIMEOUT_MS 10000
#define RELAY_SIZE      ((size_t)256 << 10)

struct view {
	int (*enter)(const struct view *view, struct error *err); /* in the new process; NULL: it is there already */
	bool is_guest;
	bool is_read_only;
	enum view_scope scope;
	char *rootfs;
	struct spec_idmap idmap;
	int pidfd, flags; /* of a running guest, else -1 and 0 */
	int lock_fd, rootfs_lock_fd;
};

struct view *view_new_host(void)
{
	struct view *view = xcalloc(1, sizeof(*view));

	*view = (struct view){.pidfd = -1, .lock_fd = -1, .rootfs_lock_fd = -1};
	return view;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void view_free(struct view *view)
{
	if (!view)
		return;
	close_fd(view->pidfd);
	close_fd(view->rootfs_lock_fd);
	close_fd(view->lock_fd);
	free(view->rootfs);
	free(view);
}

/* --- entering: in the new process ---------------------------------------------------------------------------------------- */

static int make_root(int fd, struct error *err)
{
	if (fchdir(fd) < 0 || chroot(".") < 0)
		return error_set_errno(err, "cannot make the tree the root directory");
	return 0;
}

/* A tree that was chowned for its range (rootfs_find_owner()) is shifted back, so that its ids are the guest's like those of any other. */
static int unshift_tree(const struct view *view, const char *path, int tree_fd, struct error *err)
{
	autoclose int userns = -EBADF;
	bool is_chowned;

	if (rootfs_find_owner(path, &view->idmap, &is_chowned, NULL) < 0 || !is_chowned)
		return 0;
	userns = userns_open_back(view->idmap.uid, view->idmap.gid, view->idmap.size, err);
	if (userns < 0)
		return userns;
	return mount_shift(tree_fd, userns, 0, err) < 0
		       ? error_prefix(err, "%s was chowned for its container; start it first", path)
		       : 0;
}

/*
 * The tree's own mount, of which no path leads anywhere else. Its ids are the guest's ids. What a guest sees while it runs
 * is the same file system, so this also serves to look below the mounts of a running one.
 */
static int enter_tree(const struct view *view, struct error *err)
{
	/* Left open: a detached mount lasts as long as its descriptor. */
	int tree, r = namespace_begin_mounts(MS_PRIVATE, err);

	if (r < 0)
		return r;
	tree = mount_clone(AT_FDCWD, view->rootfs, view->scope == VIEW_WHOLE ? AT_RECURSIVE : 0, err);
	r = tree < 0 ? tree : unshift_tree(view, view->rootfs, tree, err);
	return r < 0 ? r : make_root(tree, err);
}

/* Some file systems can only be mounted read-only, one with a journal to replay only writable. */
static int mount_image(const struct view *view, const char *target, struct error *err)
{
	if (view->is_read_only && image_mount(view->rootfs, target, true, NULL) == 0)
		return 0;
	return image_mount(view->rootfs, target, false, err);
}

static int enter_image(const struct view *view, struct error *err)
{
	/* Any directory will do: in this namespace nobody else sees what is mounted on it. */
	const char *target = paths_run();
	int tree, r = namespace_begin_mounts(MS_PRIVATE, err);

	if (r == 0)
		r = mount_image(view, target, err);
	if (r < 0)
		return r;
	tree = mount_clone(AT_FDCWD, target, 0, err);
	r = tree < 0 ? tree : unshift_tree(view, target, tree, err);
	return r < 0 ? r : make_root(tree, err);
}

/* In the guest's namespaces already. A second loop device on an image in use would show stale data. */
static int enter_guest_rootfs(const struct view *view, struct error *err)
{
	int tree = mount_clone(AT_FDCWD, "/", 0, err);

	(void)view;
	return tree < 0 ? tree : make_root(tree, err);
}

/* --- opening ------------------------------------------------------------------------------------------------------------- */

static int open_guest(struct view *view, const struct container *container, struct error *err)
{
	struct process_id init = boot_process_id(&container->boot.init);
	int r;

	r = procfs_open_pidfd(&init, &view->pidfd, err);
	if (r == 0)
		r = namespace_differing(init.pid, &view->flags, err);
	/* The namespaces were read by pid: only now is it sure that they were this process's. */
	if (r < 0 || !procfs_is_alive(&init))
		return error_set(err, -ESRCH, "container %s ended meanwhile", container->spec.name);
	view->flags &= CLONE_NEWUSER | CLONE_NEWNS;
	if (!(view->flags & CLONE_NEWNS))
		return error_set(err, -EINVAL, "container %s has no mount namespace of its own", container->spec.name);
	return 0;
}

static int open_running(struct view *view, const struct container *container, struct error *err)
{
	if (container->status == CONTAINER_STARTING || container->status == CONTAINER_RESTARTING)
		return error_set(err, -EBUSY, "container %s is %s; try again when it runs", container->spec.name,
				 container_status_name(container->status));
	if (view->scope == VIEW_ROOTFS_ONLY && !rootfs_is_image(view->rootfs)) {
		view->enter = enter_tree;
		return 0;
	}
	view->enter = view->scope == VIEW_ROOTFS_ONLY ? enter_guest_rootfs : NULL;
	return open_guest(view, container, err);
}

static int open_stopped(struct view *view, struct error *err)
{
	view->enter = rootfs_is_image(view->rootfs) ? enter_image : enter_tree;
	return rootfs_lock(view->rootfs, &view->rootfs_lock_fd, err);
}

static int open_container(struct view *view, struct container *container, struct error *err)
{
	int r;

	if (!container_is_live(container)) {
		r = container_lock(container->id, LOCK_TIMEOUT_MS, &view->lock_fd, err);
		if (r < 0)
			return r;
		container_reload(container);
		if (container->status == CONTAINER_BROKEN)
			return error_set(err, container->problem.code, "%s", container->problem.message);
	}
	view->rootfs = xstrdup(container->spec.rootfs);
	view->idmap = container->spec.idmap;
	if (!container_is_live(container))
		return open_stopped(view, err);
	/* Somebody was faster than our lock, which is of no use now. */
	close_fd(view->lock_fd);
	view->lock_fd = -1;
	return open_running(view, container, err);
}

int view_open(struct container *container, enum view_scope scope, bool is_read_only, struct view **ret_view,
	      struct error *err)
{
	struct view *view = view_new_host();
	int r;

	view->is_guest = true;
	view->scope = scope;
	view->is_read_only = is_read_only;
	r = open_container(view, container, err);
	if (r < 0) {
		view_free(view);
		return r;
	}
	*ret_view = view;
	return 0;
}

/* --- processes ----------------------------------------------------------------------------------------------------------- */

struct start {
	const struct view *view;
	const struct view_task *task;
	pid_t parent;
	int null_fd, proc_fd, report_fd;
};

enum { FD_STREAM = 3, FD_REPORT, FD_PROC, FD_INPUT, FD_END };

/* The numbers may overlap, so all go out of the way first. */
static int arrange_descriptors(const struct start *start, struct view_inside *ret_inside, struct error *err)
{
	const int wanted[FD_END] = {
		start->null_fd,   start->null_fd, start->null_fd,        start->task->stream_fd,
		start->report_fd, start->proc_fd, start->task->input_fd,
	};
	int moved[FD_END];

	for (int i = 0; i < FD_END; i++)
		moved[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, FD_END);
	for (int i = 0; i < FD_END; i++)
		if (wanted[i] >= 0 && (moved[i] < 0 || dup2(moved[i], i) < 0))
			return error_set_errno(err, "cannot arrange descriptors");
	*ret_inside = (struct view_inside){
		.stream_fd = FD_STREAM,
		.input_fd = start->task->input_fd < 0 ? -1 : FD_INPUT,
		.proc_fd = FD_PROC,
		.is_guest = start->view->is_guest,
	};
	return 0;
}

/* What enter() opens stays open: a detached mount lasts as long as its descriptor. */
static int run_task(const struct start *start, const struct view_inside *inside, struct error *err)
{
	int r = 0;

	syscall(SYS_close_range, inside->input_fd < 0 ? FD_INPUT : FD_END, ~0u, 0u);
	if (start->view->enter)
		r = start->view->enter(start->view, err);
	if (r < 0)
		return r;
	umask(0);
	signal(SIGPIPE, SIG_IGN);
	return start->task->function(inside, start->task->data, err);
}

/* All that a process in a view does. */
static int run(void *data)
{
	const struct start *start = data;
	struct view_inside inside = {0};
	struct error error = {0};
	int r, report_fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != start->parent)
		return 1; /* it died before that */
	r = arrange_descriptors(start, &inside, &error);
	report_fd = r < 0 ? start->report_fd : FD_REPORT;
	if (r == 0)
		r = run_task(start, &inside, &error);
	error.code = r < 0 ? r : 0;
	return write(report_fd, &error, sizeof(error)) == sizeof(error) ? 0 : 1;
}

static int spawn(const struct start *start, pid_t *ret_pid, struct error *err)
{
	if (start->null_fd < 0)
		return error_set_errno(err, "cannot open /dev/null");
	if (start->proc_fd < 0)
		return error_set_errno(err, "cannot open /proc");
	return namespace_spawn(start->view->pidfd, start->view->flags, run, (void *)start, ret_pid, err);
}

int view_start(const struct view *view, const struct view_task *task, struct view_process *ret_process, struct error *err)
{
	autoclose int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	autoclose int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int report_read = -EBADF, report_write = -EBADF;
	struct start start = {.view = view, .task = task, .parent = getpid(), .null_fd = null_fd, .proc_fd = proc_fd};
	int r, pipe_fds[2];

	r = archive_prepare(err);
	if (r < 0)
		return r;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	report_read = pipe_fds[0];
	report_write = pipe_fds[1];
	start.report_fd = report_write;
	r = spawn(&start, &ret_process->pid, err);
	if (r < 0)
		return r;
	ret_process->report_fd = steal_fd(&report_read);
	return 0;
}

/* The report comes from a process that a guest may have got at: its text must not reach a terminal as it is. */
static void clean_report(struct error *report)
{
	report->message[sizeof(report->message) - 1] = '\0';
	for (char *c = report->message; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	report->exit_status = 0;
}

int view_finish(struct view_process *process, struct error *err)
{
	struct error report;
	ssize_t length;

	do
		length = read(process->report_fd, &report, sizeof(report));
	while (length < 0 && errno == EINTR);
	close(process->report_fd);
	process->report_fd = -1;
	while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (length != sizeof(report))
		return error_set(err, -ECHILD, "the process that copies was killed");
	if (report.code >= 0)
		return 0;
	clean_report(&report);
	return error_set(err, report.code, "%s", report.message);
}

int view_relay(int in_fd, int out_fd, struct progress *progress, struct error *err)
{
	autofree char *buffer = xmalloc(RELAY_SIZE);

	for (;;) {
		ssize_t count = read(in_fd, buffer, RELAY_SIZE);
		int r;

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_set_errno(err, "cannot read the stream");
		if (count == 0)
			return 0;
		r = file_write_all(out_fd, buffer, (size_t)count, err);
		if (r < 0)
			return r;
		progress_advance(progress, (uint64_t)count);
	}
}
