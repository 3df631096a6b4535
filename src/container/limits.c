/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the limits of a container that reach beyond its cgroup's files. */
#include "container/limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "kernel/cgroup_tasks.h"

int limits_apply(const struct cgroup_host *host, const struct config *config, const struct spec *spec,
		 const struct cgroup_limits *limits, cgroup_limits_commit *commit, void *data, struct error *err)
{
	autofree char *cgroup = spec_cgroup(spec), *parent = spec_cgroup_parent(spec);
	int r = 0;

	if (limits->cpu_rt_runtime_us > 0)
		r = cgroup_limits_grant_realtime(host, parent, config->cpu_rt_period_us, config->cpu_rt_runtime_us, err);
	return r < 0 ? r : cgroup_limits_apply(host, cgroup, limits, commit, data, err);
}

int64_t limits_oom_score_adj(const struct cgroup_limits *limits)
{
	return limits->oom_score_adj == CGROUP_LIMIT_UNSET ? 0 : limits->oom_score_adj;
}

int limits_set_oom_score_adj(pid_t pid, const struct cgroup_limits *limits, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/oom_score_adj", pid);
	autofree char *value = xasprintf("%lld", (long long)limits_oom_score_adj(limits));

	return file_write_value(AT_FDCWD, path, value, err);
}

/* The descriptor stays with the process although its pid may be another's by now; its cgroup tells whether it is ours. */
static int change(const struct spec *spec, pid_t pid, int64_t old, const char *wanted, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d", pid), *cgroups = NULL, *line = NULL;
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int64_t current;
	int r;

	if (fd < 0 || file_read(fd, "cgroup", (size_t)1 << 16, &cgroups, NULL, NULL) < 0 || !strstr(cgroups, spec->id) ||
	    file_read_line(fd, "oom_score_adj", &line, NULL) < 0 || number_parse(line, -1000, 1000, &current, NULL) < 0 ||
	    current != old)
		return 0;
	r = file_write_value(fd, "oom_score_adj", wanted, err);
	if (r == -EACCES)
		return error_append(err, "; to go below what a process began with takes CAP_SYS_RESOURCE");
	return r == -ESRCH ? 0 : r;
}

int limits_change_oom_score_adj(const struct cgroup_host *host, const struct spec *spec, int64_t old, int64_t wanted,
				struct error *err)
{
	autofree char *cgroup = spec_cgroup(spec), *value = xasprintf("%lld", (long long)wanted);
	int r = 0;

	/* A second time for what was forked meanwhile; parents that have the new one pass it on. */
	for (int pass = 0; pass < 2 && old != wanted && r >= 0; pass++) {
		autorelease(cgroup_pids_release) struct cgroup_pids pids = {0};

		r = cgroup_list_tasks(host, cgroup, &pids, err);
		for (size_t i = 0; i < pids.count && r >= 0; i++)
			r = change(spec, pids.items[i], old, value, err);
	}
	return r < 0 ? r : 0;
}
