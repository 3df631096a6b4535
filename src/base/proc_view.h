/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a manager tells the proc view of its containers: once by the state that its hook gets, later by datagrams and by a file of their disks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Annotations of the state (OCI runtime specification) that lxcfs-hook reads. */
#define PROC_VIEW_NAME   "org.syscontainer.name"
#define PROC_VIEW_CGROUP "org.syscontainer.cgroup"         /* "/syscontainer/ID": where its limits are */
#define PROC_VIEW_SHOWN  "org.syscontainer.proc-view"      /* "false": it gets none */
#define PROC_VIEW_QUOTA  "org.syscontainer.cpu-quota-view" /* "false": a CPU quota is not shown as a number of CPUs */

/* Datagram socket of the server, below RUN. A message is a letter and the id of a container. */
#define PROC_VIEW_SOCKET  "lxcfs/control"
#define PROC_VIEW_EXPIRE  'e' /* its limits or disks were changed */
#define PROC_VIEW_FORGET  'f' /* it is gone */
#define PROC_VIEW_BIND    'b' /* it could not be bound: when the server answers again, it is time */
#define PROC_VIEW_MESSAGE 256 /* bytes at most */

/* `run` is RUN. Without a server nothing happens: it reads everything anew when it comes. Never waits. */
void proc_view_send(const char *run, char what, const char *id);

/*
 * The disks and partitions of one boot of a guest: RUN/ID/disks.json. The manager writes it, whether somebody shows them or not; who does looks at it when a guest is opened, and when it
 * is told that it changed. One of another boot (another PID 1) is none.
 */
#define PROC_VIEW_DISKS "disks.json"

struct proc_view_disk {
	uint64_t major, minor;
	char *name; /* in the guest's /dev: "sdb", "mapper/data" */
};

struct proc_view_disks {
	int version;
	int init; /* PID 1 as the host sees it */
	uint64_t init_start_time;
	struct {
		struct proc_view_disk *items;
		size_t count;
	} list;
};

/* Whether a disk can be called so in a line of text: neither blanks nor control characters. */
bool proc_view_is_disk_name(const char *name);
/* `path` is where the node is in the guest; nothing is appended for one that has no name below /dev, or one that would break a line. */
void proc_view_append_disk(struct proc_view_disks *disks, dev_t number, const char *path);
/* Replaces the file, removes it when there are no disks, and tells the server, unless it was so already. */
int proc_view_write_disks(const char *run, const char *id, struct proc_view_disks *disks, struct error *err);
/* None for a file that is not there, or of another boot. The caller releases. */
int proc_view_read_disks(const char *run, const char *id, pid_t init, uint64_t init_start_time,
			 struct proc_view_disks *ret_disks, struct error *err);
void proc_view_disks_release(struct proc_view_disks *disks);
