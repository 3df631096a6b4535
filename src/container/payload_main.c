/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the process that starts a guest with liblxc and then becomes its keeper. See payload.h. */
#include "container/payload.h"

#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/filter.h"
#include "container/guest_layout.h"
#include "container/host_units.h"
#include "container/launch.h"
#include "container/rootfs.h"
#include "container/sharing.h"
#include "kernel/cgroup.h"
#include "kernel/image.h"
#include "kernel/namespace.h"
#include "model/paths.h"

/* Made before start() runs, because a signal handler may not allocate. */
static char *keeper_path, *exit_path;
static char init_text[16];

static void report(const struct error *error)
{
	if (write(PAYLOAD_FD_REPORT, error, sizeof(*error)) != sizeof(*error))
		_exit(2);
	_exit(1);
}

/* si_value carries PID 1's pid. Runs on the thread that liblxc waits in; execve(2) is allowed in a handler. */
static void settle(int number, siginfo_t *info, void *context)
{
	char *argv[] = {(char *)"syscontainer-keeper", init_text, exit_path, NULL}, *environment[] = {NULL};
	int pid = info->si_value.sival_int, length = 0;
	char digits[12];

	(void)number;
	(void)context;
	if (info->si_code != SI_QUEUE || pid <= 1)
		return; /* a stray window change */
	for (; pid; pid /= 10)
		digits[length++] = (char)('0' + pid % 10);
	for (int i = 0; i < length; i++)
		init_text[i] = digits[length - 1 - i];
	execve(keeper_path, argv, environment);
}

static void prepare_settling(const char *id)
{
	struct sigaction action = {.sa_sigaction = settle, .sa_flags = SA_SIGINFO | SA_RESTART};

	keeper_path = paths_program("syscontainer-keeper");
	exit_path = paths_run_container(id, PAYLOAD_EXIT_FILE);
	sigaction(PAYLOAD_SETTLE_SIGNAL, &action, NULL);
}

/*
 * An image is mounted in a mount namespace that only we are in: the host never sees it, and it goes when the guest's namespace and ours do.
 */
static int open_rootfs(const struct spec *spec, char **ret_rootfs, struct error *err)
{
	autofree char *target = paths_run_file(LAUNCH_IMAGE_POINT);
	int r;

	if (!rootfs_is_image(spec->rootfs)) {
		*ret_rootfs = xstrdup(spec->rootfs);
		return 0;
	}
	r = namespace_begin_mounts(MS_SLAVE, err);
	if (r == 0)
		r = file_make_directories(target, 0711, err);
	if (r == 0)
		r = image_mount(spec->rootfs, target, false, err);
	if (r == 0)
		r = rootfs_check(target, spec, err);
	*ret_rootfs = steal_ptr(target);
	return r;
}

/*
 * PARENT of the container's cgroups. liblxc would make it as well, but nobody could tell afterwards that it is ours to remove. In a slice it is a scope of the host's
 * systemd, which needs a process to begin with: that is us, and liblxc moves us on.
 */
static int make_cgroup_parent(const struct spec *spec, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	autofree char *parent = spec_cgroup_parent(spec);
	int r = cgroup_host_load(&host, err);

	if (r == 0 && spec_has_slice(spec) && host_units_are_there()) {
		r = host_units_make_scope(spec, getpid(), err);
		/* systemd removes it when it is empty, but tries that only once, which may be while we remove what was in it. */
		if (r == 0)
			cgroup_adopt(&host, parent);
	}
	return r < 0 ? r : cgroup_create(&host, parent, err);
}

/*
 * Into the namespaces that the guest shall share, and out of those that it shall not. liblxc answers commands on an abstract socket in the network that it
 * starts in, and asks only for root: it gets a network for itself, so that no guest with the host's network reaches it. The keeper returns to the host.
 */
static int enter_namespaces(const struct spec *spec, struct error *err)
{
	const struct spec_namespaces *namespaces = &spec->namespaces;
	int r = sharing_join(spec, err);

	if (r == 0 && spec_namespace_is_own(namespaces, SPEC_NAMESPACE_TIME))
		r = namespace_begin_time(err);
	if (r == 0 && spec_namespace_is_own(namespaces, SPEC_NAMESPACE_NET) && unshare(CLONE_NEWNET) < 0)
		r = error_set_errno(err, "cannot make a network namespace");
	return r;
}

/*
 * Into the guest's cgroups of hierarchies that liblxc does not know, so that PID 1 is born there. The monitor gets us out again, see boot.c.
 */
static int enter_hidden_cgroup(const struct spec *spec, const struct guest_layout *layout, struct error *err)
{
	autorelease(cgroup_hidden_release) struct cgroup_hidden hidden = {0};
	autofree char *cgroup = spec_cgroup(spec);
	int r = cgroup_hidden_open(layout->hidden, &hidden, err);

	return r < 0 ? r : cgroup_hidden_enter(&hidden, cgroup, (uid_t)spec->idmap.uid, (gid_t)spec->idmap.gid, err);
}

/* What the guest needs, by its tree. */
static int prepare_layout(const struct spec *spec, const char *rootfs, struct guest_layout *ret_layout, struct error *err)
{
	autoclose int root_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root_fd < 0 ? error_set_errno(err, "cannot enter the root file system %s", rootfs)
			    : guest_layout_find(root_fd, spec, ret_layout, err);

	return r < 0 ? r : enter_hidden_cgroup(spec, ret_layout, err);
}

/* `profile` is NULL for a guest without a filter. */
static int run(const char *id, const char *console, const char *profile, struct error *err)
{
	autofree char *rootfs = NULL, *program = xasprintf("/proc/self/fd/%d", PAYLOAD_FD_STUB),
		      *gate = xasprintf("%d", PAYLOAD_FD_GATE);
	autofree char *mount_point = paths_run_file(LAUNCH_MOUNT_POINT), *log = paths_run_container(id, "lxc.log");
	char *const argv[] = {program, gate, NULL};
	autorelease(spec_release) struct spec spec = {0};
	struct guest_layout layout;
	struct lxc_container *lxc;
	bool is_started;
	int r = spec_load(id, &spec, err);

	if (r == 0)
		r = file_make_directories(mount_point, 0711, err);
	if (r == 0)
		r = open_rootfs(&spec, &rootfs, err);
	if (r == 0)
		r = filter_write(&spec, profile, err);
	if (r == 0)
		r = prepare_layout(&spec, rootfs, &layout, err);
	if (r < 0)
		return r;
	unlink(log);
	r = make_cgroup_parent(&spec, err);
	if (r == 0)
		r = enter_namespaces(&spec, err);
	if (r < 0)
		return r;
	r = launch_configure(&spec, rootfs, &layout, console, &lxc, err);
	if (r < 0)
		return r;
	prepare_settling(id);
	/* newuidmap(1) refuses ranges that root does not own in /etc/subuid; liblxc that does not find it writes the maps itself. */
	setenv("PATH", "/nonexistent", 1);
	is_started = lxc->start(lxc, 0, argv);
	lxc_container_put(lxc);
	if (is_started)
		return 0; /* it ended before the monitor had us settle */
	if (rootfs_check_idmap(rootfs, &spec, err) == 0) {
		error_set(err, -EIO, "liblxc cannot start the container");
		launch_explain(&spec, err);
	}
	return -EIO;
}

int main(int argc, char **argv)
{
	struct error error = {0};

	if (argc == 2 && strcmp(argv[1], "--version") == 0) /* the manager does not link it */
		return printf("liblxc %s\n", lxc_get_version()) < 0;
	if (argc != 3 && argc != 4)
		return 125;
	fcntl(PAYLOAD_FD_REPORT, F_SETFD, FD_CLOEXEC); /* its closing tells the monitor that nothing more will come */
	if (run(argv[1], argv[2], argv[3], &error) < 0)
		report(&error);
	return 0;
}
