/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what a guest's kernel parameters are at its start, and which of them it may change. */
#include "container/sysctl.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/root.h"

static bool is_procfs(int fd)
{
	struct statfs statfs;

	return fstatfs(fd, &statfs) == 0 && statfs.f_type == PROC_SUPER_MAGIC;
}

/* --- --sysctl -------------------------------------------------------------------------------------------------------------- */

struct parameter {
	const char *item;
	char *key, *path; /* "net.ipv4.ip_forward", "net/ipv4/ip_forward" */
	int host_fd;      /* the host's own, held so that its inode number stays taken; -1 when it has none */
};

struct setting {
	struct parameter *parameters;
	size_t count;
	uid_t guest_root;
	int proc_fd; /* /proc/sys of the host's procfs. Which parameters it shows depends on who looks. */
};

static void setting_release(struct setting *setting)
{
	for (size_t i = 0; i < setting->count; i++) {
		free(setting->parameters[i].key);
		free(setting->parameters[i].path);
		if (setting->parameters[i].host_fd >= 0)
			close(setting->parameters[i].host_fd);
	}
	free(setting->parameters);
	if (setting->proc_fd >= 0)
		close(setting->proc_fd);
}

static int open_parameter(const struct setting *setting, const struct parameter *parameter, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, setting->proc_fd, parameter->path, &how, sizeof(how));
}

/*
 * Files of different namespaces are different ones, files that are the same for all are one. Those of IPC are left out: before Linux 5.19 they were one
 * file that answers by namespace.
 */
static bool is_of_host(const struct parameter *parameter, int fd)
{
	struct stat host, guest;

	return spec_sysctl_namespace(parameter->item) != SPEC_NAMESPACE_IPC && parameter->host_fd >= 0 &&
	       fstat(parameter->host_fd, &host) == 0 && fstat(fd, &guest) == 0 && host.st_ino == guest.st_ino;
}

static int write_parameter(const struct setting *setting, const struct parameter *parameter, struct error *err)
{
	const char *value = strchr(parameter->item, '=') + 1;
	autoclose int fd = open_parameter(setting, parameter, O_WRONLY);

	if (fd < 0 && errno == ENOENT && parameter->host_fd >= 0 && setting->guest_root != 0)
		return error_set(
			err, -EOPNOTSUPP,
			"--sysctl %s: this kernel has no %s where root is not the host's, as newer ones do; leave it out, "
			"or use --user-remap none",
			parameter->item, parameter->key);
	if (fd < 0)
		return error_set_errno(err, "--sysctl %s: a container has no %s of its own that could be set",
				       parameter->item, parameter->key);
	if (is_of_host(parameter, fd))
		return error_set(err, -EOPNOTSUPP, "--sysctl %s: this kernel has one %s for all, the host's",
				 parameter->item, parameter->key);
	if (write(fd, value, strlen(value)) < 0)
		return error_set_errno(err, "--sysctl %s: the kernel does not take %s for %s", parameter->item, value,
				       parameter->key);
	return 0;
}

/* Since Linux 5.19 those of IPC belong to the guest's root, and root of the host has no more rights than others; before, it alone had. */
static int write_as_owner(const struct setting *setting, const struct parameter *parameter, struct error *err)
{
	int r = write_parameter(setting, parameter, err);

	if (r != -EACCES || seteuid(setting->guest_root) < 0)
		return r;
	r = write_parameter(setting, parameter, err);
	if (seteuid(0) < 0)
		_exit(1);
	return r;
}

/* In the guest's namespaces. */
static int write_parameters(void *data, struct error *err)
{
	const struct setting *setting = data;
	int r = 0;

	for (size_t i = 0; r == 0 && i < setting->count; i++)
		r = write_as_owner(setting, &setting->parameters[i], err);
	return r;
}

/* The host's side, looked at from the host's namespaces. */
static int prepare(const struct strings *items, struct setting *setting, struct error *err)
{
	setting->proc_fd = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (setting->proc_fd < 0)
		return error_set_errno(err, "cannot open /proc/sys");
	if (!is_procfs(setting->proc_fd))
		return error_set(err, -EINVAL, "/proc/sys of the host is no procfs");
	setting->parameters = xcalloc(items->count, sizeof(*setting->parameters));
	for (; setting->count < items->count; setting->count++) {
		struct parameter *parameter = &setting->parameters[setting->count];

		parameter->item = items->items[setting->count];
		parameter->key = xstrndup(parameter->item, strcspn(parameter->item, "="));
		parameter->path = xstrdup(parameter->key);
		for (char *dot = parameter->path; (dot = strchr(dot, '.'));)
			*dot = '/';
		parameter->host_fd = open_parameter(setting, parameter, O_PATH);
	}
	return 0;
}

int sysctl_apply(const struct spec *spec, int init_pidfd, pid_t init, struct error *err)
{
	autorelease(setting_release) struct setting setting = {.guest_root = (uid_t)spec->idmap.uid, .proc_fd = -1};
	int flags = 0, r;

	if (spec->namespaces.sysctls.count == 0)
		return 0;
	r = prepare(&spec->namespaces.sysctls, &setting, err);
	if (r == 0)
		r = namespace_differing(init, &flags, err);
	return r < 0 ? r
		     : namespace_run(init_pidfd, flags & (CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID), write_parameters,
				     &setting, err);
}

/* --- --ns-change-opt ------------------------------------------------------------------------------------------------------- */

static int open_file(int root_fd, const char *path, struct error *err)
{
	autoclose int fd = root_open(root_fd, path, O_PATH, 0, err);

	if (fd >= 0 && !is_procfs(fd))
		return error_set(err, -EINVAL, "%s of the guest is no file of procfs", path);
	return steal_fd(&fd);
}

static bool is_read_only(int fd)
{
	struct statvfs statvfs;

	return fstatvfs(fd, &statvfs) == 0 && statvfs.f_flag & ST_RDONLY;
}

/* A writable mount of the file over itself. */
static int make_writable(int root_fd, const char *path, struct error *err)
{
	autoclose int fd = open_file(root_fd, path, err), tree = -EBADF;
	int r;

	if (fd < 0)
		return fd;
	if (!is_read_only(fd))
		return 0;
	tree = r = mount_clone(fd, "", 0, err);
	if (r >= 0)
		r = mount_change(tree, &(struct mount_attr){.attr_clr = MOUNT_ATTR_RDONLY}, 0, err);
	if (r == 0)
		r = mount_attach(tree, fd, err);
	return r < 0 ? error_prefix(err, "cannot make %s of the guest writable", path) : 0;
}

/* liblxc leaves it writable by a mount of its own among the read-only rest. */
static int make_read_only(int root_fd, const char *path, struct error *err)
{
	autoclose int fd = open_file(root_fd, path, err);

	if (fd < 0 || is_read_only(fd))
		return fd < 0 ? fd : 0;
	return mount_change(fd, &(struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}, 0, err) < 0
		       ? error_prefix(err, "cannot make %s of the guest read-only", path)
		       : 0;
}

static int change_files(int root_fd, const char *word, int (*change)(int root_fd, const char *path, struct error *err),
			struct error *err)
{
	int r = 0;

	for (const char *const *file = spec_writable_files(word); r == 0 && *file; file++)
		r = change(root_fd, *file, err);
	return r;
}

/* In the guest's mount, network and IPC namespaces. */
static int protect(void *data, struct error *err)
{
	const struct spec *spec = data;
	const struct strings *writable = &spec->namespaces.writable;
	autoclose int root = root_open_own(err);
	int r = 0;

	if (root < 0)
		return root;
	for (size_t i = 0; r == 0 && i < writable->count; i++)
		r = change_files(root, writable->items[i], make_writable, err);
	return r < 0 || spec->is_privileged || strings_contain(writable, "net")
		       ? r
		       : change_files(root, "net", make_read_only, err);
}

int sysctl_protect(const struct spec *spec, int init_pidfd, struct error *err)
{
	/* Which files there are below /proc/sys depends on the network and IPC of who looks: the guest's own are meant. */
	return namespace_run(init_pidfd, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC, protect, (void *)spec, err);
}
