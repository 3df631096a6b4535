/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container's processes may do, and what they start with: the same for PID 1 and for exec. */
#pragma once

#include <stdint.h>

#include "base/strings.h"
#include "model/spec.h"
#include "model/state.h"

/* The capabilities (bit N is capability N) that its processes have at most. */
uint64_t confinement_capabilities(const struct spec *spec);
/*
 * The environment of its processes: ours (PATH, container=, ...), then `boot`'s, which is from a file of the guest, then what the spec sets. For PID 1
 * with NOTIFY_SOCKET and container_uuid.
 */
void confinement_environment(const struct spec *spec, const struct boot *boot, bool is_init,
			     struct strings *ret_environment);
#define CONFINEMENT_MASK 022 /* umask(2) */
