/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's side of a FUSE file system: mounting one, holding it without serving it, giving it up. fuse(4), kernel: filesystems/fuse.rst. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Mounts a new FUSE file system on the directory `target` of our mount namespace: read-only as a whole, not only the mount, for everybody, modes checked by the
 * kernel. Returns the descriptor of the connection. As long as one copy of it is open, readers wait for a server instead of failing.
 */
int connection_mount(const char *target, struct error *err);
/* Number of the connection below /sys/fs/fuse/connections, from the mount on `target`; nothing is asked of its server. */
int connection_number(const char *target, unsigned *ret_number, struct error *err);
/* Requests that no server has answered yet; 0 when it cannot be known. Mounts fusectl when the host has not. */
unsigned connection_waiting(unsigned number);
/* Every reader that waits gets an error now, and all later ones do (ENOTCONN). The way to free readers of a server that will not come back. */
int connection_abort(unsigned number, struct error *err);
/*
 * Asks the kernel to hand out again what a dead server had taken and not answered (FUSE_NOTIFY_RESEND, Linux 6.9); before the first read
 * from the descriptor. -EOPNOTSUPP on older kernels.
 */
int connection_resend(int fd, struct error *err);
