/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a reader is that we know nothing of but the number of its thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "kernel/procfs.h"

/* Inode of the thread's pid namespace; *ret_is_ours: the one that we are in. The descriptor of the namespace is the caller's to close. */
int reader_namespace(pid_t thread, int *ret_namespace_fd, uint64_t *ret_inode, bool *ret_is_ours, struct error *err);
/* PID 1 of that namespace, as we call it: by NS_GET_TGID_FROM_PIDNS (Linux 6.11), before that by a look at all processes. */
int reader_init(int namespace_fd, uint64_t inode, struct process_id *ret_init, struct error *err);
