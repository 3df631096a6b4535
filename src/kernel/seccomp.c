/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from a profile to a filter. */
#include "kernel/seccomp.h"

#include <ctype.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/capability.h"

#define ARCH_PREFIX "SCMP_ARCH_"

static const struct {
	uint32_t token;
	const char *name; /* Go's, which profiles use in conditions */
} native_names[] = {
	{SCMP_ARCH_X86_64, "amd64"},    {SCMP_ARCH_X86, "386"},       {SCMP_ARCH_X32, "x32"},
	{SCMP_ARCH_AARCH64, "arm64"},   {SCMP_ARCH_ARM, "arm"},       {SCMP_ARCH_PPC64LE, "ppc64le"},
	{SCMP_ARCH_PPC64, "ppc64"},     {SCMP_ARCH_S390X, "s390x"},   {SCMP_ARCH_S390, "s390"},
	{SCMP_ARCH_RISCV64, "riscv64"}, {SCMP_ARCH_MIPS64, "mips64"}, {SCMP_ARCH_MIPSEL64, "mips64le"},
};

static const enum scmp_compare operators[] = {
	[SECCOMP_NE] = SCMP_CMP_NE,
	[SECCOMP_LT] = SCMP_CMP_LT,
	[SECCOMP_LE] = SCMP_CMP_LE,
	[SECCOMP_EQ] = SCMP_CMP_EQ,
	[SECCOMP_GE] = SCMP_CMP_GE,
	[SECCOMP_GT] = SCMP_CMP_GT,
	[SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static uint32_t action_of(int action, int64_t code)
{
	switch (action) {
	case SECCOMP_ALLOW:
		return SCMP_ACT_ALLOW;
	case SECCOMP_ERRNO:
		return SCMP_ACT_ERRNO((uint32_t)code);
	case SECCOMP_KILL_PROCESS:
		return SCMP_ACT_KILL_PROCESS;
	case SECCOMP_TRAP:
		return SCMP_ACT_TRAP;
	case SECCOMP_TRACE:
		return SCMP_ACT_TRACE((uint32_t)code);
	case SECCOMP_LOG:
		return SCMP_ACT_LOG;
	default:
		return SCMP_ACT_KILL_THREAD;
	}
}

/* Conditions */

static bool has_capability(const struct seccomp_host *host, const char *name)
{
	int number = capability_parse(name);

	return number >= 0 && host->capabilities >> number & 1;
}

static bool is_kernel_at_least(const char *release, const char *wanted)
{
	unsigned own[2] = {0, 0}, other[2] = {0, 0};

	sscanf(release, "%u.%u", &own[0], &own[1]);
	sscanf(wanted, "%u.%u", &other[0], &other[1]);
	return own[0] > other[0] || (own[0] == other[0] && own[1] >= other[1]);
}

static bool is_included(const struct seccomp_condition *condition, const struct seccomp_host *host)
{
	for (size_t i = 0; i < condition->capabilities.count; i++)
		if (!has_capability(host, condition->capabilities.items[i]))
			return false;
	if (condition->architectures.count && !strings_contain(&condition->architectures, host->architecture))
		return false;
	return !condition->min_kernel || is_kernel_at_least(host->kernel, condition->min_kernel);
}

static bool is_excluded(const struct seccomp_condition *condition, const struct seccomp_host *host)
{
	for (size_t i = 0; i < condition->capabilities.count; i++)
		if (has_capability(host, condition->capabilities.items[i]))
			return true;
	if (strings_contain(&condition->architectures, host->architecture))
		return true;
	return condition->min_kernel && is_kernel_at_least(host->kernel, condition->min_kernel);
}

bool seccomp_rule_applies(const struct seccomp_rule *rule, const struct seccomp_host *host)
{
	return is_included(&rule->includes, host) && !is_excluded(&rule->excludes, host);
}

static const char *native_name(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(native_names); i++)
		if (native_names[i].token == seccomp_arch_native())
			return native_names[i].name;
	return "";
}

/* Compiling */

/* "SCMP_ARCH_X86_64" is "x86_64" to libseccomp; 0: it does not know it. */
static uint32_t find_architecture(const char *name)
{
	char lower[32] = {0};

	if (strncmp(name, ARCH_PREFIX, strlen(ARCH_PREFIX)) == 0)
		name += strlen(ARCH_PREFIX);
	for (size_t i = 0; i + 1 < sizeof(lower) && name[i]; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return seccomp_arch_resolve_name(lower);
}

static int add_architecture(scmp_filter_ctx context, const char *name, struct error *err)
{
	uint32_t token = find_architecture(name);
	int r;

	if (token == 0)
		return error_set(err, -EINVAL, "the architecture %s is not known", name);
	r = seccomp_arch_add(context, token);
	/* Of another byte order than the host's: nothing here makes such calls. */
	return r == 0 || r == -EEXIST || r == -EDOM ? 0 : error_set(err, r, "libseccomp cannot filter calls of %s", name);
}

static int add_all(scmp_filter_ctx context, const struct strings *names, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->count; i++)
		r = add_architecture(context, names->items[i], err);
	return r;
}

static int add_architectures(scmp_filter_ctx context, const struct seccomp_profile *profile, struct error *err)
{
	int r = add_all(context, &profile->architectures, err);

	for (size_t i = 0; r == 0 && i < profile->architecture_map.count; i++) {
		const struct seccomp_architectures *row = &profile->architecture_map.items[i];

		if (find_architecture(row->native) == 0)
			r = error_set(err, -EINVAL, "the architecture %s is not known", row->native);
		else if (find_architecture(row->native) == seccomp_arch_native())
			r = add_all(context, &row->others, err);
	}
	return r;
}

static int add_name(scmp_filter_ctx context, const struct seccomp_rule *rule, const char *name, struct error *err)
{
	struct scmp_arg_cmp arguments[6];
	int r, number = seccomp_syscall_resolve_name(name);
	unsigned count = 0;

	if (number == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0; i < rule->arguments.count && count < ARRAY_SIZE(arguments); i++) {
		const struct seccomp_argument *argument = &rule->arguments.items[i];

		arguments[count++] = (struct scmp_arg_cmp){
			.arg = (unsigned)argument->index,
			.op = operators[argument->operator],
			.datum_a = argument->value,
			.datum_b = argument->value_two,
		};
	}
	r = seccomp_rule_add_array(context, action_of(rule->action, rule->errno_ret), number, count, arguments);
	return r < 0 ? error_set(err, r, "libseccomp refuses the rule for %s: %s", name, strerror(-r)) : 0;
}

static int add_rules(scmp_filter_ctx context, const struct seccomp_profile *profile, const struct seccomp_host *host,
		     struct error *err)
{
	uint32_t default_action = action_of(profile->default_action, profile->default_errno);
	int r = 0;

	for (size_t i = 0; r == 0 && i < profile->rules.count; i++) {
		const struct seccomp_rule *rule = &profile->rules.items[i];

		/* libseccomp refuses a rule that says what is so anyway. */
		if (action_of(rule->action, rule->errno_ret) == default_action || !seccomp_rule_applies(rule, host))
			continue;
		if (rule->name)
			r = add_name(context, rule, rule->name, err);
		for (size_t j = 0; r == 0 && j < rule->names.count; j++)
			r = add_name(context, rule, rule->names.items[j], err);
	}
	return r;
}

static int export_program(scmp_filter_ctx context, struct text *ret_program, struct error *err)
{
	autoclose int memory = memfd_create("seccomp", MFD_CLOEXEC);
	char bytes[4096];
	ssize_t count;
	int r;

	if (memory < 0)
		return error_set_errno(err, "cannot make a memory file");
	r = seccomp_export_bpf(context, memory);
	if (r < 0)
		return error_set(err, r, "libseccomp cannot make the filter: %s", strerror(-r));
	for (off_t offset = 0; (count = pread(memory, bytes, sizeof(bytes), offset)) > 0; offset += count)
		text_append_bytes(ret_program, bytes, (size_t)count);
	if (count < 0)
		return error_set_errno(err, "cannot read a memory file");
	if (ret_program->length > BPF_MAXINSNS * sizeof(struct sock_filter))
		return error_set(err, -E2BIG, "the filter has %zu instructions, the kernel takes %d",
				 ret_program->length / sizeof(struct sock_filter), BPF_MAXINSNS);
	return 0;
}

int seccomp_compile(const struct seccomp_profile *profile, uint64_t capabilities, struct text *ret_program,
		    struct error *err)
{
	scmp_filter_ctx context = seccomp_init(action_of(profile->default_action, profile->default_errno));
	struct utsname name = {0};
	struct seccomp_host host = {.capabilities = capabilities, .architecture = native_name(), .kernel = name.release};
	int r;

	if (!context)
		return error_set(err, -EINVAL, "libseccomp cannot make a filter");
	uname(&name);
	/* A tree of comparisons instead of a list: kernels before 5.11 walk it at each call. */
	seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = add_architectures(context, profile, err);
	if (r == 0)
		r = add_rules(context, profile, &host, err);
	if (r == 0)
		r = export_program(context, ret_program, err);
	seccomp_release(context);
	if (r < 0)
		text_release(ret_program);
	return r;
}
