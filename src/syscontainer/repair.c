/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer repair". */
#include <stdio.h>

#include "base/memory.h"
#include "container/container.h"
#include "model/registry.h"
#include "syscontainer/commands.h"

static int repair(const char *id, struct error *err)
{
	autorelease(container_release) struct container container = {0};

	container_load(id, &container);
	if (container.status == CONTAINER_BROKEN)
		return error_set(err, container.problem.code, "container %.12s is broken: %s", id,
				 container.problem.message);
	if (!container.is_orphan)
		return 0;
	if (container_settle(id, err) < 0)
		return error_prefix(err, "cannot repair container %s", container.spec.name);
	printf("%s\n", container.spec.name);
	return 0;
}

static int run(void *options, const struct strings *operands, struct error *err)
{
	autorelease(strings_release) struct strings ids = {0};
	autoclose int lock = -EBADF;
	int status = 0, r = registry_lock(&lock, err); /* which sweeps what is half made */

	(void)options;
	if (r < 0)
		return r;
	close(steal_fd(&lock));
	for (size_t i = 0; i < operands->count; i++) {
		char *id;

		r = registry_resolve(operands->items[i], &id, err);
		if (r < 0)
			return r;
		strings_append_owned(&ids, id);
	}
	if (operands->count == 0 && (r = registry_list(&ids, err)) < 0)
		return r;
	for (size_t i = 0; i < ids.count; i++) {
		struct error error = {0};

		if (repair(ids.items[i], &error) < 0) {
			fprintf(stderr, "syscontainer: %s\n", error.message);
			status = 1;
		}
	}
	return status;
}

const struct command command_repair = {
	.name = "repair",
	.arguments = "[CONTAINER...]",
	.summary = "Give containers whose monitor was killed a new one, and clean up after crashes",
	.details =
		"Every command does this for the container that it acts on; this does it for all. Prints the names of those that needed it.",
	.complete = "container",
	.run = run,
};
