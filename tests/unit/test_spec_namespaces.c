/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the rules for shared namespaces and kernel parameters. */
#include "model/spec_namespaces.h"

#include "work.h"

static void assert_mode(enum spec_namespace kind, const char *mode, bool is_good)
{
	struct error err = {0};
	int r = spec_namespace_check_mode(kind, mode, &err);

	if (is_good != (r == 0))
		fail_msg("--%s %s: %d %s", spec_namespace_kinds[kind].option, mode, r, err.message);
}

static void test_modes(void **state)
{
	(void)state;
	assert_mode(SPEC_NAMESPACE_NET, "none", true);
	assert_mode(SPEC_NAMESPACE_NET, "host", true);
	assert_mode(SPEC_NAMESPACE_NET, "container:web", true);
	assert_mode(SPEC_NAMESPACE_NET, "private", false);
	assert_mode(SPEC_NAMESPACE_NET, "", false);
	assert_mode(SPEC_NAMESPACE_NET, "Host", false);
	assert_mode(SPEC_NAMESPACE_NET, "host ", false);
	assert_mode(SPEC_NAMESPACE_NET, "container:", false);
	assert_mode(SPEC_NAMESPACE_NET, "container:../x", false);
	assert_mode(SPEC_NAMESPACE_NET, "container:a\nlxc.hook.pre-start = /x", false);
	assert_mode(SPEC_NAMESPACE_PID, "private", true);
	assert_mode(SPEC_NAMESPACE_PID, "container:web", true);
	assert_mode(SPEC_NAMESPACE_IPC, "shareable", true);
	assert_mode(SPEC_NAMESPACE_IPC, "private", true);
	assert_mode(SPEC_NAMESPACE_UTS, "shareable", false);
	assert_mode(SPEC_NAMESPACE_CGROUP, "host", true);
	assert_mode(SPEC_NAMESPACE_CGROUP, "container:web", false);
	assert_mode(SPEC_NAMESPACE_TIME, "container:web", false);
}

static void test_what_modes_mean(void **state)
{
	struct spec_namespaces namespaces = {
		.modes = {[SPEC_NAMESPACE_NET] = (char *)"container:web", [SPEC_NAMESPACE_PID] = (char *)"host"}};

	(void)state;
	assert_string_equal(spec_namespace_container(&namespaces, SPEC_NAMESPACE_NET), "web");
	assert_false(spec_namespace_is_own(&namespaces, SPEC_NAMESPACE_NET));
	assert_false(spec_namespace_is_host(&namespaces, SPEC_NAMESPACE_NET));
	assert_true(spec_namespace_is_host(&namespaces, SPEC_NAMESPACE_PID));
	assert_false(spec_namespace_is_own(&namespaces, SPEC_NAMESPACE_PID));
	assert_string_equal(spec_namespace_mode(&namespaces, SPEC_NAMESPACE_IPC), "shareable");
	assert_true(spec_namespace_is_own(&namespaces, SPEC_NAMESPACE_IPC));
	assert_null(spec_namespace_container(&namespaces, SPEC_NAMESPACE_IPC));
}

static void test_sharing_contradicts_ids_of_its_own(void **state)
{
	static const struct {
		enum spec_namespace kind;
		bool is_good;
	} rows[] = {
		{SPEC_NAMESPACE_NET, false}, {SPEC_NAMESPACE_PID, false},   {SPEC_NAMESPACE_IPC, false},
		{SPEC_NAMESPACE_UTS, true},  {SPEC_NAMESPACE_CGROUP, true}, {SPEC_NAMESPACE_TIME, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_namespaces namespaces = {.modes = {[SPEC_NAMESPACE_NET] = NULL}};
		struct error err = {0};

		namespaces.modes[rows[i].kind] = (char *)"host";
		assert_int_equal(spec_namespaces_check(&namespaces, false, &err), 0);
		assert_int_equal(spec_namespaces_check(&namespaces, true, &err), rows[i].is_good ? 0 : -EINVAL);
		if (!rows[i].is_good)
			assert_non_null(strstr(err.message, "--user-remap none"));
	}
}

/* --- --sysctl -------------------------------------------------------------------------------------------------------------- */

static void test_sysctls(void **state)
{
	static const struct {
		const char *item;
		enum spec_namespace kind;
	} good[] = {
		{"net.ipv4.ip_forward=1", SPEC_NAMESPACE_NET},
		{"net.ipv4.conf.all.rp_filter=0", SPEC_NAMESPACE_NET},
		{"net.ipv6.conf.Eth-0.mtu=1280", SPEC_NAMESPACE_NET},
		{"net.ipv4.ip_local_port_range=1024 65000", SPEC_NAMESPACE_NET},
		{"net.ipv4.ip_local_reserved_ports=8080,9148-9150", SPEC_NAMESPACE_NET},
		{"kernel.msgmax=9000", SPEC_NAMESPACE_IPC},
		{"kernel.msgmnb=1", SPEC_NAMESPACE_IPC},
		{"kernel.msgmni=1", SPEC_NAMESPACE_IPC},
		{"kernel.sem=250 32000 32 128", SPEC_NAMESPACE_IPC},
		{"kernel.shmall=1", SPEC_NAMESPACE_IPC},
		{"kernel.shmmax=1", SPEC_NAMESPACE_IPC},
		{"kernel.shmmni=1", SPEC_NAMESPACE_IPC},
		{"kernel.shm_rmid_forced=1", SPEC_NAMESPACE_IPC},
		{"kernel.pid_max=5000", SPEC_NAMESPACE_PID},
		{"fs.mqueue.msg_max=20", SPEC_NAMESPACE_IPC},
	};
	/* Key grammar first: what got past it would become a path below /proc/sys, or a second line. */
	static const char *const bad[] = {
		"",
		"=",
		"=1",
		"net.ipv4.ip_forward",
		"net=1",
		"net.=1",
		".net.x=1",
		"net..x=1",
		"net.x.=1",
		"net.../../kernel/core_pattern=1",
		"net/ipv4/ip_forward=1",
		"net.ipv4/../../kernel.core_pattern=|/x",
		"kernel.core_pattern=|/x",
		"kernel.msgmax.x=1",
		"kernel.msgmaxx=1",
		"kernel.msgma=1",
		"Kernel.msgmax=1",
		" net.ipv4.ip_forward=1",
		"net.ipv4.ip_forward =1",
		"net.ipv4.ip_forward+kernel.core_pattern=1",
		"net.ipv4.ip_forward=1+kernel.core_pattern=|/x",
		"net.ipv4.ip_forward=1+x",
		"net.ipv4.ip_forward=1\nkernel.core_pattern=|/x",
		"net.ipv4.ip_forward=1\n",
		"net.ipv4\n.ip_forward=1",
		"net.ipv4.ip_forward==1",
		"net.ipv4.ip_forward=",
		"net.ipv4.ip_forward=\x7f",
		"net.ipv4.ip_forward=\xc3\xa4",
		"vm.swappiness=1",
		"fs.file-max=1",
		"user.max_user_namespaces=0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error err = {0};

		if (spec_sysctl_check(good[i].item, &err) != 0)
			fail_msg("%s: %s", good[i].item, err.message);
		assert_int_equal(spec_sysctl_namespace(good[i].item), good[i].kind);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};

		if (spec_sysctl_check(bad[i], &err) >= 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_true(err.message[0]);
	}
}

static void test_the_words_of_the_reference(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(spec_sysctl_check("kernel.core_pattern=x", &err), -EPERM);
	assert_non_null(strstr(err.message, "Sysctl 'kernel.core_pattern' is not whitelist"));
}

static void test_sysctls_of_what_is_shared(void **state)
{
	static const struct {
		enum spec_namespace kind;
		const char *mode, *item;
		bool is_good;
	} rows[] = {
		{SPEC_NAMESPACE_NET, "host", "net.ipv4.ip_forward=1", false},
		{SPEC_NAMESPACE_NET, "container:web", "net.ipv4.ip_forward=1", false},
		{SPEC_NAMESPACE_NET, "host", "kernel.msgmax=1", true},
		{SPEC_NAMESPACE_NET, "none", "net.ipv4.ip_forward=1", true},
		{SPEC_NAMESPACE_IPC, "host", "kernel.msgmax=1", false},
		{SPEC_NAMESPACE_IPC, "host", "fs.mqueue.msg_max=1", false},
		{SPEC_NAMESPACE_PID, "host", "kernel.pid_max=400", false},
		{SPEC_NAMESPACE_PID, "host", "net.ipv4.ip_forward=1", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_namespaces namespaces = {.modes = {[SPEC_NAMESPACE_NET] = NULL}};
		struct error err = {0};
		int r;

		namespaces.modes[rows[i].kind] = (char *)rows[i].mode;
		strings_append(&namespaces.sysctls, rows[i].item);
		r = spec_namespaces_check(&namespaces, false, &err);
		if (r != (rows[i].is_good ? 0 : -EINVAL))
			fail_msg("%s with %s: %d %s", rows[i].item, rows[i].mode, r, err.message);
		strings_release(&namespaces.sysctls);
	}
}

/* --- --ns-change-opt ------------------------------------------------------------------------------------------------------- */

static void test_writable(void **state)
{
	static const struct {
		const char *text, *words; /* NULL: refused */
	} rows[] = {
		{"net", "net"},    {"ipc", "ipc"}, {"net,ipc", "net,ipc"}, {"ipc,net", "ipc,net"}, {"", NULL},
		{",", NULL},       {"net,", NULL}, {"net,net", NULL},      {"net,ipc,net", NULL},  {"pid", NULL},
		{"net ipc", NULL}, {"NET", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(strings_release) struct strings words = {0};
		autofree char *joined = NULL;
		struct error err = {0};
		int r = spec_parse_writable(rows[i].text, &words, &err);

		joined = strings_join(&words, ",");
		if (!rows[i].words != (r < 0) || (rows[i].words && strcmp(joined, rows[i].words) != 0))
			fail_msg("\"%s\": %d %s", rows[i].text, r, joined);
	}
	assert_string_equal(spec_writable_files("net")[0], "/proc/sys/net");
	assert_null(spec_writable_files("net")[1]);
	assert_null(spec_writable_files("pid")[0]);
}

static void test_writable_of_what_is_shared(void **state)
{
	struct spec_namespaces namespaces = {.modes = {[SPEC_NAMESPACE_NET] = (char *)"host"}};
	struct error err = {0};

	(void)state;
	strings_append(&namespaces.writable, "ipc");
	assert_int_equal(spec_namespaces_check(&namespaces, false, &err), 0);
	strings_append(&namespaces.writable, "net");
	assert_int_equal(spec_namespaces_check(&namespaces, false, &err), -EINVAL);
	assert_non_null(strstr(err.message, "--ns-change-opt net contradicts --net host"));
	strings_release(&namespaces.writable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_what_modes_mean),
		cmocka_unit_test(test_sharing_contradicts_ids_of_its_own),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_the_words_of_the_reference),
		cmocka_unit_test(test_sysctls_of_what_is_shared),
		cmocka_unit_test(test_writable),
		cmocka_unit_test(test_writable_of_what_is_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
