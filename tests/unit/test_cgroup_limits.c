/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests each limit by its row: what is refused, and what is written on cgroup v1 and v2, in folders that look like hosts. */
#include "kernel/cgroup_limits.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "kernel/cgroup_disk.h"
#include "kernel/cgroup_oom.h"

#define PATH      "/syscontainer/web"
#define V2        "/sys/fs/cgroup"
#define CONTAINER V2 PATH
#define MB        ((int64_t)1 << 20)

#define HOST_FILES \
	{"/sys/devices/system/cpu/online", "0-3\n"}, {"/proc/meminfo", "MemTotal: 1 kB\nHugepagesize:       2048 kB\n"}, \
		{"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n"}, \
		{"/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "0\n"}, \
		{"/sys/dev/block/8:1/partition", "1\n"}, {"/dev/null-file", ""},

static const struct file v2_host[] = {
	{"/proc/self/mountinfo", "31 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"},
	HOST_FILES{V2 "/cgroup.controllers", "cpuset cpu io memory pids hugetlb\n"},
	{V2 "/cgroup.subtree_control", "cpuset cpu io memory pids hugetlb\n"},
	{V2 "/syscontainer/cgroup.subtree_control", "cpuset cpu io memory pids hugetlb\n"},
	{CONTAINER "/cpu.weight", "100\n"},
	{CONTAINER "/cpu.max", "max 100000\n"},
	{CONTAINER "/memory.max", "max\n"},
	{CONTAINER "/memory.high", "max\n"},
	{CONTAINER "/memory.low", "0\n"},
	{CONTAINER "/memory.swap.max", "max\n"},
	{CONTAINER "/memory.current", "20000000\n"},
	{CONTAINER "/memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n"},
	{CONTAINER "/pids.max", "max\n"},
	{CONTAINER "/io.max", "8:16 rbps=1 wbps=2 riops=3 wiops=4\n8:0 rbps=max wbps=max riops=7 wiops=max\n"},
	{CONTAINER "/io.weight", "default 100\n8:0 50\n"},
	{CONTAINER "/hugetlb.2MB.max", "max\n"},
	{CONTAINER "/hugetlb.1GB.max", "max\n"},
	{CONTAINER "/hugetlb.1GB.rsvd.max", "max\n"},
};

#define V1(controller) "/sys/fs/cgroup/" controller PATH

static const struct file v1_host[] = {
	{"/proc/self/mountinfo", "31 22 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
				 "32 22 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
				 "33 22 0:33 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
				 "34 22 0:34 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n"},
	HOST_FILES{"/sys/fs/cgroup/cpu/cpu.rt_period_us", "1000000\n"},
	{"/sys/fs/cgroup/cpu/cpu.rt_runtime_us", "950000\n"},
	{"/sys/fs/cgroup/cpu/syscontainer/cpu.rt_period_us", "1000000\n"},
	{"/sys/fs/cgroup/cpu/syscontainer/cpu.rt_runtime_us", "0\n"},
	{V1("cpu") "/cpu.rt_period_us", "1000000\n"},
	{V1("cpu") "/cpu.rt_runtime_us", "0\n"},
	{V1("cpu") "/guest/cpu.rt_period_us", "1000000\n"},
	{V1("cpu") "/guest/cpu.rt_runtime_us", "0\n"},
	{"/sys/fs/cgroup/memory/memory.kmem.limit_in_bytes", "9223372036854771712\n"},
	{"/sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\n"},
	{V1("memory") "/memory.kmem.limit_in_bytes", "9223372036854771712\n"},
	{V1("memory") "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"},
	{"/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device", ""},
	{"/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device", ""},
	{"/sys/fs/cgroup/blkio/blkio.throttle.read_iops_device", ""},
	{"/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device", ""},
	{V1("blkio") "/blkio.throttle.read_bps_device", ""},
	{V1("blkio") "/blkio.throttle.write_bps_device", "8:0 77\n"},
	{V1("blkio") "/blkio.throttle.read_iops_device", ""},
	{V1("blkio") "/blkio.throttle.write_iops_device", ""},
	{V1("blkio") "/blkio.bfq.weight", "100\n"},
	{V1("blkio") "/blkio.bfq.weight_device", "default 100\n"},
	{V1("hugetlb") "/hugetlb.2MB.limit_in_bytes", "9223372036852678656\n"},
	{V1("hugetlb") "/hugetlb.2MB.rsvd.limit_in_bytes", "9223372036852678656\n"},
};

/* /dev/sda is 8:0, /dev/sda1 a partition of it; false where we may not make nodes. */
static bool make_disks(void)
{
	autofree char *disk = xasprintf("%s/dev/sda", root), *partition = xasprintf("%s/dev/sda1", root);
	autofree char *link = xasprintf("%s/dev/disk:0", root);

	return mknod(disk, S_IFBLK | 0600, makedev(8, 0)) == 0 && mknod(partition, S_IFBLK | 0600, makedev(8, 1)) == 0 &&
	       symlink("sda", link) == 0;
}

static const struct cgroup_limit *find_row(const char *option)
{
	for (size_t i = 0; i < cgroup_limit_count; i++)
		if (strcmp(cgroup_limit_rows[i].option, option) == 0)
			return &cgroup_limit_rows[i];
	fail_msg("there is no %s", option);
	return NULL;
}

/* As one types it: numbers in the member's unit. */
static void set(struct cgroup_limits *limits, const char *option, const char *value)
{
	const struct cgroup_limit *row = find_row(option);
	void *member = (char *)limits + row->offset;

	if (row->kind == CGROUP_LIMIT_LIST)
		*(char **)member = xstrdup(value);
	else if (row->kind >= CGROUP_LIMIT_PAGES)
		strings_append(member, value);
	else
		*(int64_t *)member = strtoll(value, NULL, 10);
}

/* "--a 1 --b 2" */
static struct cgroup_limits limits_of(const char *words)
{
	autorelease(strings_release) struct strings list = {0};
	struct cgroup_limits limits = CGROUP_LIMITS_UNSET;

	strings_split(&list, words, " ");
	for (size_t i = 0; i + 1 < list.count; i += 2)
		set(&limits, list.items[i], list.items[i + 1]);
	return limits;
}

static void test_items(void **state)
{
	static const struct {
		enum cgroup_limit_kind kind;
		const char *text, *subject, *message; /* refused when there is a message */
		uint64_t page_bytes;
		int64_t value;
	} rows[] = {
		{CGROUP_LIMIT_RATES, "/dev/sda:1m", "/dev/sda", NULL, 0, MB},
		{CGROUP_LIMIT_RATES, "/dev/disk/by-path/pci-0000:00:1f.2:10kb", "/dev/disk/by-path/pci-0000:00:1f.2", NULL,
		 0, 10240},
		{CGROUP_LIMIT_RATES, "/dev/sda:0", "/dev/sda", NULL, 0, 0},
		{CGROUP_LIMIT_COUNTS, "/dev/sda:2147483647", "/dev/sda", NULL, 0, INT32_MAX},
		{CGROUP_LIMIT_WEIGHTS, "/dev/sda:10", "/dev/sda", NULL, 0, 10},
		{CGROUP_LIMIT_WEIGHTS, "/dev/sda:1000", "/dev/sda", NULL, 0, 1000},
		{CGROUP_LIMIT_PAGES, "2MB:1g", NULL, NULL, (uint64_t)2 << 20, (int64_t)1 << 30},
		{CGROUP_LIMIT_PAGES, "1g", NULL, NULL, 0, (int64_t)1 << 30},
		{CGROUP_LIMIT_PAGES, "64k:-1", NULL, NULL, 65536, -1},
		{CGROUP_LIMIT_PAGES, "0", NULL, NULL, 0, 0},
		{.kind = CGROUP_LIMIT_RATES, .text = "", .message = "give the path of a disk"},
		{.kind = CGROUP_LIMIT_RATES, .text = "sda:1m", .message = "give the path of a disk"},
		{.kind = CGROUP_LIMIT_RATES, .text = "/dev/sda", .message = "give the path of a disk"},
		{.kind = CGROUP_LIMIT_RATES, .text = "/dev/sda:", .message = "\"\" is not a size"},
		{.kind = CGROUP_LIMIT_RATES, .text = "/dev/sda:-1", .message = "\"-1\" is not a size"},
		{.kind = CGROUP_LIMIT_RATES, .text = "/dev/sda:1x", .message = "\"1x\" is not a size"},
		{.kind = CGROUP_LIMIT_RATES, .text = "/dev/sda:9223372036854775808", .message = "out of range"},
		{.kind = CGROUP_LIMIT_RATES, .text = "/dev/sda:99999999999999999999", .message = "out of range"},
		{.kind = CGROUP_LIMIT_COUNTS, .text = "/dev/sda:1m", .message = "\"1m\" is not a whole number"},
		{.kind = CGROUP_LIMIT_COUNTS, .text = "/dev/sda:2147483648", .message = "out of range"},
		{.kind = CGROUP_LIMIT_COUNTS, .text = "/dev/sda:-1", .message = "out of range"},
		{.kind = CGROUP_LIMIT_WEIGHTS, .text = "/dev/sda:9", .message = "Invalid weight for device"},
		{.kind = CGROUP_LIMIT_WEIGHTS, .text = "/dev/sda:1001", .message = "Invalid weight for device"},
		{.kind = CGROUP_LIMIT_WEIGHTS, .text = "/dev/sda:ten", .message = "Invalid weight for device"},
		{.kind = CGROUP_LIMIT_PAGES, .text = "", .message = "\"\" is not a size"},
		{.kind = CGROUP_LIMIT_PAGES, .text = ":1g", .message = "\"\" is not a size"},
		{.kind = CGROUP_LIMIT_PAGES, .text = "0:1g", .message = "\"0\" is no size of huge pages"},
		{.kind = CGROUP_LIMIT_PAGES, .text = "2MB:", .message = "\"\" is not a size"},
		{.kind = CGROUP_LIMIT_PAGES, .text = "2MB:-2", .message = "\"-2\" is not a size"},
		{.kind = CGROUP_LIMIT_PAGES, .text = "2X:1g", .message = "\"2X\" is not a size"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};
		struct error err = {0};
		int r = cgroup_limit_parse(rows[i].kind, rows[i].text, &item, &err);

		if (rows[i].message ? r >= 0 || !strstr(err.message, rows[i].message) : r < 0)
			fail_msg("%s: %d \"%s\"", rows[i].text, r, err.message);
		if (rows[i].message)
			continue;
		assert_int_equal(item.page_bytes, rows[i].page_bytes);
		assert_int_equal(item.value, rows[i].value);
		if (rows[i].subject)
			assert_string_equal(item.subject, rows[i].subject);
	}
}

static void test_page_names(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *name;
	} rows[] = {{65536, "64KB"}, {2 << 20, "2MB"}, {512 << 20, "512MB"}, {1 << 30, "1GB"}, {(uint64_t)16 << 30, "16GB"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *name = cgroup_limit_page_name(rows[i].bytes);

		assert_string_equal(name, rows[i].name);
	}
}

struct check {
	const char *words, *message; /* NULL: accepted */
};

static void assert_checks(const struct cgroup_host *host, const struct check *checks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		autorelease(cgroup_limits_release) struct cgroup_limits limits = limits_of(checks[i].words);
		struct error err = {0};
		int r = cgroup_limits_check(host, &limits, &err);

		if (checks[i].message ? r >= 0 || !strstr(err.message, checks[i].message) : r < 0)
			fail_msg("%s: %d \"%s\", not \"%s\"", checks[i].words, r, err.message, checks[i].message);
	}
}

static void test_check_v2(void **state)
{
	static const struct check checks[] = {
		{"--oom-score-adj -1000", NULL},
		{"--oom-score-adj 1000", NULL},
		{"--kernel-memory -1", NULL},
		{"--oom-kill-disable 0", NULL},
		{"--cpu-rt-runtime 0", NULL},
		{"--hugetlb-limit 2MB:4m --hugetlb-limit 1GB:0", NULL},
		{"--hugetlb-limit 4m", NULL},
		{"--hugetlb-limit -1", NULL},
		{"--device-read-bps /dev/gone:0", NULL}, /* only takes a limit back */
		{"--oom-score-adj -1001", "Invalid --oom-score-adj -1001: it must be from -1000 to 1000"},
		{"--oom-score-adj 1001", "Invalid --oom-score-adj 1001"},
		{"--blkio-weight 9", "Invalid --blkio-weight 9: it must be from 10 to 1000"},
		{"--blkio-weight 1001", "Invalid --blkio-weight 1001"},
		{"--blkio-weight -1", "Invalid --blkio-weight -1"},
		{"--blkio-weight 10", "Your kernel does not support --blkio-weight: it has neither io.bfq.weight"},
		{"--kernel-memory 4194303", "Invalid --kernel-memory 4194303"},
		{"--kernel-memory 8388608",
		 "Your kernel does not support --kernel-memory: cgroup v2 has no memory.kmem.limit_in_bytes"},
		{"--oom-kill-disable 1",
		 "Your kernel does not support --oom-kill-disable: cgroup v2 has no memory.oom_control"},
		{"--cpu-rt-runtime 1000",
		 "Your kernel does not support --cpu-rt-runtime: cgroup v2 has no cpu.rt_runtime_us"},
		{"--cpu-rt-period 1000", "Your kernel does not support --cpu-rt-period: cgroup v2 has no cpu.rt_period_us"},
		{"--cpu-rt-period -1", "Invalid --cpu-rt-period -1: it must be from 1 to 2147483647 microseconds"},
		{"--hugetlb-limit 3MB:6m",
		 "Invalid value \"3MB:6m\" for flag --hugetlb-limit: this host has no huge pages of that size: "},
		{"--hugetlb-limit 2MB:3m", "3145728 bytes are no whole number of 2MB pages"},
		{"--hugetlb-limit 3m", "3145728 bytes are no whole number of 2MB pages"},
		{"--hugetlb-limit 1b:1m", "no huge pages of that size"},
		{"--hugetlb-limit big", "Invalid value \"big\" for flag --hugetlb-limit"},
		{"--device-read-bps /dev/gone:1m",
		 "Invalid value \"/dev/gone:1m\" for flag --device-read-bps: cannot find the disk /dev/gone"},
		{"--device-write-iops /dev/null-file:5", "/dev/null-file is no block device"},
		{"--device-read-iops /sys:5", "/sys is no block device"},
		{"--blkio-weight-device /dev/null-file:5", "Invalid weight for device"},
		{"--device-write-bps /dev/null-file",
		 "Invalid value \"/dev/null-file\" for flag --device-write-bps: give the path"},
	};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);

	(void)state;
	assert_checks(&host, checks, ARRAY_SIZE(checks));
}

/* Folders do not fill themselves: a new cgroup has no files there, as one of a kernel that cannot do it. */
static void test_check_v1(void **state)
{
	static const struct check checks[] = {
		{"--cpu-rt-runtime 950000", NULL},
		{"--cpu-rt-runtime 500 --cpu-rt-period 1000", NULL},
		{"--cpu-rt-period 0", NULL},
		{"--oom-kill-disable 1", NULL},
		{"--device-read-bps /dev/gone:0", NULL},
		{"--hugetlb-limit 2MB:2m", NULL},
		{"--cpu-rt-runtime 1001 --cpu-rt-period 1000",
		 "Invalid --cpu-rt-runtime: rt runtime cannot be higher than rt period"},
		{"--cpu-rt-runtime 1000001", "Invalid --cpu-rt-runtime: rt runtime cannot be higher than rt period"},
		{"--kernel-memory 8388608",
		 "Your kernel does not support --kernel-memory: what is written to memory.kmem.limit_in_bytes has no effect"},
		{"--blkio-weight 300", "Your kernel does not support --blkio-weight: it has neither blkio.weight"},
		{"--pids-limit 5",
		 "Your kernel does not support --pids-limit: no cgroup hierarchy on this host has the controller pids"},
		{"--cpu-shares 5", "Your kernel does not support --cpu-shares: there is no "},
	};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	autofree char *memory = xasprintf("%s/sys/fs/cgroup/memory", root);
	struct stat status;

	(void)state;
	assert_checks(&host, checks, ARRAY_SIZE(checks));
	/* What the questions were asked of is gone: syscontainer and "." and ".." */
	assert_int_equal(stat(memory, &status), 0);
	assert_int_equal(status.st_nlink, 3);
}

static void test_lacking_controllers(void **state)
{
	static const struct file bare[] = {
		{"/proc/self/mountinfo", "31 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"},
		HOST_FILES{V2 "/cgroup.controllers", "\n"},
	};
	static const char *const of_files[] = {"--cpuset-cpus 0", "--blkio-weight-device /dev/x:0", "--hugetlb-limit 2MB:2m",
					       "--device-read-bps /dev/x:0"};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(bare);

	(void)state;
	for (size_t i = 0; i < cgroup_limit_count + ARRAY_SIZE(of_files); i++) {
		const struct cgroup_limit *row = i < cgroup_limit_count ? &cgroup_limit_rows[i] : NULL;
		autofree char *words = row ? xasprintf("%s %lld", row->option, (long long)row->min)
					   : xstrdup(of_files[i - cgroup_limit_count]);
		autorelease(cgroup_limits_release) struct cgroup_limits limits = CGROUP_LIMITS_UNSET;
		struct error err = {0};

		if (row && (row->kind >= CGROUP_LIMIT_LIST || !row->controller))
			continue;
		limits = limits_of(words);
		assert_int_equal(cgroup_limits_check(&host, &limits, &err), -EOPNOTSUPP);
		assert_non_null(strstr(err.message, "has the controller "));
	}
}

struct write {
	const char *words, *file, *content;
};

static void assert_writes(const struct cgroup_host *host, const struct write *writes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		autorelease(cgroup_limits_release) struct cgroup_limits limits = limits_of(writes[i].words);
		struct error err;

		if (cgroup_limits_apply(host, PATH, &limits, NULL, NULL, &err) < 0)
			fail_msg("%s: %s", writes[i].words, err.message);
		assert_written(writes[i].file, writes[i].content);
	}
}

static void test_apply_v2(void **state)
{
	static const struct write writes[] = {
		{"--blkio-weight 10", CONTAINER "/io.weight", "default 1"},
		{"--blkio-weight 1000", CONTAINER "/io.weight", "default 10000"},
		{"--blkio-weight 0", CONTAINER "/io.weight", "default 100"},
		{"--hugetlb-limit 2MB:1g", CONTAINER "/hugetlb.2MB.max", "1073741824"},
		{"--hugetlb-limit 1GB:0", CONTAINER "/hugetlb.1GB.max", "0"},
		{"--hugetlb-limit 1GB:1g", CONTAINER "/hugetlb.1GB.rsvd.max", "1073741824"},
		{"--hugetlb-limit 1GB:-1", CONTAINER "/hugetlb.1GB.max", "max"},
		{"--device-read-bps /dev/gone:0", CONTAINER "/io.max", "8:16 rbps=1"}, /* as it was */
	};
	static const struct write of_disks[] = {
		{"--device-read-bps /dev/sda:1m", CONTAINER "/io.max", "8:0 rbps=1048576"},
		{"--device-write-bps /dev/disk:0:7", CONTAINER "/io.max", "8:0 wbps=7"},
		{"--device-read-iops /dev/sda:0", CONTAINER "/io.max", "8:0 riops=max"},
		{"--device-write-iops /dev/sda:9", CONTAINER "/io.max", "8:0 wiops=9"},
		{"--blkio-weight-device /dev/sda:1000", CONTAINER "/io.weight", "8:0 10000"},
		{"--blkio-weight-device /dev/sda:0", CONTAINER "/io.weight", "8:0 default"},
	};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);

	(void)state;
	assert_writes(&host, writes, ARRAY_SIZE(writes));
	if (!make_disks())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(of_disks); i++) {
		make_files(v2_host,
			   ARRAY_SIZE(v2_host)); /* each from the start: a folder's files keep but what is written last */
		assert_writes(&host, &of_disks[i], 1);
	}
}

static void test_apply_bfq_v2(void **state)
{
	static const struct write writes[] = {
		{"--blkio-weight 300", CONTAINER "/io.bfq.weight", "default 300"},
		{"--blkio-weight 1000", CONTAINER "/io.weight", "default 10000"}, /* for disks of io.cost */
		{"--blkio-weight 0", CONTAINER "/io.bfq.weight", "default 100"},
	};
	static const struct write of_disks[] = {
		{"--blkio-weight-device /dev/sda:1000", CONTAINER "/io.bfq.weight", "8:0 1000"},
		{"--blkio-weight-device /dev/sda:0", CONTAINER "/io.weight", "8:0 default"},
	};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);

	(void)state;
	replace(CONTAINER "/io.bfq.weight", "default 100\n");
	assert_writes(&host, writes, ARRAY_SIZE(writes));
	make_files(v2_host, ARRAY_SIZE(v2_host));
	if (make_disks())
		assert_writes(&host, of_disks, ARRAY_SIZE(of_disks));
}

static void test_apply_v1(void **state)
{
	static const struct write writes[] = {
		{"--oom-kill-disable 1", V1("memory") "/memory.oom_control", "1"},
		{"--blkio-weight 300", V1("blkio") "/blkio.bfq.weight", "300"},
		{"--hugetlb-limit 2MB:4m", V1("hugetlb") "/hugetlb.2MB.limit_in_bytes", "4194304"},
		{"--hugetlb-limit 2MB:8m", V1("hugetlb") "/hugetlb.2MB.rsvd.limit_in_bytes", "8388608"},
		{"--hugetlb-limit 2MB:-1", V1("hugetlb") "/hugetlb.2MB.limit_in_bytes", "-1"},
		{"--cpu-rt-runtime 9000", V1("cpu") "/guest/cpu.rt_runtime_us", "9000"},
		{"--cpu-rt-period 500000", V1("cpu") "/cpu.rt_period_us", "500000"},
		{"--kernel-memory 8388608", V1("memory") "/memory.kmem.limit_in_bytes", "8388608"},
	};
	static const struct write of_disks[] = {
		{"--device-read-bps /dev/sda:1m", V1("blkio") "/blkio.throttle.read_bps_device", "8:0 1048576"},
		{"--device-write-bps /dev/sda:0", V1("blkio") "/blkio.throttle.write_bps_device", "8:0 0"},
		{"--device-read-iops /dev/sda:6", V1("blkio") "/blkio.throttle.read_iops_device", "8:0 6"},
		{"--device-write-iops /dev/sda:7", V1("blkio") "/blkio.throttle.write_iops_device", "8:0 7"},
		{"--blkio-weight-device /dev/sda:50", V1("blkio") "/blkio.bfq.weight_device", "8:0 50"},
	};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);

	(void)state;
	replace(V1("memory") "/memory.kmem.limit_in_bytes", "7000000\n"); /* as long as what will be written */
	assert_writes(&host, writes, ARRAY_SIZE(writes));
	if (make_disks())
		assert_writes(&host, of_disks, ARRAY_SIZE(of_disks));
}

static void test_disks(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	autofree char *number = NULL, *linked = NULL, *none = NULL;
	struct error err;

	(void)state;
	if (!make_disks())
		return;
	assert_int_equal(cgroup_disk_number(&host, "/dev/sda", &number, &err), 0);
	assert_string_equal(number, "8:0");
	assert_int_equal(cgroup_disk_number(&host, "/dev/disk:0", &linked, &err), 0);
	assert_string_equal(linked, "8:0");
	assert_int_equal(cgroup_disk_number(&host, "/dev/sda1", &none, &err), -EINVAL);
	assert_non_null(strstr(err.message, "/dev/sda1 is a partition"));
}

static void test_realtime_budget(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	struct error err;

	(void)state;
	assert_int_equal(cgroup_limits_grant_realtime(&host, "/syscontainer", CGROUP_LIMIT_UNSET, CGROUP_LIMIT_UNSET, &err),
			 0);
	assert_written("/sys/fs/cgroup/cpu/syscontainer/cpu.rt_runtime_us", "0");
	assert_int_equal(cgroup_limits_grant_realtime(&host, "/syscontainer", 500000, 95000, &err), 0);
	assert_written("/sys/fs/cgroup/cpu/syscontainer/cpu.rt_runtime_us", "95000");
	assert_written("/sys/fs/cgroup/cpu/syscontainer/cpu.rt_period_us", "500000");
	assert_written("/sys/fs/cgroup/cpu/cpu.rt_runtime_us", "950000"); /* the host's own */
	assert_int_equal(cgroup_limits_grant_realtime(&host, "/absent", 500000, 95000, &err), -ENOENT);
}

static void test_merge_items(void **state)
{
	static const struct {
		const char *stored, *changes, *merged, *kept; /* of the four lists, joined; kept: without what is lifted */
	} rows[] = {
		{"", "--hugetlb-limit 1g", "2MB:1073741824", "2MB:1073741824"},
		{"--hugetlb-limit 2MB:2m", "--hugetlb-limit 4m", "2MB:4194304", "2MB:4194304"},
		{"--hugetlb-limit 2MB:2m", "--hugetlb-limit 1GB:0", "2MB:2097152,1GB:0", "2MB:2097152,1GB:0"},
		{"--hugetlb-limit 2MB:2m", "--hugetlb-limit -1", "2MB:-1", ""},
		{"", "--device-read-bps /a:1 --device-read-bps /a:2", "/a:2", "/a:2"},
		{"--device-read-bps /a:1", "--device-read-bps /b:2", "/a:1,/b:2", "/a:1,/b:2"},
		{"--device-read-bps /a:1 --device-read-bps /b:2", "--device-read-bps /a:0", "/b:2,/a:0", "/b:2"},
		{"--device-write-iops /a:1", "", "/a:1", "/a:1"},
		{"--blkio-weight-device /a:10", "--blkio-weight-device /a:0", "/a:0", ""},
	};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(cgroup_limits_release) struct cgroup_limits stored = limits_of(rows[i].stored);
		autorelease(cgroup_limits_release) struct cgroup_limits changes = limits_of(rows[i].changes);
		autorelease(cgroup_limits_release) struct cgroup_limits merged = CGROUP_LIMITS_UNSET;

		assert_int_equal(cgroup_limits_merge(&host, &stored, &changes, &merged, NULL), 0);
		for (int pass = 0; pass < 2; pass++) {
			autorelease(strings_release) struct strings all = {0};
			autofree char *joined = NULL;

			strings_append_all(&all, &merged.hugetlb);
			strings_append_all(&all, &merged.device_read_bps);
			strings_append_all(&all, &merged.device_write_iops);
			strings_append_all(&all, &merged.blkio_weight_device);
			joined = strings_join(&all, ",");
			assert_string_equal(joined, pass ? rows[i].kept : rows[i].merged);
			cgroup_limits_forget_lifted(&merged);
		}
	}
}

static int refuse(void *data, struct error *err)
{
	return error_set(err, -ENOSPC, "%s", (const char *)data);
}

/* What was written is taken back in the form in which the kernel takes it. */
static void test_taken_back(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	autorelease(cgroup_limits_release) struct cgroup_limits limits =
		limits_of("--oom-kill-disable 1 --blkio-weight 300 --cpu-rt-runtime 9000");
	char reason[] = "the disk is full";
	struct error err;

	(void)state;
	if (make_disks())
		set(&limits, "--device-write-bps", "/dev/sda:99");
	assert_int_equal(cgroup_limits_apply(&host, PATH, &limits, refuse, reason, &err), -ENOSPC);
	assert_string_equal(err.message, reason);
	assert_written(V1("memory") "/memory.oom_control", "0");
	assert_written(V1("blkio") "/blkio.bfq.weight", "100");
	assert_written(V1("blkio") "/blkio.throttle.write_bps_device", "8:0 77");
	assert_written(V1("cpu") "/cpu.rt_runtime_us", "0");
	assert_written(V1("cpu") "/guest/cpu.rt_runtime_us", "0");
}

/* By number, as for a disk that is plugged in: all of its limits or none. */
static void test_one_disk(void **state)
{
	static const struct cgroup_disk_limit limits[] = {{"device-write-bps", 99}, {"blkio-weight-device", 50}};
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	autofree char *weights = xasprintf("%s" V1("blkio") "/blkio.bfq.weight_device", root);
	struct error err;

	(void)state;
	assert_int_equal(cgroup_limits_apply_disk(&host, PATH, makedev(8, 0), limits, 2, &err), 0);
	assert_written(V1("blkio") "/blkio.throttle.write_bps_device", "8:0 99");
	assert_written(V1("blkio") "/blkio.bfq.weight_device", "8:0 50");
	make_files(v1_host, ARRAY_SIZE(v1_host));
	assert_int_equal(unlink(weights), 0);
	assert_int_equal(cgroup_limits_apply_disk(&host, PATH, makedev(8, 0), limits, 2, &err), -EOPNOTSUPP);
	assert_written(V1("blkio") "/blkio.throttle.write_bps_device", "8:0 77");
}

static void test_limits_of_a_disk(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	autorelease(cgroup_limits_release) struct cgroup_limits limits = limits_of("--device-write-bps /dev/gone:4");

	(void)state;
	assert_int_equal(cgroup_limits_of_disk(&host, &limits, "device-write-bps", makedev(8, 0)), 0);
	if (!make_disks())
		return;
	set(&limits, "--device-write-bps", "/dev/sda:99");
	assert_int_equal(cgroup_limits_of_disk(&host, &limits, "device-write-bps", makedev(8, 0)), 99);
	assert_int_equal(cgroup_limits_of_disk(&host, &limits, "device-write-bps", makedev(8, 1)), 0);
	assert_int_equal(cgroup_limits_of_disk(&host, &limits, "device-read-bps", makedev(8, 0)), 0);
}

/* memory.reclaim is asked in steps and as long as there is something to gain; here it gains nothing, and that is refused. */
static void test_reclaim(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	autorelease(cgroup_limits_release) struct cgroup_limits limits = limits_of("--memory 8388608");
	struct error err;

	(void)state;
	replace(CONTAINER "/memory.reclaim", "");
	assert_int_equal(cgroup_limits_apply(&host, PATH, &limits, NULL, NULL, &err), -EBUSY);
	assert_non_null(strstr(err.message, "--memory cannot be lowered to 8388608 bytes: 20000000 bytes are in use"));
	assert_written(CONTAINER "/memory.reclaim", "1774288"); /* a sixteenth of what is too much, and 1 MiB */
	assert_written(CONTAINER "/memory.high", "max");
	assert_written(CONTAINER "/memory.max", "max");
}

/* Enough cache of files is waited for, as the kernel that gives up on it is already writing it. */
static void test_reclaim_waits_for_writing(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	autorelease(cgroup_limits_release) struct cgroup_limits limits = limits_of("--memory 8388608");
	struct error err;
	pid_t writer;

	(void)state;
	replace(CONTAINER "/memory.stat", "anon 4000000\ninactive_file 12000000\nactive_file 4000000\n");
	writer = fork();
	if (writer == 0) {
		nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
		replace(CONTAINER "/memory.current", "8000000\n");
		_exit(0);
	}
	assert_int_equal(cgroup_limits_apply(&host, PATH, &limits, NULL, NULL, &err), 0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	assert_written(CONTAINER "/memory.max", "8388608");
}

static void test_oom_v2(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v2_host);
	struct cgroup_oom oom;
	struct error err;
	bool is_killing = false;

	(void)state;
	assert_int_equal(cgroup_oom_watch(&host, PATH, &oom, &err), 1);
	assert_false(cgroup_oom_take(&oom, &is_killing)); /* the two of before are no news */
	replace(CONTAINER "/memory.events", "low 0\noom 4\noom_kill 3\noom_group_kill 0\n");
	assert_true(cgroup_oom_take(&oom, &is_killing));
	assert_true(is_killing);
	assert_false(cgroup_oom_take(&oom, &is_killing));
	cgroup_oom_close(&oom);
	assert_int_equal(cgroup_oom_watch(&host, "/syscontainer/absent", &oom, &err), -ENOENT);
	assert_int_equal(oom.fd, -1);
}

/* One option is one row, and no two rows share a name. */
static void test_rows(void **state)
{
	struct cgroup_limits limits = CGROUP_LIMITS_UNSET;

	(void)state;
	assert_true(cgroup_limits_are_unset(&limits));
	for (size_t i = 0; i < cgroup_limit_count; i++) {
		const struct cgroup_limit *row = &cgroup_limit_rows[i];

		assert_true(strncmp(row->option, "--", 2) == 0);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(row->option, cgroup_limit_rows[j].option);
			assert_string_not_equal(row->key, cgroup_limit_rows[j].key);
			assert_true(row->offset != cgroup_limit_rows[j].offset);
		}
		set(&limits, row->option, "7");
		assert_false(cgroup_limits_are_unset(&limits));
		cgroup_limits_release(&limits);
		assert_true(cgroup_limits_are_unset(&limits));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows),       TEST(test_items),           TEST(test_page_names),
		TEST(test_check_v2),   TEST(test_check_v1),        TEST(test_lacking_controllers),
		TEST(test_apply_v2),   TEST(test_apply_bfq_v2),    TEST(test_apply_v1),
		TEST(test_disks),      TEST(test_realtime_budget), TEST(test_merge_items),
		TEST(test_taken_back), TEST(test_one_disk),        TEST(test_limits_of_a_disk),
		TEST(test_reclaim),    TEST(test_oom_v2),          TEST(test_reclaim_waits_for_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
