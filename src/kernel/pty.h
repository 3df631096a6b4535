/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pseudo terminals: pty(7), and those of a guest's own devpts. */
#pragma once

#include <stdint.h>
#include <sys/ioctl.h>

#include "base/error.h"

/*
 * A new pair in the host's devpts. `uid` and `gid` become the slave's owner, mode 0600; its name is /dev/pts/NUMBER. Both functions return the master
 * non-blocking, and open slaves by TIOCGPTPEER (ioctl_tty(2)), never by path.
 */
int pty_open_host(uint32_t uid, uint32_t gid, int *ret_master, int *ret_number, struct error *err);
/*
 * A new pair in the devpts of the guest whose root directory is `root_fd`: the guest may have put anything there, so it is looked at before it is opened. The
 * slave belongs to `uid`.
 */
int pty_open_guest(int root_fd, uint32_t uid, int *ret_master, int *ret_slave, struct error *err);
int pty_set_size(int fd, unsigned rows, unsigned columns);
