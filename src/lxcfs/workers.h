/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work on many things that may each hang: a process for each, some at once, and a time limit. */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define WORKERS_AT_ONCE 8

/*
 * Calls work(index, data, err) for every index below `count`, each in a child process, and brings each error back into ret_errors[index] (code 0: it worked). One that takes
 * longer than timeout_ms is killed: -ETIMEDOUT; one that cannot even be killed is left to the kernel and its error says so.
 */
void workers_run(size_t count, int timeout_ms, int (*work)(size_t index, void *data, struct error *err), void *data,
		 struct error *ret_errors);
