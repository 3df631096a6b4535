/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests cgroups against folders that look like hosts: no root and no kernel. */
#include "kernel/cgroup.h"

#include "host.h"
#include "kernel/cgroup_freeze.h"
#include "kernel/cgroup_limits.h"
#include "kernel/cgroup_stats.h"
#include "kernel/cgroup_tasks.h"
#include "kernel/cpulist.h"

#define PATH      "/syscontainer/web"
#define V2        "/sys/fs/cgroup"
#define CONTAINER V2 PATH

static const struct file v2_host[] = {
	{"/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
				 "31 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"},
	{"/proc/77/cgroup", "0::/syscontainer/web/guest/init.scope\n"},
	{"/proc/78/cgroup", "0::/syscontainer/web/guest (deleted)\n"},
	{"/sys/devices/system/cpu/online", "0-3\n"},
	{V2 "/cgroup.controllers", "cpuset cpu io memory pids\n"},
	{V2 "/cgroup.subtree_control", "cpuset cpu io memory pids\n"},
	{V2 "/syscontainer/cgroup.subtree_control", "cpuset cpu io memory\n"},
	{V2 "/syscontainer/memory.max", "500000000\n"},
	{CONTAINER "/cpu.weight", "100\n"},
	{CONTAINER "/cpu.max", "max 100000\n"},
	{CONTAINER "/cpuset.cpus", ""},
	{CONTAINER "/memory.max", "max\n"},
	{CONTAINER "/memory.high", "max\n"},
	{CONTAINER "/memory.low", "0\n"},
	{CONTAINER "/memory.swap.max", "max\n"},
	{CONTAINER "/memory.current", "20000000\n"},
	{CONTAINER "/memory.swap.current", "4096\n"},
	{CONTAINER "/memory.stat", "anon 1\nfile 300\nkernel 200\ninactive_file 100\nfile_mapped 9\n"},
	{CONTAINER "/memory.events", "low 0\noom 3\noom_kill 2\n"},
	{CONTAINER "/pids.max", "max\n"},
	{CONTAINER "/pids.current", "12\n"},
	{CONTAINER "/cpu.stat", "usage_usec 1500\nuser_usec 1000\n"},
	{CONTAINER "/io.stat", "8:0 rbytes=100 wbytes=7 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=11 wbytes=0 rios=1\n"},
	{CONTAINER "/cgroup.freeze", "0\n"},
	{CONTAINER "/cgroup.events", "populated 1\nfrozen 0\n"},
	{CONTAINER "/cgroup.procs", ""},
	{CONTAINER "/guest/cgroup.procs", ""},
	{CONTAINER "/guest/init.scope/cgroup.procs", "77\n"},
	{CONTAINER "/guest/a.service/cgroup.procs", "101\n102\n0\n"},
};

static const struct file hybrid_host[] = {
	{"/proc/self/mountinfo",
	 "32 31 0:29 /docker/x /bound cgroup - cgroup cgroup rw,cpu,cpuacct\n" /* too few fields before the "-" */
	 "33 31 0:29 /docker/x /elsewhere rw - cgroup cgroup rw,cpu,cpuacct\n"
	 "34 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
	 "35 31 0:31 / /sys/fs/cgroup/with\\040blank rw - cgroup cgroup rw,cpuset,clone_children\n"
	 "36 31 0:32 / /sys/fs/cgroup/memory rw shared:1 master:2 - cgroup cgroup rw,memory\n"
	 "40 31 0:37 /lxc/c1 /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n"
	 "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	 "42 31 0:39 / /sys/fs/cgroup/gone rw - cgroup cgroup rw,pids\n"},
	{"/proc/77/cgroup", "9:name=systemd:/lxc/c1/a\n4:memory:/deep/er\n2:cpu,cpuacct:/\n0::/x:y\n"},
	{"/proc/78/cgroup", "9:name=systemd:/lxc/c10/a\n"},
	{"/sys/devices/system/cpu/online", "0-3\n"},
	{"/elsewhere/cpu.shares", "1024\n"},
	{"/sys/fs/cgroup/cpu,cpuacct/cpu.shares", "1024\n"},
	{"/sys/fs/cgroup/with blank/cpuset.cpus", "0-3\n"},
	{"/sys/fs/cgroup/with blank/cpuset.mems", "0\n"},
	{"/sys/fs/cgroup/with blank" PATH "/cpuset.cpus", "0-3\n"},
	{"/sys/fs/cgroup/with blank" PATH "/guest/cpuset.cpus", "0-3\n"},
	{"/sys/fs/cgroup/with blank" PATH "/guest/x/cpuset.cpus", "2-3\n"},
	{"/sys/fs/cgroup/with blank" PATH "/guest/y/cpuset.cpus", "3\n"},
	{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
	{"/sys/fs/cgroup/memory" PATH "/memory.limit_in_bytes", "9\n"},
	{"/sys/fs/cgroup/memory" PATH "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"},
	{"/sys/fs/cgroup/memory" PATH "/guest/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"},
	{"/sys/fs/cgroup/memory" PATH "/memory.stat", "cache 1\nhierarchical_memory_limit 9223372036854771712\n"
						      "total_cache 70\ntotal_inactive_file 60\ntotal_swap 5\n"},
	{"/sys/fs/cgroup/systemd/tasks", ""},
	{"/sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n"},
	{"/sys/fs/cgroup/unified/cgroup.subtree_control", "\n"},
};

static void test_paths(void **state)
{
	static const char *const good[] = {"/a", "/syscontainer/0123", "/a.slice/b-c.scope", "/..a/b..", "/\xc3\xa4"};
	static const char *const bad[] = {"",    "/",       "a",     "a/b",  "/a/",   "//a",    "/a//b",
					  "/..", "/a/../b", "/a/..", "/./a", "/a\nb", "/a/\x7f"};
	autofree char *huge = xcalloc(5000, 1);
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(cgroup_path_check(good[i], &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cgroup_path_check(bad[i], &err), -EINVAL);
	memset(huge, 'a', 4999);
	huge[0] = '/';
	assert_int_equal(cgroup_path_check(huge, &err), -EINVAL);
	assert_true(cgroup_path_is_below("/a/b", "/a"));
	assert_true(cgroup_path_is_below("/a", "/a"));
	assert_false(cgroup_path_is_below("/ab", "/a"));
}

static void test_cpulist(void **state)
{
	static const struct {
		const char *text, *formatted; /* NULL: refused */
	} rows[] = {
		{"", ""},         {"0", "0"},     {"0-3,7", "0-3,7"},
		{"3,2,1", "1-3"}, {"1-1", "1"},   {"8191", "8191"},
		{"3-1", NULL},    {"8192", NULL}, {"99999999999999999999", NULL},
		{"1,", NULL},     {",1", NULL},   {"-1", NULL},
		{"1-", NULL},     {"a", NULL},    {"1 ", NULL},
		{"0x1", NULL},    {"1\n2", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(text_release) struct text formatted = {0};
		struct cpulist list;
		struct error err;

		assert_int_equal(cpulist_parse(rows[i].text, &list, &err), rows[i].formatted ? 0 : -EINVAL);
		if (!rows[i].formatted)
			continue;
		cpulist_format(&list, &formatted);
		assert_string_equal(text_get(&formatted), rows[i].formatted);
	}
}

static void test_hybrid_host(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(hybrid_host);
	const struct cgroup_hierarchy *hierarchy = cgroup_find(&host, "cpu");
	struct error err;
	autofree char *point = xasprintf("%s/sys/fs/cgroup/cpu,cpuacct", root);

	(void)state;
	assert_int_equal(host.count, 5);
	assert_string_equal(hierarchy->mount_point, point);
	assert_ptr_equal(cgroup_find(&host, "cpuacct"), hierarchy);
	assert_non_null(cgroup_find(&host, "cpuset"));
	assert_non_null(cgroup_find(&host, "name=systemd"));
	assert_true(cgroup_find(&host, "freezer")->is_v2);
	assert_null(cgroup_find(&host, "pids"));
	assert_null(cgroup_find(&host, "xattr"));
	assert_null(cgroup_find(&host, "clone_children"));
	assert_false(cgroup_is_unified(&host));
	assert_int_equal(cgroup_require(&host, "pids", "--pids-limit", &hierarchy, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "Your kernel does not support --pids-limit"));
}

static void test_unified_host(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);

	(void)state;
	assert_true(cgroup_is_unified(&host));
	assert_non_null(cgroup_find(&host, "blkio"));
	assert_non_null(cgroup_find(&host, "devices"));
	assert_null(cgroup_find(&host, "hugetlb"));
	assert_null(cgroup_find(&host, "name=systemd"));
	assert_true(cgroup_exists(&host, PATH));
	assert_false(cgroup_exists(&host, "/syscontainer/other"));
}

static void test_no_cgroups(void **state)
{
	struct cgroup_host host;
	struct error err;

	(void)state;
	assert_int_equal(cgroup_host_load_below(root, &host, &err), -ENOENT);
	replace("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\ngarbage\n\n1 2 3 - cgroup\n");
	assert_int_equal(cgroup_host_load_below(root, &host, &err), -ENOENT);
	assert_non_null(strstr(err.message, "mount cgroup2"));
}

static void assert_process_in(const struct cgroup_host *host, pid_t pid, const char *controller, const char *expected)
{
	autofree char *path = NULL;
	struct error err;

	assert_int_equal(cgroup_of_process(host, pid, controller, &path, &err), 0);
	assert_string_equal(path, expected);
}

static void test_of_process(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(hybrid_host);
	char *path = NULL;
	struct error err;

	(void)state;
	assert_process_in(&host, 77, NULL, "/a"); /* below what is mounted */
	assert_process_in(&host, 77, "memory", "/deep/er");
	assert_process_in(&host, 77, "cpuacct", "/");
	assert_process_in(&host, 77, "freezer", "/x:y");
	assert_int_equal(cgroup_of_process(&host, 78, NULL, &path, &err), -ENOENT);
	assert_int_equal(cgroup_of_process(&host, 79, NULL, &path, &err), -ESRCH);
	assert_int_equal(cgroup_of_process(&host, 77, "pids", &path, &err), -EOPNOTSUPP);
}

static void test_of_process_v2(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);

	(void)state;
	assert_process_in(&host, 77, NULL, "/syscontainer/web/guest/init.scope");
	assert_process_in(&host, 77, "blkio", "/syscontainer/web/guest/init.scope");
	assert_process_in(&host, 78, NULL, "/syscontainer/web/guest");
}

static void test_weight(void **state)
{
	(void)state;
	assert_int_equal(cgroup_limits_weight(2), 1);
	assert_int_equal(cgroup_limits_weight(1024), 39);
	assert_int_equal(cgroup_limits_weight(262144), 10000);
	assert_int_equal(cgroup_limits_weight(0), 100);
}

static void assert_bandwidth(int64_t nano_cpus, int64_t period_us, int64_t quota_us, int64_t expected_period_us,
			     int64_t expected_quota_us)
{
	struct cgroup_limits limits;

	cgroup_limits_init(&limits);
	limits.nano_cpus = nano_cpus;
	limits.cpu_period_us = period_us;
	limits.cpu_quota_us = quota_us;
	cgroup_limits_bandwidth(&limits, &period_us, &quota_us);
	assert_int_equal(period_us, expected_period_us);
	assert_int_equal(quota_us, expected_quota_us);
}

static void test_bandwidth(void **state)
{
	const int64_t unset = CGROUP_LIMIT_UNSET;

	(void)state;
	assert_bandwidth(unset, unset, unset, unset, unset);
	assert_bandwidth(1500000000, unset, unset, 100000, 150000);
	assert_bandwidth(10000000, 0, 0, 100000, 1000);
	assert_bandwidth(0, unset, unset, 100000, -1);
	assert_bandwidth(0, 50000, 20000, 50000, 20000);
	assert_bandwidth(unset, unset, 0, unset, -1);
	assert_bandwidth(unset, 0, unset, 100000, unset);
}

/* One field of a row: where, and what. */
#define SET(field, number) \
	{ \
		offsetof(struct cgroup_limits, field), number \
	}

struct setting {
	size_t offset;
	int64_t value;
};

static struct cgroup_limits limits_of(const struct setting *settings, size_t count)
{
	struct cgroup_limits limits;

	cgroup_limits_init(&limits);
	for (size_t i = 0; i < count; i++)
		if (settings[i].value || settings[i].offset)
			memcpy((char *)&limits + settings[i].offset, &settings[i].value, sizeof(int64_t));
	return limits;
}

#define MB ((int64_t)1 << 20)

static void test_check(void **state)
{
	static const struct {
		const char *message; /* NULL: accepted */
		struct setting settings[3];
	} rows[] = {
		{NULL, {SET(cpu_shares, 2)}},
		{NULL, {SET(pids, 0)}},
		{NULL, {SET(pids, -5)}},
		{NULL, {SET(memory, 4 * MB)}},
		{NULL, {SET(memory, -1), SET(memory_swap, -1)}},
		{NULL, {SET(memory, 8 * MB), SET(memory_swap, 8 * MB), SET(memory_reservation, 8 * MB)}},
		{NULL, {SET(nano_cpus, 4000000000), SET(cpu_quota_us, 0), SET(cpu_period_us, 0)}},
		{NULL, {SET(nano_cpus, 10000000)}},
		{NULL, {SET(cpu_quota_us, -1), SET(cpu_period_us, 1000)}},
		{NULL, {SET(memory_swappiness, -1)}},
		{"Invalid --cpu-shares 1: it must be from 2 to 262144", {SET(cpu_shares, 1)}},
		{"Invalid --cpu-shares -1", {SET(cpu_shares, -1)}},
		{"Invalid --cpu-shares 262145", {SET(cpu_shares, 262145)}},
		{"Invalid --cpu-period 999", {SET(cpu_period_us, 999)}},
		{"Invalid --cpu-period 1000001", {SET(cpu_period_us, 1000001)}},
		{"Invalid --cpu-quota 999", {SET(cpu_quota_us, 999)}},
		{"Invalid --cpu-quota -2", {SET(cpu_quota_us, -2)}},
		{"Invalid --cpus 0.009999999", {SET(nano_cpus, 9999999)}},
		{"it must be from 0.01 to 4, as many as this host has", {SET(nano_cpus, 4000000001)}},
		{"Nano CPUs and CPU Period cannot both be set", {SET(nano_cpus, 1000000000), SET(cpu_period_us, 1000)}},
		{"Nano CPUs and CPU Quota cannot both be set", {SET(nano_cpus, 1000000000), SET(cpu_quota_us, 1000)}},
		{"Invalid --memory 4194303", {SET(memory, 4 * MB - 1)}},
		{"Invalid --memory -2", {SET(memory, -2)}},
		{"Invalid --memory-reservation 9437184: it must not be more than --memory 8388608",
		 {SET(memory, 8 * MB), SET(memory_reservation, 9 * MB)}},
		{"needs --memory too", {SET(memory_swap, 8 * MB)}},
		{"needs --memory too", {SET(memory, -1), SET(memory_swap, 8 * MB)}},
		{"must not be less than --memory", {SET(memory, 8 * MB), SET(memory_swap, 7 * MB)}},
		{"Invalid --memory-swappiness 101", {SET(memory_swappiness, 101)}},
		{"cgroup v2 has no memory.swappiness", {SET(memory_swappiness, 0)}},
		{"Invalid --pids-limit 4194305", {SET(pids, 4194305)}},
	};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cgroup_limits limits = limits_of(rows[i].settings, ARRAY_SIZE(rows[i].settings));
		struct error err = {0};
		int r = cgroup_limits_check(&host, &limits, &err);

		if (rows[i].message ? r >= 0 || !strstr(err.message, rows[i].message) : r < 0)
			fail_msg("row %zu: %d \"%s\", not \"%s\"", i, r, err.message, rows[i].message);
	}
}

static void assert_cpuset(const struct cgroup_host *host, char *cpus, char *mems, const char *message)
{
	struct cgroup_limits limits;
	struct error err = {0};
	int r;

	cgroup_limits_init(&limits);
	limits.cpuset_cpus = cpus;
	limits.cpuset_mems = mems;
	r = cgroup_limits_check(host, &limits, &err);
	if (message ? r >= 0 || !strstr(err.message, message) : r < 0)
		fail_msg("\"%s\", not \"%s\"", err.message, message);
}

static void test_check_cpuset(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	char all[] = "0-3", none[] = "", garbage[] = "0-x", absent[] = "2-4", zero[] = "0", one[] = "1";

	(void)state;
	assert_cpuset(&host, all, zero, NULL);
	assert_cpuset(&host, none, none, NULL);
	assert_cpuset(&host, garbage, NULL, "Invalid --cpuset-cpus: \"0-x\" is no list");
	assert_cpuset(&host, absent, NULL, "Invalid --cpuset-cpus 2-4: this host has 0-3");
	assert_cpuset(&host, NULL, one, "Invalid --cpuset-mems 1: this host has 0");
}

static void test_check_kernel(void **state)
{
	static const struct {
		const char *message;
		struct setting setting;
	} rows[] = {
		{"Your kernel does not support --pids-limit: no cgroup hierarchy on this host has the controller pids",
		 SET(pids, 9)},
		{"Your kernel does not support --cpu-quota: there is no ", SET(cpu_quota_us, 5000)},
		{"Your kernel does not support --memory-swap: there is no ", SET(memory_swap, -1)},
	};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(hybrid_host);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cgroup_limits limits = limits_of(&rows[i].setting, 1);
		struct error err = {0};

		assert_int_equal(cgroup_limits_check(&host, &limits, &err), -EOPNOTSUPP);
		assert_non_null(strstr(err.message, rows[i].message));
	}
}

static void test_merge(void **state)
{
	static const struct {
		const char *message; /* NULL: accepted */
		struct setting stored[2], changes[3];
	} rows[] = {
		{NULL, {SET(nano_cpus, 1)}, {SET(nano_cpus, 0), SET(cpu_quota_us, 5000)}},
		{NULL, {SET(cpu_quota_us, 5000)}, {SET(nano_cpus, 1), SET(cpu_quota_us, 0)}},
		{NULL, {SET(memory_swap, 8 * MB)}, {SET(memory, 8 * MB)}},
		{NULL, {SET(memory_swap, 8 * MB)}, {SET(memory, 9 * MB), SET(memory_swap, 9 * MB)}},
		{NULL, {SET(memory_swap, -1)}, {SET(memory, 9 * MB)}},
		{"CPU Period cannot be updated as NanoCPUs has already been set",
		 {SET(nano_cpus, 1)},
		 {SET(cpu_period_us, 5000)}},
		{"CPU Quota cannot be updated as NanoCPUs has already been set",
		 {SET(nano_cpus, 1)},
		 {SET(cpu_quota_us, 5000)}},
		{"Nano CPUs cannot be updated as CPU Period has already been set",
		 {SET(cpu_period_us, 5000)},
		 {SET(nano_cpus, 1)}},
		{"Nano CPUs cannot be updated as CPU Quota has already been set",
		 {SET(cpu_quota_us, 5000)},
		 {SET(nano_cpus, 1)}},
		{"Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time.",
		 {SET(memory_swap, 8 * MB)},
		 {SET(memory, 9 * MB)}},
	};

	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cgroup_limits stored = limits_of(rows[i].stored, 2), changes = limits_of(rows[i].changes, 3), merged;
		struct error err = {0};
		int r = cgroup_limits_merge(&host, &stored, &changes, &merged, &err);

		if (rows[i].message ? r >= 0 || strcmp(err.message, rows[i].message) != 0 : r < 0)
			fail_msg("row %zu: %d \"%s\", not \"%s\"", i, r, err.message, rows[i].message);
		if (r >= 0)
			cgroup_limits_release(&merged);
	}
}

static void test_merge_values(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct cgroup_limits stored, changes, merged;

	(void)state;
	cgroup_limits_init(&stored);
	cgroup_limits_init(&changes);
	stored.memory = 8 * MB;
	stored.pids = 10;
	stored.cpuset_cpus = xstrdup("0-1");
	stored.cpuset_mems = xstrdup("0");
	changes.pids = 20;
	changes.cpuset_cpus = xstrdup("");
	assert_int_equal(cgroup_limits_merge(&host, &stored, &changes, &merged, NULL), 0);
	assert_int_equal(merged.memory, 8 * MB);
	assert_int_equal(merged.pids, 20);
	assert_int_equal(merged.cpu_shares, CGROUP_LIMIT_UNSET);
	assert_string_equal(merged.cpuset_cpus, "");
	assert_string_equal(merged.cpuset_mems, "0");
	cgroup_limits_release(&stored);
	cgroup_limits_release(&changes);
	cgroup_limits_release(&merged);
	assert_null(merged.cpuset_mems);
}

static void apply(const struct cgroup_host *host, const struct cgroup_limits *limits)
{
	struct error err;

	if (cgroup_limits_apply(host, PATH, limits, NULL, NULL, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_apply_v2(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct cgroup_limits limits;

	(void)state;
	cgroup_limits_init(&limits);
	apply(&host, &limits);
	assert_written(CONTAINER "/cpu.weight", "100");
	limits.cpu_shares = 1024;
	limits.nano_cpus = 1500000000;
	limits.cpuset_cpus = xstrdup("0-2");
	limits.memory = 64 * MB;
	limits.memory_reservation = 32 * MB;
	limits.memory_swap = 96 * MB;
	limits.pids = 100;
	apply(&host, &limits);
	assert_written(CONTAINER "/cpu.weight", "39");
	assert_written(CONTAINER "/cpu.max", "150000 100000");
	assert_written(CONTAINER "/cpuset.cpus", "0-2");
	assert_written(CONTAINER "/memory.max", "67108864");
	assert_written(CONTAINER "/memory.high", "max"); /* was only lowered meanwhile */
	assert_written(CONTAINER "/memory.low", "33554432");
	assert_written(CONTAINER "/memory.swap.max", "33554432");
	assert_written(CONTAINER "/pids.max", "100");
	assert_written(V2 "/syscontainer/cgroup.subtree_control", "+pids");
	cgroup_limits_release(&limits);
}

/* openEuler's kernel has a controller for open files, in both generations. */
static const struct file files_v2_host[] = {
	{"/proc/self/mountinfo", "31 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"},
	{V2 "/cgroup.controllers", "files\n"},
	{V2 "/cgroup.subtree_control", "files\n"},
	{V2 "/syscontainer/cgroup.subtree_control", "\n"},
	{CONTAINER "/files.limit", "max\n"},
	{CONTAINER "/files.usage", "12\n"},
};

static const struct file files_v1_host[] = {
	{"/proc/self/mountinfo", "42 31 0:39 / /sys/fs/cgroup/files rw - cgroup cgroup rw,files\n"},
	{"/sys/fs/cgroup/files" PATH "/files.limit", "max\n"},
	{"/sys/fs/cgroup/files" PATH "/files.usage", "12\n"},
};

static void check_files_controller(const struct cgroup_host *host, const char *limit_file)
{
	struct cgroup_limits limits;
	struct cgroup_stats stats;

	cgroup_limits_init(&limits);
	limits.files = 100;
	assert_int_equal(cgroup_limits_check(host, &limits, NULL), 0);
	apply(host, &limits);
	assert_written(limit_file, "100");
	assert_int_equal(cgroup_stats_read(host, PATH, &stats, NULL), 1);
	assert_int_equal(stats.files_current, 12);
	assert_int_equal(stats.files_limit, 100);
	limits.files = -1;
	apply(host, &limits);
	assert_written(limit_file, "max");
}

static void test_files_controller_v2(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(files_v2_host);

	(void)state;
	check_files_controller(&host, CONTAINER "/files.limit");
	assert_written(V2 "/syscontainer/cgroup.subtree_control", "+files");
}

static void test_files_controller_v1(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(files_v1_host);

	(void)state;
	check_files_controller(&host, "/sys/fs/cgroup/files" PATH "/files.limit");
}

static void test_files_without_controller(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct cgroup_limits limits;
	struct cgroup_stats stats;
	struct error err = {0};

	(void)state;
	cgroup_limits_init(&limits);
	limits.files = 0;
	assert_int_equal(cgroup_limits_check(&host, &limits, NULL), 0);
	apply(&host, &limits);
	limits.files = 100;
	assert_int_equal(cgroup_limits_check(&host, &limits, &err), -EOPNOTSUPP);
	assert_non_null(
		strstr(err.message, "Your kernel does not support --files-limit: it has no cgroup controller files"));
	assert_non_null(strstr(err.message, "there is no /sys/kernel/security/lsm"));
	replace("/sys/kernel/security/lsm", "lockdown,yama");
	assert_int_equal(cgroup_limits_check(&host, &limits, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "boot the host with lsm=lockdown,yama,bpf"));
	replace("/sys/kernel/security/lsm", "lockdown,yama,bpf");
	assert_int_equal(cgroup_limits_check(&host, &limits, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "CONFIG_DEBUG_INFO_BTF"));
	assert_int_equal(cgroup_stats_read(&host, PATH, &stats, NULL), 1);
	assert_true(stats.files_current == 0 && stats.files_limit == UINT64_MAX);
}

static void test_apply_v2_parts(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct cgroup_limits limits;

	(void)state;
	cgroup_limits_init(&limits);
	replace(CONTAINER "/cpu.max", "max 50000\n");
	limits.cpu_quota_us = 20000;
	apply(&host, &limits);
	assert_written(CONTAINER "/cpu.max", "20000 50000");
	/* Swap that nobody spoke of is as large as the memory. */
	limits.memory = 64 * MB;
	apply(&host, &limits);
	assert_written(CONTAINER "/memory.swap.max", "67108864");
	replace(CONTAINER "/memory.max", "67108864\n");
	limits.memory = -1;
	apply(&host, &limits);
	assert_written(CONTAINER "/memory.max", "max");
}

static void test_apply_without_swap(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	autofree char *file = xasprintf("%s" CONTAINER "/memory.swap.max", root);
	struct cgroup_limits limits;
	struct error err;

	(void)state;
	assert_int_equal(unlink(file), 0);
	cgroup_limits_init(&limits);
	limits.memory = 64 * MB;
	apply(&host, &limits);
	assert_written(CONTAINER "/memory.max", "67108864");
	limits.memory_swap = 80 * MB;
	limits.pids = 7;
	assert_int_equal(cgroup_limits_apply(&host, PATH, &limits, NULL, NULL, &err), -EOPNOTSUPP);
	assert_non_null(
		strstr(err.message, "Your kernel does not support --memory-swap: the cgroup has no memory.swap.max"));
	assert_written(CONTAINER "/pids.max", "max"); /* taken back */
}

static void test_shrink_refused(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct cgroup_limits limits;
	struct error err;

	(void)state;
	cgroup_limits_init(&limits);
	limits.memory = 8 * MB;
	assert_int_equal(cgroup_limits_apply(&host, PATH, &limits, NULL, NULL, &err), -EBUSY);
	assert_non_null(strstr(err.message, "--memory cannot be lowered to 8388608 bytes: 20000000 bytes are in use"));
	assert_written(CONTAINER "/memory.max", "max");
	assert_written(CONTAINER "/memory.high", "max");
}

static void test_apply_cpuset_v1(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(hybrid_host);
	struct cgroup_limits limits;

	(void)state;
	cgroup_limits_init(&limits);
	limits.cpuset_cpus = xstrdup("0-2");
	apply(&host, &limits);
	assert_written("/sys/fs/cgroup/with blank" PATH "/cpuset.cpus", "0-2");
	assert_written("/sys/fs/cgroup/with blank" PATH "/guest/cpuset.cpus", "0-2");
	assert_written("/sys/fs/cgroup/with blank" PATH "/guest/x/cpuset.cpus", "2");   /* what it can keep */
	assert_written("/sys/fs/cgroup/with blank" PATH "/guest/y/cpuset.cpus", "0-2"); /* nothing of it was left */
	cgroup_limits_release(&limits);
}

static void test_apply_refuses(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct cgroup_limits limits;
	struct error err;

	(void)state;
	cgroup_limits_init(&limits);
	limits.memory = 8 * MB;
	assert_int_equal(cgroup_limits_apply(&host, "/../etc", &limits, NULL, NULL, &err), -EINVAL);
	assert_int_equal(cgroup_limits_apply(&host, "/syscontainer/absent", &limits, NULL, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.message, "/syscontainer/absent"));
}

static void test_stats_v2(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct cgroup_stats stats;

	(void)state;
	assert_int_equal(cgroup_stats_read(&host, PATH, &stats, NULL), 1);
	assert_int_equal(stats.cpu_usage_ns, 1500000);
	assert_int_equal(stats.memory_usage, 20000000);
	assert_int_equal(stats.memory_limit, 500000000); /* the parent's */
	assert_int_equal(stats.memory_inactive_file, 100);
	assert_int_equal(stats.memory_cache, 300);
	assert_int_equal(stats.memory_kernel, 200);
	assert_int_equal(stats.memory_swap, 4096);
	assert_int_equal(stats.blkio_read, 111);
	assert_int_equal(stats.blkio_write, 7);
	assert_int_equal(stats.pids_current, 12);
	assert_true(stats.pids_limit == UINT64_MAX);
	assert_int_equal(stats.oom_kills, 2);
	assert_int_equal(cgroup_stats_read(&host, "/syscontainer/absent", &stats, NULL), 0);
	assert_true(stats.memory_limit == UINT64_MAX && stats.memory_usage == 0);
}

static void test_stats_v1(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(hybrid_host);
	struct cgroup_stats stats;

	(void)state;
	assert_int_equal(cgroup_stats_read(&host, PATH, &stats, NULL), 1);
	assert_true(stats.memory_limit == UINT64_MAX);
	assert_int_equal(stats.memory_cache, 70);
	assert_int_equal(stats.memory_inactive_file, 60);
	assert_int_equal(stats.memory_swap, 5);
	assert_int_equal(stats.oom_kills, 5); /* the guest's own cgroups too */
	assert_int_equal(stats.pids_current, 0);
}

static void test_list_tasks(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	autorelease(cgroup_pids_release) struct cgroup_pids pids = {0};
	pid_t sum = 0;

	(void)state;
	assert_int_equal(cgroup_list_tasks(&host, PATH, &pids, NULL), 0);
	assert_int_equal(pids.count, 3);
	for (size_t i = 0; i < pids.count; i++)
		sum += pids.items[i];
	assert_int_equal(sum, 77 + 101 + 102);
	cgroup_pids_release(&pids);
	assert_int_equal(cgroup_list_tasks(&host, "/absent", &pids, NULL), 0);
	assert_int_equal(pids.count, 0);
}

static void test_freeze_v2(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct error err;

	(void)state;
	assert_int_equal(cgroup_is_frozen(&host, PATH, &err), 0);
	assert_int_equal(cgroup_freeze(&host, PATH, true, 20, &err), -ETIMEDOUT);
	assert_written(CONTAINER "/cgroup.freeze", "0"); /* undone */
	replace(CONTAINER "/cgroup.events", "populated 1\nfrozen 1\n");
	assert_int_equal(cgroup_freeze(&host, PATH, true, 20, &err), 0);
	assert_written(CONTAINER "/cgroup.freeze", "1");
	assert_int_equal(cgroup_is_frozen(&host, PATH, &err), 1);
	assert_int_equal(cgroup_is_frozen(&host, "/absent", &err), 0);
	assert_int_equal(cgroup_freeze(&host, "/absent", true, 20, &err), -ENOENT);
}

/* What others share at the top of a hybrid host's v2 tree stays as it is. */
static void test_create_hybrid(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(hybrid_host);
	autofree char *unified = xasprintf("%s/sys/fs/cgroup/unified" PATH "/new", root);
	struct error err;

	(void)state;
	/* A folder has no files that come with mkdir: the cpuset cannot be filled, and all that was made goes again. */
	assert_int_equal(cgroup_create(&host, PATH "/new", &err), -ENOENT);
	assert_false(cgroup_exists(&host, PATH "/new"));
	replace("/sys/fs/cgroup/with blank/syscontainer/cpuset.cpus", "0-3\n");
	replace("/sys/fs/cgroup/with blank/syscontainer/cpuset.mems", "0\n");
	replace("/sys/fs/cgroup/with blank" PATH "/cpuset.mems", "0\n");
	replace("/sys/fs/cgroup/with blank" PATH "/new/cpuset.cpus", "");
	replace("/sys/fs/cgroup/with blank" PATH "/new/cpuset.mems", "");
	assert_int_equal(cgroup_create(&host, PATH "/new", &err), 0);
	assert_written("/sys/fs/cgroup/with blank" PATH "/new/cpuset.cpus", "0-3");
	assert_true(file_exists(AT_FDCWD, unified));
	assert_written("/sys/fs/cgroup/unified/cgroup.subtree_control", "");
}

static void test_create_v2(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct error err;

	(void)state;
	assert_int_equal(cgroup_create(&host, PATH, &err), 0);
	assert_written(V2 "/syscontainer/cgroup.subtree_control", "+pids");
	assert_int_equal(cgroup_create(&host, "/a/../b", &err), -EINVAL);
}

static void test_attach_v2(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct error err;

	(void)state;
	assert_int_equal(cgroup_attach(&host, PATH, CGROUP_GUEST, 4711, &err), 0);
	assert_written(CONTAINER "/guest/cgroup.procs", "4711");
	assert_int_equal(cgroup_attach(&host, "/absent", CGROUP_GUEST, 4711, &err), -ENOENT);
	assert_int_equal(cgroup_attach(&host, PATH, "..", 4711, &err), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_paths),
		TEST(test_cpulist),
		TEST(test_hybrid_host),
		TEST(test_unified_host),
		TEST(test_no_cgroups),
		TEST(test_files_controller_v2),
		TEST(test_files_controller_v1),
		TEST(test_files_without_controller),
		TEST(test_of_process),
		TEST(test_of_process_v2),
		TEST(test_weight),
		TEST(test_bandwidth),
		TEST(test_check),
		TEST(test_check_cpuset),
		TEST(test_check_kernel),
		TEST(test_merge),
		TEST(test_merge_values),
		TEST(test_apply_v2),
		TEST(test_apply_v2_parts),
		TEST(test_apply_without_swap),
		TEST(test_shrink_refused),
		TEST(test_apply_cpuset_v1),
		TEST(test_apply_refuses),
		TEST(test_stats_v2),
		TEST(test_stats_v1),
		TEST(test_list_tasks),
		TEST(test_freeze_v2),
		TEST(test_create_hybrid),
		TEST(test_create_v2),
		TEST(test_attach_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
