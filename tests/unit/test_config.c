/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of daemon.json: its defaults, its values, and how it is refused. */
#include "model/config.h"

#include "work.h"

static void load(const char *content, struct config *config)
{
	struct error err = {0};

	if (content)
		work_write("daemon.json", content);
	if (config_load(config, &err) < 0)
		fail_msg("%s", err.message);
}

static void assert_defaults(const struct config *config)
{
	assert_string_equal(config->user_remap, "auto");
	assert_string_equal(config->cgroup_parent, "/syscontainer");
	assert_true(config->start_timeout_ms == 90000);
	assert_true(config->stop_timeout_ms == 10000);
	assert_true(config->log_max_bytes == 1 << 20);
	assert_int_equal(config->log.max_files, 7);
}

static void test_defaults(void **state)
{
	static const char *const contents[] = {NULL, "{}", "{\"user-remap\":null,\"container-log\":{}}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		struct config config;

		load(contents[i], &config);
		assert_defaults(&config);
		config_release(&config);
		config_release(&config);
	}
}

static void test_the_shipped_file_has_the_defaults(void **state)
{
	autofree char *path = realpath("etc/daemon.json", NULL); /* tests run where it is made */
	struct error err = {0};
	struct config config;

	(void)state;
	if (!path) {
		fail_msg("etc/daemon.json is missing; run make first");
		return;
	}
	setenv("SYSCONTAINER_CONFIG", path, 1);
	if (config_load(&config, &err) < 0)
		fail_msg("%s", err.message);
	assert_defaults(&config);
	assert_non_null(strstr(config.hook_spec, "/syscontainer/hookspec.json"));
	config_release(&config);
}

static void test_keys_of_others(void **state)
{
	struct error err = {0};
	struct config config;

	(void)state;
	work_write("daemon.json", "{\"user-remap\":\"auto\",\"tls-verify\":true}");
	assert_int_equal(config_load(&config, &err), -EINVAL);
	assert_non_null(
		strstr(err.message, "daemon.json: tls-verify: the key is of another manager and does not apply here: "));
	work_write("daemon.json", "{\"userns-remap\":\"auto\"}");
	assert_int_equal(config_load(&config, &err), -EINVAL);
	assert_non_null(strstr(err.message, "use user-remap"));
}

static void append_key(void *data, const char *key, const struct json *value, enum config_source source)
{
	text_appendf(data, "%s=", key);
	if (value)
		json_print(value, 0, data);
	text_append(data, source == CONFIG_FILE ? " file\n" : " default\n");
}

static void test_explain(void **state)
{
	autorelease(text_release) struct text out = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(config_explain(append_key, &out, &err), 0);
	assert_non_null(strstr(text_get(&out), "user-remap=\"auto\" default\n"));
	assert_non_null(strstr(text_get(&out), "container-log.max-file=7 default\n"));
	assert_non_null(strstr(text_get(&out), "default-ulimits={} default\n"));
	assert_null(strstr(text_get(&out), "default-ulimits.")); /* what nobody gave has no row */
	assert_null(strstr(text_get(&out), "-922337"));
	text_release(&out);
	work_write("daemon.json", "{\"default-ulimits\":{\"nofile\":{\"soft\":1,\"hard\":2}},\"cpu-rt-runtime\":5}");
	assert_int_equal(config_explain(append_key, &out, &err), 0);
	assert_non_null(strstr(text_get(&out), "default-ulimits.nofile.hard=2 file\n"));
	assert_null(strstr(text_get(&out), "default-ulimits.core"));
	assert_non_null(strstr(text_get(&out), "cpu-rt-runtime=5 file\n"));
	text_release(&out);
	work_write("daemon.json", "{\"user-remap\":\"none\",\"stop-timeout\":null,\"container-log\":{\"max-size\":\"1m\"}}");
	assert_int_equal(config_explain(append_key, &out, &err), 0);
	assert_non_null(strstr(text_get(&out), "user-remap=\"none\" file\n"));
	assert_non_null(strstr(text_get(&out), "stop-timeout=\"10s\" default\n"));
	assert_non_null(strstr(text_get(&out), "container-log.max-size=\"1m\" file\n"));
	assert_non_null(strstr(text_get(&out), "container-log.max-file=7 default\n"));
	text_release(&out);
	work_write("daemon.json", "{");
	assert_true(config_explain(append_key, &out, &err) < 0);
}

static void test_values(void **state)
{
	struct config config;

	(void)state;
	load("{\"user-remap\":\"100000:100000:65536\",\"start-timeout\":\"0\",\"stop-timeout\":\"1m30s\",\"cgroup-parent\":\"/machines\","
	     "\"container-log\":{\"max-size\":\"64k\",\"max-file\":1}}",
	     &config);
	assert_string_equal(config.user_remap, "100000:100000:65536");
	assert_string_equal(config.cgroup_parent, "/machines");
	assert_true(config.start_timeout_ms == 0);
	assert_true(config.stop_timeout_ms == 90000);
	assert_true(config.log_max_bytes == 65536);
	assert_int_equal(config.log.max_files, 1);
	config_release(&config);
	load("{\"cpu-rt-period\":100000,\"cpu-rt-runtime\":95000}", &config);
	assert_true(config.cpu_rt_period_us == 100000 && config.cpu_rt_runtime_us == 95000);
	config_release(&config);
	load("{\"stop-timeout\":\"-1\",\"user-remap\":\"none\"}", &config);
	assert_true(config.stop_timeout_ms == -1);
	config_release(&config);
}

static void test_refusals_name_file_and_key(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"[]", "expected an object, found an array"},
		{"{\"user_remap\":\"auto\"}",
		 "user_remap: unknown key; there are: user-remap, start-timeout, stop-timeout, cgroup-parent, hook-spec, "
		 "seccomp-profile, apparmor-profile, native.umask, default-ulimits, container-log, cpu-rt-period, cpu-rt-runtime"},
		{"{\"container-log\":{\"size\":\"1m\"}}", "container-log.size: unknown key; there are: max-size, max-file"},
		{"{\"container-log\":\"1m\"}", "container-log: expected an object, found a string"},
		{"{\"container-log\":null}", "container-log: expected an object, found null"},
		{"{\"container-log\":{\"max-file\":\"7\"}}",
		 "container-log.max-file: expected an integer of 32 bits, found a string"},
		{"{\"container-log\":{\"max-file\":0}}", "container-log.max-file: 0 is not between 1 and 100"},
		{"{\"container-log\":{\"max-file\":101}}", "container-log.max-file: 101 is not between 1 and 100"},
		{"{\"container-log\":{\"max-size\":\"4095\"}}", "container-log.max-size: 4095 is below 4096 bytes"},
		{"{\"container-log\":{\"max-size\":\"big\"}}", "container-log.max-size: \"big\" is not a size"},
		{"{\"container-log\":{\"max-size\":1048576}}", "container-log.max-size: expected a string, found a number"},
		{"{\"start-timeout\":\"soon\"}", "start-timeout: \"soon\" is not a duration"},
		{"{\"start-timeout\":\"-1\"}", "start-timeout: \"-1\" is not a duration"},
		{"{\"start-timeout\":90}", "start-timeout: expected a string, found a number"},
		{"{\"start-timeout\":\"\"}", "start-timeout: \"\" is not a duration"},
		{"{\"stop-timeout\":\"10x\"}", "stop-timeout: \"10x\" is not a duration"},
		{"{\"stop-timeout\":\"-\"}", "stop-timeout: \"\" is not a duration"},
		{"{\"stop-timeout\":\"-x\"}", "stop-timeout: \"x\" is not a duration"},
		{"{\"stop-timeout\":\"99999999999999999999s\"}", "stop-timeout: \"99999999999999999999s\" is out of range"},
		{"{\"hook-spec\":\"hooks.json\"}", "hook-spec: \"hooks.json\" is not absolute"},
		{"{\"hook-spec\":[]}", "hook-spec: expected a string, found an array"},
		{"{\"user-remap\":\"maybe\"}", "user-remap: \"maybe\""},
		{"{\"user-remap\":\"1:2\"}", "user-remap: \"1:2\""},
		{"{\"cpu-rt-period\":0}", "cpu-rt-period: 0 is not between 1 and 2147483647 microseconds"},
		{"{\"cpu-rt-runtime\":-1}", "cpu-rt-runtime: -1 is not between 0 and 2147483647 microseconds"},
		{"{\"cpu-rt-runtime\":1000001}", "cpu-rt-runtime: 1000001 is more than the period"},
		{"{\"cpu-rt-period\":1000,\"cpu-rt-runtime\":1001}", "cpu-rt-runtime: 1001 is more than the period"},
		{"{\"cpu-rt-period\":\"1s\"}", "cpu-rt-period: expected an integer of 64 bits, found a string"},
		{"{\"user-remap\":true}", "user-remap: expected a string, found a boolean"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *expected = xasprintf("%s: %s", work_path("daemon.json"), bad[i].message);
		struct config config;
		struct error err = {0};

		work_write("daemon.json", bad[i].text);
		assert_true(config_load(&config, &err) < 0);
		if (strncmp(err.message, expected, strlen(expected)) != 0)
			fail_msg("\"%s\" does not begin with \"%s\"", err.message, expected);
		assert_null(config.user_remap);
	}
}

static void test_broken_and_unreadable_files(void **state)
{
	static const char *const cut[] = {"", "{", "{\"user-remap\":\"auto\"", "{} {}", "{\"a\":1,\"a\":1}", "{'a':1}"};
	struct config config;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cut); i++) {
		work_write("daemon.json", cut[i]);
		assert_true(config_load(&config, &err) < 0);
		assert_non_null(strstr(err.message, work_path("daemon.json")));
	}
	unlink(work_path("daemon.json"));
	work_make_directory("daemon.json");
	assert_int_equal(config_load(&config, &err), -EISDIR);
	assert_non_null(strstr(err.message, work_path("daemon.json")));
}

int main(void)
{
#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, work_set_up, work_tear_down)
	static const struct CMUnitTest tests[] = {
		FILE_TEST(test_defaults),
		FILE_TEST(test_the_shipped_file_has_the_defaults),
		FILE_TEST(test_keys_of_others),
		FILE_TEST(test_explain),
		FILE_TEST(test_values),
		FILE_TEST(test_refusals_name_file_and_key),
		FILE_TEST(test_broken_and_unreadable_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
