/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer boot" and "syscontainer shutdown": what the host's boot and shutdown do to containers. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/host_units.h"
#include "model/registry.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"

/* One of those that something is done to. */
struct member {
	char *id, *name;
	struct spec_boot boot;
};

struct members {
	struct member *items;
	size_t count;
};

static void members_release(struct members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		free(members->items[i].id);
		free(members->items[i].name);
	}
	free(members->items);
}

static void add_member(struct members *members, const struct container *container)
{
	members->items = xreallocarray(members->items, members->count + 1, sizeof(*members->items));
	members->items[members->count++] = (struct member){.id = xstrdup(container->id),
							   .name = xstrdup(container->spec.name),
							   .boot = container->spec.boot};
}

static int complain(const struct error *err)
{
	fprintf(stderr, "syscontainer: %s\n", err->message);
	return 1;
}

/* --- all at once ------------------------------------------------------------------------------------------------------ */

/* They wait for guests, and none for another. Returns the exit status. */
static int operate_on_all(const struct member *members, size_t count, lifecycle_operation *operation, void *data)
{
	autorelease(strings_release) struct strings ids = {0}, names = {0};

	for (size_t i = 0; i < count; i++) {
		strings_append(&ids, members[i].id);
		strings_append(&names, members[i].name);
	}
	return lifecycle_for_all(&ids, &names, operation, data) != 0;
}

/* --- boot ------------------------------------------------------------------------------------------------------------- */

/* Of one that the host's end took by surprise that end is noted first. Returns whether it shall be started. */
static int look(const char *id, struct members *due, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	bool is_due;
	int r = 0;

	container_load(id, &container);
	if (container.status == CONTAINER_BROKEN)
		return error_set(err, container.problem.code, "container %.12s is broken: %s", id,
				 container.problem.message);
	is_due = host_units_are_enabled(container.spec.name) || spec_boot_is_due(&container.spec, &container.state);
	if (container.is_orphan || container.is_cut_off)
		r = container_is_live(&container) ? container_settle(id, err) : container_bury(id, err);
	if (r < 0)
		return error_prefix(err, "cannot repair container %s", container.spec.name);
	container_reload(&container);
	/* It may run already, and one with --rm is gone now. */
	if (is_due && container.status != CONTAINER_BROKEN && !container_is_live(&container))
		add_member(due, &container);
	return 0;
}

static int compare(const void *one, const void *other)
{
	const struct member *a = one, *b = other;

	return a->boot.order != b->boot.order ? (a->boot.order < b->boot.order ? -1 : 1) : strcmp(a->name, b->name);
}

static int start(struct container *container, void *data, struct error *err)
{
	(void)data;
	return lifecycle_start(container, "ready", container->spec.start_timeout_ms, err);
}

static void pause_for(int64_t delay_ms)
{
	struct timespec left = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* Those of one order at once, the next when all of these are up or have failed, and the longest of their delays is over. */
static int start_in_order(struct members *due)
{
	int status = 0;

	qsort(due->items, due->count, sizeof(*due->items), compare);
	for (size_t first = 0, end; first < due->count; first = end) {
		int64_t delay_ms = 0;

		for (end = first; end < due->count && due->items[end].boot.order == due->items[first].boot.order; end++)
			if (due->items[end].boot.delay_ms > delay_ms)
				delay_ms = due->items[end].boot.delay_ms;
		status |= operate_on_all(due->items + first, end - first, start, NULL);
		if (end < due->count)
			pause_for(delay_ms);
	}
	return status;
}

static int for_all(int (*look_at)(const char *id, struct members *members, struct error *err), struct members *members,
		   struct error *err)
{
	autorelease(strings_release) struct strings ids = {0};
	int status = 0, r = registry_list(&ids, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ids.count; i++) {
		struct error error = {0};

		if (look_at(ids.items[i], members, &error) < 0)
			status = complain(&error);
	}
	return status;
}

static int run_boot(void *options, const struct strings *operands, struct error *err)
{
	autorelease(members_release) struct members due = {0};
	autoclose int lock = -EBADF;
	int status, r = registry_lock(&lock, err); /* which sweeps what is half made */

	(void)options;
	(void)operands;
	if (r < 0)
		return r;
	close(steal_fd(&lock));
	status = for_all(look, &due, err);
	return status < 0 ? status : status | start_in_order(&due);
}

/* --- shutdown --------------------------------------------------------------------------------------------------------- */

struct shutdown_options {
	int64_t timeout_ms;
	bool has_timeout;
};

static const struct option_row shutdown_rows[] = {
	{.name = "timeout",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct shutdown_options, timeout_ms),
	 .given_offset = offsetof(struct shutdown_options, has_timeout),
	 .argument = "TIME",
	 .help = "no container gets more than this, whatever its own time is"},
	{.name = NULL},
};

static int stop(struct container *container, void *data, struct error *err)
{
	const struct shutdown_options *options = data;
	int64_t timeout_ms = container->spec.stop_timeout_ms;

	if (options->has_timeout && (timeout_ms < 0 || timeout_ms > options->timeout_ms))
		timeout_ms = options->timeout_ms;
	return lifecycle_stop_for_host(container, timeout_ms, err);
}

/* One whose monitor was killed gets a new one by operate(). */
static int add_live(const char *id, struct members *live, struct error *err)
{
	autorelease(container_release) struct container container = {0};

	container_load(id, &container);
	if (container.status == CONTAINER_BROKEN && container_has_remains(&container))
		return error_set(err, container.problem.code, "container %.12s runs and is broken: %s", id,
				 container.problem.message);
	if (container_is_live(&container))
		add_member(live, &container);
	return 0;
}

static int run_shutdown(void *options, const struct strings *operands, struct error *err)
{
	autorelease(members_release) struct members live = {0};
	int status = for_all(add_live, &live, err);

	(void)operands;
	return status < 0 ? status : status | operate_on_all(live.items, live.count, stop, options);
}

const struct command command_boot = {
	.name = "boot",
	.arguments = "",
	.summary = "Start what is to come up with the host: for its boot",
	.details =
		"Those that \"enable\" was said for, and by their restart policy: \"always\"; \"unless-stopped\" unless a user stopped it; \"on-failure\" if the "
		"host went down under it. Lower --boot-order first, those of one order at once. Prints who is up. Run it once the host is up; "
		"syscontainer.service does.",
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run_boot,
};

const struct command command_shutdown = {
	.name = "shutdown",
	.arguments = "[OPTIONS]",
	.summary = "Stop all containers at once, because the host goes down",
	.details =
		"Each has its own time. Unlike a stop it is not what a user wants, so that \"unless-stopped\" brings them up with the host again. For init scripts: "
		"where systemd runs, it stops their units by itself.",
	.options = shutdown_rows,
	.options_size = sizeof(struct shutdown_options),
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run_shutdown,
};
