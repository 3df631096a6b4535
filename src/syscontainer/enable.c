/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer enable" and "syscontainer disable". */
#include "base/memory.h"
#include "container/host_units.h"
#include "model/event.h"
#include "syscontainer/commands.h"
#include "syscontainer/lifecycle.h"

#define LOCK_TIMEOUT_MS 60000

/* Returns whether that changed it. */
static int save(struct container *container, bool is_enabled, struct error *err)
{
	int r;

	if (container->spec.boot.is_enabled == is_enabled)
		return 0;
	container->spec.boot.is_enabled = is_enabled;
	r = spec_save(container->id, &container->spec, err);
	return r < 0 ? r : 1;
}

/* One of the two says it: the unit where there is one, so that systemctl sees and changes the same; else the spec. Returns whether that changed anything. */
static int change(struct container *container, bool is_enabled, struct error *err)
{
	struct error error = {0};
	int unit = host_units_set_enabled(container->spec.name, is_enabled, &error), spec;

	if (unit < 0 && unit != -ENOENT)
		return error_set(err, unit, "%s", error.message);
	spec = save(container, is_enabled && unit == -ENOENT, err);
	return spec < 0 ? spec : spec || unit > 0;
}

static int set_enabled(struct container *container, bool is_enabled, struct error *err)
{
	autofree char *name = xstrdup(container->spec.name);
	autoclose int lock = -EBADF;
	int r = container_lock(container->id, LOCK_TIMEOUT_MS, &lock, err);

	if (r < 0)
		return error_prefix(err, "cannot %s container %s", is_enabled ? "enable" : "disable", name);
	container_reload(container);
	if (container->status == CONTAINER_BROKEN)
		return error_set(err, container->problem.code, "%s", container->problem.message);
	if (is_enabled && container->spec.removes_itself)
		return error_set(err, -EINVAL,
				 "container %s was made with --rm: it is gone when it ends, and with the host it ends",
				 name);
	r = change(container, is_enabled, err);
	if (r > 0)
		event_log(container->id, name, is_enabled ? "enable" : "disable", "%s", "");
	return r < 0 ? r : 0;
}

static int enable(struct container *container, void *data, struct error *err)
{
	(void)data;
	return set_enabled(container, true, err);
}

static int disable(struct container *container, void *data, struct error *err)
{
	(void)data;
	return set_enabled(container, false, err);
}

static int run_enable(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)err;
	return lifecycle_for_each(operands, true, enable, NULL);
}

static int run_disable(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)err;
	return lifecycle_for_each(operands, true, disable, NULL);
}

const struct command command_enable = {
	.name = "enable",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Have containers come up with the host, whatever their restart policy and whoever stopped them",
	.min_operands = 1,
	.complete = "container",
	.run = run_enable,
};

const struct command command_disable = {
	.name = "disable",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Take back what enable did: the restart policy alone says whether they come up with the host",
	.min_operands = 1,
	.complete = "container",
	.run = run_disable,
};
