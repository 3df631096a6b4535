/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer update". */
#include <stddef.h>

#include "base/memory.h"
#include "model/event.h"
#include "syscontainer/commands.h"
#include "syscontainer/create_options.h"
#include "syscontainer/lifecycle.h"

struct options {
	struct limit_options limits;
	char *restart;
	bool has_restart;
	struct cgroup_limits changes; /* of `limits`, made before the first container */
};

static const struct options defaults = {.limits = LIMIT_OPTIONS_UNSET};
static const struct option_row rows[] = {
	LIMIT_ROWS(struct options, limits),
	{.name = "restart",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, restart),
	 .given_offset = offsetof(struct options, has_restart),
	 .argument = "POLICY",
	 .help = "no, on-reboot, on-failure[:N], always or unless-stopped",
	 .check = create_check_restart},
	{.name = NULL},
};

static bool has_limits(const struct cgroup_limits *limits)
{
	const int64_t numbers[] = {limits->cpu_shares,   limits->cpu_period_us,
				   limits->cpu_quota_us, limits->nano_cpus,
				   limits->memory,       limits->memory_reservation,
				   limits->memory_swap,  limits->memory_swappiness,
				   limits->pids};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i] != CGROUP_LIMIT_UNSET)
			return true;
	return limits->cpuset_cpus || limits->cpuset_mems;
}

static int set_restart(struct spec *spec, const char *policy, struct error *err)
{
	int r = spec_parse_restart(policy, &spec->restart, err);

	if (r == 0 && spec->removes_itself && spec->restart.name != SPEC_RESTART_NO &&
	    spec->restart.name != SPEC_RESTART_ON_REBOOT)
		return error_set(err, -EINVAL,
				 "Restart policy cannot be updated because AutoRemove is enabled for the container");
	return r;
}

/* Kernel first, then the spec; when that cannot be written the old limits come back. */
static int change_limits(struct container *container, const struct cgroup_limits *changes, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	autofree char *cgroup = spec_cgroup(&container->spec);
	struct cgroup_limits merged, old = container->spec.limits;
	bool is_live = container_is_live(container) && container->status != CONTAINER_RESTARTING;
	int r = cgroup_host_load(&host, err);

	if (r < 0)
		return r;
	r = cgroup_limits_merge(&old, changes, &merged, err);
	if (r < 0)
		return r;
	r = cgroup_limits_check(&host, &merged, err);
	if (r == 0 && is_live)
		r = cgroup_limits_apply(&host, cgroup, &merged, err);
	container->spec.limits = merged;
	if (r == 0) {
		r = spec_save(container->id, &container->spec, err);
		if (r < 0 && is_live)
			cgroup_limits_apply(&host, cgroup, &old, NULL);
	}
	cgroup_limits_release(&old);
	return r;
}

static int update(struct container *container, void *data, struct error *err)
{
	const struct options *options = data;
	autofree char *name = xstrdup(container->spec.name);
	autoclose int lock = -EBADF;
	int r = container_lock(container->id, 60000, &lock, err);

	if (r < 0)
		return error_prefix(err, "Cannot update container %s", name);
	container_reload(container);
	if (container->status == CONTAINER_BROKEN)
		return error_set(err, container->problem.code, "%s", container->problem.message);
	if (options->has_restart)
		r = set_restart(&container->spec, options->restart, err);
	if (r == 0)
		r = change_limits(container, &options->changes, err);
	if (r < 0)
		return error_prefix(err, "Cannot update container %s", name);
	event_log(container->id, name, "update", "%s", "");
	return 0;
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	struct options *options = data;
	int r;

	limit_options_get(&options->limits, &options->changes);
	if (!options->has_restart && !has_limits(&options->changes))
		return error_set_exit(err, -EINVAL, 125, "You must provide one or more flags when using this command.");
	r = lifecycle_for_each(operands, true, update, options);
	cgroup_limits_release(&options->changes);
	return r;
}

const struct command command_update = {
	.name = "update",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Change limits and restart policy, at once and for later boots",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.complete = "container",
	.run = run,
};
