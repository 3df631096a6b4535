/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer rm". */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/control.h"
#include "container/removal.h"
#include "model/paths.h"
#include "model/registry.h"
#include "syscontainer/audit.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"

#define LOCK_TIMEOUT_MS 60000

struct options {
	bool is_forced, removes_volumes;
};

static const struct option_row rows[] = {
	{.name = "force",
	 .letter = 'f',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, is_forced),
	 .help = "kill it first when it runs"},
	{.name = "volumes",
	 .letter = 'v',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, removes_volumes),
	 .help = "accepted for compatibility: containers have no volumes of their own"},
	{.name = NULL},
};

static int check(const struct container *container, const char *reference, struct error *err)
{
	if (container->status == CONTAINER_PAUSED)
		return error_set(
			err, -EBUSY,
			"You cannot remove a paused container %s. Unpause and then stop the container before attempting removal or use -f",
			reference);
	return error_set(err, -EBUSY,
			 "You cannot remove a running container %s. Stop the container before attempting removal or use -f",
			 reference);
}

/* Its monitor knows by heart what the files do not tell any more. */
static int end_broken(struct container *container, struct error *err)
{
	for (int attempt = 0; container->has_monitor && attempt < 50; attempt++) {
		struct json *request = control_new_request("stop");

		json_set(request, "timeout_ms", json_new_integer(0));
		json_set(request, "signal", json_new_string("KILL"));
		/* It has just ended, or another one comes: looked at again. */
		if (control_request(container->id, request, -1, NULL, NULL, NULL) < 0)
			nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		container_reload(container);
	}
	return container_end_remains(container, err);
}

static int remove_broken(struct container *container, const char *reference, const struct options *options,
			 struct error *err)
{
	autoclose int lock = -EBADF;
	int r;

	if (container_has_remains(container) && !options->is_forced)
		return error_set(err, -EBUSY,
				 "You cannot remove container %s: it is running, and broken: %s. Use -f, which kills it",
				 reference, container->problem.message);
	r = container_lock(container->id, LOCK_TIMEOUT_MS, &lock, err);
	if (r >= 0)
		r = end_broken(container, err);
	return r < 0 ? r : removal_finish(container->id, &container->spec, err);
}

/* The lock keeps a start away from the moment when it is seen stopped until it is gone. */
static int remove_one(const char *reference, const struct options *options, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	autofree char *id = NULL;
	int r = registry_resolve(reference, &id, err);

	if (r < 0)
		return r;
	for (int attempt = 0; attempt < 10; attempt++) {
		autoclose int lock = -EBADF;

		container_release(&container);
		container_load(id, &container);
		r = container.status == CONTAINER_BROKEN ? 0 : container_repair(&container, err);
		if (r < 0)
			return r;
		container_reload(&container);
		if (container.status == CONTAINER_BROKEN)
			return remove_broken(&container, reference, options, err);
		if (container_is_live(&container) && !options->is_forced)
			return check(&container, reference, err);
		r = lifecycle_stop(&container, 0, "KILL", err);
		if (r == 0)
			r = container_lock(id, LOCK_TIMEOUT_MS, &lock, err);
		if (r < 0)
			return r == -ENOENT && options->is_forced ? 0 : r;
		container_reload(&container);
		if (!container_is_live(&container)) {
			r = container.has_monitor ? 0 : container_end_remains(&container, err);
			return r < 0 ? r : removal_finish(id, &container.spec, err);
		}
		/* Started again between the stop and the lock. */
	}
	return error_set(err, -EBUSY, "container %s is started again and again by others", reference);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	int status = 0;

	(void)err;
	for (size_t i = 0; i < operands->count; i++) {
		struct error error = {0};

		audit_log("rm", operands->items[i]);
		if (remove_one(operands->items[i], data, &error) < 0) {
			fprintf(stderr, "syscontainer: %s\n", error.message);
			status = 1;
		} else {
			printf("%s\n", operands->items[i]);
		}
	}
	return status;
}

const struct command command_rm = {
	.name = "rm",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Remove containers; their trees stay as they are",
	.options = rows,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.complete = "container",
	.run = run,
};
