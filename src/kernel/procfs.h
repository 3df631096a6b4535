/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes as /proc shows them: identity that survives pid reuse, signal masks, where a task hangs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

/* A process, never a bare pid: the start time (proc(5), stat field 22, clock ticks since boot) tells a reused pid apart. */
struct process_id {
	pid_t pid;
	uint64_t start_time;
};

/* Of /proc/PID/stat and /proc/PID/task/TID/stat (proc_pid_stat(5)). */
struct process_stat {
	char name[64];
	char state;
	pid_t parent;
	uint64_t start_time;
};

/* The name may hold any character, blanks and parentheses too. -EBADMSG for what is no such line. */
int procfs_parse_stat(const char *line, struct process_stat *ret_stat, struct error *err);
/* Fills the start time of `pid`; -ESRCH when there is no such process. */
int procfs_identify(pid_t pid, struct process_id *ret_id, struct error *err);
/* The parent of `pid`, 0 when there is no such process. */
pid_t procfs_parent(pid_t pid);
/* What the process is called in its own pid namespace, 0 when there is no such process. */
pid_t procfs_own_pid(pid_t pid);
/* True while exactly this process is there and no zombie. A zeroed id is never alive. */
bool procfs_is_alive(const struct process_id *id);
/* A pidfd (pidfd_open(2)) that is surely of this process; -ESRCH when it is gone. */
int procfs_open_pidfd(const struct process_id *id, int *ret_pidfd, struct error *err);
/*
 * How the process behind a pidfd ended, as a wait status, although it is not our child: PIDFD_GET_INFO with PIDFD_INFO_EXIT (Linux 6.15). False while it runs or is a zombie (errno 0
 * or ESRCH), and on older kernels (another errno).
 */
bool procfs_read_exit(int pidfd, int *ret_status);
/* True when the process catches or blocks (and so may read by signalfd) `signal`: proc(5) status, SigCgt and SigBlk. */
bool procfs_takes_signal(pid_t pid, int signal);
/* Name of the executable that /proc/PID/exe shows, last component; "" when unreadable. Caller frees. */
char *procfs_executable_name(pid_t pid);
/* argv[0] of the process, "" when unreadable. Caller frees. */
char *procfs_first_argument(pid_t pid);
/* One line for each of the tasks: pid, state, name, wchan and, in state D, the kernel stack's top. For people. */
void procfs_describe_tasks(const pid_t *pids, size_t count, struct text *out);
