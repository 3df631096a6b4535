/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of what a guest is given: what is found in a tree, and the decision for each kind of host. */
#include "container/guest_layout.h"

#include "kernel/mount.h"
#include "work.h"

static const struct {
	const char *name;
	unsigned version;
} libraries[] = {
	{"libsystemd-shared-231.so", 231},
	{"libsystemd-shared-252.so", 252},
	{"libsystemd-shared-255.4-1.fc40.so", 255},
	{"libsystemd-shared-258~rc1.so", 258},
	{"libsystemd-shared-239-82.el8.so", 239},
	{"libsystemd-shared-252", 0},
	{"libsystemd-shared-.so", 0},
	{"libsystemd-shared--5.so", 0},
	{"libsystemd-shared-0252.so", 0},
	{"libsystemd-shared-252x.so", 0},
	{"libsystemd-shared-99999.so", 0},
	{"libsystemd-shared-99999999999999999999999.so", 0},
	{"libsystemd-core-252.so", 0},
	{"libsystemd.so.0.35.0", 0},
	{"", 0},
};

static void test_versions_in_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		if (guest_systemd_version(libraries[i].name) != libraries[i].version)
			fail_msg("%s is %u", libraries[i].name, guest_systemd_version(libraries[i].name));
}

/* --- trees ------------------------------------------------------------------------------------------------------------ */

static void make_file(const char *name)
{
	autofree char *path = xasprintf("tree%s", name), *directory = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	assert_true(file_make_directories(work_path(directory), 0755, NULL) >= 0);
	work_write(path, "");
}

static void make_link(const char *name, const char *target)
{
	autofree char *path = xasprintf("tree%s", name), *directory = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	assert_true(file_make_directories(work_path(directory), 0755, NULL) >= 0);
	assert_int_equal(symlink(target, work_path(path)), 0);
}

static struct guest_facts look(const char *program)
{
	autoclose int root_fd = open(work_path("tree"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct guest_facts facts;

	assert_true(root_fd >= 0);
	guest_facts_find(root_fd, program, &facts);
	return facts;
}

static void assert_facts(const char *program, enum init_kind init, unsigned version)
{
	struct guest_facts facts = look(program);

	assert_int_equal(facts.init, init);
	assert_int_equal(facts.systemd_version, version);
}

static void test_merged_tree(void **state)
{
	(void)state;
	make_file("/usr/lib/systemd/systemd");
	make_file("/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so");
	make_link("/lib", "usr/lib");
	make_link("/sbin", "usr/sbin");
	make_link("/usr/sbin/init", "/lib/systemd/systemd");
	assert_facts("/sbin/init", INIT_SYSTEMD, 252);
	assert_facts("init", INIT_SYSTEMD, 252);
	assert_facts("/lib/systemd/systemd", INIT_SYSTEMD, 252);
	/* What an update left. */
	make_file("/usr/lib/systemd/libsystemd-shared-249.so");
	assert_facts("/sbin/init", INIT_SYSTEMD, 252);
	make_file("/usr/lib/systemd/libsystemd-shared-257.so");
	assert_facts("/sbin/init", INIT_SYSTEMD, 257);
	/* Its systemd matters only when that is PID 1. */
	make_file("/usr/sbin/sh");
	assert_facts("sh", INIT_OTHER, 0);
	assert_facts("/no/such/program", INIT_OTHER, 0);
}

static void test_old_trees(void **state)
{
	(void)state;
	make_file("/lib/systemd/systemd");
	make_link("/sbin/init", "../lib/systemd/systemd");
	make_file("/lib/x86_64-linux-gnu/libsystemd.so.0.3.1");
	assert_facts("/sbin/init", INIT_SYSTEMD, GUEST_SYSTEMD_OLD);
	make_file("/lib/systemd/libsystemd-shared-232.so");
	assert_facts("/sbin/init", INIT_SYSTEMD, 232);
}

static void test_other_inits(void **state)
{
	(void)state;
	make_file("/sbin/init");
	make_file("/lib/runit/runit-init");
	make_file("/bin/busybox");
	make_file("/sbin/openrc-init");
	make_link("/usr/sbin/init", "/lib/runit/runit-init");
	make_link("/linuxrc", "bin/busybox");
	make_link("/bin/sleep", "busybox");
	make_file("/usr/lib/systemd/libsystemd-shared-252.so");
	assert_facts("/sbin/init", INIT_SYSVINIT, 0);
	assert_facts("init", INIT_RUNIT, 0);
	assert_facts("/linuxrc", INIT_BUSYBOX, 0);
	assert_facts("/bin/sleep", INIT_OTHER, 0);
	assert_facts("/sbin/openrc-init", INIT_OPENRC, 0);
}

/* Links in a tree are its own: none leads to the host, and a loop of them leads nowhere. */
static void test_hostile_trees(void **state)
{
	(void)state;
	make_link("/sbin/init", "/../../../../usr/lib/systemd/systemd");
	make_link("/usr/lib/systemd", "/proc/self/root/usr/lib/systemd");
	make_link("/lib", "lib");
	assert_facts("/sbin/init", INIT_OTHER, 0);
	make_link("/init", "/lib/systemd/systemd");
	assert_facts("/init", INIT_OTHER, 0);
}

/* --- the decision ------------------------------------------------------------------------------------------------------- */

static char *v2_name[] = {NULL}, *cpu_name[] = {(char *)"cpu", NULL}, *systemd_name[] = {(char *)"name=systemd", NULL};
static struct cgroup_hierarchy v2 = {.is_v2 = true, .controllers = {.items = v2_name}},
			       cpu = {.controllers = {.items = cpu_name, .count = 1}},
			       named = {.controllers = {.items = systemd_name, .count = 1}};

enum host_kind { HOST_V2, HOST_HYBRID, HOST_V1, HOST_BARE };

/* The four hosts: v2; v1 with systemd's hierarchy and v2 beside; v1; v1 controllers and nothing else. */
static struct cgroup_host make_host(enum host_kind kind, struct cgroup_hierarchy *storage)
{
	size_t count = 0;

	if (kind != HOST_V2)
		storage[count++] = cpu;
	if (kind == HOST_HYBRID || kind == HOST_V1)
		storage[count++] = named;
	if (kind == HOST_V2 || kind == HOST_HYBRID)
		storage[count++] = v2;
	return (struct cgroup_host){.hierarchies = storage, .count = count};
}

#define ANY     GUEST_CGROUPS_ANY
#define V2      GUEST_CGROUPS_V2
#define SYSTEMD GUEST_CGROUPS_SYSTEMD

static const struct {
	unsigned version;
	enum guest_cgroups on[4]; /* v2, hybrid, v1, bare */
} decisions[] = {
	{0, {ANY, ANY, ANY, ANY}},       {GUEST_SYSTEMD_OLD, {SYSTEMD, ANY, ANY, SYSTEMD}},
	{230, {ANY, ANY, ANY, SYSTEMD}}, {247, {ANY, ANY, ANY, SYSTEMD}},
	{255, {ANY, ANY, ANY, SYSTEMD}}, {256, {ANY, V2, V2, V2}},
	{262, {ANY, V2, V2, V2}},
};

static void test_cgroups(void **state)
{
	struct spec spec = {0};
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(decisions); i++)
		for (enum host_kind kind = HOST_V2; kind <= HOST_BARE; kind++) {
			struct guest_facts facts = {.init = INIT_SYSTEMD, .systemd_version = decisions[i].version};
			struct cgroup_hierarchy storage[3];
			struct cgroup_host host = make_host(kind, storage);
			struct guest_layout layout;

			assert_int_equal(guest_layout_decide(&facts, &host, &spec, &layout, &err), 0);
			if (layout.cgroups != decisions[i].on[kind])
				fail_msg("systemd %u on host %d is given %d", facts.systemd_version, (int)kind,
					 (int)layout.cgroups);
			/* Whatever it mounts, it finds its own cgroup in it. */
			assert_int_equal(layout.hidden[CGROUP_HIDDEN_V2], kind == HOST_V1 || kind == HOST_BARE);
			assert_int_equal(layout.hidden[CGROUP_HIDDEN_SYSTEMD], layout.cgroups == SYSTEMD);
			assert_false(layout.has_tty1);
		}
}

/* What is not mounted on the host cannot be shown as the host sees it. */
static void test_cgroups_of_the_host(void **state)
{
	struct spec spec = {0};
	struct guest_facts old = {.init = INIT_SYSTEMD, .systemd_version = GUEST_SYSTEMD_OLD},
			   new = {.init = INIT_SYSTEMD, .systemd_version = 262};
	struct cgroup_hierarchy storage[3];
	struct cgroup_host host = make_host(HOST_V2, storage);
	struct guest_layout layout = {0};
	struct error err = {0};

	(void)state;
	spec.namespaces.modes[SPEC_NAMESPACE_CGROUP] = (char *)"host";
	assert_int_equal(guest_layout_decide(&old, &host, &spec, &layout, &err), -EOPNOTSUPP);
	assert_non_null(
		strstr(err.message, "the tree's systemd (at most 229) needs the hierarchy name=systemd of cgroup v1"));
	assert_non_null(strstr(err.message, "leave out --cgroupns host"));
	host = make_host(HOST_V1, storage);
	assert_int_equal(guest_layout_decide(&new, &host, &spec, &layout, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "the tree's systemd (262) needs cgroup v2"));
	host = make_host(HOST_HYBRID, storage);
	assert_int_equal(guest_layout_decide(&new, &host, &spec, &layout, &err), 0);
	assert_int_equal(layout.cgroups, GUEST_CGROUPS_V2);
	host = make_host(HOST_V1, storage);
	new.systemd_version = 252;
	assert_int_equal(guest_layout_decide(&new, &host, &spec, &layout, &err), 0);
	assert_false(layout.hidden[CGROUP_HIDDEN_V2]);
}

static void test_terminals(void **state)
{
	struct spec spec = {0};
	struct cgroup_hierarchy storage[3];
	struct cgroup_host host = make_host(HOST_V2, storage);
	struct error err = {0};

	(void)state;
	for (enum init_kind kind = INIT_SYSTEMD; kind <= INIT_OTHER; kind++) {
		struct guest_facts facts = {.init = kind};
		struct guest_layout layout;

		assert_int_equal(guest_layout_decide(&facts, &host, &spec, &layout, &err), 0);
		assert_int_equal(layout.has_tty1, kind != INIT_SYSTEMD && kind != INIT_OTHER);
	}
}

/* --- hidden hierarchies ------------------------------------------------------------------------------------------------- */

/* One of the name may be on its way out: the kernel takes some ms for that. Only root can. */
static void test_a_hierarchy_comes_again(void **state)
{
	struct error err = {0};

	(void)state;
	if (getuid() != 0)
		skip();
	for (int i = 0; i < 5; i++) {
		autoclose int fd = mount_new_cgroup("syscontainer-unit-test", &err);

		if (fd < 0)
			fail_msg("%s", err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions_in_names),
		cmocka_unit_test_setup_teardown(test_merged_tree, work_set_up, work_tear_down),
		cmocka_unit_test_setup_teardown(test_old_trees, work_set_up, work_tear_down),
		cmocka_unit_test_setup_teardown(test_other_inits, work_set_up, work_tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_trees, work_set_up, work_tear_down),
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_cgroups_of_the_host),
		cmocka_unit_test(test_terminals),
		cmocka_unit_test(test_a_hierarchy_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
