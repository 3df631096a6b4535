/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of /proc and /sys a container sees as its own: the part of the spec that --no-proc-view and --cpu-quota-view make. */
#pragma once

#include <stdbool.h>

#include "base/schema.h"

/* All false for a spec that says nothing of it. */
struct spec_proc_view {
	bool is_off;      /* the files are the host's */
	bool hides_quota; /* a CPU quota is not shown as a number of CPUs */
};

extern const struct schema spec_proc_view_schema;
