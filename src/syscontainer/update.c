/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer update". */
#include <stddef.h>

#include "base/memory.h"
#include "base/proc_view.h"
#include "container/limits.h"
#include "model/config.h"
#include "model/event.h"
#include "model/paths.h"
#include "syscontainer/commands.h"
#include "syscontainer/create_options.h"
#include "syscontainer/lifecycle.h"

struct options {
	struct cgroup_limits changes;
	char *restart;
	bool has_restart;
	struct boot_options boot;
	char *link_journal;
};

static const struct options defaults = {.changes = CGROUP_LIMITS_UNSET};
static const struct option_row rows[] = {
	{.name = "restart",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, restart),
	 .given_offset = offsetof(struct options, has_restart),
	 .argument = "POLICY",
	 .complete = "words no on-reboot on-failure always unless-stopped",
	 .help = "no, on-reboot, on-failure[:N], always or unless-stopped",
	 .check = create_check_restart},
	JOURNAL_ROW(struct options, link_journal),
	BOOT_ROWS(struct options, boot) LIMIT_ROWS(struct options, changes),
	{.name = NULL},
};

static int set_restart(struct spec *spec, const char *policy, struct error *err)
{
	int r = spec_parse_restart(policy, &spec->restart, err);

	if (r == 0 && spec->removes_itself && spec->restart.name != SPEC_RESTART_NO &&
	    spec->restart.name != SPEC_RESTART_ON_REBOOT)
		return error_set(err, -EINVAL,
				 "Restart policy cannot be updated because AutoRemove is enabled for the container");
	return r;
}

struct change {
	struct container *container; /* its spec has what is wanted */
	const struct cgroup_host *host;
	int64_t old_score, new_score;
};

static int save(struct container *container, struct error *err)
{
	cgroup_limits_forget_lifted(&container->spec.limits);
	return spec_save(container->id, &container->spec, err);
}

static int commit(void *data, struct error *err)
{
	const struct change *change = data;
	const struct spec *spec = &change->container->spec;
	int r = limits_change_oom_score_adj(change->host, spec, change->old_score, change->new_score, err);

	if (r == 0)
		r = save(change->container, err);
	if (r < 0)
		limits_change_oom_score_adj(change->host, spec, change->new_score, change->old_score, NULL);
	return r;
}

/* The kernel first, then the spec as the last step of the same: one without the other is taken back. */
static int put_into_force(struct container *container, const struct cgroup_host *host, const struct cgroup_limits *old,
			  const struct cgroup_limits *wanted, struct error *err)
{
	struct change change = {container, host, limits_oom_score_adj(old), limits_oom_score_adj(wanted)};
	autorelease(config_release) struct config config = {0};
	int r = config_load(&config, err);

	return r < 0 ? r : limits_apply(host, &config, &container->spec, wanted, commit, &change, err);
}

static int change_limits(struct container *container, const struct cgroup_limits *changes, struct error *err)
{
	autorelease(cgroup_limits_release) struct cgroup_limits old = container->spec.limits;
	autorelease(cgroup_limits_release) struct cgroup_limits wanted = CGROUP_LIMITS_UNSET;
	static const struct cgroup_limits none = CGROUP_LIMITS_UNSET;
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	bool is_live = container_is_live(container) && container->status != CONTAINER_RESTARTING;
	int r;

	container->spec.limits = none;
	r = cgroup_host_load(&host, err);
	if (r == 0)
		r = cgroup_limits_merge(&host, &old, changes, &wanted, err);
	if (r == 0)
		r = cgroup_limits_check(&host, &wanted, err);
	if (r == 0)
		r = cgroup_limits_merge(&host, &none, &wanted, &container->spec.limits, err);
	if (r < 0)
		return r;
	if (!is_live)
		return save(container, err);
	r = put_into_force(container, &host, &old, &wanted, err);
	/* After a failure as well: what was taken back may have been seen meanwhile. */
	proc_view_send(paths_run(), PROC_VIEW_EXPIRE, container->id);
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
		r = boot_options_get(&options->boot, &container->spec.boot, err);
	if (r == 0 && options->link_journal)
		r = spec_journal_parse(options->link_journal, &container->spec.link_journal, err);
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

	if (!options->has_restart && !options->boot.has_order && !options->boot.has_delay && !options->link_journal &&
	    cgroup_limits_are_unset(&options->changes))
		return error_set_exit(err, -EINVAL, 125, "You must provide one or more flags when using this command.");
	return lifecycle_for_each(operands, true, update, options);
}

const struct command command_update = {
	.name = "update",
	.arguments = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary =
		"Change limits, restart policy, place in the host's boot, at once and for later boots, and where the journal is",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.min_operands = 1,
	.complete = "container",
	.run = run,
};
