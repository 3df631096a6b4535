/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of device rules: their arithmetic, their program run by an interpreter, their way into folders that look like cgroup v1, and into the kernel itself. */
#include "kernel/device_access.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "host.h"
#include "kernel/bpf.h"
#include "kernel/device_program.h"

/* --- rules ---------------------------------------------------------------------------------------------------------------- */

/* Separated by commas. */
static struct device_rules rules_of(const char *text)
{
	autorelease(strings_release) struct strings texts = {0};
	struct device_rules rules = {0};
	struct error err = {0};

	strings_split(&texts, text, ",");
	for (size_t i = 0; i < texts.count; i++)
		if (device_rules_parse(&rules, texts.items[i], &err) < 0)
			fail_msg("%s: %s", texts.items[i], err.message);
	return rules;
}

static char *text_of(const struct device_rules *rules)
{
	autorelease(strings_release) struct strings texts = {0};

	for (size_t i = 0; i < rules->count; i++)
		strings_append_owned(&texts, device_rule_format(&rules->items[i]));
	return strings_join(&texts, ",");
}

static void test_grammar(void **state)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{"c 1:3 rwm", "c 1:3 rwm"},
		{"b 8:16 mr", "b 8:16 rm"},
		{"c 136:* w", "c 136:* w"},
		{"b *:* m", "b *:* m"},
		{"a 7:* r", "b 7:* r,c 7:* r"},
		{"c 4095:1048575 r", "c 4095:1048575 r"},
		{"c 1:3 r,c 1:3 w,b 1:3 m", "c 1:3 rw,b 1:3 m"},
		{"c 1:* r,c 1:3 w,c *:3 m", "c 1:* r,c 1:3 w,c *:3 m"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(device_rules_release) struct device_rules rules = rules_of(rows[i].text);
		autofree char *printed = text_of(&rules);

		assert_string_equal(printed, rows[i].printed);
	}
}

static void test_sets(void **state)
{
	static const struct {
		const char *rules, *less, *rest, *back; /* and `back` what `less` has and `rules` has not */
	} rows[] = {
		{"c 1:3 rwm", "c 1:3 rwm", "", ""},
		{"c 1:3 rwm,b 8:0 r", "b 8:0 r,c 1:3 rwm", "", ""},
		{"c 1:3 rwm", "c 1:3 r", "c 1:3 wm", ""},
		{"c 1:3 rw", "c 1:3 wm", "c 1:3 r", "c 1:3 m"},
		{"c 1:3 rwm", "b 1:3 rwm", "c 1:3 rwm", "b 1:3 rwm"},
		{"c 1:3 rwm", "c 1:* rwm", "c 1:3 rwm", "c 1:* rwm"},
		{"c 1:3 r,b 8:16 rw", "", "c 1:3 r,b 8:16 rw", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(device_rules_release) struct device_rules rules = rules_of(rows[i].rules),
								      less = rules_of(rows[i].less), rest, back;
		autofree char *rest_text = NULL, *back_text = NULL;

		device_rules_subtract(&rules, &less, &rest);
		device_rules_subtract(&less, &rules, &back);
		rest_text = text_of(&rest);
		back_text = text_of(&back);
		assert_string_equal(rest_text, rows[i].rest);
		assert_string_equal(back_text, rows[i].back);
		assert_int_equal(device_rules_are_equal(&rules, &less), rest.count == 0 && back.count == 0);
	}
}

static void test_allow(void **state)
{
	static const struct {
		const char *rules, *wish;
		bool is_allowed;
	} rows[] = {
		{"", "c 1:3 r", false},
		{"c 1:3 rw", "c 1:3 r", true},
		{"c 1:3 rw", "c 1:3 rw", true},
		{"c 1:3 rw", "c 1:3 rm", false},
		{"c 1:3 rw", "b 1:3 r", false},
		{"c 1:3 rw", "c 1:4 r", false},
		{"c 1:* rw", "c 1:4 r", true},
		{"c *:4 rw", "c 9:4 r", true},
		{"b *:* m", "b 9:4 m", true},
		/* As the kernel does: no sum of rules. */
		{"c 1:* r,c 1:3 w", "c 1:3 rw", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(device_rules_release) struct device_rules rules = rules_of(rows[i].rules),
								      wish = rules_of(rows[i].wish);

		if (device_rules_allow(&rules, &wish.items[0]) != rows[i].is_allowed)
			fail_msg("%s with %s", rows[i].wish, rows[i].rules);
	}
}

/* --- the program ------------------------------------------------------------------------------------------------------------ */

static uint32_t load_word(const struct bpf_cgroup_dev_ctx *context, int16_t offset)
{
	uint32_t word;

	assert_true(offset >= 0 && (size_t)offset + sizeof(word) <= sizeof(*context));
	memcpy(&word, (const char *)context + offset, sizeof(word));
	return word;
}

static uint64_t compute(unsigned operation, uint64_t left, uint64_t right)
{
	switch (operation) {
	case BPF_MOV:
		return right;
	case BPF_XOR:
		return left ^ right;
	case BPF_AND:
		return left & right;
	case BPF_OR:
		return left | right;
	default:
		fail_msg("operation 0x%x", operation);
		return 0;
	}
}

/* Knows the instructions that we use, and no others. */
static uint64_t interpret(const struct bpf_insn *program, size_t count, const struct bpf_cgroup_dev_ctx *context)
{
	uint64_t registers[MAX_BPF_REG] = {0};

	for (size_t at = 0; at < count; at++) {
		const struct bpf_insn *now = &program[at];
		uint64_t *target = &registers[now->dst_reg];

		if (now->code == (BPF_JMP | BPF_EXIT))
			return registers[BPF_REG_0];
		if (now->code == (BPF_LDX | BPF_MEM | BPF_W)) {
			assert_int_equal(now->src_reg, BPF_REG_1);
			*target = load_word(context, now->off);
		} else if (now->code == (BPF_JMP | BPF_JNE | BPF_K)) {
			at += *target == (uint64_t)now->imm ? 0 : (size_t)now->off;
		} else {
			assert_int_equal(BPF_CLASS(now->code), BPF_ALU64);
			*target = compute(BPF_OP(now->code), *target,
					  BPF_SRC(now->code) == BPF_X ? registers[now->src_reg] : (uint64_t)now->imm);
		}
	}
	fail_msg("the program has no end");
	return 0;
}

static bool ask_program(const struct device_rules *rules, const struct device_rule *wish)
{
	size_t count;
	autofree struct bpf_insn *program = device_program_new(rules, &count);
	const struct bpf_cgroup_dev_ctx context = {
		.access_type = (wish->access << 16) | (wish->kind == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = wish->major,
		.minor = wish->minor,
	};

	return interpret(program, count, &context) == 1;
}

/* All of a small world, in which rules overlap. */
static void test_program(void **state)
{
	static const char *const sets[] = {
		"",
		"a *:* rwm",
		"b *:* m,c *:* m,c 1:3 rwm,c 1:2 r,b 2:* w",
		"c 1:* r,c 1:3 w,c *:3 m,b 0:0 rw",
		"c 0:0 m,b 3:3 rwm,b 3:* r,b *:1 w",
	};

	(void)state;
	for (size_t set = 0; set < ARRAY_SIZE(sets); set++) {
		autorelease(device_rules_release) struct device_rules rules = rules_of(sets[set]);

		for (unsigned number = 0; number < 2 * 4 * 4 * 8; number++) {
			const struct device_rule wish = {
				.kind = number & 1 ? 'b' : 'c',
				.major = (number >> 1) & 3,
				.minor = (number >> 3) & 3,
				.access = number >> 5,
			};

			if (wish.access && ask_program(&rules, &wish) != device_rules_allow(&rules, &wish))
				fail_msg("%s: %c %u:%u %u", sets[set], wish.kind, wish.major, wish.minor, wish.access);
		}
	}
}

/* --- v1, in files -------------------------------------------------------------------------------------------------------------- */

#define CGROUP "/sys/fs/cgroup/devices/parent/id"
static const struct file v1_host[] = {
	{"/proc/self/mountinfo", "36 32 0:32 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n"},
	{CGROUP "/devices.list", "c 1:3 rwm\nb 8:0 r\n"},
	{CGROUP "/devices.allow", ""},
	{CGROUP "/devices.deny", ""},
	{CGROUP "/guest/devices.list", "b 8:0 r\nc 1:3 rwm\n"},
	{CGROUP "/guest/devices.allow", ""},
	{CGROUP "/guest/closed.service/devices.list", "c 1:3 rwm\n"},
	{CGROUP "/guest/closed.service/devices.allow", ""},
	{CGROUP "/guest/open.service/devices.list", "c 1:3 rwm\nb 8:0 r\n"},
	{CGROUP "/guest/open.service/devices.allow", ""},
};

static int set(const struct cgroup_host *host, const char *text, struct error *err)
{
	autorelease(device_rules_release) struct device_rules rules = rules_of(text);

	return device_access_set(host, "/parent/id", &rules, err);
}

/* A file keeps the last write only, and what of an earlier, longer one is behind it. */
static void test_v1_add(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	struct error err = {0};

	(void)state;
	assert_int_equal(set(&host, "c 1:3 rwm,b 8:0 r,b 8:16 rw", &err), 0);
	assert_written(CGROUP "/devices.allow", "b 8:16 rw");
	assert_written(CGROUP "/devices.deny", "");
	assert_written(CGROUP "/guest/devices.allow", "b 8:16 rw");
	assert_written(CGROUP "/guest/open.service/devices.allow", "b 8:16 rw");
	assert_written(CGROUP "/guest/closed.service/devices.allow", "");
}

static void test_v1_remove_and_widen(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	struct error err = {0};

	(void)state;
	assert_int_equal(set(&host, "c 1:3 rw,b 8:0 rw", &err), 0);
	assert_written(CGROUP "/devices.allow", "b 8:0 w");
	assert_written(CGROUP "/guest/devices.allow", "b 8:0 w");
	assert_written(CGROUP "/guest/closed.service/devices.allow", "");
	assert_written(CGROUP "/devices.deny", "c 1:3 m");
}

static void test_v1_no_change(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	struct error err = {0};

	(void)state;
	assert_int_equal(set(&host, "b 8:0 r,c 1:3 rwm", &err), 0);
	assert_written(CGROUP "/devices.allow", "");
	assert_written(CGROUP "/devices.deny", "");
}

/* The first cgroup has the rule, those below do not yet: the note of the call that was killed says that they are not restricted. */
static void test_v1_completes(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	autofree char *directory = xasprintf("%s" CGROUP, root);
	static const char before[] = "b 8:0 r\nc 1:3 rwm";
	struct error err = {0};

	(void)state;
	if (setxattr(directory, "trusted.syscontainer.devices", before, strlen(before), 0) < 0)
		skip(); /* needs root, and a file system that keeps them */
	replace(CGROUP "/devices.list", "c 1:3 rwm\nb 8:0 r\nb 8:16 rw\n");
	assert_int_equal(set(&host, "c 1:3 rwm,b 8:0 r,b 8:16 rw", &err), 0);
	assert_written(CGROUP "/devices.allow", "");
	assert_written(CGROUP "/guest/devices.allow", "b 8:16 rw");
	assert_written(CGROUP "/guest/open.service/devices.allow", "b 8:16 rw");
	assert_written(CGROUP "/guest/closed.service/devices.allow", "");
	assert_true(getxattr(directory, "trusted.syscontainer.devices", NULL, 0) < 0);
}

static void test_v1_refuses(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	struct error err = {0};

	(void)state;
	replace(CGROUP "/devices.list", "a *:* rwm\n");
	assert_int_equal(set(&host, "c 1:3 rwm", &err), -EINVAL);
	assert_non_null(strstr(err.message, CGROUP));
	assert_written(CGROUP "/devices.deny", "");
}

/* What was added before one failed is taken back. */
static void test_v1_fails(void **state)
{
	autorelease(cgroup_host_release) struct cgroup_host host = LOAD(v1_host);
	autofree char *allow = xasprintf("%s" CGROUP "/guest/devices.allow", root);
	struct error err = {0};

	(void)state;
	assert_int_equal(unlink(allow), 0);
	assert_int_equal(mkdir(allow, 0700), 0);
	assert_int_equal(set(&host, "c 1:3 rwm,b 8:0 r,b 8:16 rw", &err), -EISDIR);
	assert_written(CGROUP "/devices.allow", "b 8:16 rw");
	assert_written(CGROUP "/devices.deny", "b 8:16 rw");
}

/* --- v2, in the kernel ----------------------------------------------------------------------------------------------------------- */

#define V2_HYBRID "/sys/fs/cgroup/unified"

static char v2_path[64], v2_directories[2][160];
static struct cgroup_hierarchy v2_hierarchy = {.is_v2 = true};
static const struct cgroup_host v2_host = {.root = (char *)"", .hierarchies = &v2_hierarchy, .count = 1};

/* A cgroup of our own, and one as a guest has it below. */
static int make_v2(void **state)
{
	(void)state;
	v2_hierarchy.mount_point = (char *)(access(V2_HYBRID, F_OK) == 0 ? V2_HYBRID : "/sys/fs/cgroup");
	snprintf(v2_path, sizeof(v2_path), "/test_device_access.%d", (int)getpid());
	snprintf(v2_directories[0], sizeof(v2_directories[0]), "%s%s", v2_hierarchy.mount_point, v2_path);
	snprintf(v2_directories[1], sizeof(v2_directories[1]), "%s%s/guest", v2_hierarchy.mount_point, v2_path);
	for (int i = 0; i < 2 && geteuid() == 0; i++)
		if (mkdir(v2_directories[i], 0755) < 0)
			return -1;
	return 0;
}

static int remove_v2(void **state)
{
	(void)state;
	for (int i = 1; i >= 0 && geteuid() == 0; i--)
		if (rmdir(v2_directories[i]) < 0)
			return -1;
	return 0;
}

/* In the cgroup below it: bits of enum device_access with which the node can be opened. */
static int try_device(const char *device)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		autoclose int below = open(v2_directories[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int opened = file_write_value(below, "cgroup.procs", "0", NULL) < 0 ? 64 : 0;

		opened |= open(device, O_RDONLY | O_CLOEXEC) >= 0 ? DEVICE_READ : 0;
		opened |= open(device, O_WRONLY | O_CLOEXEC) >= 0 ? DEVICE_WRITE : 0;
		_exit(opened);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static uint32_t count_programs(void)
{
	autoclose int fd = open(v2_directories[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attributes = {.query = {.target_fd = (uint32_t)fd, .attach_type = BPF_CGROUP_DEVICE}};

	assert_int_equal(bpf(BPF_PROG_QUERY, &attributes), 0);
	return attributes.query.prog_cnt;
}

static void set_v2(const struct device_rules *rules)
{
	struct error err = {0};

	if (device_access_set(&v2_host, v2_path, rules, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(count_programs(), 1);
}

static void test_v2(void **state)
{
	static const struct {
		const char *rules;
		int of_null, of_zero;
	} rows[] = {
		{"c 1:3 rwm,c 1:5 r", DEVICE_READ | DEVICE_WRITE, DEVICE_READ},
		{"c 1:3 w", DEVICE_WRITE, 0},
		{"c 1:3 w", DEVICE_WRITE, 0},
		{"a *:* m,c 1:* rw,b 8:* rwm", DEVICE_READ | DEVICE_WRITE, DEVICE_READ | DEVICE_WRITE},
		{"", 0, 0},
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(count_programs(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(device_rules_release) struct device_rules rules = rules_of(rows[i].rules);

		set_v2(&rules);
		assert_int_equal(try_device("/dev/null"), rows[i].of_null);
		assert_int_equal(try_device("/dev/zero"), rows[i].of_zero);
	}
}

/* More rules than any container has are no burden to the verifier. */
static void test_v2_many(void **state)
{
	autorelease(device_rules_release) struct device_rules rules = {0};

	(void)state;
	if (geteuid() != 0)
		skip();
	for (uint32_t i = 0; i < 4000; i++)
		device_rules_add(&rules, &(struct device_rule){i & 1 ? 'b' : 'c', i / 100, i, i % 7 + 1});
	device_rules_add(&rules, &(struct device_rule){'c', 1, 3, DEVICE_READ});
	set_v2(&rules);
	assert_int_equal(try_device("/dev/null"), DEVICE_READ);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_program),
		TEST(test_v1_add),
		TEST(test_v1_remove_and_widen),
		TEST(test_v1_no_change),
		TEST(test_v1_completes),
		TEST(test_v1_refuses),
		TEST(test_v1_fails),
		cmocka_unit_test_setup_teardown(test_v2, make_v2, remove_v2),
		cmocka_unit_test_setup_teardown(test_v2_many, make_v2, remove_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
