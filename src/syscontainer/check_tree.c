/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what "syscontainer check" says of a tree: whether it could be started here, and what it would be given. */
#include <fcntl.h>

#include "base/json_strings.h"
#include "base/memory.h"
#include "container/guest_layout.h"
#include "container/rootfs.h"
#include "syscontainer/check.h"

static const char *describe_cgroups(const struct guest_layout *layout, const struct cgroup_host *host)
{
	switch (layout->cgroups) {
	case GUEST_CGROUPS_V2:
		return cgroup_find_v2(host) ? "v2 alone" : "v2 alone, which this host has not mounted";
	case GUEST_CGROUPS_SYSTEMD:
		return "name=systemd of v1 alone, which this host has not mounted";
	case GUEST_CGROUPS_ANY:
		break;
	}
	return cgroup_is_unified(host) ? "v2, as this host" : "its own choice of what this host has";
}

static char *describe_init(const struct guest_facts *facts)
{
	const char *name = init_language(facts->init)->name;

	if (!facts->systemd_version)
		return xstrdup(name);
	if (facts->systemd_version == GUEST_SYSTEMD_OLD)
		return xasprintf("%s before 231", name);
	return xasprintf("%s %u", name, facts->systemd_version);
}

static int describe(int root_fd, const struct spec *spec, struct json *report, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	autofree char *init = NULL;
	struct guest_facts facts;
	struct guest_layout layout;
	int r = cgroup_host_load(&host, err);

	guest_facts_find(root_fd, spec->command.items[0], &facts);
	if (r == 0)
		r = guest_layout_decide(&facts, &host, spec, &layout, err);
	if (r < 0)
		return r;
	init = describe_init(&facts);
	json_set_string(report, "Rootfs", spec->rootfs);
	json_set_string(report, "Init", init);
	json_set_string(report, "Cgroups", describe_cgroups(&layout, &host));
	return 0;
}

int check_tree(const char *path, struct json *report, struct error *err)
{
	autorelease(spec_release) struct spec spec = {0};
	autoclose int root_fd = -EBADF;
	int r = rootfs_resolve(path, &spec.rootfs, err);

	if (r < 0)
		return r;
	if (rootfs_is_image(spec.rootfs))
		return error_set(err, -ENOTDIR, "%s is an image; mount it, and give the directory", spec.rootfs);
	strings_append(&spec.command, SPEC_DEFAULT_INIT);
	r = rootfs_check(spec.rootfs, &spec, err);
	if (r < 0)
		return r;
	root_fd = open(spec.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return error_set_errno(err, "cannot enter the root file system %s", spec.rootfs);
	return describe(root_fd, &spec, report, err);
}
