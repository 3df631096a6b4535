/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of spec.json and of the rules for its values. */
#include "model/spec.h"

#include <limits.h>
#include <signal.h>

#include "work.h"

#define SPEC_FILE "root/containers/" WORK_ID "/spec.json"

static int set_up(void **state)
{
	work_set_up(state);
	work_make_directory("root/containers/" WORK_ID);
	return 0;
}

struct refusal {
	const char *text;
	int code;
	const char *message;
};

static void assert_refusal(const struct refusal *expected, int r, const struct error *err)
{
	if (r != expected->code || strcmp(err->message, expected->message) != 0)
		fail_msg("\"%s\": %d \"%s\", not %d \"%s\"", expected->text, r, err->message, expected->code,
			 expected->message);
}

/* --- values -------------------------------------------------------------------------------------------------------- */

static void test_restart_policies(void **state)
{
	static const struct {
		const char *text;
		int name, retries;
	} good[] = {
		{"no", SPEC_RESTART_NO, 0},
		{"on-reboot", SPEC_RESTART_ON_REBOOT, 0},
		{"on-failure", SPEC_RESTART_ON_FAILURE, 0},
		{"on-failure:0", SPEC_RESTART_ON_FAILURE, 0},
		{"on-failure:3", SPEC_RESTART_ON_FAILURE, 3},
		{"on-failure:2147483647", SPEC_RESTART_ON_FAILURE, INT32_MAX},
		{"always", SPEC_RESTART_ALWAYS, 0},
		{"unless-stopped", SPEC_RESTART_UNLESS_STOPPED, 0},
	};
#define UNKNOWN(text) "Invalid restart policy '" text "'; use no, on-reboot, on-failure[:N], always or unless-stopped"
	static const struct refusal bad[] = {
		{"", -EINVAL, UNKNOWN("")},
		{":3", -EINVAL, UNKNOWN(":3")},
		{"sometimes", -EINVAL, UNKNOWN("sometimes")},
		{"No", -EINVAL, UNKNOWN("No")},
		{"on-failur", -EINVAL, UNKNOWN("on-failur")},
		{"on-failure ", -EINVAL, UNKNOWN("on-failure ")},
		{"always:1", -EINVAL, "Maximum retry count cannot be used with restart policy 'always'"},
		{"no:", -EINVAL, "Maximum retry count cannot be used with restart policy 'no'"},
		{"on-failure:", -EINVAL,
		 "Maximum retry count of restart policy 'on-failure:': \"\" is not a whole number: Invalid argument"},
		{"on-failure:x", -EINVAL,
		 "Maximum retry count of restart policy 'on-failure:x': \"x\" is not a whole number: Invalid argument"},
		{"on-failure:1:2", -EINVAL,
		 "Maximum retry count of restart policy 'on-failure:1:2': \"1:2\" is not a whole number: Invalid argument"},
		{"on-failure:-1", -ERANGE,
		 "Maximum retry count of restart policy 'on-failure:-1': \"-1\" is out of range: Numerical result out of range"},
		{"on-failure:2147483648", -ERANGE,
		 "Maximum retry count of restart policy 'on-failure:2147483648': "
		 "\"2147483648\" is out of range: Numerical result out of range"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct spec_restart_policy policy = {.name = -1, .retries = -1};

		assert_int_equal(spec_parse_restart(good[i].text, &policy, NULL), 0);
		assert_int_equal(policy.name, good[i].name);
		assert_int_equal(policy.retries, good[i].retries);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct spec_restart_policy policy = {.name = 77};
		struct error err = {0};

		assert_refusal(&bad[i], spec_parse_restart(bad[i].text, &policy, &err), &err);
		assert_int_equal(policy.name, 77);
	}
}

static void test_id_ranges(void **state)
{
	static const struct {
		const char *text;
		struct spec_idmap idmap;
	} good[] = {
		{"none", {0}},
		{"auto", {.is_automatic = true}},
		{"0:0:0", {0}},
		{"0:0:65536", {0}},
		{"100000:200000:65536", {.uid = 100000, .gid = 200000, .size = 65536}},
		{"1:1:1", {.uid = 1, .gid = 1, .size = 1}},
		{"4294967294:4294967294:1", {.uid = 4294967294, .gid = 4294967294, .size = 1}},
		{"1:1:4294967294", {.uid = 1, .gid = 1, .size = 4294967294}},
	};
	static const struct refusal bad[] = {
		{"", -EINVAL, "use UID:GID:SIZE, auto or none"},
		{"yes", -EINVAL, "use UID:GID:SIZE, auto or none"},
		{"1:2", -EINVAL, "use UID:GID:SIZE, auto or none"},
		{"1:2:3:4", -EINVAL, "use UID:GID:SIZE, auto or none"},
		{"1::2:3", -EINVAL, "use UID:GID:SIZE, auto or none"},
		{"1:2:3:", -EINVAL, "use UID:GID:SIZE, auto or none"},
		{":1:2", -EINVAL, "use UID:GID:SIZE, auto or none"},
		{"a:2:3", -EINVAL, "\"a\" is not a whole number: Invalid argument"},
		{"1:-2:3", -EINVAL, "\"-2\" is not a whole number: Invalid argument"},
		{"1:2:3k", -EINVAL, "\"3k\" is not a whole number: Invalid argument"},
		{"1:2:4294967296", -ERANGE, "\"4294967296\" is out of range: Numerical result out of range"},
		{"0:5:10", -EINVAL, "only one of UID and GID is the host's root"},
		{"5:0:10", -EINVAL, "only one of UID and GID is the host's root"},
		{"5:5:0", -EINVAL, "SIZE is 0"},
		{"4294967294:5:2", -ERANGE, "the range goes beyond the last id, 4294967294"},
		{"5:4294967295:1", -ERANGE, "the range goes beyond the last id, 4294967294"},
		{"1:1:4294967295", -ERANGE, "the range goes beyond the last id, 4294967294"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct spec_idmap idmap = {.uid = 77, .is_automatic = true};

		assert_int_equal(spec_parse_idmap(good[i].text, &idmap, NULL), 0);
		assert_true(idmap.uid == good[i].idmap.uid && idmap.gid == good[i].idmap.gid &&
			    idmap.size == good[i].idmap.size);
		assert_int_equal(idmap.is_automatic, good[i].idmap.is_automatic);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct spec_idmap idmap = {.size = 77};
		struct error err = {0};

		assert_refusal(&bad[i], spec_parse_idmap(bad[i].text, &idmap, &err), &err);
		assert_true(idmap.size == 0);
	}
}

static void test_signals(void **state)
{
	const struct {
		const char *text;
		int number;
	} good[] = {
		{"TERM", SIGTERM},
		{"SIGTERM", SIGTERM},
		{"sigterm", SIGTERM},
		{"15", SIGTERM},
		{"1", 1},
		{"64", SIGRTMAX},
		{"RTMIN", SIGRTMIN},
		{"RTMIN+3", SIGRTMIN + 3},
		{"SIGRTMIN+3", SIGRTMIN + 3},
		{"rtmin+3", SIGRTMIN + 3},
		{"RTMAX", SIGRTMAX},
		{"SIGRTMAX-14", SIGRTMAX - 14},
		{"KILL", SIGKILL},
		{"STOP", SIGSTOP},
		{"HUP", SIGHUP},
		{"RTMIN+30", SIGRTMAX},
		{"WINCH", SIGWINCH},
	};
	static const char *const bad[] = {
		"",
		"0",
		"-1",
		"65",
		"4294967305",
		"SIG",
		"SIGSIGTERM",
		"TERMS",
		"TER",
		"RTMIN+",
		"RTMIN-1",
		"RTMIN+31",
		"RTMIN++1",
		"RTMIN+-1",
		"RTMAX+1",
		"RTMINX",
		"SIG9",
		"15 ",
		" 15",
		"9x",
		"SIGTERMSIGTERMSIGTERM",
		"RTMIN+0000000001",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int number = 0;

		if (spec_parse_signal(good[i].text, &number, NULL) < 0 || number != good[i].number)
			fail_msg("%s is %d, not %d", good[i].text, number, good[i].number);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *message = xasprintf("Invalid signal: %s", bad[i]);
		struct refusal refusal = {bad[i], -EINVAL, message};
		struct error err = {0};
		int number = 0;

		assert_refusal(&refusal, spec_parse_signal(bad[i], &number, &err), &err);
	}
}

static char *repeat(char character, size_t count)
{
	char *text = xmalloc(count + 1);

	memset(text, character, count);
	text[count] = '\0';
	return text;
}

static void test_names(void **state)
{
	static const char *const good[] = {"ab", "web-1", "0x", "A.b_c-d", "a.", "a..", "a--"};
	static const char *const bad[] = {"",     "a",    ".a", "-a",  "_a", "/ab",       "a/b",       "a b",
					  "ab\n", "ab\t", "..", "a:b", "a*", "\303\244b", "ab\303\244"};
	autofree char *longest = repeat('n', 255), *longer = repeat('n', 256), *huge = repeat('n', 100000);
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(spec_check_name(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *message =
			xasprintf("Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, "
				  "2 to 255 characters",
				  bad[i]);
		struct refusal refusal = {bad[i], -EINVAL, message};

		assert_refusal(&refusal, spec_check_name(bad[i], &err), &err);
	}
	assert_int_equal(spec_check_name(longest, NULL), 0);
	assert_int_equal(spec_check_name(longer, &err), -EINVAL);
	assert_int_equal(spec_check_name(huge, &err), -EINVAL);
	assert_non_null(strstr(err.message, "2 to 255 characters"));
}

static void test_hostnames(void **state)
{
	static const char *const good[] = {"a", "web", "web-1", "1.example.org", "A-B.c"};
	static const char *const bad[] = {"",     "-",   ".",   "-a",  "a-",  ".a",      "a.",
					  "a..b", "a_b", "a b", "a\n", "a/b", "\303\244"};
	autofree char *longest = repeat('h', 64), *longer = repeat('h', 65);
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(spec_check_hostname(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *message =
			xasprintf("Invalid hostname \"%s\": use letters, digits, '-' and '.', at most 64 characters",
				  bad[i]);
		struct refusal refusal = {bad[i], -EINVAL, message};

		assert_refusal(&refusal, spec_check_hostname(bad[i], &err), &err);
	}
	assert_int_equal(spec_check_hostname(longest, NULL), 0);
	assert_int_equal(spec_check_hostname(longer, &err), -EINVAL);
}

static void test_cgroup_is_below_the_parent(void **state)
{
	struct spec spec = {.id = (char *)"abc", .cgroup_parent = (char *)"/machines/web"};
	autofree char *path = spec_cgroup(&spec);

	(void)state;
	assert_string_equal(path, "/machines/web/abc");
}

/* Every container has "/syscontainer-ID.scope/ID" below a slice and "/ID" below a path, and what goes with it. */
static void test_cgroup_parent_leaves_room(void **state)
{
	/* 21 levels of 1,974 bytes */
	static const char slice[] =
		"abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-"
		"abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg.slice";
	autofree char *path = xcalloc(PATH_MAX, 1);
	const size_t room = CGROUP_PATH_MAX - 16 - 1 - SPEC_ID_LENGTH;
	struct error err = {0};

	(void)state;
	memset(path, 'a', room);
	for (size_t i = 0; i < room; i += 100)
		path[i] = '/';
	assert_int_equal(spec_check_cgroup_parent(path, NULL), 0);
	path[room] = 'a';
	assert_int_equal(spec_check_cgroup_parent(path, &err), -EINVAL);
	assert_string_equal(err.message, "the cgroups of its containers would have paths of 2049 bytes: 2048 is the most");
	assert_int_equal(spec_check_cgroup_parent("a-b-c.slice", NULL), 0);
	assert_int_equal(spec_check_cgroup_parent(slice, &err), -EINVAL);
	assert_string_equal(err.message, "the cgroups of its containers would have paths of 2139 bytes: 2048 is the most");
	assert_int_equal(spec_check_cgroup_parent(strchr(slice, '-') + 1, NULL), 0);
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

#define REQUIRED \
	"\"version\":1,\"name\":\"web\",\"rootfs\":\"/srv/web\",\"command\":[\"/sbin/init\"],\"hostname\":\"web\",\"cgroup_parent\":\"/c\""
#define LIMITS \
	"\"limits\":{\"cpu_shares\":512,\"cpu_period_us\":100000,\"cpu_quota_us\":-1,\"nano_cpus\":1500000000," \
	"\"cpuset_cpus\":\"0-1\",\"cpuset_mems\":\"0\",\"memory\":9007199254740993,\"memory_reservation\":1,\"memory_swap\":-1," \
	"\"memory_swappiness\":60,\"pids\":100}"
#define HOOKS \
	"\"hooks\":{\"prestart\":[{\"path\":\"/bin/a\",\"args\":[\"a\"],\"env\":[\"K=V\"],\"timeout\":5}],\"poststop\":[{\"path\":\"/b\"}]," \
	"\"file\":\"/etc/hooks.json\"}"
#define HEALTH \
	"\"health\":{\"command\":\"true\",\"interval_ms\":1000,\"timeout_ms\":2000,\"retries\":3,\"start_period_ms\":0," \
	"\"ends_unhealthy\":true}"
static const char full[] =
	"{\"version\":1,\"name\":\"web\",\"created_ns\":1732241430123456789,\"rootfs\":\"/srv/web\",\"command\":[\"/sbin/init\",\"\"],"
	"\"entrypoint\":\"/sbin/init\",\"environment\":[\"A=1\",\"B=\"],\"working_directory\":\"/srv\",\"user\":\"web:web\","
	"\"groups\":[\"audio\"],\"hostname\":\"web\",\"has_tty\":true,\"has_stdin\":true,\"removes_itself\":true,"
	"\"is_privileged\":true,\"stop_signal\":\"RTMIN+3\",\"stop_timeout_ms\":-1,\"start_timeout_ms\":90000,"
	"\"labels\":{\"a\":\"1=2\"},\"annotations\":{\"b\":\"\\u00e4\"},\"restart\":{\"name\":\"on-failure\",\"retries\":3},"
	"\"idmap\":{\"uid\":805306368,\"gid\":805306368,\"size\":65536,\"is_automatic\":true},\"cgroup_parent\":\"/machines\"," LIMITS
	"," HOOKS "," HEALTH "}";

static void load(const char *content, struct spec *spec)
{
	struct error err = {0};

	work_write(SPEC_FILE, content);
	if (spec_load(WORK_ID, spec, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_everything_comes_back(void **state)
{
	autofree char *first = NULL, *second = NULL;
	struct spec spec, again;

	(void)state;
	load(full, &spec);
	assert_string_equal(spec.id, WORK_ID);
	assert_true(spec.created_ns == 1732241430123456789);
	assert_string_equal(spec.environment.items[1], "B=");
	assert_string_equal(spec.labels.items[0], "a=1=2");
	assert_string_equal(spec.annotations.items[0], "b=\303\244");
	assert_int_equal(spec.restart.name, SPEC_RESTART_ON_FAILURE);
	assert_int_equal(spec.restart.retries, 3);
	assert_true(spec.idmap.uid == 0x30000000 && spec.idmap.is_automatic);
	assert_true(spec.limits.memory == 9007199254740993);
	assert_int_equal(spec_save(WORK_ID, &spec, NULL), 0);
	first = work_read(SPEC_FILE);
	assert_int_equal(spec_load(WORK_ID, &again, NULL), 0);
	assert_int_equal(spec_save(WORK_ID, &again, NULL), 0);
	second = work_read(SPEC_FILE);
	assert_string_equal(first, second);
	assert_string_equal(again.limits.cpuset_cpus, "0-1");
	assert_int_equal(again.hooks.stages[SPEC_HOOK_PRESTART].items[0].timeout_s, 5);
	assert_string_equal(again.hooks.stages[SPEC_HOOK_POSTSTOP].items[0].path, "/b");
	assert_string_equal(again.hooks.file, "/etc/hooks.json");
	assert_true(again.health.timeout_ms == 2000 && again.health.ends_unhealthy);
	spec_release(&spec);
	spec_release(&again);
	spec_release(&again);
}

static void test_absent_keys_have_defaults(void **state)
{
	struct spec spec;

	(void)state;
	load("{" REQUIRED ",\"from_a_newer_minor\":{\"x\":[1]}}", &spec);
	assert_null(spec.user);
	assert_null(spec.stop_signal);
	assert_int_equal(spec.environment.count, 0);
	assert_int_equal(spec.restart.name, SPEC_RESTART_NO);
	assert_true(spec.idmap.size == 0);
	assert_true(spec.limits.memory == CGROUP_LIMIT_UNSET && spec.limits.pids == CGROUP_LIMIT_UNSET);
	spec_release(&spec);
}

static void test_the_version_is_written(void **state)
{
	struct spec spec;
	autofree char *content = NULL;
	struct stat status;

	(void)state;
	load("{" REQUIRED "}", &spec);
	spec.version = 0;
	assert_int_equal(spec_save(WORK_ID, &spec, NULL), 0);
	content = work_read(SPEC_FILE);
	assert_non_null(strstr(content, "\"version\": 1"));
	assert_int_equal(stat(work_path(SPEC_FILE), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	spec_release(&spec);
}

static void assert_unreadable(int code, const char *message)
{
	struct error err = {0};
	struct spec spec;
	autofree char *expected = xasprintf("%s: %s", work_path(SPEC_FILE), message);

	assert_int_equal(spec_load(WORK_ID, &spec, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.message, expected))
		fail_msg("\"%s\" does not say \"%s\"", err.message, expected);
	assert_null(spec.id);
	assert_null(spec.name);
	spec_release(&spec);
}

#define WITH(key_and_value) "{" key_and_value "," REQUIRED "}"

static void test_bad_files_are_named_with_the_key(void **state)
{
	static const struct refusal bad[] = {
		{"[]", -EINVAL, "expected an object, found an array"},
		{"{}", -EINVAL, "version: required, but missing"},
		{"{\"version\":1}", -EINVAL, "name: required, but missing"},
		{"{\"version\":1,\"name\":null}", -EINVAL, "name: expected a string, found null"},
		{"{\"version\":1,\"name\":\"web\",\"rootfs\":\"/\",\"command\":[\"x\"],\"hostname\":\"a\"}", -EINVAL,
		 "cgroup_parent: required, but missing"},
		{"{\"version\":1,\"name\":\"web\",\"rootfs\":\"/\",\"command\":[\"x\"],\"cgroup_parent\":\"/c\"}", -EINVAL,
		 "hostname: it is missing"},
		{"{\"version\":2,\"name\":\"web\",\"rootfs\":\"/\",\"command\":[\"x\"],\"cgroup_parent\":\"/c\"}",
		 -EPROTONOSUPPORT, "version 2 is not known to this syscontainer; it is from a newer one"},
		{"{\"version\":0,\"name\":\"web\",\"rootfs\":\"/\",\"command\":[\"x\"],\"cgroup_parent\":\"/c\"}",
		 -EPROTONOSUPPORT, "version 0 is not known"},
		{"{\"version\":1,\"name\":\"../x\",\"rootfs\":\"/\",\"command\":[\"x\"],\"cgroup_parent\":\"/c\"}", -EINVAL,
		 "name: Invalid container name (../x)"},
		{"{\"version\":1,\"name\":\"web\",\"rootfs\":\"srv\",\"command\":[\"x\"],\"cgroup_parent\":\"/c\"}", -EINVAL,
		 "rootfs: srv is no absolute path"},
		{"{\"version\":1,\"name\":\"web\",\"rootfs\":\"\",\"command\":[\"x\"],\"cgroup_parent\":\"/c\"}", -EINVAL,
		 "rootfs:  is no absolute path"},
		{"{\"version\":1,\"name\":\"web\",\"rootfs\":\"/\",\"command\":[],\"cgroup_parent\":\"/c\"}", -EINVAL,
		 "command: it is empty"},
		{"{\"version\":1,\"name\":\"web\",\"rootfs\":\"/\",\"command\":[\"x\"],\"hostname\":\"a b\",\"cgroup_parent\":\"/c\"}",
		 -EINVAL, "hostname: Invalid hostname \"a b\""},
		{"{\"version\":1,\"name\":\"web\",\"rootfs\":\"/\",\"command\":[\"x\"],\"hostname\":\"a\",\"cgroup_parent\":\"/../c\"}",
		 -EINVAL, "cgroup_parent: \"/../c\" is no cgroup path"},
		{"{\"version\":1,\"name\":\"web\",\"rootfs\":\"/\",\"command\":[\"x\"],\"hostname\":\"a\",\"cgroup_parent\":\"c\"}",
		 -EINVAL, "cgroup_parent: \"c\" is no cgroup path"},
		{WITH("\"has_tty\":1"), -EINVAL, "has_tty: expected true or false, found a number"},
		{WITH("\"environment\":[\"A=1\",2]"), -EINVAL, "environment[1]: expected a string, found a number"},
		{WITH("\"labels\":[\"a=b\"]"), -EINVAL, "labels: expected an object of strings, found an array"},
		{WITH("\"restart\":{\"name\":\"maybe\"}"), -EINVAL,
		 "restart.name: expected one of no, on-reboot, on-failure, always, unless-stopped"},
		{WITH("\"limits\":{\"memory\":\"1g\"}"), -EINVAL,
		 "limits.memory: expected an integer of 64 bits, found a string"},
		{WITH("\"idmap\":{\"uid\":-1}"), -EINVAL, "idmap.uid: expected a positive integer of 64 bits"},
		{WITH("\"idmap\":{\"uid\":4294967295,\"gid\":1,\"size\":1}"), -ERANGE,
		 "idmap: the range goes beyond the last id, 4294967294"},
		{WITH("\"idmap\":{\"uid\":1,\"gid\":1,\"size\":4294967295}"), -ERANGE,
		 "idmap: the range goes beyond the last id, 4294967294"},
		{WITH("\"hooks\":{\"prestart\":[{\"path\":\"a\"}]}"), -EINVAL,
		 "hooks: prestart[0]: path: \"a\" is not absolute"},
		{WITH("\"health\":{\"command\":\"x\"}"), -EINVAL, "health: interval_ms: 0 is not between"},
		/* The sum overflows to a small number. */
		{WITH("\"idmap\":{\"uid\":18446744073709551615,\"gid\":1,\"size\":2}"), -ERANGE,
		 "idmap: the range goes beyond the last id, 4294967294"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		work_write(SPEC_FILE, bad[i].text);
		assert_unreadable(bad[i].code, bad[i].message);
	}
}

static void test_every_truncation_is_refused(void **state)
{
	size_t length = strlen(full);

	(void)state;
	for (size_t i = 0; i < length; i += i < length - 10 ? 37 : 1) {
		struct error err = {0};
		struct spec spec;

		work_write_bytes(SPEC_FILE, full, i);
		assert_true(spec_load(WORK_ID, &spec, &err) < 0);
		assert_non_null(strstr(err.message, work_path(SPEC_FILE)));
	}
}

static void test_a_missing_container_is_enoent(void **state)
{
	struct error err = {0};
	struct spec spec;

	(void)state;
	assert_int_equal(spec_load(WORK_ID, &spec, &err), -ENOENT);
	assert_non_null(strstr(err.message, work_path(SPEC_FILE)));
	assert_int_equal(spec_load("missing", &spec, NULL), -ENOENT);
	load("{" REQUIRED "}", &spec);
	assert_int_equal(spec_save("missing", &spec, &err), -ENOENT);
	assert_non_null(strstr(err.message, "containers/missing/spec.json"));
	spec_release(&spec);
}

static void test_guest_files(void **state)
{
	static const char *const good[] = {"/env", "/etc/environment", "/a/..b/.c", "/with blank"};
	static const char *const bad[] = {"", "env", "/", "/etc/", "//env", "/./env", "/etc/../env", "/etc/..", "/e\nnv"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(spec_check_guest_file(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(spec_check_guest_file(bad[i], NULL) < 0);
}

int main(void)
{
#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, work_tear_down)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_policies),
		cmocka_unit_test(test_id_ranges),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hostnames),
		cmocka_unit_test(test_guest_files),
		cmocka_unit_test(test_cgroup_is_below_the_parent),
		cmocka_unit_test(test_cgroup_parent_leaves_room),
		FILE_TEST(test_everything_comes_back),
		FILE_TEST(test_absent_keys_have_defaults),
		FILE_TEST(test_the_version_is_written),
		FILE_TEST(test_bad_files_are_named_with_the_key),
		FILE_TEST(test_every_truncation_is_refused),
		FILE_TEST(test_a_missing_container_is_enoent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
