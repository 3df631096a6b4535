/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer rename". */
#include <string.h>

#include "base/memory.h"
#include "container/container.h"
#include "container/host_units.h"
#include "model/event.h"
#include "model/registry.h"
#include "syscontainer/commands.h"

/* What is enabled stays so, by the unit of the new name. */
static int move_unit(const char *old_name, const char *new_name, struct error *err)
{
	int r;

	if (!host_units_are_enabled(old_name))
		return 0;
	r = host_units_set_enabled(new_name, true, err);
	if (r >= 0)
		r = host_units_set_enabled(old_name, false, err);
	return r < 0 ? error_prefix(err, "the container is %s now, but its unit is not enabled instead of that of %s",
				    new_name, old_name)
		     : 0;
}

static int run(void *options, const struct strings *operands, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	const char *new_name = operands->items[1][0] == '/' ? operands->items[1] + 1 : operands->items[1];
	autoclose int lock = -EBADF, registry = -EBADF;
	autofree char *old_name = NULL;
	int r = container_open(operands->items[0], &container, err);

	(void)options;
	if (r < 0)
		return r;
	if (spec_check_name(new_name, err) < 0)
		return error_prefix(err, "Invalid container new name (%.256s)", new_name);
	if (strcmp(new_name, container.spec.name) == 0)
		return error_set(err, -EINVAL, "Renaming a container with the same name as its current name");
	r = container_lock(container.id, 60000, &lock, err);
	if (r == 0)
		r = registry_lock(&registry, err);
	if (r < 0)
		return r;
	container_reload(&container);
	old_name = xstrdup(container.spec.name);
	r = registry_rename(registry, &container.spec, new_name, err);
	if (r < 0)
		return r;
	event_log(container.id, new_name, "rename", "oldName=%s", old_name);
	return move_unit(old_name, new_name, err);
}

const struct command command_rename = {
	.name = "rename",
	.arguments = "OLD NEW",
	.summary = "Give a container another name",
	.min_operands = 2,
	.max_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run,
};
