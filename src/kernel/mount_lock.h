/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts that the root of a user namespace cannot make writable again. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * A mount that is moved into a mount namespace belongs to whoever owns that: root of a guest's own user namespace may remount it without "ro". One that
 * was copied together with a whole mount namespace into that of another user namespace has its attributes locked, with all that is mounted below it
 * (mount_namespaces(7), "Restrictions"), and stays so wherever it is moved.
 *
 * So this takes detached trees once through such a copy, in which nobody else ever is: each tree_fds[i] becomes the locked tree, detached again. After a failure
 * each is still a descriptor to be closed.
 */
int mount_lock(const int *tree_fds, size_t count, struct error *err);
