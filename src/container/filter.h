/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a container's filter of system calls. Apart from confinement.h, so that libseccomp is only in programs that need it. */
#pragma once

#include "base/error.h"
#include "model/spec.h"

/*
 * Writes RUN/ID/seccomp (CONFINEMENT_FILTER) from the profile at `path`; without one (NULL) the file is removed. For the capabilities that the
 * container has, and this kernel.
 */
int filter_write(const struct spec *spec, const char *path, struct error *err);
