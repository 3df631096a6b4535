/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a manager tells the proc view of its containers: once by the state that its hook gets, later by datagrams. */
#pragma once

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
