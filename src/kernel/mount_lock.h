/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts that the root of a user namespace cannot make writable again. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * A mount that is moved into a mount namespace belongs to whoever owns that: root of a guest's own user namespace may remount it without "ro".
 * One that comes there by propagation from a more privileged user namespace has its attributes locked (mount_namespaces(7), "Restrictions").
 *
 * So this takes detached trees into the mount namespace behind `pidfd` by propagation: each tree_fds[i] becomes a descriptor of the locked copy, which is
 * attached there below a tmpfs on the directory `place` (a path in that namespace, whose other content is hidden meanwhile). Inside, mount_attach() moves
 * it on to where it belongs, and mount_lock_end() with the descriptor in *ret_stage_fd takes that tmpfs away.
 */
int mount_lock(int pidfd, const char *place, int *tree_fds, size_t count, int *ret_stage_fd, struct error *err);
/* Inside: the copies are no longer tied to where they came from. Before the first is moved on. */
int mount_lock_begin(int stage_fd, struct error *err);
/* Inside: takes the emptied tmpfs away. */
int mount_lock_end(const char *place, struct error *err);
