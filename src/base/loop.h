/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event loop for one thread: descriptors, timers, signals. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_source; /* owned by the loop until loop_remove() */

typedef void (*loop_callback)(struct loop_source *source, uint32_t events, void *data);

struct loop *loop_new(void);
/* Calls back while `fd` has any of the epoll(7) `events` (EPOLLHUP and EPOLLERR always). The fd stays the caller's. */
struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_callback callback, void *data);
void loop_set_events(struct loop_source *source, uint32_t events);
/* One shot after delay_ms; the source is removed before the callback runs. */
struct loop_source *loop_add_timer(struct loop *loop, int64_t delay_ms, loop_callback callback, void *data);
/* Takes NULL; safe inside any callback, its own too. */
void loop_remove(struct loop_source *source);
/* Until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
void loop_free(struct loop *loop);
