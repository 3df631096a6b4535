/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of profiles of system calls: how they are read, which rules count, and that the kernel takes and obeys the filter. */
#include "model/seccomp_profile.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"

/* `rules` in a profile that allows everything else. */
static int parse(const char *rules, struct seccomp_profile *profile, struct error *err)
{
	autofree char *text = xasprintf("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[%s]}", rules);

	return seccomp_profile_parse(text, strlen(text), profile, err);
}

static void test_errnos_by_default(void **state)
{
	struct seccomp_profile profile;

	(void)state;
	assert_int_equal(parse("{\"name\":\"x\",\"action\":\"SCMP_ACT_ERRNO\"},"
			       "{\"names\":[\"x\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":0}",
			       &profile, NULL),
			 0);
	assert_int_equal(profile.default_errno, EPERM);
	assert_int_equal(profile.rules.items[0].errno_ret, EPERM);
	assert_int_equal(profile.rules.items[1].errno_ret, 0);
	seccomp_profile_release(&profile);
}

static void test_refusals_name_the_place(void **state)
{
#define RULE(rest) "{\"name\":\"x\",\"action\":\"SCMP_ACT_ERRNO\"," rest "}"
	static const struct {
		const char *rules, *message;
	} cases[] = {
		{"{}", "syscalls[0].action: required, but missing"},
		{"{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[]}", "syscalls[0]: give either names or name"},
		{RULE("\"errnoRet\":-1"), "syscalls[0]: errnoRet: -1 is not between 0 and 4095"},
		{RULE("\"flags\":1"),
		 "syscalls[0].flags: unknown key; there are: comment, name, names, action, errnoRet, args, includes, excludes"},
		{RULE("\"args\":[{\"index\":1,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},"
		      "{\"index\":1,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]"),
		 "syscalls[0]: args[1].index: argument 1 is compared twice; make each a rule of its own"},
		{RULE("\"args\":[{\"index\":-1,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
		 "syscalls[0]: args[0].index: -1 is not between 0 and 5"},
		{RULE("\"excludes\":{\"caps\":[\"CAP_CHOWN\",\"X\"]}"),
		 "syscalls[0]: excludes: caps[1]: unknown capability \"X\""},
		{RULE("\"includes\":{\"minKernel\":\"5.x\"}"),
		 "syscalls[0]: includes: minKernel: \"5.x\" is no version such as 5.10"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_profile profile;
		struct error err = {0};

		assert_true(parse(cases[i].rules, &profile, &err) < 0);
		assert_string_equal(err.message, cases[i].message);
		assert_null(profile.rules.items);
	}
}

static void test_conditions(void **state)
{
	static const struct seccomp_host host = {.capabilities = 0x3, .architecture = "amd64", .kernel = "5.10.0-8-amd64"};
	static const struct {
		const char *condition;
		bool is_included, is_excluded;
	} cases[] = {
		{"{}", true, false},
		{"null", true, false},
		{"{\"caps\":[\"CAP_CHOWN\"]}", true, true},
		{"{\"caps\":[\"CAP_CHOWN\",\"CAP_KILL\"]}", false, true},
		{"{\"caps\":[\"CAP_KILL\"]}", false, false},
		{"{\"arches\":[\"arm64\",\"amd64\"]}", true, true},
		{"{\"arches\":[\"arm64\"]}", false, false},
		{"{\"minKernel\":\"5.10\"}", true, true},
		{"{\"minKernel\":\"4.19\"}", true, true},
		{"{\"minKernel\":\"5.11\"}", false, false},
		{"{\"minKernel\":\"6.0\"}", false, false},
		{"{\"caps\":[\"CAP_CHOWN\"],\"minKernel\":\"6.0\"}", false, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *rules = xasprintf("{\"name\":\"x\",\"action\":\"SCMP_ACT_LOG\",\"includes\":%s},"
						 "{\"name\":\"x\",\"action\":\"SCMP_ACT_LOG\",\"excludes\":%s}",
						 cases[i].condition, cases[i].condition);
		struct seccomp_profile profile;

		assert_int_equal(parse(rules, &profile, NULL), 0);
		assert_int_equal(seccomp_rule_applies(&profile.rules.items[0], &host), cases[i].is_included);
		assert_int_equal(seccomp_rule_applies(&profile.rules.items[1], &host), !cases[i].is_excluded);
		seccomp_profile_release(&profile);
	}
}

/* In a child under the filter: 0 when every call of test_the_kernel_obeys() ends as it should, else which did not. */
static int obeys(const struct text *program)
{
	struct sock_fprog filter = {.len = (unsigned short)(program->length / sizeof(struct sock_filter)),
				    .filter = (struct sock_filter *)(void *)program->data};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		return 1;
	if (syscall(SYS_getppid) != -1 || errno != 40)
		return 2;
	if (syscall(SYS_getpgid, 12345678) != -1 || errno != 41)
		return 3;
	if (syscall(SYS_getpgid, 0) < 0)
		return 4;
	return 0;
}

static void test_the_kernel_obeys(void **state)
{
	struct seccomp_profile profile;
	struct text program = {0};
	struct error err = {0};
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(parse("{\"names\":[\"getppid\",\"no_such_call\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":40},"
			       "{\"names\":[\"getppid\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":40},"
			       "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			       "{\"names\":[\"getpgid\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":41,"
			       "\"args\":[{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_GT\"}]}",
			       &profile, &err),
			 0);
	assert_int_equal(seccomp_compile(&profile, 0, &program, &err), 0);
	pid = fork();
	if (pid == 0)
		_exit(obeys(&program));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	text_release(&program);
	seccomp_profile_release(&profile);
}

static void test_unknown_architectures(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_VAX\"}]}";
	struct seccomp_profile profile;
	struct text program = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(seccomp_profile_parse(text, strlen(text), &profile, &err), 0);
	assert_int_equal(seccomp_compile(&profile, 0, &program, &err), -EINVAL);
	assert_string_equal(err.message, "the architecture SCMP_ARCH_VAX is not known");
	seccomp_profile_release(&profile);
}

/* The one that we ship, with all capabilities and with none. */
static void test_the_shipped_profile(void **state)
{
	static const uint64_t sets[] = {0, UINT64_MAX};
	const char *source = getenv("srcdir");
	autofree char *path = xasprintf("%s/etc/seccomp.json.in", source ? source : ".");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct seccomp_profile profile;
		struct text program = {0};
		struct error err = {0};

		if (seccomp_profile_load(path, &profile, &err) < 0 || seccomp_compile(&profile, sets[i], &program, &err) < 0)
			fail_msg("%s", err.message);
		assert_true(program.length > 1000);
		text_release(&program);
		seccomp_profile_release(&profile);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errnos_by_default),
		cmocka_unit_test(test_refusals_name_the_place),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_the_kernel_obeys),
		cmocka_unit_test(test_unknown_architectures),
		cmocka_unit_test(test_the_shipped_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
