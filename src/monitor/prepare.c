/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is done to a guest between its making and its first program: one step a feature, in this order. */
#include "base/memory.h"
#include "container/device_policy.h"
#include "container/devices.h"
#include "container/environment_target.h"
#include "container/etc_files.h"
#include "container/journal_link.h"
#include "container/limits.h"
#include "container/mounts.h"
#include "container/sysctl.h"
#include "container/unit_masks.h"
#include "kernel/device_access.h"
#include "kernel/files_limit.h"
#include "model/paths.h"
#include "monitor/monitor.h"

typedef int prepare_step(struct monitor *monitor, struct error *err);

/* Where no controller counts the guest's files, BPF does so from here on; nothing of the guest has opened any yet. */
static int prepare_files(struct monitor *monitor, struct error *err)
{
	autofree char *cgroup = spec_cgroup(&monitor->spec), *loader = paths_program("syscontainer-files-counter");
	int64_t limit = monitor->spec.limits.files;

	if (limit == CGROUP_LIMIT_UNSET || limit <= 0 || cgroup_find(&monitor->cgroups, "files"))
		return 0;
	return files_limit_begin(&monitor->cgroups, cgroup, loader, (uint64_t)limit, err);
}

/* Again: while the payload was in it itself, it could hand no controllers down (cgroups(7), "no internal processes"). */
static int prepare_parent(struct monitor *monitor, struct error *err)
{
	autofree char *parent = spec_cgroup_parent(&monitor->spec);

	return spec_has_slice(&monitor->spec) ? cgroup_create(&monitor->cgroups, parent, err) : 0;
}

static int prepare_limits(struct monitor *monitor, struct error *err)
{
	return limits_apply(&monitor->cgroups, &monitor->config, &monitor->spec, &monitor->spec.limits, NULL, NULL, err);
}

static int prepare_oom(struct monitor *monitor, struct error *err)
{
	(void)err;
	oom_watch(monitor);
	return 0;
}

/* Before what looks at files of the guest: they may lie on one of these. */
static int prepare_mounts(struct monitor *monitor, struct error *err)
{
	return mounts_apply(&monitor->spec, monitor->boot.init.pid, monitor->run.init_pidfd, err);
}

static int prepare_environment(struct monitor *monitor, struct error *err)
{
	if (!monitor->spec.environment_target)
		return 0;
	return environment_target_apply(&monitor->spec, monitor->run.init_pidfd, monitor->boot.init.pid,
					&monitor->boot.environment, err);
}

static int prepare_etc_files(struct monitor *monitor, struct error *err)
{
	return etc_files_apply(&monitor->spec, monitor->run.init_pidfd, monitor->boot.init.pid, err);
}

/* Only "host" insists. */
static int prepare_journal(struct monitor *monitor, struct error *err)
{
	struct error problem = {0};
	int r = journal_link_apply(&monitor->spec, monitor->boot.init.pid, monitor->run.init_pidfd, &problem);

	if (r >= 0)
		return 0;
	if (monitor->spec.link_journal == SPEC_JOURNAL_HOST)
		return error_set(err, r, "%s", problem.message);
	monitor_complain(monitor, &problem);
	return 0;
}

static int prepare_sysctls(struct monitor *monitor, struct error *err)
{
	int r = sysctl_apply(&monitor->spec, monitor->run.init_pidfd, monitor->boot.init.pid, err);

	return r < 0 ? r : sysctl_protect(&monitor->spec, monitor->run.init_pidfd, err);
}

/* Kept for those who plug something in later: what the guest was started with stays its own. */
static void keep_device_rules(struct boot *boot, const struct device_rules *rules)
{
	strings_release(&boot->devices);
	for (size_t i = 0; i < rules->count; i++)
		strings_append_owned(&boot->devices, device_rule_format(&rules->items[i]));
}

static int prepare_device_access(struct monitor *monitor, struct error *err)
{
	autorelease(device_rules_release) struct device_rules rules = {0};
	autofree char *cgroup = spec_cgroup(&monitor->spec);
	int r = device_policy_of(&monitor->spec, &rules, err);

	if (r == 0)
		r = device_access_set(&monitor->cgroups, cgroup, &rules, err);
	if (r < 0)
		return r;
	keep_device_rules(&monitor->boot, &rules);
	return boot_save(monitor->id, &monitor->boot, err);
}

static int prepare_devices(struct monitor *monitor, struct error *err)
{
	return devices_attach(&monitor->spec, monitor->run.init_pidfd, monitor->boot.init.pid, err);
}

static int prepare_units(struct monitor *monitor, struct error *err)
{
	return unit_masks_apply(&monitor->spec, monitor->run.init_pidfd, monitor->boot.init.pid, err);
}

/* Whatever changes the tree comes before this. */
static int close_root(struct monitor *monitor, struct error *err)
{
	return mounts_close_root(&monitor->spec, monitor->run.init_pidfd, err);
}

static prepare_step *const steps[] = {
	prepare_parent,  prepare_device_access, prepare_files,   prepare_limits,      prepare_oom,
	prepare_sysctls, prepare_mounts,        prepare_devices, prepare_environment, prepare_etc_files,
	prepare_journal, prepare_units,         close_root,
};

int prepare_guest(struct monitor *monitor, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](monitor, err);
	return r;
}
