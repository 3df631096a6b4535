/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the translation of a spec into liblxc's configuration. */
#include "container/launch.h"

#include <fcntl.h>
#include <limits.h>
#include <lxc/lxccontainer.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"
#include "container/device_policy.h"
#include "container/limits.h"
#include "container/rootfs.h"
#include "kernel/cgroup.h"
#include "model/paths.h"

struct item {
	const char *key, *value;
};

/* The same for every container. Order counts only among equal keys. */
static const struct item common_items[] = {
	{"lxc.log.level", "WARN"},
	/* No /dev/console and no terminals of liblxc's: the console is ours, see below. */
	{"lxc.console.path", "none"},
	{"lxc.tty.max", "0"},
	{"lxc.pty.max", "1024"},
	{"lxc.autodev", "1"},
	{"lxc.mount.entry", "tmpfs run tmpfs nosuid,nodev,mode=755,create=dir 0 0"},
	{"lxc.apparmor.profile", "unconfined"},
};

static int set(struct lxc_container *lxc, const char *key, const char *value, struct error *err)
{
	if (lxc->set_config_item(lxc, key, value))
		return 0;
	return error_set(err, -EINVAL, "liblxc refuses %s = %s", key, value);
}

static int set_formatted(struct lxc_container *lxc, struct error *err, const char *key, char *value)
{
	autofree char *owned = value;

	return set(lxc, key, owned, err);
}

static int set_common(struct lxc_container *lxc, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(common_items); i++)
		r = set(lxc, common_items[i].key, common_items[i].value, err);
	return r;
}

/*
 * What a guest may use is set later, before anything of it runs (monitor/prepare.c). But cgroup v1 denies everything by default only in a cgroup that has none below it yet, and
 * liblxc itself needs the usual devices while it sets up. On v2, where liblxc ignores these keys, nothing is denied until then.
 */
static int set_devices(struct lxc_container *lxc, struct error *err)
{
	autorelease(device_rules_release) struct device_rules rules = {0};
	int r = set(lxc, "lxc.cgroup.devices.deny", "a", err);

	device_policy_add_defaults(&rules);
	for (size_t i = 0; r == 0 && i < rules.count; i++)
		r = set_formatted(lxc, err, "lxc.cgroup.devices.allow", device_rule_format(&rules.items[i]));
	return r;
}

/* What is shared is what the payload is in: the host's, or another container's (sharing_join()). All that is not named is made anew. */
static int set_namespaces(struct lxc_container *lxc, const struct spec *spec, struct error *err)
{
	autorelease(strings_release) struct strings kept = {0};
	autofree char *names = NULL;
	int r;

	for (enum spec_namespace kind = 0; kind < SPEC_NAMESPACE_COUNT; kind++)
		if (!spec_namespace_is_own(&spec->namespaces, kind))
			strings_append(&kept, spec_namespace_kinds[kind].kernel_name);
	if (kept.count && !spec_is_remapped(spec))
		strings_append(&kept, "user");
	names = strings_join(&kept, " ");
	r = kept.count ? set(lxc, "lxc.namespace.keep", names, err) : 0;
	if (r == 0 && spec_namespace_is_own(&spec->namespaces, SPEC_NAMESPACE_NET))
		r = set(lxc, "lxc.net.0.type", "empty", err);
	if (r == 0 && spec_namespace_is_own(&spec->namespaces, SPEC_NAMESPACE_UTS))
		r = set(lxc, "lxc.uts.name", spec->hostname, err);
	return r;
}

static int set_rootfs(struct lxc_container *lxc, const struct spec *spec, const char *rootfs, struct error *err)
{
	bool is_chowned = false;
	int r = rootfs_find_owner(rootfs, &spec->idmap, &is_chowned, err);

	if (r == 0)
		r = set_formatted(lxc, err, "lxc.rootfs.path", xasprintf("dir:%s", rootfs));
	if (r == 0)
		r = set_formatted(lxc, err, "lxc.rootfs.mount", paths_run_file(LAUNCH_MOUNT_POINT));
	if (r == 0 && spec_is_remapped(spec) && !is_chowned)
		r = set(lxc, "lxc.rootfs.options", "idmap=container", err);
	return r;
}

static int set_range(struct lxc_container *lxc, char kind, uint64_t inside, uint64_t outside, uint64_t size,
		     struct error *err)
{
	return set_formatted(lxc, err, "lxc.idmap",
			     xasprintf("%c %llu %llu %llu", kind, (unsigned long long)inside, (unsigned long long)outside,
				       (unsigned long long)size));
}

/*
 * For a while liblxc needs an id that the guest does not have, takes the first one, and keeps it in an int. So a map that goes beyond INT_MAX leaves
 * this one id out.
 */
static int set_ids(struct lxc_container *lxc, char kind, uint64_t first, uint64_t size, struct error *err)
{
	const uint64_t hole = INT_MAX;
	int r = set_range(lxc, kind, 0, first, size < hole ? size : hole, err);

	if (r == 0 && size > hole + 1)
		r = set_range(lxc, kind, hole + 1, first + hole + 1, size - hole - 1, err);
	return r;
}

static int set_idmap(struct lxc_container *lxc, const struct spec *spec, struct error *err)
{
	const struct spec_idmap *map = &spec->idmap;
	int r = map->size ? set_ids(lxc, 'u', map->uid, map->size, err) : 0;

	return r < 0 || map->size == 0 ? r : set_ids(lxc, 'g', map->gid, map->size, err);
}

/* In lxc.mount.entry, an fstab(5) line, blanks are escaped. Our own run-time path may have some (SYSCONTAINER_RUN). */
static char *escape(const char *path)
{
	struct text escaped = {0};

	for (; *path; path++)
		if (strchr(" \t\n\\", *path))
			text_appendf(&escaped, "\\%03o", (unsigned char)*path);
		else
			text_append_bytes(&escaped, path, 1);
	return text_steal(&escaped);
}

/* Where the guest sees cgroups as the host does: all of them, and may change what is below its own. */
static int set_cgroup_mounts(struct lxc_container *lxc, const struct cgroup_hierarchy *hierarchy, const struct spec *spec,
			     struct error *err)
{
	autofree char *cgroup = spec_cgroup(spec), *path = xasprintf("%s/" CGROUP_GUEST, cgroup);
	autofree char *own = cgroup_directory(hierarchy, path), *source = escape(own), *target = escape(path),
		      *top = escape(hierarchy->mount_point);
	int r = set_formatted(lxc, err, "lxc.mount.entry", xasprintf("%s sys/fs/cgroup none bind,ro 0 0", top));

	return r < 0 ? r
		     : set_formatted(lxc, err, "lxc.mount.entry",
				     xasprintf("%s sys/fs/cgroup%s none bind 0 0", source, target));
}

/* What the guest is in by then is the root of its cgroup namespace, so this is what it sees. */
static const char *const v2_mounts[] = {"cgroup2 sys/fs/cgroup cgroup2 nosuid,nodev,noexec 0 0", NULL};
static const char *const systemd_mounts[] = {
	"tmpfs sys/fs/cgroup tmpfs nosuid,nodev,noexec,mode=755,size=64k 0 0",
	"cgroup sys/fs/cgroup/systemd cgroup nosuid,nodev,noexec,none,name=systemd,create=dir 0 0",
	NULL,
};

/* /sys read-only is systemd's sign that there is no udev here. */
static int set_kernel_mounts(struct lxc_container *lxc, const char *const *cgroups, struct error *err)
{
	int r = set(lxc, "lxc.mount.auto", "proc:mixed sys:ro", err);

	for (; r == 0 && *cgroups; cgroups++)
		r = set(lxc, "lxc.mount.entry", *cgroups, err);
	return r;
}

/*
 * What liblxc mounts of cgroups, or leaves to a systemd, is the guest's own cgroup namespace; where there is none, it can do that for cgroup v1 only.
 */
static int set_cgroup_layout(struct lxc_container *lxc, const struct spec *spec, const struct guest_layout *layout,
			     struct error *err)
{
	static const char *const none[] = {NULL};
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	bool is_own = spec_namespace_is_own(&spec->namespaces, SPEC_NAMESPACE_CGROUP);
	int r = cgroup_host_load(&host, err);

	if (r < 0)
		return r;
	if (layout->cgroups == GUEST_CGROUPS_SYSTEMD)
		return set_kernel_mounts(lxc, systemd_mounts, err);
	if (layout->cgroups == GUEST_CGROUPS_V2 && is_own)
		return set_kernel_mounts(lxc, v2_mounts, err);
	if (layout->cgroups == GUEST_CGROUPS_ANY && (is_own || !cgroup_is_unified(&host)))
		return set(lxc, "lxc.mount.auto", "proc:mixed sys:ro cgroup:mixed", err);
	r = set_kernel_mounts(lxc, none, err);
	return r < 0 ? r : set_cgroup_mounts(lxc, cgroup_find_v2(&host), spec, err);
}

/* /dev/console, and where its init expects a terminal of the machine. */
static int set_console(struct lxc_container *lxc, const struct guest_layout *layout, const char *console, struct error *err)
{
	int r = set_formatted(lxc, err, "lxc.mount.entry",
			      xasprintf("/dev/pts/%s dev/console none bind,create=file 0 0", console));

	return r < 0 || !layout->has_tty1
		       ? r
		       : set_formatted(lxc, err, "lxc.mount.entry",
				       xasprintf("/dev/pts/%s dev/tty1 none bind,create=file 0 0", console));
}

static int set_mounts(struct lxc_container *lxc, const struct spec *spec, const struct guest_layout *layout,
		      const char *console, struct error *err)
{
	autofree char *host = paths_run_host(spec->id), *source = escape(host);
	int r = set_formatted(lxc, err, "lxc.mount.entry",
			      xasprintf("%s run/host none bind,ro,nosuid,nodev,noexec,create=dir 0 0", source));

	if (r == 0)
		r = set_console(lxc, layout, console, err);
	return r < 0 ? r : set_cgroup_layout(lxc, spec, layout, err);
}

/* The limits are set on PARENT/ID, which the guest does not see: its cgroup name space begins at "guest" below. */
static int set_cgroups(struct lxc_container *lxc, const struct spec *spec, struct error *err)
{
	autofree char *path = spec_cgroup(spec);
	int r = set(lxc, "lxc.cgroup.dir.container", path + 1, err);

	if (r == 0)
		r = set(lxc, "lxc.cgroup.dir.container.inner", CGROUP_GUEST, err);
	if (r == 0)
		r = set_formatted(lxc, err, "lxc.cgroup.dir.monitor", xasprintf("%s.keeper", path + 1));
	if (r == 0)
		r = set_formatted(lxc, err, "lxc.cgroup.dir.monitor.pivot", xasprintf("%s.pivot", path + 1));
	return r;
}

int launch_configure(const struct spec *spec, const char *rootfs, const struct guest_layout *layout, const char *console,
		     struct lxc_container **ret_lxc, struct error *err)
{
	autofree char *log = paths_run_container(spec->id, "lxc.log");
	/* liblxc wants a directory that the guest's root may pass through; it finds no configuration file there. */
	struct lxc_container *lxc = lxc_container_new(spec->id, paths_run());
	int r;

	if (!lxc)
		return error_set(err, -ENOMEM, "liblxc cannot make a container");
	r = set(lxc, "lxc.log.file", log, err);
	if (r == 0)
		r = set_common(lxc, err);
	if (r == 0)
		r = set_namespaces(lxc, spec, err);
	if (r == 0)
		r = set_formatted(lxc, err, "lxc.proc.oom_score_adj",
				  xasprintf("%lld", (long long)limits_oom_score_adj(&spec->limits)));
	if (r == 0)
		r = set_idmap(lxc, spec, err);
	if (r == 0)
		r = set_rootfs(lxc, spec, rootfs, err);
	if (r == 0)
		r = set_mounts(lxc, spec, layout, console, err);
	if (r == 0)
		r = set_cgroups(lxc, spec, err);
	if (r == 0)
		r = set_devices(lxc, err);
	if (r < 0) {
		lxc_container_put(lxc);
		return r;
	}
	lxc->want_daemonize(lxc, false);
	*ret_lxc = lxc;
	return 0;
}

void launch_explain(const struct spec *spec, struct error *err)
{
	autofree char *path = paths_run_container(spec->id, "lxc.log"), *log = NULL;
	const char *line;
	size_t length;
	int count = 0;

	if (file_read(AT_FDCWD, path, (size_t)1 << 20, &log, &length, NULL) < 0)
		return;
	/* The first errors are the cause, later ones what follows from it. A line: "lxc ID DATE ERROR part - file:function:line - message". */
	for (line = log; line && count < 3; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		size_t line_length = strcspn(line, "\n");
		autofree char *copy = xstrndup(line, line_length);
		const char *mark = strstr(copy, " ERROR "), *first = mark ? strstr(mark, " - ") : NULL,
			   *second = first ? strstr(first + 3, " - ") : NULL;

		if (second)
			error_append(err, "%s%s", count++ ? "; " : ": ", second + 3);
	}
}
