/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units of a guest's systemd that can only fail in it: masked by an empty file below its /run, which goes with the boot (systemd.unit(5)). */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "model/spec.h"

/*
 * Before the guest's first program. systemd-modules-load.service is started where there is CAP_SYS_MODULE, and fails where the tree has no modules of this kernel (Debian
 * 13); a guest without the capability has it skipped by its own condition.
 */
int unit_masks_apply(const struct spec *spec, int pidfd, pid_t pid, struct error *err);
