/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is seen of a resource option before anybody asks the kernel. */
#include "syscontainer/limit_options.h"

static int check(enum cgroup_limit_kind kind, const char *value, struct error *err)
{
	struct cgroup_limit_item item;
	int r = cgroup_limit_parse(kind, value, &item, err);

	cgroup_limit_item_release(&item);
	return r;
}

int limit_check_pages(const char *value, struct error *err)
{
	return check(CGROUP_LIMIT_PAGES, value, err);
}

int limit_check_rate(const char *value, struct error *err)
{
	return check(CGROUP_LIMIT_RATES, value, err);
}

int limit_check_count(const char *value, struct error *err)
{
	return check(CGROUP_LIMIT_COUNTS, value, err);
}

int limit_check_weight(const char *value, struct error *err)
{
	return check(CGROUP_LIMIT_WEIGHTS, value, err);
}

const char *limit_options_warning(const struct cgroup_limits *limits)
{
	if (limits->oom_kill_disable > 0 && limits->memory <= 0)
		return "--oom-kill-disable without --memory: nothing keeps the container from taking all of the host's memory";
	return NULL;
}
