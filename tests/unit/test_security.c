/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of capabilities, security options, ulimits and labels: text in, values or a message out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/memory.h"
#include "kernel/capability.h"
#include "kernel/lsm.h"
#include "model/spec_security.h"

/* --- capabilities ---------------------------------------------------------------------------------------------------- */

static void test_capability_names(void **state)
{
	(void)state;
	assert_int_equal(capability_parse("CHOWN"), 0);
	assert_int_equal(capability_parse("cap_Sys_Admin"), 21);
	assert_int_equal(capability_parse("CHECKPOINT_RESTORE"), 40);
	assert_int_equal(capability_parse("CAP_"), -EINVAL);
	assert_int_equal(capability_parse("CAP_CAP_CHOWN"), -EINVAL);
	assert_int_equal(capability_parse("21"), -EINVAL);
	for (int number = 0; number <= 40; number++)
		assert_int_equal(capability_parse(capability_name(number)), number);
	assert_null(capability_name(41));
	assert_null(capability_name(-1));
}

static void test_capability_sets(void **state)
{
	static const struct {
		const char *add[3], *drop[3];
		uint64_t from, to;
	} cases[] = {
		{{NULL}, {NULL}, 0xff, 0xff},
		{{"MKNOD"}, {NULL}, 0xff, 0x80000ff},
		{{NULL}, {"CHOWN", "KILL"}, 0xff, 0xde},
		{{"CHOWN"}, {"CHOWN"}, 0xff, 0xfe},
		{{NULL}, {"ALL"}, 0xff, 0},
		{{"KILL", "SETUID"}, {"ALL"}, 0xff, 0xa0},
		{{"ALL"}, {NULL}, 0xff, UINT64_MAX},
		{{"ALL"}, {"CHOWN"}, 0xff, UINT64_MAX - 1},
		{{"ALL"}, {"ALL"}, 0xff, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_security security = {0};

		for (size_t j = 0; cases[i].add[j]; j++)
			strings_append(&security.cap_add, cases[i].add[j]);
		for (size_t j = 0; cases[i].drop[j]; j++)
			strings_append(&security.cap_drop, cases[i].drop[j]);
		assert_true(spec_security_capabilities(&security, cases[i].from) == cases[i].to);
		spec_security_release(&security);
	}
}

/* --- options --------------------------------------------------------------------------------------------------------- */

/* Parses `options` one after the other and compares what inspect would show, or the message of the last. */
static void check_options(const char *const *options, const char *expected)
{
	struct spec_security security = {0};
	autorelease(strings_release) struct strings shown = {0};
	autofree char *joined = NULL;
	struct error err = {0};

	for (size_t i = 0; options[i] && err.code == 0; i++)
		spec_security_parse_option(options[i], &security, &err);
	spec_security_format_options(&security, &shown);
	joined = strings_join(&shown, " ");
	assert_string_equal(err.code ? err.message : joined, expected);
	if (err.code == 0)
		assert_int_equal(spec_security_check(&security, NULL), 0);
	spec_security_release(&security);
}

static void test_options(void **state)
{
	static const struct {
		const char *options[4], *expected;
	} cases[] = {
		{{"seccomp=unconfined"}, "seccomp=unconfined"},
		{{"seccomp:/a=b:c"}, "seccomp=/a=b:c"},
		{{"seccomp=/a", "seccomp=/a"}, "seccomp=/a"},
		{{"apparmor=docker-default//sub"}, "apparmor=docker-default//sub"},
		{{"label=disable"}, "label=disable"},
		{{"label=user:system_u", "label:type=container_t", "label=level:s0:c1,c2"},
		 "label=user:system_u label=type:container_t label=level:s0:c1,c2"},
		{{"no-new-privileges"}, "no-new-privileges"},
		{{"no-new-privileges:true"}, "no-new-privileges"},
		{{"no-new-privileges=false"}, ""},
		{{"seccomp=/a", "seccomp=/b"}, "it contradicts \"/a\", which is given too"},
		{{"seccomp=/a", "seccomp=unconfined"}, "a file and \"unconfined\" contradict each other"},
		{{"label=type:x", "label=disable"}, "label=disable and parts of a label contradict each other"},
		{{"label=type:x", "label=type:y"}, "it contradicts \"x\", which is given too"},
		{{"label=types:x"}, "use label=user:X, role:X, type:X, level:X or disable"},
		{{"label=user"}, "use label=user:X, role:X, type:X, level:X or disable"},
		{{"label=user:a:b"}, "label user: \"a:b\" is no such name"},
		{{"apparmor=a b"}, "AppArmor profile: \"a b\" is no such name"},
		{{"apparmor=a\nb"}, "AppArmor profile: \"a\nb\" is no such name"},
		{{""}, "use seccomp=FILE|unconfined, apparmor=PROFILE|unconfined, label=..., or no-new-privileges"},
		{{"Seccomp=x"}, "use seccomp=FILE|unconfined, apparmor=PROFILE|unconfined, label=..., or no-new-privileges"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_options(cases[i].options, cases[i].expected);
}

/* spec.json may have been edited. */
static void test_loaded_values_are_checked(void **state)
{
	struct ulimit bad = {.name = (char *)"as", .soft = 1, .hard = 1};
	struct spec_security security = {0};
	struct error err = {0};

	(void)state;
	strings_append(&security.cap_add, "CHOWN");
	strings_append(&security.cap_drop, "EVERYTHING");
	assert_int_equal(spec_security_check(&security, &err), -EINVAL);
	assert_string_equal(err.message, "cap_drop: unknown capability 'EVERYTHING'");
	strings_release(&security.cap_drop);
	security.apparmor = xstrdup("two words");
	assert_int_equal(spec_security_check(&security, &err), -EINVAL);
	assert_string_equal(err.message, "apparmor: \"two words\" is no such name");
	free(steal_ptr(security.apparmor));
	ulimits_set(&security.ulimits, &bad);
	assert_int_equal(spec_security_check(&security, &err), -EINVAL);
	assert_string_equal(err.message, "ulimits[0]: Invalid ulimit type: \"as\"");
	spec_security_release(&security);
}

/* --- ulimits --------------------------------------------------------------------------------------------------------- */

static void test_ulimits(void **state)
{
	static const struct {
		const char *text;
		int64_t soft, hard;
	} cases[] = {
		{"nofile=1024", 1024, 1024},
		{"core=-1", -1, -1},
		{"nproc=5:-1", 5, -1},
		{"stack=0:9223372036854775807", 0, INT64_MAX},
	};
	struct ulimits list = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ulimit limit;

		assert_int_equal(ulimit_parse(cases[i].text, &limit, NULL), 0);
		assert_true(limit.soft == cases[i].soft && limit.hard == cases[i].hard);
		ulimits_set(&list, &limit);
		ulimits_set(&list, &limit);
		free(limit.name);
	}
	assert_int_equal(list.count, ARRAY_SIZE(cases));
	ulimits_release(&list);
	for (size_t i = 0; i < ULIMIT_COUNT; i++)
		assert_true(ulimit_resource(ulimit_name(i)) >= 0);
	assert_int_equal(ulimit_resource("nofile"), RLIMIT_NOFILE);
}

static void test_bad_ulimits(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "Invalid ulimit argument: \"\", delimiter '=' can't be the first or the last character"},
		{"=", "Invalid ulimit argument: \"=\", delimiter '=' can't be the first or the last character"},
		{"nofile=1=2", "Invalid ulimit argument: \"nofile=1=2\", use NAME=SOFT[:HARD]"},
		{"NOFILE=1", "Invalid ulimit type: \"NOFILE\""},
		{"nofile=1:2:3", "Too many limit value arguments: \"1:2:3\" can only have up to two, soft[:hard]"},
		{"nofile=2:1", "Ulimit soft limit must be less than or equal to hard limit: 2 > 1"},
		{"nofile=1 ", "Invalid ulimit soft value: \"1 \" is not a whole number: Invalid argument"},
		{"nofile=1:-2", "Invalid ulimit hard value: \"-2\" is out of range: Numerical result out of range"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ulimit limit = {0};
		struct error err = {0};

		assert_true(ulimit_parse(cases[i].text, &limit, &err) < 0);
		assert_string_equal(err.message, cases[i].message);
		assert_null(limit.name);
	}
}

/* --- labels ---------------------------------------------------------------------------------------------------------- */

static void check_merge(const char *base, const char *const parts[4], const char *expected)
{
	autofree char *merged = lsm_merge_context(base, parts[0], parts[1], parts[2], parts[3]);

	if (expected)
		assert_string_equal(merged, expected);
	else
		assert_null(merged);
}

static void test_contexts(void **state)
{
	static const char base[] = "system_u:system_r:container_t:s0:c1,c2";
	static const char *const nothing[4] = {NULL}, *const type[4] = {NULL, NULL, "spc_t", NULL},
				 *const level[4] = {NULL, NULL, NULL, "s0-s0:c0.c9"}, *const all[4] = {"u", "r", "t", "s1"};

	(void)state;
	check_merge(base, nothing, base);
	check_merge(base, type, "system_u:system_r:spc_t:s0:c1,c2");
	check_merge(base, level, "system_u:system_r:container_t:s0-s0:c0.c9");
	check_merge(base, all, "u:r:t:s1");
	check_merge("a:b:c", nothing, "a:b:c");
	check_merge("a:b:c", all, "u:r:t:s1");
	check_merge("a:b", nothing, NULL);
	check_merge("", nothing, NULL);
	check_merge("a::c", nothing, NULL);
}

static void test_container_context(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"process = \"system_u:system_r:container_t:s0\"\nfile = \"x\"\n", "system_u:system_r:container_t:s0"},
		{"# process = no\nfile = \"x\"\n  process=a:b:c\r\n", "a:b:c"},
		{"processes = \"x\"\nprocess \"y\"\n", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *found = lsm_parse_container_context(cases[i].text);

		if (cases[i].expected)
			assert_string_equal(found, cases[i].expected);
		else
			assert_null(found);
	}
}

static void test_profiles(void **state)
{
	static const char list[] =
		"syscontainer-guest (enforce)\nlxc-container (complain)\n/usr/bin/man//filter (enforce)\na b (kill)\n";

	(void)state;
	assert_true(lsm_lists_profile(list, "syscontainer-guest"));
	assert_true(lsm_lists_profile(list, "lxc-container"));
	assert_true(lsm_lists_profile(list, "/usr/bin/man//filter"));
	assert_false(lsm_lists_profile(list, "/usr/bin/man"));
	assert_false(lsm_lists_profile(list, "syscontainer"));
	assert_false(lsm_lists_profile(list, "container"));
	assert_false(lsm_lists_profile(list, "a"));
	assert_false(lsm_lists_profile("", "syscontainer-guest"));
	assert_false(lsm_lists_profile("syscontainer-guest", "syscontainer-guest"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capability_names), cmocka_unit_test(test_capability_sets),
		cmocka_unit_test(test_options),          cmocka_unit_test(test_loaded_values_are_checked),
		cmocka_unit_test(test_ulimits),          cmocka_unit_test(test_bad_ulimits),
		cmocka_unit_test(test_contexts),         cmocka_unit_test(test_container_context),
		cmocka_unit_test(test_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
