/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the probes of `syscontainer check`: each tries the thing itself instead of guessing from a version. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "container/confinement.h"
#include "kernel/cgroup.h"
#include "kernel/lsm.h"
#include "kernel/mount.h"
#include "kernel/mountinfo.h"
#include "kernel/procfs.h"
#include "kernel/root.h"
#include "kernel/userns.h"
#include "model/config.h"
#include "model/idmap.h"
#include "model/paths.h"
#include "syscontainer/check.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* For probes that have nothing to say but the error. */
static enum check_result tell(int r, const struct error *err, const char *what, struct text *detail)
{
	text_append(detail, r < 0 ? err->message : what);
	return r < 0 ? CHECK_MISSING : CHECK_WORKS;
}

/* Kernel version. */

struct version {
	unsigned major, minor, patch;
};

/* Released fixes: of a stable series from this patch on, and of everything from the last row on. */
static const struct {
	const char *name, *effect;
	struct version first;
	struct version fixes[8];
} kernel_problems[] = {
	{"CVE-2022-0185",
	 "a guest can become root of the host",
	 {5, 1, 0},
	 {{5, 4, 173}, {5, 10, 93}, {5, 15, 16}, {5, 16, 2}, {5, 17, 0}}},
	{"CVE-2023-0386", "a guest can become root of the host", {5, 11, 0}, {{5, 15, 91}, {6, 1, 9}, {6, 2, 0}}},
	{"CVE-2024-1086",
	 "a guest can become root of the host",
	 {3, 15, 0},
	 {{5, 4, 269}, {5, 10, 210}, {5, 15, 149}, {6, 1, 76}, {6, 6, 15}, {6, 7, 3}, {6, 8, 0}}},
};

static int compare(const struct version *a, const struct version *b)
{
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	return a->patch < b->patch ? -1 : a->patch > b->patch;
}

static bool is_fixed(const struct version *version, const struct version *fixes)
{
	const struct version *fix;

	for (fix = fixes; fix->major; fix++)
		if (fix->major == version->major && fix->minor == version->minor && version->patch >= fix->patch)
			return true;
	return compare(version, fix - 1) >= 0;
}

bool check_kernel_problems(const char *release, struct text *out)
{
	struct version version = {0};
	bool has_any = false;

	if (sscanf(release, "%u.%u.%u", &version.major, &version.minor, &version.patch) < 2)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kernel_problems); i++) {
		if (compare(&version, &kernel_problems[i].first) < 0 || is_fixed(&version, kernel_problems[i].fixes))
			continue;
		text_appendf(out, "%s%s (%s)", has_any ? ", " : "", kernel_problems[i].name, kernel_problems[i].effect);
		has_any = true;
	}
	return has_any;
}

static enum check_result probe_kernel(struct text *detail)
{
	autorelease(text_release) struct text problems = {0};
	struct utsname host = {0};

	uname(&host);
	text_append(detail, host.release);
	if (!check_kernel_problems(host.release, &problems))
		return CHECK_WORKS;
	text_appendf(detail, ": unless its distributor has fixed them, it has %s", text_get(&problems));
	return CHECK_WARNS;
}

/* Namespaces and ids. */

static int unshare_in_child(int flags, struct error *err)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(unshare(flags) == 0 ? 0 : errno);
	if (pid < 0)
		return error_set_errno(err, "cannot fork");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return errno == 0 ? 0 : error_set_errno(err, "unshare(2)");
}

static enum check_result probe_namespaces(struct text *detail)
{
	const int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	struct error err = {0};

	return tell(unshare_in_child(flags, &err), &err, "mount, pid, net, ipc, uts, cgroup", detail);
}

static enum check_result probe_time_namespace(struct text *detail)
{
	struct error err = {0};

	return tell(unshare_in_child(CLONE_NEWTIME, &err), &err, "its uptime begins at its boot", detail);
}

/* With the first range of "auto": what a container does. */
static enum check_result probe_user_namespaces(struct text *detail)
{
	struct error err = {0};
	autoclose int userns = userns_open(IDMAP_FIRST, IDMAP_FIRST, IDMAP_SIZE, &err);

	return tell(userns, &err, "with 65,536 ids", detail);
}

static enum check_result probe_shifted_ids(struct text *detail)
{
	struct error err = {0};
	autoclose int userns = userns_open(IDMAP_FIRST, IDMAP_FIRST, IDMAP_SIZE, &err);
	const char *path = file_exists(AT_FDCWD, paths_root()) ? paths_root() : "/var/lib";
	autofree char *what = xasprintf("on the file system of %s", path);

	return tell(userns < 0 ? userns : mount_check_shift(path, userns, &err), &err, what, detail);
}

/* Cgroups. */

static enum check_result probe_cgroups(struct text *detail)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	struct error err = {0};
	int r = cgroup_host_load(&host, &err);
	bool has_v2 = false;

	for (size_t i = 0; i < host.count; i++)
		has_v2 |= host.hierarchies[i].is_v2;
	return tell(r, &err, cgroup_is_unified(&host) ? "v2" : has_v2 ? "v1 and v2 (hybrid)" : "v1", detail);
}

static enum check_result probe_controller(const char *name, const char *advice, struct text *detail)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	const struct cgroup_hierarchy *hierarchy = NULL;

	if (cgroup_host_load(&host, NULL) == 0)
		hierarchy = cgroup_find(&host, name);
	if (hierarchy)
		text_appendf(detail, "%s at %s", hierarchy->is_v2 ? "v2" : "v1", hierarchy->mount_point);
	else
		text_appendf(detail, "the kernel has no %s controller, or it is switched off: %s", name, advice);
	return hierarchy ? CHECK_WORKS : CHECK_MISSING;
}

#define BOOT_WITH(word) "boot the host with " word
#define CONTROLLER_PROBE(name_, advice_) \
	static enum check_result probe_##name_(struct text *detail) \
	{ \
		return probe_controller(#name_, advice_, detail); \
	}
CONTROLLER_PROBE(cpu, "it needs CONFIG_CGROUP_SCHED")
CONTROLLER_PROBE(cpuset, "it needs CONFIG_CPUSETS")
CONTROLLER_PROBE(memory, BOOT_WITH("cgroup_enable=memory"))
CONTROLLER_PROBE(pids, "it needs CONFIG_CGROUP_PIDS")
CONTROLLER_PROBE(blkio, "it needs CONFIG_BLK_CGROUP")
CONTROLLER_PROBE(hugetlb, "it needs CONFIG_CGROUP_HUGETLB")
CONTROLLER_PROBE(freezer, "it needs CONFIG_CGROUP_FREEZER")

/* r0 = 1; exit: loaded and dropped again. */
static int load_device_program(void)
{
	struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = ARRAY_SIZE(code),
		.insns = (uint64_t)(uintptr_t)code,
		.license = (uint64_t)(uintptr_t) "LGPL",
	};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* v1 has a controller for it, v2 has programs. */
static enum check_result probe_devices(struct text *detail)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	const struct cgroup_hierarchy *hierarchy = NULL;
	autoclose int program = -EBADF;

	if (cgroup_host_load(&host, NULL) == 0)
		hierarchy = cgroup_find(&host, "devices");
	if (hierarchy && !hierarchy->is_v2) {
		text_appendf(detail, "v1 at %s", hierarchy->mount_point);
		return CHECK_WORKS;
	}
	program = load_device_program();
	text_append(detail, program >= 0 ? "BPF" : "no BPF program for it can be loaded: it needs CONFIG_CGROUP_BPF");
	return program >= 0 ? CHECK_WORKS : CHECK_MISSING;
}

/* Every v2 cgroup but the top one has the file, our own included. */
static enum check_result probe_cgroup_kill(struct text *detail)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	struct dirent **entries = NULL;
	bool works = false;

	cgroup_host_load(&host, NULL);
	for (size_t i = 0; i < host.count && !works; i++) {
		const char *top = host.hierarchies[i].mount_point;
		int count = host.hierarchies[i].is_v2 ? scandir(top, &entries, NULL, NULL) : 0;

		for (int j = 0; j < count; j++) {
			autofree char *path = xasprintf("%s/%s/cgroup.kill", top, entries[j]->d_name);

			works |= entries[j]->d_name[0] != '.' && file_exists(AT_FDCWD, path);
			free(entries[j]);
		}
		if (count >= 0)
			free(steal_ptr(entries));
	}
	text_append(detail, works ? "v2" : "it needs cgroup v2 and Linux 5.14; without it processes are killed one by one");
	return works ? CHECK_WORKS : CHECK_MISSING;
}

/* Kernel interfaces. */

static enum check_result probe_seccomp(struct text *detail)
{
	const uint32_t action = SECCOMP_RET_ERRNO;
	bool works = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;

	text_append(detail, works ? "filters" : "it needs CONFIG_SECCOMP_FILTER");
	return works ? CHECK_WORKS : CHECK_MISSING;
}

static enum check_result probe_safe_lookup(struct text *detail)
{
	struct error err = {0};
	autoclose int root = root_open_own(&err), fd = root < 0 ? root : root_open(root, "/", O_PATH, 0, &err);

	return tell(fd, &err, "openat2(2)", detail);
}

static enum check_result probe_pidfd(struct text *detail)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	autoclose int copy = pidfd < 0 ? -EBADF : (int)syscall(SYS_pidfd_getfd, pidfd, pidfd, 0);

	text_append(detail, copy >= 0 ? "pidfd_open(2), pidfd_getfd(2)" : "it needs Linux 5.6");
	return copy >= 0 ? CHECK_WORKS : CHECK_MISSING;
}

/* Of a child that is gone and reaped. */
static enum check_result probe_exit_status(struct text *detail)
{
	pid_t pid = fork();
	autoclose int pidfd = -EBADF;
	int status = 0;
	bool works;

	if (pid == 0)
		_exit(7);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	works = procfs_read_exit(pidfd, &status) && WIFEXITED(status) && WEXITSTATUS(status) == 7;
	text_append(detail, works ? "PIDFD_GET_INFO"
				  : "it needs Linux 6.15; else it is 255 when monitor and keeper are killed at once");
	return works ? CHECK_WORKS : CHECK_MISSING;
}

static enum check_result probe_fuse(struct text *detail)
{
	autoclose int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	text_appendf(detail, "/dev/fuse%s", fd >= 0 ? "" : " cannot be opened; run: modprobe fuse");
	return fd >= 0 ? CHECK_WORKS : CHECK_MISSING;
}

/* Whether it answers is asked by lxcfs-toolkit check-lxcfs, which can wait for it. */
static enum check_result probe_proc_view(struct text *detail)
{
	autofree char *tree = paths_run_file("lxcfs/tree");
	autorelease(mountinfo_release) struct mountinfo mounts = {0};

	mountinfo_read(0, &mounts, NULL);
	for (size_t i = 0; i < mounts.count; i++)
		if (strcmp(mounts.entries[i].target, tree) == 0) {
			text_append(detail, "served by syscontainer-lxcfs");
			return CHECK_WORKS;
		}
	text_append(detail, "containers see the host's values; run: systemctl enable --now syscontainer-lxcfs");
	return CHECK_WARNS;
}

static enum check_result probe_loop(struct text *detail)
{
	autoclose int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	text_appendf(detail, "/dev/loop-control%s", fd >= 0 ? "" : " cannot be opened; run: modprobe loop");
	return fd >= 0 ? CHECK_WORKS : CHECK_MISSING;
}

/* fsopen(2) has the kernel load the module, as a mount would. */
static enum check_result probe_squashfs(struct text *detail)
{
	autoclose int fd = (int)syscall(SYS_fsopen, "squashfs", FSOPEN_CLOEXEC);

	text_append(detail, fd >= 0 ? "squashfs" : "the kernel has no squashfs; run: modprobe squashfs");
	return fd >= 0 ? CHECK_WORKS : CHECK_MISSING;
}

/* Without the index those that are built in or loaded still count. */
static enum check_result probe_kernel_modules(struct text *detail)
{
	struct utsname host = {0};
	autofree char *index = NULL;
	bool works;

	uname(&host);
	index = xasprintf("/lib/modules/%s/modules.dep.bin", host.release);
	works = file_exists(AT_FDCWD, index);
	text_appendf(detail, "%s%s", index,
		     works ? "" : " is missing: only what is built in or loaded can be had; run: depmod");
	return works ? CHECK_WORKS : CHECK_WARNS;
}

static enum check_result probe_overlay(struct text *detail)
{
	autofree char *types = NULL;
	bool works = file_read(AT_FDCWD, "/proc/filesystems", (size_t)64 << 10, &types, NULL, NULL) == 0 &&
		     strstr(types, "\toverlay\n");

	text_append(detail, works ? "for trees of containers without id remapping" : "not loaded; run: modprobe overlay");
	return works ? CHECK_WORKS : CHECK_MISSING;
}

static enum check_result probe_pressure(struct text *detail)
{
	autofree char *line = NULL;
	bool works = file_read_line(AT_FDCWD, "/proc/pressure/memory", &line, NULL) == 0;

	text_append(detail, works ? "/proc/pressure" : "it needs CONFIG_PSI; boot the host with psi=1");
	return works ? CHECK_WORKS : CHECK_MISSING;
}

static enum check_result probe_security_modules(struct text *detail)
{
	autofree char *list = NULL;
	bool is_there = file_read_line(AT_FDCWD, "/sys/kernel/security/lsm", &list, NULL) == 0;

	text_append(detail, is_there ? list : "securityfs is not mounted, or the kernel has none");
	if (lsm_is_on(LSM_APPARMOR))
		text_appendf(detail, "; guests' profile %s is %sloaded", CONFINEMENT_APPARMOR,
			     lsm_has_profile(CONFINEMENT_APPARMOR) ? "" : "not ");
	return is_there ? CHECK_WORKS : CHECK_MISSING;
}

/* Our own. */

static enum check_result probe_root(struct text *detail)
{
	text_append(detail, geteuid() == 0 ? "uid 0" : "run it as root: what follows is what this user may do");
	return geteuid() == 0 ? CHECK_WORKS : CHECK_MISSING;
}

static enum check_result probe_liblxc(struct text *detail)
{
	autofree char *program = paths_program("syscontainer-payload");
	char *const argv[] = {program, (char *)"--version", NULL};
	autorelease(text_release) struct text out = {0};
	struct error err = {0};
	int status = 0;
	int r = process_run(&(struct process_run){.path = program, .argv = argv, .timeout_ms = 10000}, &status, &out, NULL,
			    &err);

	if (r == 0 && status != 0)
		r = error_set(&err, -ENOEXEC, "%s does not run", program);
	if (out.length)
		out.data[strcspn(out.data, "\n")] = '\0';
	return tell(r, &err, text_get(&out), detail);
}

static enum check_result probe_programs(struct text *detail)
{
	static const char *const names[] = {"syscontainer-monitor", "syscontainer-payload",  "syscontainer-stub",
					    "syscontainer-keeper",  "syscontainer-transfer", "syscontainer-seccomp",
					    "syscontainer-hooks"};
	autofree char *directory = paths_program("");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *path = paths_program(names[i]);

		if (access(path, X_OK) < 0) {
			text_appendf(detail, "%s cannot be executed: %s", path, strerror(errno));
			return CHECK_MISSING;
		}
	}
	text_append(detail, directory);
	return CHECK_WORKS;
}

static enum check_result probe_configuration(struct text *detail)
{
	struct config config;
	struct error err = {0};
	int r = config_load(&config, &err);

	if (r == 0)
		config_release(&config);
	return tell(r, &err, paths_config(), detail);
}

const struct check_feature check_features[] = {
	{"root", true, "all commands", probe_root},
	{"programs", true, "all containers", probe_programs},
	{"liblxc", true, "all containers", probe_liblxc},
	{"configuration", true, "all containers", probe_configuration},
	{"kernel", false, "security", probe_kernel},
	{"namespaces", true, "all containers", probe_namespaces},
	{"safe lookup", true, "all containers", probe_safe_lookup},
	{"pidfd", true, "all containers", probe_pidfd},
	{"user namespaces", false, "unprivileged containers", probe_user_namespaces},
	{"shifted ids", false, "unprivileged containers", probe_shifted_ids},
	{"time namespace", false, "uptime of guests", probe_time_namespace},
	{"cgroups", true, "all containers", probe_cgroups},
	{"devices", true, "which devices a guest may use", probe_devices},
	{"cpu", false, "--cpus, --cpu-shares, --cpu-quota", probe_cpu},
	{"cpuset", false, "--cpuset-cpus, --cpuset-mems", probe_cpuset},
	{"memory", false, "--memory and its like", probe_memory},
	{"pids", false, "--pids-limit", probe_pids},
	{"blkio", false, "--blkio-weight, --device-read-bps and their like", probe_blkio},
	{"hugetlb", false, "--hugetlb-limit", probe_hugetlb},
	{"freezer", false, "pause", probe_freezer},
	{"cgroup.kill", false, "fast stop of many processes", probe_cgroup_kill},
	{"seccomp", false, "filters of system calls", probe_seccomp},
	{"security modules", false, "AppArmor, SELinux", probe_security_modules},
	{"exit status", false, "exit status after a crash of ours", probe_exit_status},
	{"fuse", false, "the view of /proc", probe_fuse},
	{"proc view", false, "own values in /proc and /sys", probe_proc_view},
	{"loop devices", false, "image files", probe_loop},
	{"squashfs", false, "--mount type=squashfs", probe_squashfs},
	{"kernel modules", false, "-e KERNEL_MODULES=...", probe_kernel_modules},
	{"overlay", false, "trees in layers", probe_overlay},
	{"pressure", false, "pressure of a container", probe_pressure},
	{.name = NULL},
};
