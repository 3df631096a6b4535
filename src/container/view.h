/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that see a container's tree as its guest does, so that no path of a guest is ever looked up on the host. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/progress.h"
#include "container/container.h"

/* A root directory to work in: the host's, that of a running guest, or the tree of a stopped container. */
struct view;

enum view_scope {
	VIEW_WHOLE,       /* with what is mounted in it: volumes, tmpfs */
	VIEW_ROOTFS_ONLY, /* the file system of the tree alone: mounts are not there, what they hide is */
};

/*
 * That of a container. While it is stopped, its lock and that of its tree are held until view_free(), so that nobody starts
 * it. Running, paused: the guest goes on meanwhile. `container` is loaded again under the lock. `is_read_only` is for image files.
 */
int view_open(struct container *container, enum view_scope scope, bool is_read_only, struct view **ret_view,
	      struct error *err);
struct view *view_new_host(void);
void view_free(struct view *view);

/* What a process in a view has: nothing else of ours is open, its standard input, output and errors are /dev/null. */
struct view_inside {
	int stream_fd; /* its end of a stream */
	int input_fd;  /* another one, or -1 */
	int proc_fd;   /* the host's /proc */
	bool is_guest; /* paths begin at the root of a guest */
};

struct view_task {
	/* Runs as root of the view. What it leaves in `err` is brought to view_finish(). */
	int (*function)(const struct view_inside *inside, const void *data, struct error *err);
	const void *data;
	int stream_fd, input_fd; /* the caller's, who closes them afterwards; input_fd -1: none */
};

struct view_process {
	pid_t pid;
	int report_fd;
};

/*
 * Starts the task: it is not executed from a file, cannot be traced from the guest, and dies with us. A view that cannot be
 * entered is reported by view_finish() like a task that failed.
 */
int view_start(const struct view *view, const struct view_task *task, struct view_process *ret_process, struct error *err);
/* Waits for its end and returns what the task returned, 0 or a negative errno. Control characters of the message become "?". */
int view_finish(struct view_process *process, struct error *err);

/* Moves bytes until `in_fd` ends. -EPIPE when nobody reads `out_fd` any more. SIGPIPE must be ignored. */
int view_relay(int in_fd, int out_fd, struct progress *progress, struct error *err);
