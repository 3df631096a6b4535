/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last step of rm, and of --rm. */
#pragma once

#include "base/error.h"
#include "model/spec.h"

/*
 * Removes a container that does not run, whose lock the caller holds, with all that is on the host for it alone; its tree stays. `spec` may be that of one whose file cannot
 * be read, with what is missing zeroed.
 */
int removal_finish(const char *container_id, const struct spec *spec, struct error *err);
