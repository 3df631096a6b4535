/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer repair". */
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"
#include "container/container.h"
#include "model/paths.h"
#include "model/plugged.h"
#include "model/registry.h"
#include "syscontainer/commands.h"

/* What a killed command left half done, and what was not there when the guest booted. */
static bool has_work(const struct container *container)
{
	autorelease(plugged_release) struct plugged plugged = {0};

	return plugged_load(container->id, &plugged, NULL) < 0 || plugged.has_intent || plugged.skipped.count > 0;
}

static int repair_attachments(const struct container *container, struct error *err)
{
	autofree char *program = paths_program("syscontainer-tools");
	char *const arguments[] = {(char *)"syscontainer-tools", (char *)"_retry", container->id, NULL};
	autorelease(text_release) struct text out = {0}, said = {0};
	int status, r;

	if (!has_work(container))
		return 0;
	r = process_run(
		&(struct process_run){.path = program, .argv = arguments, .environment = environ, .timeout_ms = 120000},
		&status, &out, &said, err);
	if (r < 0)
		return error_prefix(err, "cannot repair what is plugged into container %s", container->spec.name);
	fputs(text_get(&out), stdout);
	return status == 0 ? 0
			   : error_set(err, -EIO, "cannot repair what is plugged into container %s: %s",
				       container->spec.name, text_get(&said));
}

/* Whoever holds its lock is about to see to it. */
static int clear_stopped(const char *id, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	autoclose int lock = -EBADF;

	if (container_lock(id, 0, &lock, NULL) < 0)
		return 0;
	container_load(id, &container);
	if (container.has_monitor || container_is_live(&container) || container.status == CONTAINER_BROKEN)
		return 0;
	return container_end_remains(&container, err);
}

static int repair(const char *id, struct error *err)
{
	autorelease(container_release) struct container container = {0};

	if (container_sweep(id, err) < 0)
		return error_prefix(err, "cannot repair container %.12s", id);
	container_load(id, &container);
	if (container.status == CONTAINER_BROKEN)
		return error_set(err, container.problem.code, "container %.12s is broken: %s", id,
				 container.problem.message);
	if (container.is_orphan) {
		if (container_settle(id, err) < 0)
			return error_prefix(err, "cannot repair container %s", container.spec.name);
		printf("%s\n", container.spec.name);
	} else if (clear_stopped(id, err) < 0) {
		return error_prefix(err, "cannot clean up after container %s", container.spec.name);
	}
	return repair_attachments(&container, err);
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
