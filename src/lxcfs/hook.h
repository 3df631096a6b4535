/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The proc view as an OCI hook. */
#pragma once

#include "base/error.h"

/*
 * Reads the container's state (OCI runtime specification, "State") from standard input; its annotations are those of base/proc_view.h. Status "stopped": forgets it. Any other: notes it down and binds its files; when
 * that fails it stays noted down, and is bound when the server comes.
 */
int hook_run(struct error *err);
