/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's /etc/hosts, /etc/resolv.conf and /etc/hostname for one boot: mounted over those of its tree, which stay as they are. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "model/spec.h"

/*
 * As root of the guest whose PID 1 is behind `pidfd`, in its mount namespace: writes the files that the spec changes into /run/syscontainer of the guest
 * (its tmpfs, so that it pays for them and may edit them until its next boot) and mounts each over the tree's. Where the tree has none, an empty
 * file is made in it as mount point; but a host name needs none then. A resolv.conf that is a symlink into /run belongs to a service
 * of the guest: the file that it leads to is made, for as long as nobody else makes it, and systemd-resolved gets a drop-in beside its configuration.
 */
int etc_files_apply(const struct spec *spec, int pidfd, pid_t pid, struct error *err);
