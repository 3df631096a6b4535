/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file in a guest's tree that keeps its environment: --env-target-file. */
#pragma once

#include "base/error.h"
#include "base/strings.h"
#include "model/spec.h"

/* Could it be used, as far as one can tell before the guest is there? `rootfs` is a directory. A file that is not there is fine. */
int environment_target_check(const struct spec *spec, const char *rootfs, struct error *err);
/*
 * As root of the guest whose PID 1 is behind `pidfd`, in its mount namespace, so in its tree as mounted, whether it is a directory or an image: what
 * the spec gives is written into the file, and *ret_environment gets the variables that only the file has.
 */
int environment_target_apply(const struct spec *spec, int pidfd, pid_t pid, struct strings *ret_environment,
			     struct error *err);
