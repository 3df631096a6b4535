/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting and stopping, as several commands do it. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "container/container.h"

/*
 * Starts it and returns when `wait` holds: "started" (PID 1 was executed), "ready" (it said so), or a systemd unit of the guest that is active.
 * A container that runs already is waited for in the same way. A start that fails or is not ready within timeout_ms (<= 0: waits
 * for ever) says why, with failed units and the last console lines. On a host with systemd the container's unit is started, and with it what that requires.
 */
int lifecycle_start(struct container *container, const char *wait, int64_t timeout_ms, struct error *err);
struct lifecycle_request {
	const char *wait; /* "started", "ready"; "none": no answer will come */
	bool is_attached, has_input;
	const char *notify_socket; /* of the container's unit, whose process the caller is; NULL */
};
/*
 * The part of lifecycle_start() up to the moment when a monitor has taken the start over: returns a connection on which the answer to
 * `wait` ("started" or "ready") will come. `is_attached` attaches the connection first, so that no output is missed.
 */
int lifecycle_begin(struct container *container, const struct lifecycle_request *request, struct error *err);
/* The second part for "ready" and units. */
int lifecycle_await(struct container *container, int fd, const char *wait, int64_t timeout_ms, struct error *err);

/* While it is stopped, or its end is dealt with: waits until that is over, or its restart is decided, and loads it again. */
void lifecycle_await_down(struct container *container);
/* Asks it to end and waits until it has; not running is success. timeout_ms: 0 kills at once, negative never kills. What had to be killed is
 * told on standard error. `signal` may be NULL. */
int lifecycle_stop(struct container *container, int64_t timeout_ms, const char *signal, struct error *err);
/* The same because the host goes down: no user wants it, and the container comes up again with the host if its restart policy is "unless-stopped". */
int lifecycle_stop_for_host(struct container *container, int64_t timeout_ms, struct error *err);

typedef int lifecycle_operation(struct container *container, void *data, struct error *err);
/* One operation on each of several containers: "OPERAND" is printed for each success when `prints`; failures are printed and the rest goes on. Returns
 * the exit status. */
int lifecycle_for_each(const struct strings *references, bool prints, lifecycle_operation *operation, void *data);
/* The same on all at once, each in a process of its own, so that none waits for another; `names` are printed in the order given. */
int lifecycle_for_all(const struct strings *references, const struct strings *names, lifecycle_operation *operation,
		      void *data);
