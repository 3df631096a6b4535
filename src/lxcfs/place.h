/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the proc view keeps what must outlive its server: all of it below RUN/lxcfs, for root alone. */
#pragma once

#include <stdint.h>

/* RUN: $SYSCONTAINER_RUN or /run/syscontainer. */
const char *place_root(void);
/* RUN/lxcfs/LEAF; the caller frees. */
char *place_run(const char *leaf);
/* RUN/lxcfs/state/SLOT, where the server keeps counters of that boot of a guest; the caller frees. */
char *place_state(uint64_t slot);
#define PLACE_TREE    "tree"    /* the cached file system, from which guests get their binds */
#define PLACE_GUESTS  "guests"  /* a file for each guest: registration.h */
#define PLACE_STATE   "state"   /* what a server needs of the one before: a file for each guest's boot */
#define PLACE_CONTROL "control" /* datagram socket of the server: base/proc_view.h */
#define PLACE_LOCK    "lock"    /* flock(2) of the holder */
#define PLACE_SERVER  "server"  /* pid and start time of the server, while one runs */

/* Programs of ours, not for users and for users: in $SYSCONTAINER_LIBEXEC, or where they were installed. The caller frees. */
char *place_program(const char *name);
char *place_command(const char *name);
