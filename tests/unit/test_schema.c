/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table with a field of every type: reading, every refusal with its path, writing, copying, releasing. */
#include "base/schema.h"

#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

struct device {
	char *path;
	int mode;
	struct strings aliases;
};

struct rootfs {
	char *path;
	bool is_readonly;
};

struct machine {
	char *name;
	bool is_privileged;
	int priority;
	int64_t offset;
	uint64_t limit;
	double cpus;
	int policy;
	struct strings args;
	struct strings env;
	struct rootfs rootfs;
	struct {
		struct device *items;
		size_t count;
	} devices;
	int not_in_the_table;
};

static const char *const policies[] = {"no", "on-reboot", "always", NULL};

static const struct schema_field device_fields[] = {
	{.key = "path", .type = SCHEMA_STRING, .offset = offsetof(struct device, path), .is_required = true},
	{.key = "mode", .type = SCHEMA_INT, .offset = offsetof(struct device, mode), .is_omitted_when_empty = true},
	{.key = "aliases",
	 .type = SCHEMA_STRINGS,
	 .offset = offsetof(struct device, aliases),
	 .is_omitted_when_empty = true},
};

static const struct schema device_schema = {sizeof(struct device), device_fields, ARRAY_SIZE(device_fields)};

static const struct schema_field rootfs_fields[] = {
	{.key = "path", .type = SCHEMA_STRING, .offset = offsetof(struct rootfs, path)},
	{.key = "readonly", .type = SCHEMA_BOOL, .offset = offsetof(struct rootfs, is_readonly)},
};

static const struct schema rootfs_schema = {sizeof(struct rootfs), rootfs_fields, ARRAY_SIZE(rootfs_fields)};

#define MACHINE_FIELDS(omitted) \
	{ \
		{.key = "name", .type = SCHEMA_STRING, .offset = offsetof(struct machine, name), omitted}, \
			{.key = "privileged", \
			 .type = SCHEMA_BOOL, \
			 .offset = offsetof(struct machine, is_privileged), \
			 omitted}, \
			{.key = "priority", .type = SCHEMA_INT, .offset = offsetof(struct machine, priority), omitted}, \
			{.key = "offset", .type = SCHEMA_INT64, .offset = offsetof(struct machine, offset), omitted}, \
			{.key = "limit", .type = SCHEMA_UINT64, .offset = offsetof(struct machine, limit), omitted}, \
			{.key = "cpus", .type = SCHEMA_DOUBLE, .offset = offsetof(struct machine, cpus), omitted}, \
			{.key = "policy", \
			 .type = SCHEMA_ENUM, \
			 .offset = offsetof(struct machine, policy), \
			 .names = policies, \
			 omitted}, \
			{.key = "args", .type = SCHEMA_STRINGS, .offset = offsetof(struct machine, args), omitted}, \
			{.key = "env", .type = SCHEMA_MAP, .offset = offsetof(struct machine, env), omitted}, \
			{.key = "rootfs", \
			 .type = SCHEMA_OBJECT, \
			 .offset = offsetof(struct machine, rootfs), \
			 .nested = &rootfs_schema, \
			 omitted}, \
			{.key = "devices", \
			 .type = SCHEMA_ARRAY, \
			 .offset = offsetof(struct machine, devices), \
			 .nested = &device_schema, \
			 omitted}, \
	}

static const struct schema_field machine_fields[] = MACHINE_FIELDS(.is_omitted_when_empty = false);
static const struct schema machine_schema = {sizeof(struct machine), machine_fields, ARRAY_SIZE(machine_fields)};

static const struct schema_field terse_fields[] = MACHINE_FIELDS(.is_omitted_when_empty = true);
static const struct schema terse_schema = {sizeof(struct machine), terse_fields, ARRAY_SIZE(terse_fields)};

static const char full_text[] =
	"{\"name\":\"web\",\"privileged\":true,\"priority\":-5,\"offset\":-9223372036854775808,\"limit\":18446744073709551615,"
	"\"cpus\":1.5,\"policy\":\"always\",\"args\":[\"/sbin/init\",\"\"],\"env\":{\"A\":\"1=2\",\"B\":\"\"},"
	"\"rootfs\":{\"path\":\"/srv/web\",\"readonly\":true},"
	"\"devices\":[{\"path\":\"/dev/fuse\",\"mode\":438,\"aliases\":[\"fuse\"]},{\"path\":\"/dev/kvm\"}]}";

static const char empty_text[] =
	"{\"name\":null,\"privileged\":false,\"priority\":0,\"offset\":0,\"limit\":0,\"cpus\":0,\"policy\":\"no\",\"args\":[],"
	"\"env\":{},\"rootfs\":{\"path\":null,\"readonly\":false},\"devices\":[]}";

static int read_text(const char *text, enum schema_mode mode, struct machine *machine, struct error *err)
{
	struct json *value = NULL;
	int result;

	assert_int_equal(json_parse(text, strlen(text), &value, NULL), 0);
	result = schema_read(&machine_schema, value, mode, machine, err);
	json_free(value);
	return result;
}

static void assert_writes(const struct schema *schema, const struct machine *machine, const char *expected)
{
	struct json *value = schema_write(schema, machine);
	autorelease(text_release) struct text printed = {0};

	json_print(value, 0, &printed);
	json_free(value);
	assert_string_equal(text_get(&printed), expected);
}

static void assert_zeroed(const struct machine *machine)
{
	static const struct machine zero;

	assert_memory_equal(machine, &zero, sizeof(zero));
}

static void test_every_type_is_read_and_written(void **state)
{
	struct machine machine = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(read_text(full_text, SCHEMA_STRICT, &machine, &err), 0);
	assert_string_equal(machine.name, "web");
	assert_true(machine.is_privileged);
	assert_int_equal(machine.priority, -5);
	assert_true(machine.offset == INT64_MIN);
	assert_true(machine.limit == UINT64_MAX);
	assert_true(machine.cpus == 1.5);
	assert_int_equal(machine.policy, 2);
	assert_int_equal(machine.args.count, 2);
	assert_string_equal(machine.args.items[0], "/sbin/init");
	assert_null(machine.args.items[2]);
	assert_string_equal(strings_get_value(&machine.env, "A"), "1=2");
	assert_string_equal(strings_get_value(&machine.env, "B"), "");
	assert_string_equal(machine.rootfs.path, "/srv/web");
	assert_true(machine.rootfs.is_readonly);
	assert_int_equal(machine.devices.count, 2);
	assert_int_equal(machine.devices.items[0].mode, 0666);
	assert_string_equal(machine.devices.items[0].aliases.items[0], "fuse");
	assert_string_equal(machine.devices.items[1].path, "/dev/kvm");
	assert_writes(&machine_schema, &machine, full_text);
	assert_writes(&terse_schema, &machine, full_text);
	schema_release(&machine_schema, &machine);
	assert_zeroed(&machine);
}

static void test_empty_members_are_written_or_omitted(void **state)
{
	struct machine machine = {0};

	(void)state;
	assert_writes(&machine_schema, &machine, empty_text);
	assert_writes(&terse_schema, &machine, "{}");
	assert_int_equal(read_text(empty_text, SCHEMA_STRICT, &machine, NULL), 0);
	assert_zeroed(&machine);
	machine.rootfs.is_readonly = true;
	assert_writes(&terse_schema, &machine, "{\"rootfs\":{\"path\":null,\"readonly\":true}}");
	schema_release(&machine_schema, &machine);
	schema_release(&machine_schema, &machine);
}

static void test_defaults_stay_or_are_replaced(void **state)
{
	struct machine machine = {.name = xstrdup("old"), .priority = 7, .policy = 1};

	(void)state;
	strings_append(&machine.args, "old");
	strings_append(&machine.env, "OLD=1");
	assert_int_equal(read_text("{\"args\":[\"new\"],\"rootfs\":{\"readonly\":true}}", SCHEMA_STRICT, &machine, NULL), 0);
	assert_string_equal(machine.name, "old");
	assert_int_equal(machine.priority, 7);
	assert_int_equal(machine.policy, 1);
	assert_int_equal(machine.args.count, 1);
	assert_string_equal(machine.args.items[0], "new");
	assert_string_equal(machine.env.items[0], "OLD=1");

	assert_int_equal(read_text(full_text, SCHEMA_STRICT, &machine, NULL), 0);
	assert_int_equal(read_text(full_text, SCHEMA_STRICT, &machine, NULL), 0);
	assert_writes(&machine_schema, &machine, full_text);
	schema_release(&machine_schema, &machine);
}

static void test_refusals_name_the_path(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"[]", "expected an object, found an array"},
		{"null", "expected an object, found null"},
		{"{\"name\":1}", "name: expected a string, found a number"},
		{"{\"privileged\":\"yes\"}", "privileged: expected true or false, found a string"},
		{"{\"privileged\":null}", "privileged: expected true or false, found null"},
		{"{\"priority\":1.5}", "priority: expected an integer of 32 bits, found 1.5"},
		{"{\"priority\":2147483648}", "priority: expected an integer of 32 bits, found 2147483648"},
		{"{\"priority\":-2147483649}", "priority: expected an integer of 32 bits, found -2147483649"},
		{"{\"offset\":9223372036854775808}", "offset: expected an integer of 64 bits, found 9223372036854775808"},
		{"{\"limit\":-1}", "limit: expected a positive integer of 64 bits, or 0, found -1"},
		{"{\"cpus\":{}}", "cpus: expected a number, found an object"},
		{"{\"policy\":\"maybe\"}", "policy: expected one of no, on-reboot, always, found \"maybe\""},
		{"{\"policy\":1}", "policy: expected a word, found a number"},
		{"{\"args\":\"x\"}", "args: expected an array of strings, found a string"},
		{"{\"args\":[\"x\",null]}", "args[1]: expected a string, found null"},
		{"{\"env\":[\"A=1\"]}", "env: expected an object of strings, found an array"},
		{"{\"env\":{\"A\":\"1\",\"B\":true}}", "env.B: expected a string, found a boolean"},
		{"{\"env\":{\"A=B\":\"1\"}}", "env.A=B: a key may not hold '='"},
		{"{\"rootfs\":{\"path\":5}}", "rootfs.path: expected a string, found a number"},
		{"{\"rootfs\":\"/\"}", "rootfs: expected an object, found a string"},
		{"{\"devices\":{}}", "devices: expected an array of objects, found an object"},
		{"{\"devices\":[{\"path\":\"/dev/fuse\"},7]}", "devices[1]: expected an object, found a number"},
		{"{\"devices\":[{\"path\":\"a\"},{\"path\":\"b\"},{\"path\":[]}]}",
		 "devices[2].path: expected a string, found an array"},
		{"{\"devices\":[{\"path\":\"a\",\"aliases\":[\"b\",{}]}]}",
		 "devices[0].aliases[1]: expected a string, found an object"},
		{"{\"devices\":[{\"mode\":1}]}", "devices[0].path: required, but missing"},
		{"{\"devices\":[{\"path\":null}]}", "devices[0].path: expected a string, found null"},
		{"{\"rootfs\":{\"path\":\"/\",\"pth\":\"/\"}}", "rootfs.pth: unknown key; there are: path, readonly"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine machine = {.name = xstrdup("default")};
		struct error err = {0};

		strings_append(&machine.args, "default");
		assert_int_equal(read_text(cases[i].text, SCHEMA_STRICT, &machine, &err), -EINVAL);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(err.code, -EINVAL);
		assert_zeroed(&machine);
		assert_int_equal(read_text(cases[i].text, SCHEMA_STRICT, &machine, NULL), -EINVAL);
	}
}

static void test_tolerant_mode_skips_only_unknown_keys(void **state)
{
	struct machine machine = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(read_text("{\"new\":{\"a\":[]},\"name\":\"web\",\"devices\":[{\"path\":\"/dev/kvm\",\"new\":1}]}",
				   SCHEMA_TOLERANT, &machine, &err),
			 0);
	assert_string_equal(machine.name, "web");
	assert_string_equal(machine.devices.items[0].path, "/dev/kvm");
	schema_release(&machine_schema, &machine);
	assert_int_equal(read_text("{\"new\":1,\"name\":2}", SCHEMA_TOLERANT, &machine, &err), -EINVAL);
	assert_string_equal(err.message, "name: expected a string, found a number");
}

static void test_copy_is_deep(void **state)
{
	struct machine machine = {0}, copy;

	(void)state;
	memset(&copy, 0xff, sizeof(copy));
	assert_int_equal(read_text(full_text, SCHEMA_STRICT, &machine, NULL), 0);
	machine.not_in_the_table = 5;
	schema_copy(&machine_schema, &machine, &copy);
	assert_ptr_not_equal(copy.devices.items, machine.devices.items);
	schema_release(&machine_schema, &machine);
	assert_writes(&machine_schema, &copy, full_text);
	assert_int_equal(copy.not_in_the_table, 0);
	schema_release(&machine_schema, &copy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_is_read_and_written),
		cmocka_unit_test(test_empty_members_are_written_or_omitted),
		cmocka_unit_test(test_defaults_stay_or_are_replaced),
		cmocka_unit_test(test_refusals_name_the_path),
		cmocka_unit_test(test_tolerant_mode_skips_only_unknown_keys),
		cmocka_unit_test(test_copy_is_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
