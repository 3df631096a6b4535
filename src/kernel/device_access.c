/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way of device rules into the kernel. */
#include "kernel/device_access.h"

#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"
#include "kernel/bpf.h"
#include "kernel/cgroup_walk.h"
#include "kernel/device_program.h"

/* --- v1: a list of exceptions from "nothing is allowed" ------------------------------------------------------------------ */

#define LIST_MAX  ((size_t)1 << 20)
#define UNCHANGED "trusted.syscontainer.devices" /* of the cgroup, while rules are added: its list before that */

static int parse_list(const char *text, struct device_rules *ret_rules, struct error *err)
{
	autorelease(strings_release) struct strings lines = {0};
	int r = 0;

	strings_split(&lines, text, "\n");
	for (size_t i = 0; r == 0 && i < lines.count; i++)
		r = device_rules_parse(ret_rules, lines.items[i], err);
	return r;
}

static char *print_list(const struct device_rules *rules)
{
	autorelease(strings_release) struct strings lines = {0};

	for (size_t i = 0; i < rules->count; i++)
		strings_append_owned(&lines, device_rule_format(&rules->items[i]));
	return strings_join(&lines, "\n");
}

static int read_list(int cgroup_fd, struct device_rules *ret_rules, struct error *err)
{
	autofree char *text = NULL;
	int r = file_read(cgroup_fd, "devices.list", LIST_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	/* Its exceptions would be what is denied, and the kernel does not tell them. */
	if (strncmp(text, "a ", 2) == 0)
		return error_set(err, -EINVAL, "the cgroup allows all devices");
	return parse_list(text, ret_rules, err);
}

/* One write a rule is what the kernel takes. */
static int write_rules(int cgroup_fd, const char *file, const struct device_rules *rules, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rules->count; i++) {
		autofree char *rule = device_rule_format(&rules->items[i]);

		r = file_write_value(cgroup_fd, file, rule, err);
	}
	return r;
}

struct extension {
	const struct device_rules *wanted;
	const struct device_rules *before; /* of the container's own cgroup */
};

/* An addition does not go down by itself (the kernel's denials do), so each cgroup gets its own, from above to below. */
static int extend(int cgroup_fd, size_t depth, void *data, struct error *err)
{
	const struct extension *extension = data;
	autorelease(device_rules_release) struct device_rules list = {0}, missing = {0};
	int r = read_list(cgroup_fd, &list, err);

	if (r == 0 && depth > 0 && !device_rules_are_equal(&list, extension->before))
		return 0;
	device_rules_subtract(extension->wanted, &list, &missing);
	if (r == 0 && fault_point() < 0)
		r = error_set(err, -EIO, "a test wants this to fail");
	if (r == 0)
		r = write_rules(cgroup_fd, "devices.allow", &missing, err);
	/* A cgroup of the guest that it removes meanwhile needs nothing. */
	return depth > 0 && (r == -ENODEV || r == -ENOENT) ? 0 : r;
}

/* Says whether a call was killed while it added rules: then only some of the cgroups below have them. */
static bool find_unchanged(int cgroup_fd, struct device_rules *ret_rules)
{
	ssize_t length = fgetxattr(cgroup_fd, UNCHANGED, NULL, 0);
	autofree char *text = length > 0 ? xcalloc((size_t)length + 1, 1) : NULL;

	return text && fgetxattr(cgroup_fd, UNCHANGED, text, (size_t)length) == length &&
	       parse_list(text, ret_rules, NULL) == 0;
}

static int add_v1(int cgroup_fd, const char *directory, const struct device_rules *wanted, const struct device_rules *list,
		  struct error *err)
{
	autorelease(device_rules_release) struct device_rules before = {0}, missing = {0};
	struct extension extension = {.wanted = wanted, .before = &before};
	const struct cgroup_walker walker = {.before = extend, .data = &extension};
	bool was_killed = find_unchanged(cgroup_fd, &before);
	int r;

	device_rules_subtract(wanted, list, &missing);
	if (!was_killed && missing.count == 0)
		return 0;
	if (!was_killed) {
		autofree char *text = print_list(list);

		device_rules_add_all(&before, list);
		fsetxattr(cgroup_fd, UNCHANGED, text, strlen(text), 0);
	}
	r = cgroup_walk(directory, &walker, err);
	if (r < 0)
		write_rules(cgroup_fd, "devices.deny", &missing, NULL);
	fremovexattr(cgroup_fd, UNCHANGED);
	return r;
}

static int set_v1(int cgroup_fd, const char *directory, const struct device_rules *wanted, struct error *err)
{
	autorelease(device_rules_release) struct device_rules list = {0}, excess = {0};
	int r = read_list(cgroup_fd, &list, err);

	/* A rule that goes may have covered one that comes. */
	if (r == 0)
		r = add_v1(cgroup_fd, directory, wanted, &list, err);
	if (r < 0)
		return r;
	fault_point();
	device_rules_subtract(&list, wanted, &excess);
	return write_rules(cgroup_fd, "devices.deny", &excess, err);
}

/* --- v2: a program that answers -------------------------------------------------------------------------------------------- */

#define PROGRAM_NAME "syscontainer" /* at most BPF_OBJ_NAME_LEN - 1 */
#define PROGRAM_MAX  64             /* of one cgroup; the kernel's own limit */

static int load_program(const struct device_rules *rules, struct error *err)
{
	size_t count;
	autofree struct bpf_insn *instructions = device_program_new(rules, &count);
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)instructions,
		.insn_cnt = (uint32_t)count,
		.license = (uintptr_t) "LGPL-2.1-or-later",
		.prog_name = PROGRAM_NAME,
	};
	int fd = bpf(BPF_PROG_LOAD, &attributes);

	if (fd >= 0)
		return fd;
	if (errno == EINVAL || errno == ENOSYS)
		return error_set(err, -EOPNOTSUPP, "the kernel has no BPF programs for cgroups (CONFIG_CGROUP_BPF)");
	return error_set_errno(err, "cannot load a program for %zu device rules", rules->count);
}

static bool is_ours(int program)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attributes = {
		.info = {.bpf_fd = (uint32_t)program, .info_len = sizeof(info), .info = (uintptr_t)&info}};

	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) == 0 && strcmp(info.name, PROGRAM_NAME) == 0;
}

/* The one that we attached before: its descriptor, or -ENOENT. Others may be there, of a systemd that manages the cgroup. */
static int find_program(int cgroup_fd, struct error *err)
{
	uint32_t ids[PROGRAM_MAX] = {0};
	union bpf_attr attributes = {
		.query = {.target_fd = (uint32_t)cgroup_fd,
			  .attach_type = BPF_CGROUP_DEVICE,
			  .prog_ids = (uintptr_t)ids,
			  .prog_cnt = PROGRAM_MAX},
	};

	if (bpf(BPF_PROG_QUERY, &attributes) < 0)
		return error_set_errno(err, "cannot ask for the cgroup's device programs");
	for (uint32_t i = 0; i < attributes.query.prog_cnt; i++) {
		int fd = bpf(BPF_PROG_GET_FD_BY_ID, &(union bpf_attr){.prog_id = ids[i]});

		if (fd >= 0 && is_ours(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

/* One program takes the other's place in one step. */
static int set_v2(int cgroup_fd, const struct device_rules *wanted, struct error *err)
{
	autoclose int program = load_program(wanted, err), old = -EBADF;
	union bpf_attr attributes = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	if (program < 0)
		return program;
	old = find_program(cgroup_fd, err);
	if (old < 0 && old != -ENOENT)
		return old;
	if (old >= 0) {
		attributes.attach_flags |= BPF_F_REPLACE;
		attributes.replace_bpf_fd = (uint32_t)old;
	}
	return bpf(BPF_PROG_ATTACH, &attributes) < 0 ? error_set_errno(err, "cannot attach the program of device rules") : 0;
}

int device_access_set(const struct cgroup_host *host, const char *path, const struct device_rules *rules, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy;
	autofree char *directory = NULL;
	autoclose int fd = -EBADF;
	int r = cgroup_require(host, "devices", "access to devices", &hierarchy, err);

	if (r == 0)
		r = cgroup_path_check(path, err);
	if (r < 0)
		return r;
	directory = cgroup_directory(hierarchy, path);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "cannot open the cgroup %s", directory);
	r = hierarchy->is_v2 ? set_v2(fd, rules, err) : set_v1(fd, directory, rules, err);
	return r < 0 ? error_prefix(err, "cannot set which devices %s may use", directory) : 0;
}
