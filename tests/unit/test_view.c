/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proc view: each host in tests/fixtures/procview (NAME.input) gives the texts in NAME.expected; rules hold in all of them; and
 * what happens over time. SYSCONTAINER_TEST_UPDATE=1 writes the expected files anew, for a reader of the diff.
 */
#include "lxcfs/view.h"

#include "base/text.h"
#include "lxcfs/load.h"
#include "procview.h"
#include "work.h"

#define SECOND INT64_C(1000000000)

/* By number. They are part of inode numbers that running guests hold: only the end may change. */
static const char *const numbers[] = {
	"",
	"proc",
	"proc/cpuinfo",
	"proc/diskstats",
	"proc/loadavg",
	"proc/meminfo",
	"proc/partitions",
	"proc/pressure",
	"proc/pressure/cpu",
	"proc/pressure/io",
	"proc/pressure/memory",
	"proc/slabinfo",
	"proc/stat",
	"proc/swaps",
	"proc/uptime",
	"sys",
	"sys/devices",
	"sys/devices/system",
	"sys/devices/system/cpu",
	"sys/devices/system/cpu/isolated",
	"sys/devices/system/cpu/kernel_max",
	"sys/devices/system/cpu/offline",
	"sys/devices/system/cpu/online",
	"sys/devices/system/cpu/possible",
	"sys/devices/system/cpu/present",
	"sys/devices/system/cpu/cpuN",
	"sys/devices/system/cpu/cpuN/online",
	"sys/devices/system/cpu/cpuN/topology",
	"sys/devices/system/cpu/cpuN/topology/core_cpus",
	"sys/devices/system/cpu/cpuN/topology/core_cpus_list",
	"sys/devices/system/cpu/cpuN/topology/core_id",
	"sys/devices/system/cpu/cpuN/topology/core_siblings",
	"sys/devices/system/cpu/cpuN/topology/core_siblings_list",
	"sys/devices/system/cpu/cpuN/topology/die_id",
	"sys/devices/system/cpu/cpuN/topology/package_cpus",
	"sys/devices/system/cpu/cpuN/topology/package_cpus_list",
	"sys/devices/system/cpu/cpuN/topology/physical_package_id",
	"sys/devices/system/cpu/cpuN/topology/thread_siblings",
	"sys/devices/system/cpu/cpuN/topology/thread_siblings_list",
};

static const char *const fixtures[] = {
	"v1", "hybrid", "no-swap", "swappiness", "v2", "zswap", "nested", "arm64", "unlimited", "many-cpus",
};

struct fixture {
	char *folder;
	struct procview_subject subject;
	struct view_host *host;
	struct view_guest *guest;
	struct text text;
};

static char *fixture_file(const char *name, const char *suffix)
{
	const char *source = getenv("srcdir");

	return xasprintf("%s/tests/fixtures/procview/%s.%s", source ? source : ".", name, suffix);
}

static char *read_fixture(const char *name, const char *suffix)
{
	autofree char *path = fixture_file(name, suffix);
	struct error err = {0};
	char *content;

	if (file_read(AT_FDCWD, path, 1 << 20, &content, NULL, &err) < 0)
		fail_msg("%s", err.message);
	return content;
}

static void open_guest(struct fixture *fixture)
{
	struct error err = {0};

	assert_int_equal(procview_read_subject(fixture->folder, &fixture->subject), 0);
	if (view_host_open(fixture->folder, &fixture->host, &err) < 0 ||
	    view_guest_open(fixture->host, &fixture->subject.subject, &fixture->guest, &err) < 0)
		fail_msg("%s", err.message);
}

static void fixture_open(struct fixture *fixture, const char *name)
{
	autofree char *bundle = read_fixture(name, "input");

	*fixture = (struct fixture){.folder = xstrdup(work_path(name))};
	procview_unpack(bundle, fixture->folder);
	open_guest(fixture);
}

static void close_guest(struct fixture *fixture)
{
	view_guest_free(fixture->guest);
	view_host_free(fixture->host);
	procview_release(&fixture->subject);
}

static void fixture_close(struct fixture *fixture)
{
	close_guest(fixture);
	text_release(&fixture->text);
	file_remove_tree(AT_FDCWD, fixture->folder, NULL);
	free(fixture->folder);
}

/* Replaces a file of the host while its descriptor is open, as the kernel does. */
static void change(const struct fixture *fixture, const char *path, const char *content)
{
	autofree char *whole = xasprintf("%s/%s", fixture->folder, path);
	autoclose int fd = open(whole, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, content, strlen(content), NULL), 0);
}

/* At so many ns after the fixture's own moment; whatever was read before is too old. */
static const char *render_at(struct fixture *fixture, const char *path, int64_t later_ns)
{
	unsigned int cpu;
	const struct view *view = view_find(path, &cpu);
	struct error err = {0};

	assert_non_null(view);
	if (view_render(fixture->guest, view, cpu, fixture->subject.now_ns + later_ns, -1, &fixture->text, &err) < 0)
		fail_msg("%s", err.message);
	return text_get(&fixture->text);
}

static const char *render(struct fixture *fixture, const char *path)
{
	return render_at(fixture, path, 0);
}

/*
 * Golden
 */

static void append_view(struct fixture *fixture, const struct view *view, unsigned int cpu, struct text *out)
{
	const char *number = strstr(view->path, "cpuN");
	autofree char *path = number ? xasprintf("%.*scpu%u%s", (int)(number - view->path), view->path, cpu, number + 4)
				     : xstrdup(view->path);

	if (S_ISDIR(view->mode) || !view_is_there(fixture->guest, view, cpu))
		return;
	text_appendf(out, PROCVIEW_MARK "%s\n%s", path, render(fixture, path));
}

/* All that the guest sees; of the CPUs' directories those of the first and the last. */
static void append_all(struct fixture *fixture, struct text *out)
{
	const struct view *view;
	unsigned int last;

	render(fixture, "sys/devices/system/cpu/online");
	last = view_guest_cpus(fixture->guest) - 1;
	for (size_t i = 0; (view = view_at(i)); i++) {
		append_view(fixture, view, 0, out);
		if (strstr(view->path, "cpuN") && last > 0)
			append_view(fixture, view, last, out);
	}
}

/* Where two texts part, with the lines around. */
static void fail_with_difference(const char *name, const char *expected, const char *made)
{
	autorelease(strings_release) struct strings wanted = {0}, got = {0};
	const char *section = "";
	size_t line = 0;

	strings_split(&wanted, expected, "\n");
	strings_split(&got, made, "\n");
	while (line < wanted.count && line < got.count && strcmp(wanted.items[line], got.items[line]) == 0) {
		if (strncmp(got.items[line], PROCVIEW_MARK, strlen(PROCVIEW_MARK)) == 0)
			section = got.items[line];
		line++;
	}
	print_error("%s, in %s:\n", name, section);
	for (size_t i = line; i < wanted.count && i < line + 5; i++)
		print_error("-%s\n", wanted.items[i]);
	for (size_t i = line; i < got.count && i < line + 5; i++)
		print_error("+%s\n", got.items[i]);
	fail();
}

static void test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		autorelease(text_release) struct text made = {0};
		autofree char *expected_path = fixture_file(fixtures[i], "expected");
		autofree char *expected = NULL;
		struct fixture fixture;

		fixture_open(&fixture, fixtures[i]);
		append_all(&fixture, &made);
		if (getenv("SYSCONTAINER_TEST_UPDATE"))
			file_replace(AT_FDCWD, expected_path, made.data, made.length, 0644, NULL);
		expected = read_fixture(fixtures[i], "expected");
		if (strcmp(expected, text_get(&made)) != 0)
			fail_with_difference(fixtures[i], expected, text_get(&made));
		fixture_close(&fixture);
	}
}

/*
 * Rules
 */

/* The number behind `key` at the beginning of a line. */
static uint64_t number_of(const char *text, const char *key)
{
	autofree char *searched = xasprintf("\n%s", key);
	const char *line = strncmp(text, key, strlen(key)) == 0 ? text : strstr(text, searched);

	assert_non_null(line);
	return strtoull(strchr(line, ':') + 1, NULL, 10);
}

static void check_memory(struct fixture *fixture)
{
	autofree char *meminfo = xstrdup(render(fixture, "proc/meminfo")), *swaps = xstrdup(render(fixture, "proc/swaps"));
	uint64_t total = number_of(meminfo, "MemTotal:"), swap_total = number_of(meminfo, "SwapTotal:");
	unsigned long long size = 0, used = 0;
	const char *entry = strchr(swaps, '\n') + 1;

	assert_true(number_of(meminfo, "MemAvailable:") <= total);
	assert_true(number_of(meminfo, "MemFree:") <= number_of(meminfo, "MemAvailable:"));
	assert_true(number_of(meminfo, "SwapFree:") <= swap_total);
	assert_true(number_of(meminfo, "AnonHugePages:") <= number_of(meminfo, "AnonPages:"));
	assert_int_equal(number_of(meminfo, "Active:"),
			 number_of(meminfo, "Active(anon):") + number_of(meminfo, "Active(file):"));
	assert_int_equal(number_of(meminfo, "Slab:"),
			 number_of(meminfo, "SReclaimable:") + number_of(meminfo, "SUnreclaim:"));
	for (const char *line = meminfo; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, "Swap", 4) != 0 && strncmp(line, "Vmalloc", 7) != 0 && strncmp(line, "Zswapped", 8) != 0)
			assert_true(strtoull(strchr(line, ':') + 1, NULL, 10) <= total);
	if (*entry)
		assert_int_equal(sscanf(entry, "none virtual %llu %llu 0", &size, &used), 2);
	assert_int_equal(size, swap_total);
	assert_int_equal(size - used, number_of(meminfo, "SwapFree:"));
}

static unsigned int count_lines(const char *text, const char *start)
{
	unsigned int count = 0;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		count += strncmp(line, start, strlen(start)) == 0;
	return count;
}

struct columns {
	unsigned long long user, system, idle;
};

static struct columns columns_of(const char *stat, const char *name)
{
	autofree char *searched = xasprintf("\n%s ", name);
	const char *line = strncmp(stat, searched + 1, strlen(name) + 1) == 0 ? stat - 1 : strstr(stat, searched);
	struct columns columns;

	assert_non_null(line);
	assert_int_equal(sscanf(line + strlen(searched), "%llu 0 %llu %llu 0 0 0 0 0 0\n", &columns.user, &columns.system,
				&columns.idle),
			 3);
	return columns;
}

/* `cpu` is the sum of its lines and the idle time that of uptime; returns it. */
static struct columns check_sums(struct fixture *fixture, int64_t later_ns)
{
	autofree char *stat = xstrdup(render_at(fixture, "proc/stat", later_ns));
	struct columns whole = columns_of(stat, "cpu"), sum = {0};
	unsigned long long seconds, hundredths;

	for (unsigned int i = 0; i < view_guest_cpus(fixture->guest); i++) {
		autofree char *name = xasprintf("cpu%u", i);
		struct columns part = columns_of(stat, name);

		sum.user += part.user;
		sum.system += part.system;
		sum.idle += part.idle;
	}
	assert_memory_equal(&sum, &whole, sizeof(sum));
	assert_int_equal(sscanf(render_at(fixture, "proc/uptime", later_ns), "%*u.%*u %llu.%llu\n", &seconds, &hundredths),
			 2);
	assert_int_equal(seconds * 100 + hundredths, sum.idle);
	return whole;
}

/* One number of CPUs in all files. */
static void check_cpus(struct fixture *fixture)
{
	unsigned int shown, first = 0, last = 0;

	sscanf(render(fixture, "sys/devices/system/cpu/online"), "%u-%u", &first, &last);
	shown = last - first + 1;
	assert_int_equal(first, 0);
	assert_int_equal(shown, view_guest_cpus(fixture->guest));
	assert_int_equal(count_lines(render(fixture, "proc/cpuinfo"), "processor"), shown);
	assert_int_equal(count_lines(render(fixture, "proc/stat"), "cpu"), shown + 1);
	check_sums(fixture, 0);
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		struct fixture fixture;

		fixture_open(&fixture, fixtures[i]);
		check_memory(&fixture);
		check_cpus(&fixture);
		fixture_close(&fixture);
	}
}

/* What stands in the files of all those hosts, and is nobody's business in a guest. */
static void test_nothing_of_the_host(void **state)
{
	static const char *const secrets[] = {
		"23698604", "24181880", "50736", "613024", "364540", "20464",    "154408",  "191860",   "12365852",
		"136156",   "772096",   "Cma",   "Direct", "498580", "15692",    "252574",  "12769563", "23969804",
		"875575",   "vda",      "loop",  "92835",  "sdb1",   "99999999", "Total 0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		autorelease(text_release) struct text made = {0};
		struct fixture fixture;

		fixture_open(&fixture, fixtures[i]);
		append_all(&fixture, &made);
		for (size_t s = 0; s < ARRAY_SIZE(secrets); s++)
			if (strstr(text_get(&made), secrets[s]))
				fail_msg("%s: a guest sees \"%s\"", fixtures[i], secrets[s]);
		fixture_close(&fixture);
	}
}

/*
 * Over time
 */

#define USAGE "sys/fs/cgroup/cpuacct/syscontainer/web/cpuacct.usage_all"
#define LIST  "sys/fs/cgroup/cpuset/syscontainer/web/cpuset.effective_cpus"
#define QUOTA "sys/fs/cgroup/cpu/syscontainer/web/cpu.cfs_quota_us"

static void check_grew(struct columns *before, const struct columns *now)
{
	assert_true(now->user >= before->user && now->system >= before->system && now->idle >= before->idle);
	*before = *now;
}

/* CPUs come and go, time is used outside of them, more of it than there was, and the kernel's counters begin anew. */
static void test_counters_never_run_backwards(void **state)
{
	static const struct {
		const char *list, *quota, *usage;
	} steps[] = {
		{"1,3\n", "-1\n", "cpu user system\n1 12340000000 4560000000\n3 2900000000 1000000000\n"},
		{"1\n", "-1\n", "cpu user system\n1 12340000000 4560000000\n3 3900000000 1000000000\n"},
		{"0-3\n", "-1\n", "cpu user system\n0 900000000 0\n1 99940000000 4560000000\n3 3900000000 1000000000\n"},
		{"0-3\n", "150000\n", "cpu user system\n0 0 0\n1 0 0\n3 0 0\n"},
		{"0-3\n", "150000\n", "cpu user system\n0 100000000 1000\n1 100000000 0\n3 0 500000000\n"},
		{"0-3\n", "150000\n", ""},
		{"2\n", "-1\n", "cpu user system\n99999999999999 1 1\n2 9 9\n8000 18446744073709551615 1\n"},
	};
	struct fixture fixture;
	struct columns before;

	(void)state;
	fixture_open(&fixture, "v1");
	before = check_sums(&fixture, 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct columns now;

		change(&fixture, LIST, steps[i].list);
		change(&fixture, QUOTA, steps[i].quota);
		change(&fixture, USAGE, steps[i].usage);
		now = check_sums(&fixture, (int64_t)(i + 1) * SECOND);
		check_grew(&before, &now);
		/* The clock may stand still, and even go back. */
		now = check_sums(&fixture, (int64_t)i * SECOND);
		check_grew(&before, &now);
	}
	fixture_close(&fixture);
}

/* A second in which a CPU was busy all of the time: nothing is idle, and what does not fit comes in the next. */
static void test_burst_is_carried(void **state)
{
	struct fixture fixture;
	struct columns before, now;

	(void)state;
	fixture_open(&fixture, "v1");
	change(&fixture, LIST, "1\n");
	change(&fixture, USAGE, "cpu user system\n1 10000000000 0\n");
	before = check_sums(&fixture, 0);
	change(&fixture, USAGE, "cpu user system\n1 11500000000 0\n");
	now = check_sums(&fixture, SECOND);
	assert_int_equal(now.user - before.user, 100);
	assert_int_equal(now.idle, before.idle);
	before = now;
	now = check_sums(&fixture, 2 * SECOND);
	assert_int_equal(now.user - before.user, 50);
	assert_int_equal(now.idle - before.idle, 50);
	fixture_close(&fixture);
}

static void test_age_of_samples(void **state)
{
	struct fixture fixture;
	unsigned int cpu;
	const struct view *view = view_find("sys/devices/system/cpu/online", &cpu);
	uint64_t generation;

	(void)state;
	fixture_open(&fixture, "v1");
	assert_string_equal(render(&fixture, view->path), "0-1\n");
	generation = view_guest_cpus_generation(fixture.guest);
	change(&fixture, LIST, "0-3\n");
	view_render(fixture.guest, view, 0, fixture.subject.now_ns + SECOND, SECOND, &fixture.text, NULL);
	assert_string_equal(text_get(&fixture.text), "0-1\n");
	assert_int_equal(view_guest_cpus_generation(fixture.guest), generation);
	view_guest_expire(fixture.guest);
	view_render(fixture.guest, view, 0, fixture.subject.now_ns + SECOND, SECOND, &fixture.text, NULL);
	assert_string_equal(text_get(&fixture.text), "0-3\n");
	assert_int_not_equal(view_guest_cpus_generation(fixture.guest), generation);
	fixture_close(&fixture);
}

/* The next process goes on where this one ended. */
static void test_save(void **state)
{
	autorelease(text_release) struct text saved = {0}, again = {0};
	autofree char *stat = NULL, *loadavg = NULL;
	struct error err = {0};
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v1");
	render(&fixture, "proc/stat");
	change(&fixture, LIST, "1\n");
	stat = xstrdup(render_at(&fixture, "proc/stat", 7 * SECOND));
	loadavg = xstrdup(render_at(&fixture, "proc/loadavg", 7 * SECOND));
	view_guest_save(fixture.guest, &saved);
	close_guest(&fixture);
	change(&fixture, "proc/stat", "btime 1\n"); /* somebody set the clock */
	open_guest(&fixture);
	assert_int_equal(view_guest_restore(fixture.guest, "age 1\ncpu 1 2\n", &err), -EINVAL);
	assert_int_equal(view_guest_restore(fixture.guest, "init 1\nage 1\ncpu 1 2 3\n", &err), -ESTALE);
	assert_int_equal(view_guest_restore(fixture.guest, text_get(&saved), &err), 0);
	view_guest_save(fixture.guest, &again);
	assert_string_equal(text_get(&saved), text_get(&again));
	assert_string_equal(render_at(&fixture, "proc/stat", 7 * SECOND), stat);
	assert_string_equal(render_at(&fixture, "proc/loadavg", 9 * SECOND), loadavg);
	fixture_close(&fixture);
}

static void test_gone(void **state)
{
	const struct view *view;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v2");
	render(&fixture, "proc/meminfo");
	file_remove_tree(AT_FDCWD, work_path("v2/sys/fs/cgroup/syscontainer/web"), NULL);
	view_guest_expire(fixture.guest);
	for (size_t i = 0; (view = view_at(i)); i++) {
		struct error err = {0};

		if (view->life != VIEW_LIVE || strcmp(view->path, "proc/pressure/cpu") == 0)
			continue;
		assert_int_equal(view_render(fixture.guest, view, 0, fixture.subject.now_ns, 0, &fixture.text, &err),
				 -ENOENT);
		assert_int_equal(fixture.text.length, 0);
	}
	fixture_close(&fixture);
}

/* What the kernel prints when one task is active for 1 s... 5, 10, 60, 300 s, from include/linux/sched/loadavg.h. */
static void test_load(void **state)
{
	uint64_t average = 0;

	(void)state;
	assert_int_equal(load_decay(0, 0, 1, 1), 164);
	for (int i = 0; i < 12; i++)
		average = load_decay(average, 0, 1, 1);
	assert_in_range(average, 1290, 1300); /* 1 - 1/e of 2048 */
	assert_in_range(load_decay(0, 0, 1, 12), average - 12, average);
	for (int i = 0; i < 500; i++)
		average = load_decay(average, 0, 1, 1);
	assert_int_equal(average, 2048);
	assert_int_equal(load_decay(2048, 2, 0, UINT64_C(1) << 40), 0);
	assert_int_equal(load_decay(0, 2, UINT64_MAX, UINT64_C(1) << 40), LOAD_AVERAGE_MAX);
}

/*
 * The tree
 */

static void test_find(void **state)
{
	static const char *const bad[] = {
		"proc/",
		"proc/meminfo/",
		"/proc",
		"sys/devices/system/cpu/cpu",
		"sys/devices/system/cpu/cpu01",
		"sys/devices/system/cpu/cpuN",
		"sys/devices/system/cpu/cpu8192",
		"sys/devices/system/cpu/cpu1x",
		"sys/devices/system/cpu/cpu-1",
	};
	const struct view *view;
	unsigned int cpu;

	(void)state;
	assert_ptr_equal(view_find("", &cpu), view_at(0));
	view = view_find("sys/devices/system/cpu/cpu17/topology/core_id", &cpu);
	assert_string_equal(view->path, "sys/devices/system/cpu/cpuN/topology/core_id");
	assert_int_equal(cpu, 17);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(view_find(bad[i], &cpu));
}

static void test_tree(void **state)
{
	const struct view *view;

	(void)state;
	for (size_t i = 1; (view = view_at(i)); i++) {
		unsigned int parents = 0;

		assert_int_equal(view_number(view), i);
		assert_int_equal(view->mode & 0222, 0);
		for (size_t j = 0; j < i; j++)
			parents += view_is_child(view_at(j), view);
		assert_int_equal(parents, 1);
	}
}

static void test_disk_names(void **state)
{
	static const char *const bad[] = {"", "a b", "a\n", "/sda", "a\x7f"};
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v1");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct view_disk disk = {.name = bad[i]};
		struct error err = {0};

		assert_int_equal(view_guest_set_disks(fixture.guest, 0, &disk, 1, &err), -EINVAL);
	}
	assert_non_null(strstr(render(&fixture, "proc/diskstats"), " vdb "));
	assert_int_equal(view_guest_set_disks(fixture.guest, 0, NULL, 0, NULL), 0);
	assert_string_equal(render(&fixture, "proc/diskstats"), "");
	fixture_close(&fixture);
}

/* "max" and the largest numbers, and a file that no cgroup has. */
static void test_bad_subjects(void **state)
{
	struct view_guest *guest = NULL;
	struct view_subject subject;
	struct fixture fixture;
	struct error err = {0};

	(void)state;
	fixture_open(&fixture, "v1");
	subject = fixture.subject.subject;
	subject.init = 99;
	assert_int_equal(view_guest_open(fixture.host, &subject, &guest, &err), -ESRCH);
	subject = fixture.subject.subject;
	subject.cgroup = "/syscontainer/none";
	assert_int_equal(view_guest_open(fixture.host, &subject, &guest, &err), -ENOENT);
	subject.cgroup = "/../etc";
	assert_int_equal(view_guest_open(fixture.host, &subject, &guest, &err), -EINVAL);
	assert_null(guest);
	fixture_close(&fixture);
}

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		assert_non_null(view_at(i));
		assert_string_equal(view_at(i)->path, numbers[i]);
		assert_int_equal(view_number(view_at(i)), i);
	}
	assert_null(view_at(ARRAY_SIZE(numbers)));
}

/* A reader of the host: its own cgroups, and the host's init. */
static void test_places(void **state)
{
	autorelease(text_release) struct text text = {0};
	autofree char *places = NULL;
	struct fixture fixture;
	struct error err = {0};
	struct view_subject subject;
	struct view_guest *guest = NULL;
	unsigned int cpu;
	const struct view *meminfo = view_find("proc/meminfo", &cpu);

	(void)state;
	fixture_open(&fixture, "v1");
	assert_int_equal(view_render(fixture.guest, meminfo, 0, SECOND, 0, &fixture.text, NULL), 0);
	subject = fixture.subject.subject;
	places = xasprintf("7:cpu:/\n5:hugetlb:/\n4:memory:%s\n0::/\n", subject.cgroup);
	subject.places = places;
	subject.cgroup = NULL;
	assert_int_equal(view_guest_open(fixture.host, &subject, &guest, NULL), 0);
	if (view_render(guest, meminfo, 0, SECOND, 0, &text, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(text_get(&text), text_get(&fixture.text));
	view_guest_free(guest);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_nothing_of_the_host),
		cmocka_unit_test(test_counters_never_run_backwards),
		cmocka_unit_test(test_burst_is_carried),
		cmocka_unit_test(test_age_of_samples),
		cmocka_unit_test(test_save),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_disk_names),
		cmocka_unit_test(test_bad_subjects),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, work_set_up, work_tear_down);
}
