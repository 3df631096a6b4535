/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from resource options to limits. */
#include "syscontainer/limit_options.h"

#include "base/memory.h"

/* More than any host has, and less than what 64 bits hold in billionths; cgroup_limits_check() refuses it. */
static double clamp(double cpus)
{
	return cpus > 1e9 ? 1e9 : cpus < -1e9 ? -1e9 : cpus;
}

void limit_options_get(const struct limit_options *options, struct cgroup_limits *ret_limits)
{
	*ret_limits = options->values;
	ret_limits->cpuset_cpus = xstrdup(options->values.cpuset_cpus);
	ret_limits->cpuset_mems = xstrdup(options->values.cpuset_mems);
	if (options->has_cpus)
		ret_limits->nano_cpus = (int64_t)(clamp(options->cpus) * 1e9 + (options->cpus < 0 ? -0.5 : 0.5));
}
