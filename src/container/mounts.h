/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mounted into a guest between its making and its first program. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"
#include "model/spec.h"

/*
 * At each start: opens every source on the host, and attaches it in the mount namespace of the guest whose PID 1 is `init`: by
 * descriptor, at a target that is looked up below the guest's root as its PID 1 would see it. Targets that the tree has not are made, and stay.
 * Parents come before children. In the end come masked and read-only paths.
 */
int mounts_apply(const struct spec *spec, pid_t init, int init_pidfd, struct error *err);
/* The last step: --read-only. Behind it nothing can be made in the tree. */
int mounts_close_root(const struct spec *spec, int init_pidfd, struct error *err);

/* For inspect: what mounts_apply() and liblxc hide or make read-only. */
void mounts_list_masked(const struct spec *spec, struct strings *ret_paths);
void mounts_list_read_only(const struct spec *spec, struct strings *ret_paths);
