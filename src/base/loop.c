/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the event loop: epoll(7) for descriptors, one list for timers. */
#include "base/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

struct loop_source {
	struct loop *loop;
	struct loop_source *next;
	int fd; /* -1 for a timer */
	int64_t deadline_ms;
	loop_callback callback;
	void *data;
	bool is_dead; /* freed after the round, because a callback may remove any source */
};

struct loop {
	int epoll_fd;
	bool is_stopped;
	struct loop_source *sources;
};

struct loop *loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return loop;
}

static struct loop_source *source_new(struct loop *loop, loop_callback callback, void *data)
{
	struct loop_source *source = xcalloc(1, sizeof(*source));

	source->loop = loop;
	source->fd = -1;
	source->callback = callback;
	source->data = data;
	source->next = loop->sources;
	loop->sources = source;
	return source;
}

struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_callback callback, void *data)
{
	struct loop_source *source = source_new(loop, callback, data);
	struct epoll_event event = {.events = events, .data.ptr = source};

	source->fd = fd;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	return source;
}

void loop_set_events(struct loop_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (source && !source->is_dead && source->fd >= 0)
		epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
}

struct loop_source *loop_add_timer(struct loop *loop, int64_t delay_ms, loop_callback callback, void *data)
{
	struct loop_source *source = source_new(loop, callback, data);

	if (__builtin_add_overflow(clock_monotonic_ms(), delay_ms, &source->deadline_ms))
		source->deadline_ms = INT64_MAX;
	return source;
}

void loop_remove(struct loop_source *source)
{
	if (!source || source->is_dead)
		return;
	source->is_dead = true;
	if (source->fd >= 0)
		epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
}

static void sweep(struct loop *loop, bool all)
{
	struct loop_source **place = &loop->sources;

	while (*place) {
		struct loop_source *source = *place;

		if (!all && !source->is_dead) {
			place = &source->next;
			continue;
		}
		*place = source->next;
		free(source);
	}
}

static int next_timeout_ms(const struct loop *loop)
{
	int64_t now_ms = clock_monotonic_ms(), nearest = -1;

	for (const struct loop_source *source = loop->sources; source; source = source->next) {
		int64_t left = source->deadline_ms > now_ms ? source->deadline_ms - now_ms : 0;

		if (source->fd < 0 && !source->is_dead && (nearest < 0 || left < nearest))
			nearest = left;
	}
	return nearest > INT32_MAX ? INT32_MAX : (int)nearest;
}

static void run_timers(struct loop *loop)
{
	int64_t now_ms = clock_monotonic_ms();

	/* New sources go to the head of the list, so a timer that adds one is not run again in this round. */
	for (struct loop_source *source = loop->sources; source; source = source->next) {
		if (source->fd >= 0 || source->is_dead || source->deadline_ms > now_ms)
			continue;
		loop_remove(source);
		source->callback(source, 0, source->data);
	}
}

void loop_run(struct loop *loop)
{
	struct epoll_event events[16];

	loop->is_stopped = false;
	while (!loop->is_stopped) {
		int count = epoll_wait(loop->epoll_fd, events, ARRAY_SIZE(events), next_timeout_ms(loop));

		for (int i = 0; i < count; i++) {
			struct loop_source *source = events[i].data.ptr;

			if (!source->is_dead)
				source->callback(source, events[i].events, source->data);
		}
		run_timers(loop);
		sweep(loop, false);
	}
}

void loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	sweep(loop, true);
	close(loop->epoll_fd);
	free(loop);
}
