/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices a container may use, apart from what is plugged in while it runs. */
#pragma once

#include "base/error.h"
#include "kernel/device_rules.h"
#include "model/spec.h"
#include "model/state.h"

/* What every system needs: any node may be made, and those that are no hardware be opened. */
void device_policy_add_defaults(struct device_rules *rules);
/*
 * The defaults, --privileged, --device and --device-cgroup-rule, with the numbers that the host's devices have now. For the start of a boot, which keeps them
 * (boot.devices): later the host's nodes may be others, and what the guest got must not be taken from it. -ENOENT for a device that is not there.
 */
int device_policy_of(const struct spec *spec, struct device_rules *ret_rules, struct error *err);
/*
 * Those of a boot, to which the caller adds what is plugged in, for device_access_set(); the caller releases. -ENODATA when the guest was started by a version that
 * did not keep them.
 */
int device_policy_of_boot(const struct boot *boot, struct device_rules *ret_rules, struct error *err);
