/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of hook specs: what is taken, what is refused with which key, and the order of merged ones. */
#include "model/spec_hooks.h"

#include "base/json.h"
#include "work.h"

static int parse(const char *text, struct spec_hooks *hooks, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;

	*hooks = (struct spec_hooks){0};
	if (json_parse(text, strlen(text), &value, err) < 0)
		fail_msg("%s", err->message);
	return spec_hooks_parse(value, hooks, err);
}

static void test_a_whole_spec(void **state)
{
	struct spec_hooks hooks;
	struct error err = {0};
	const struct spec_hook *hook;

	(void)state;
	assert_int_equal(
		parse("{\"poststop\":[],\"prestart\":[{\"path\":\"/bin/a\",\"args\":[\"a\",\"\"],\"env\":[\"K=\",\"L=1=2\"],"
		      "\"timeout\":86400},{\"path\":\"/bin/b\"}]}",
		      &hooks, &err),
		0);
	assert_int_equal(hooks.stages[SPEC_HOOK_PRESTART].count, 2);
	assert_int_equal(hooks.stages[SPEC_HOOK_POSTSTART].count, 0);
	hook = &hooks.stages[SPEC_HOOK_PRESTART].items[0];
	assert_string_equal(hook->path, "/bin/a");
	assert_int_equal(hook->arguments.count, 2);
	assert_string_equal(hook->environment.items[1], "L=1=2");
	assert_int_equal(hook->timeout_s, 86400);
	assert_int_equal(hooks.stages[SPEC_HOOK_PRESTART].items[1].timeout_s, 0);
	assert_null(hooks.file);
	spec_hooks_release(&hooks);
	spec_hooks_release(&hooks);
	assert_int_equal(parse("{}", &hooks, &err), 0);
	spec_hooks_release(&hooks);
}

static void test_refusals_name_the_key(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"[]", "expected an object, found an array"},
		{"{\"file\":\"/x\"}", "file: unknown key; there are: prestart, poststart, poststop"},
		{"{\"createRuntime\":[]}", "createRuntime: unknown key"},
		{"{\"prestart\":{}}", "prestart: expected an array"},
		{"{\"prestart\":[1]}", "prestart[0]: expected an object"},
		{"{\"prestart\":[{}]}", "prestart[0].path: required, but missing"},
		{"{\"prestart\":[{\"path\":null}]}", "prestart[0].path: expected a string, found null"},
		{"{\"prestart\":[{\"path\":\"a\"}]}", "prestart[0]: path: \"a\" is not absolute"},
		{"{\"prestart\":[{\"path\":\"/a\",\"args\":\"x\"}]}", "prestart[0].args: expected an array of strings"},
		{"{\"poststop\":[{\"path\":\"/a\",\"env\":[\"=x\"]}]}", "poststop[0]: env[0]: \"=x\" is not KEY=VALUE"},
		{"{\"poststop\":[{\"path\":\"/a\"},{\"path\":\"/a\",\"env\":[\"x\"]}]}",
		 "poststop[1]: env[0]: \"x\" is not KEY=VALUE"},
		{"{\"poststart\":[{\"path\":\"/a\",\"timeout\":-1}]}", "poststart[0]: timeout: -1 is not between"},
		{"{\"poststart\":[{\"path\":\"/a\",\"timeout\":86401}]}", "poststart[0]: timeout: 86401 is not between"},
		{"{\"poststart\":[{\"path\":\"/a\",\"timeout\":\"1\"}]}", "poststart[0].timeout: expected an integer"},
		{"{\"poststart\":[{\"path\":\"/a\",\"required\":false}]}", "poststart[0].required: unknown key"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct spec_hooks hooks;
		struct error err = {0};

		assert_true(parse(bad[i].text, &hooks, &err) < 0);
		if (strncmp(err.message, bad[i].message, strlen(bad[i].message)) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", bad[i].text, err.message, bad[i].message);
		for (int stage = 0; stage < SPEC_HOOK_STAGES; stage++)
			assert_int_equal(hooks.stages[stage].count, 0);
	}
}

static void test_appended_ones_come_last(void **state)
{
	struct spec_hooks first, second, merged = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(parse("{\"prestart\":[{\"path\":\"/a\",\"args\":[\"x\"]}]}", &first, &err), 0);
	assert_int_equal(parse("{\"prestart\":[{\"path\":\"/b\"},{\"path\":\"/c\"}],\"poststop\":[{\"path\":\"/d\"}]}",
			       &second, &err),
			 0);
	spec_hooks_append(&merged, &first);
	spec_hooks_append(&merged, &second);
	spec_hooks_release(&first);
	spec_hooks_release(&second);
	assert_int_equal(merged.stages[SPEC_HOOK_PRESTART].count, 3);
	assert_string_equal(merged.stages[SPEC_HOOK_PRESTART].items[0].path, "/a");
	assert_string_equal(merged.stages[SPEC_HOOK_PRESTART].items[0].arguments.items[0], "x");
	assert_string_equal(merged.stages[SPEC_HOOK_PRESTART].items[2].path, "/c");
	assert_string_equal(merged.stages[SPEC_HOOK_POSTSTOP].items[0].path, "/d");
	spec_hooks_release(&merged);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_spec),
		cmocka_unit_test(test_refusals_name_the_key),
		cmocka_unit_test(test_appended_ones_come_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
