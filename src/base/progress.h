/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress of long work, on a terminal only: nothing is printed when standard error is none. */
#pragma once

#include <stdint.h>

struct progress; /* one line that is rewritten in place, at most ten times a second */

/* `what` as in "Copying web:/srv"; total_bytes 0 means unknown. May return NULL, which the others take. */
struct progress *progress_new(const char *what, uint64_t total_bytes);
void progress_advance(struct progress *progress, uint64_t bytes);
/* Ends the line: what, how much, how long. Frees. */
void progress_done(struct progress *progress);
