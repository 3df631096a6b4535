/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is known of guests' releases, and what each is given. */
#include "container/guest_layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strings.h"
#include "kernel/root.h"

#define FIRST_ON_V2      230
#define FIRST_WITHOUT_V1 256 /* refuses v1 unless the host's kernel command line insists; 258 has no code for it */
#define VERSION_MAX      9999

int guest_open_program(int root_fd, const char *program)
{
	static const char *const directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						  "/usr/bin",        "/sbin",          "/bin"};

	if (strchr(program, '/'))
		return root_open(root_fd, program, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		autofree char *path = xasprintf("%s/%s", directories[i], program);
		int fd = root_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, NULL);

		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}

unsigned guest_systemd_version(const char *library)
{
	static const char prefix[] = "libsystemd-shared-";
	unsigned long version;
	char *end;

	if (strncmp(library, prefix, strlen(prefix)) != 0 || library[strlen(prefix)] < '1' || library[strlen(prefix)] > '9')
		return 0;
	version = strtoul(library + strlen(prefix), &end, 10);
	return strchr(".-~^", *end) && *end && version <= VERSION_MAX ? (unsigned)version : 0;
}

static DIR *open_directory(int root_fd, const char *path)
{
	autoclose int fd = root_open(root_fd, path, O_RDONLY | O_DIRECTORY, 0, NULL);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory)
		steal_fd(&fd);
	return directory;
}

/* The newest in that directory: an update may have left an older one beside it. */
static unsigned find_version_in(int root_fd, const char *path)
{
	DIR *directory = open_directory(root_fd, path);
	const struct dirent *entry;
	unsigned newest = 0;

	while (directory && (entry = readdir(directory))) {
		unsigned version = guest_systemd_version(entry->d_name);

		newest = version > newest ? version : newest;
	}
	if (directory)
		closedir(directory);
	return newest;
}

/* Debian has it below the name of the architecture, since 252. */
static unsigned find_version_below(int root_fd, const char *libraries)
{
	autofree char *own = xasprintf("%s/systemd", libraries);
	unsigned newest = find_version_in(root_fd, own);
	DIR *directory = open_directory(root_fd, libraries);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		autofree char *path = NULL;
		unsigned version;

		if (!strstr(entry->d_name, "-linux-"))
			continue;
		path = xasprintf("%s/%s/systemd", libraries, entry->d_name);
		version = find_version_in(root_fd, path);
		newest = version > newest ? version : newest;
	}
	if (directory)
		closedir(directory);
	return newest;
}

static unsigned find_systemd_version(int root_fd)
{
	static const char *const places[] = {"/usr/lib", "/lib", "/usr/lib64"};
	unsigned newest = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		unsigned version = find_version_below(root_fd, places[i]);

		newest = version > newest ? version : newest;
	}
	return newest ? newest : GUEST_SYSTEMD_OLD;
}

void guest_facts_find(int root_fd, const char *program, struct guest_facts *ret_facts)
{
	autoclose int fd = guest_open_program(root_fd, program);
	autofree char *link = xasprintf("/proc/self/fd/%d", fd);
	char target[PATH_MAX] = "";

	*ret_facts = (struct guest_facts){.init = INIT_OTHER};
	if (fd < 0 || readlink(link, target, sizeof(target) - 1) < 0)
		return;
	ret_facts->init = init_kind_of_program(target, program);
	if (ret_facts->init == INIT_SYSTEMD)
		ret_facts->systemd_version = find_systemd_version(root_fd);
}

static enum guest_cgroups choose_cgroups(unsigned systemd, const struct cgroup_host *host)
{
	if (!systemd)
		return GUEST_CGROUPS_ANY;
	if (cgroup_is_unified(host))
		return systemd < FIRST_ON_V2 ? GUEST_CGROUPS_SYSTEMD : GUEST_CGROUPS_ANY;
	if (systemd >= FIRST_WITHOUT_V1)
		return GUEST_CGROUPS_V2;
	return cgroup_find(host, "name=systemd") ? GUEST_CGROUPS_ANY : GUEST_CGROUPS_SYSTEMD;
}

/*
 * Which of the hierarchies that the host has not mounted it gets a cgroup in. v2 exists at any rate, so the host's root may mount it in a guest too: it shall find its own
 * cgroup there, and not the top of all.
 */
static void choose_hidden(enum guest_cgroups cgroups, const struct cgroup_host *host, bool *hidden)
{
	hidden[CGROUP_HIDDEN_SYSTEMD] = cgroups == GUEST_CGROUPS_SYSTEMD;
	hidden[CGROUP_HIDDEN_V2] = !cgroup_find_v2(host);
}

/* What these inits start a login on, of the virtual terminals that a machine has; systemd knows that it is in a container. */
static bool wants_tty1(enum init_kind init)
{
	return init == INIT_SYSVINIT || init == INIT_OPENRC || init == INIT_RUNIT || init == INIT_BUSYBOX;
}

static const char *describe(enum guest_cgroups cgroups)
{
	return cgroups == GUEST_CGROUPS_V2 ? "cgroup v2" : "the hierarchy name=systemd of cgroup v1";
}

int guest_layout_decide(const struct guest_facts *facts, const struct cgroup_host *host, const struct spec *spec,
			struct guest_layout *ret_layout, struct error *err)
{
	struct guest_layout layout = {
		.cgroups = choose_cgroups(facts->systemd_version, host),
		.has_tty1 = wants_tty1(facts->init),
	};
	bool is_mounted =
		layout.cgroups == GUEST_CGROUPS_ANY || (layout.cgroups == GUEST_CGROUPS_V2 && cgroup_find_v2(host));

	if (spec_namespace_is_own(&spec->namespaces, SPEC_NAMESPACE_CGROUP))
		choose_hidden(layout.cgroups, host, layout.hidden);
	else if (!is_mounted)
		return error_set(
			err, -EOPNOTSUPP,
			"the tree's systemd (%s%u) needs %s, which is not mounted on this host; a guest can be given it, but only in a cgroup "
			"namespace of its own: leave out --cgroupns %s",
			facts->systemd_version == GUEST_SYSTEMD_OLD ? "at most " : "", facts->systemd_version,
			describe(layout.cgroups), spec_namespace_mode(&spec->namespaces, SPEC_NAMESPACE_CGROUP));
	*ret_layout = layout;
	return 0;
}

int guest_layout_find(int root_fd, const struct spec *spec, struct guest_layout *ret_layout, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	struct guest_facts facts;
	int r = cgroup_host_load(&host, err);

	guest_facts_find(root_fd, spec->command.items[0], &facts);
	return r < 0 ? r : guest_layout_decide(&facts, &host, spec, ret_layout, err);
}

int guest_layout_check(int root_fd, const struct spec *spec, struct error *err)
{
	autorelease(cgroup_hidden_release) struct cgroup_hidden hidden = {0};
	struct guest_layout layout = {0};
	int r = guest_layout_find(root_fd, spec, &layout, err);

	if (r < 0 || layout.cgroups == GUEST_CGROUPS_ANY)
		return r;
	r = cgroup_hidden_open(layout.hidden, &hidden, err);
	return r < 0 ? error_prefix(err, "the tree's systemd needs %s", describe(layout.cgroups)) : 0;
}
