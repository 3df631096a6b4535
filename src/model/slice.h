/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slices of systemd as places for containers: --cgroup-parent NAME.slice (systemd.slice(5)). */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Does the text mean a slice, and not the path of a cgroup? So it does when it has no slash and ends with ".slice". */
bool slice_is_meant(const char *text);
/* -EINVAL unless it is the name of a slice: words of letters, digits and "_:." with single dashes between them, or "-.slice". */
int slice_check(const char *name, struct error *err);
/* Its cgroup: "/a.slice/a-b.slice" of "a-b.slice", "" of the root's "-.slice". `name` must be checked. The caller frees. */
char *slice_cgroup(const char *name);
