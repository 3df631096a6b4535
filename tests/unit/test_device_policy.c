/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of who gives a container access to devices, and that it adds up. */
#include "container/device_policy.h"

#include "work.h"

#define USUAL    ",c 1:3 rwm,c 1:5 rwm,c 1:7 rwm,c 1:8 rwm,c 1:9 rwm,c 5:0 rwm,c 5:1 rwm,c 5:2 rwm,c 136:* rwm,c 10:200 rwm"
#define DEFAULTS "c *:* m,b *:* m" USUAL

static void append_device(struct spec *spec, const char *text)
{
	struct spec_device device;

	assert_int_equal(spec_device_parse(text, &device, NULL), 0);
	spec_devices_append(&spec->devices, &device);
}

static void append_texts(const struct device_rules *rules, struct strings *texts)
{
	for (size_t i = 0; i < rules->count; i++)
		strings_append_owned(texts, device_rule_format(&rules->items[i]));
}

static void expect(const struct spec *spec, const char *expected)
{
	autorelease(device_rules_release) struct device_rules rules = {0};
	autorelease(strings_release) struct strings texts = {0};
	autofree char *joined = NULL;
	struct error err = {0};

	if (device_policy_of(spec, &rules, &err) < 0)
		fail_msg("%s", err.message);
	append_texts(&rules, &texts);
	joined = strings_join(&texts, ",");
	assert_string_equal(joined, expected);
}

static void test_spec(void **state)
{
	autorelease(spec_release) struct spec spec = {0};

	(void)state;
	expect(&spec, DEFAULTS);
	strings_append(&spec.devices.rules, "a 7:* r");
	strings_append(&spec.devices.rules, "c 1:3 r");
	append_device(&spec, "/dev/null:/dev/again:r"); /* has more by the defaults */
	append_device(&spec, "/dev/full:/dev/other");
	append_device(&spec, "/dev/kmsg:rw");
	expect(&spec, DEFAULTS ",b 7:* r,c 7:* r,c 1:11 rw");
}

static void test_privileged(void **state)
{
	autorelease(spec_release) struct spec spec = {.is_privileged = true};

	(void)state;
	expect(&spec, "c *:* rwm,b *:* rwm" USUAL);
}

static void test_absent(void **state)
{
	autorelease(spec_release) struct spec spec = {0};
	struct device_rules rules;
	struct error err = {0};

	(void)state;
	append_device(&spec, work_path("none"));
	assert_int_equal(device_policy_of(&spec, &rules, &err), -ENOENT);
	assert_non_null(strstr(err.message, work_path("none")));
	assert_int_equal(rules.count, 0);
}

static void test_boot(void **state)
{
	autorelease(boot_release) struct boot boot = {0};
	autorelease(device_rules_release) struct device_rules rules = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(device_policy_of_boot(&boot, &rules, &err), -ENODATA);
	strings_append(&boot.devices, "c 1:3 rwm");
	strings_append(&boot.devices, "b 8:16 r");
	assert_int_equal(device_policy_of_boot(&boot, &rules, &err), 0);
	assert_int_equal(rules.count, 2);
	assert_int_equal(rules.items[1].minor, 16);
	device_rules_release(&rules);
	strings_append(&boot.devices, "what");
	assert_int_equal(device_policy_of_boot(&boot, &rules, &err), -EINVAL);
	assert_int_equal(rules.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_privileged),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_boot),
	};

	return cmocka_run_group_tests(tests, work_set_up, work_tear_down);
}
