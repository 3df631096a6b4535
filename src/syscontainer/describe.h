/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container in words: the document of `inspect`, and what `ps` says of it. */
#pragma once

#include <stdint.h>

#include "base/json.h"
#include "base/text.h"
#include "container/container.h"

/*
 * With the keys that users of the reference know; those of features that we do not have hold nothing ("", 0, [], null). Not for a
 * broken container, of which there is nothing to tell. The caller frees.
 */
struct json *describe_container(const struct container *container);

/* "Up 5 seconds", "Exited (0) 2 hours ago", "Created", "Broken", ... */
void describe_status(const struct container *container, int64_t now_ns, struct text *out);
/* Of the boot that is or was the last one, real time; 0 is never. */
int64_t describe_started_ns(const struct container *container);
/* PID 1 as the host sees it; 0 when there is none. */
int describe_pid(const struct container *container);
/* Of the boot before while the container waits for the next one, 0 while it runs. */
int describe_exit_code(const struct container *container);
