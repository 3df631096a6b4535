/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of how a container is told: the document of inspect, and the STATUS column of ps. */
#include "syscontainer/describe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/memory.h"
#include "model/spec_mount_parse.h"
#include "syscontainer/template.h"

#define SECOND INT64_C(1000000000)
#define NOW    (1795309830 * SECOND)

static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* A container that is up. */
static struct container make_container(void)
{
	struct container container = {
		.id = xstrdup(id),
		.status = CONTAINER_RUNNING,
		.has_boot = true,
		.has_monitor = true,
		.boot = {.phase = BOOT_READY,
			 .is_ready = true,
			 .init = {.pid = 4711, .start_time = 1},
			 .started_ns = NOW - 5 * SECOND},
		.state = {.was_started = true,
			  .exit_code = 129,
			  .restart_count = 2,
			  .started_ns = NOW - 6 * SECOND,
			  .finished_ns = NOW - 7200 * SECOND},
		.spec = {.version = SPEC_VERSION, .created_ns = NOW - 86400 * SECOND, .has_tty = true},
	};
	struct spec *spec = &container.spec;

	cgroup_limits_init(&spec->limits);
	spec->name = xstrdup("web");
	spec->rootfs = xstrdup("/srv/web");
	spec->hostname = xstrdup("web.example");
	spec->cgroup_parent = xstrdup("/syscontainer");
	strings_append(&spec->command, "/sbin/init");
	strings_append(&spec->command, "--log-level=debug");
	strings_append(&spec->environment, "A=1");
	strings_append(&spec->labels, "site=a=b");
	return container;
}

static void release(struct container *container)
{
	container_release(container);
}

static void assert_field(const struct container *container, const char *expression, const char *expected)
{
	autorelease(json_free_scoped) struct json *document = describe_container(container);
	autorelease(template_release) struct template template = {0};
	autofree char *source = xasprintf("{{json %s}}", expression), *line = xasprintf("%s\n", expected);
	autorelease(text_release) struct text out = {0};
	struct error err = {0};

	if (template_parse(source, &template, &err) < 0 || template_evaluate(&template, document, &out, &err) < 0)
		fail_msg("%s: %s", expression, err.message);
	if (strcmp(text_get(&out), line) != 0)
		fail_msg("%s is %s, not %s", expression, text_get(&out), expected);
}

static void test_keys(void **state)
{
	static const char *const keys[] = {
		"Id",           "Created",        "Path",
		"Args",         "State",          "Resources",
		"Image",        "ResolvConfPath", "HostnamePath",
		"HostsPath",    "LogPath",        "Name",
		"RestartCount", "MountLabel",     "AppArmorProfile",
		"ProcessLabel", "SeccompProfile", "NoNewPrivileges",
		"HostConfig",   "GraphDriver",    "Mounts",
		"Attachments",  "Config",         "NetworkSettings",
	};
	autorelease(release) struct container container = make_container();
	autorelease(json_free_scoped) struct json *document = describe_container(&container);

	(void)state;
	assert_int_equal(json_count(document), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_string_equal(json_key_at(document, i), keys[i]);
}

static void test_running(void **state)
{
	static const struct {
		const char *expression, *expected;
	} rows[] = {
		{".Id", "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""},
		{".Name", "\"web\""},
		{".Created", "\"2026-11-21T01:10:30.000000000+00:00\""},
		{".Path", "\"/sbin/init\""},
		{".Args", "[\"--log-level=debug\"]"},
		{".Image", "\"none\""},
		{".RestartCount", "2"},
		{".LogPath",
		 "\"/root-of-test/containers/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/console.log\""},
		{".State.Status", "\"running\""},
		{".State.Running", "true"},
		{".State.Paused", "false"},
		{".State.Restarting", "false"},
		{".State.Pid", "4711"},
		{".State.ExitCode", "0"},
		{".State.Error", "\"\""},
		{".State.StartedAt", "\"2026-11-22T01:10:24.000000000+00:00\""},
		{".State.FinishedAt", "\"2026-11-21T23:10:30.000000000+00:00\""},
		{".State.Ready", "true"},
		{".State.Reason", "\"\""},
		{".State.Health", "null"},
		{".HostConfig.SystemContainer", "true"},
		{".HostConfig.ExternalRootfs", "\"/srv/web\""},
		{".HostConfig.CgroupParent", "\"/syscontainer\""},
		{".HostConfig.RestartPolicy", "{\"Name\":\"no\",\"MaximumRetryCount\":0}"},
		{".HostConfig.UsernsMode", "\"host\""},
		{".HostConfig.UserRemap", "\"\""},
		{".HostConfig.NetworkMode", "\"none\""},
		{".HostConfig.PidMode", "\"private\""},
		{".HostConfig.IpcMode", "\"shareable\""},
		{".HostConfig.UTSMode", "\"private\""},
		{".HostConfig.CgroupnsMode", "\"private\""},
		{".HostConfig.TimensMode", "\"private\""},
		{".HostConfig.Sysctls", "{}"},
		{".HostConfig.NsChangeFiles", "[]"},
		{".HostConfig.Devices", "[]"},
		{".HostConfig.DeviceCgroupRules", "[]"},
		{".HostConfig.Memory", "0"},
		{".HostConfig.MemorySwappiness", "-1"},
		{".HostConfig.PidsLimit", "0"},
		{".HostConfig.CpusetCpus", "\"\""},
		{".HostConfig.HostChannel", "null"},
		{".HostConfig.FilesLimit", "0"},
		{".HostConfig.CapAdd", "[]"},
		{".Config.Hostname", "\"web.example\""},
		{".Config.Cmd", "[\"/sbin/init\",\"--log-level=debug\"]"},
		{".Config.Entrypoint", "[]"},
		{".Config.Env", "[\"A=1\"]"},
		{".Config.Tty", "true"},
		{".Config.WorkingDir", "\"/\""},
		{".Config.Labels", "{\"site\":\"a=b\"}"},
		{".Config.Annotations", "{}"},
		{".Config.StopSignal", "\"\""},
		{".Mounts", "[]"},
	};
	autorelease(release) struct container container = make_container();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_field(&container, rows[i].expression, rows[i].expected);
}

static void test_options(void **state)
{
	autorelease(release) struct container container = make_container();
	struct spec *spec = &container.spec;
	struct spec_device device;

	(void)state;
	spec->restart = (struct spec_restart_policy){.name = SPEC_RESTART_ON_FAILURE, .retries = 3};
	spec->idmap = (struct spec_idmap){.uid = 805306368, .gid = 805306369, .size = 65536};
	spec->limits.memory = 64 << 20;
	spec->limits.cpu_quota_us = -1;
	spec->limits.pids = 100;
	spec->limits.nano_cpus = 1500000000;
	spec->limits.cpuset_cpus = xstrdup("0-1");
	spec->limits.oom_kill_disable = 1;
	spec->limits.oom_score_adj = -5;
	strings_append(&spec->limits.hugetlb, "2MB:1073741824");
	strings_append(&spec->limits.device_read_bps, "/dev/sda:1m");
	strings_append(&spec->limits.device_read_bps, "/dev/sdb:2");
	strings_append(&spec->limits.blkio_weight_device, "/dev/sda:300");
	spec->entrypoint = xstrdup("/sbin/init");
	spec->stop_signal = xstrdup("SIGRTMIN+3");
	spec->user = xstrdup("daemon:mail");
	spec->namespaces.modes[SPEC_NAMESPACE_IPC] = xstrdup("host");
	strings_append(&spec->namespaces.sysctls, "net.ipv4.ip_forward=1");
	strings_append(&spec->namespaces.writable, "net");
	strings_append(&spec->devices.rules, "c 10:* rwm");
	assert_int_equal(spec_device_parse("/dev/fuse:/dev/f:r", &device, NULL), 0);
	spec_devices_append(&spec->devices, &device);
	assert_field(&container, ".HostConfig.IpcMode", "\"host\"");
	assert_field(&container, ".HostConfig.Sysctls", "{\"net.ipv4.ip_forward\":\"1\"}");
	assert_field(&container, ".HostConfig.NsChangeFiles", "[\"/proc/sys/net\"]");
	assert_field(&container, ".HostConfig.DeviceCgroupRules", "[\"c 10:* rwm\"]");
	assert_field(&container, ".HostConfig.Devices",
		     "[{\"PathOnHost\":\"/dev/fuse\",\"PathInContainer\":\"/dev/f\",\"CgroupPermissions\":\"r\"}]");
	assert_field(&container, ".HostConfig.RestartPolicy", "{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}");
	assert_field(&container, ".HostConfig.UserRemap", "\"805306368:805306369:65536\"");
	assert_field(&container, ".HostConfig.UsernsMode", "\"\"");
	assert_field(&container, ".HostConfig.Memory", "67108864");
	assert_field(&container, ".HostConfig.CPUQuota", "-1");
	assert_field(&container, ".HostConfig.PidsLimit", "100");
	assert_field(&container, ".HostConfig.NanoCpus", "1500000000");
	assert_field(&container, ".HostConfig.CpusetCpus", "\"0-1\"");
	assert_field(&container, ".HostConfig.OomKillDisable", "true");
	assert_field(&container, ".HostConfig.OomScoreAdj", "-5");
	assert_field(&container, ".HostConfig.MemorySwappiness", "-1");
	assert_field(&container, ".HostConfig.Hugetlbs", "[{\"PageSize\":\"2MB\",\"Limit\":1073741824}]");
	assert_field(&container, ".HostConfig.BlkioDeviceReadBps",
		     "[{\"Path\":\"/dev/sda\",\"Rate\":1048576},{\"Path\":\"/dev/sdb\",\"Rate\":2}]");
	assert_field(&container, ".HostConfig.BlkioDeviceWriteIOps", "[]");
	assert_field(&container, ".HostConfig.BlkioWeightDevice", "[{\"Path\":\"/dev/sda\",\"Weight\":300}]");
	assert_field(&container, ".Config.Entrypoint", "[\"/sbin/init\"]");
	assert_field(&container, ".Config.Cmd", "[\"--log-level=debug\"]");
	assert_field(&container, ".Config.StopSignal", "\"SIGRTMIN+3\"");
	assert_field(&container, ".Config.User", "\"daemon:mail\"");
}

static void test_ended(void **state)
{
	autorelease(release) struct container container = make_container();

	(void)state;
	container.status = CONTAINER_EXITED;
	container.has_boot = false;
	container.state.reason = xstrdup("reboot");
	container.state.error = xstrdup("no init");
	assert_field(&container, ".State.Status", "\"exited\"");
	assert_field(&container, ".State.Running", "false");
	assert_field(&container, ".State.Ready", "false");
	assert_field(&container, ".State.Pid", "0");
	assert_field(&container, ".State.ExitCode", "129");
	assert_field(&container, ".State.Reason", "\"reboot\"");
	assert_field(&container, ".State.Error", "\"no init\"");
	assert_field(&container, ".State.StartedAt", "\"2026-11-22T01:10:24.000000000+00:00\"");
}

static void add_mount(struct spec *spec, int (*parse)(const char *, struct spec_mount *, struct error *), const char *text)
{
	struct spec_mount mount = {0};

	assert_int_equal(parse(text, &mount, NULL), 0);
	spec_mounts_append(&spec->mounts, &mount);
	schema_release(&spec_mount_schema, &mount);
}

static void test_mounts(void **state)
{
	struct container container = make_container();
	struct spec *spec = &container.spec;

	(void)state;
	assert_field(&container, ".HostConfig.HostChannel", "null");
	assert_field(&container, ".HostConfig.ShmSize", "67108864");
	assert_field(&container, ".HostConfig.ReadonlyRootfs", "false");
	assert_field(&container, ".Mounts", "[]");
	add_mount(spec, spec_mount_parse_volume, "/a:/b:ro,rslave,noshift");
	add_mount(spec, spec_mount_parse_mount, "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700");
	add_mount(spec, spec_mount_parse_tmpfs, "/u:noexec");
	assert_int_equal(spec_mount_parse_channel("/h:/g:ro:1m", &spec->mounts.channel, NULL), 0);
	strings_append(&spec->mounts.from, "web:ro");
	spec->mounts.shm_bytes = 4096;
	spec->mounts.is_root_read_only = true;
	assert_field(&container, ".HostConfig.Binds", "[\"/a:/b:ro,rslave,noshift\"]");
	assert_field(&container, ".HostConfig.Mounts",
		     "[{\"Type\":\"tmpfs\",\"Source\":\"\",\"Target\":\"/t\",\"ReadOnly\":false,"
		     "\"TmpfsOptions\":{\"SizeBytes\":1048576,\"Mode\":448}}]");
	assert_field(&container, ".HostConfig.Tmpfs", "{\"/u\":\"rw,noexec,nosuid,nodev,mode=1777\"}");
	assert_field(&container, ".HostConfig.HostChannel",
		     "{\"PathOnHost\":\"/h\",\"PathInContainer\":\"/g\",\"Permissions\":\"ro\",\"Size\":1048576}");
	assert_field(&container, ".HostConfig.VolumesFrom", "[\"web:ro\"]");
	assert_field(&container, ".HostConfig.ShmSize", "4096");
	assert_field(&container, ".HostConfig.ReadonlyRootfs", "true");
	assert_field(&container, ".Mounts.Destination", "\"/b\"");
	assert_field(&container, ".Mounts.Mode", "\"noshift\"");
	assert_field(&container, ".Mounts.RW", "false");
	assert_field(&container, ".Mounts.Propagation", "\"rslave\"");
	release(&container);
}

static void test_masks_are_for_the_hosts_root(void **state)
{
	struct container container = make_container();

	(void)state;
	assert_field(&container, ".HostConfig.ReadonlyPaths",
		     "[\"/proc/asound\",\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]");
	container.spec.is_privileged = true;
	assert_field(&container, ".HostConfig.MaskedPaths", "[]");
	assert_field(&container, ".HostConfig.ReadonlyPaths", "[\"/proc/sys\",\"/proc/sysrq-trigger\"]");
	container.spec.is_privileged = false;
	container.spec.idmap = (struct spec_idmap){.uid = 100000, .gid = 100000, .size = 65536};
	assert_field(&container, ".HostConfig.MaskedPaths", "[]");
	release(&container);
}

static void test_never_started(void **state)
{
	autorelease(release) struct container container = make_container();

	(void)state;
	container.status = CONTAINER_INITED;
	container.has_boot = false;
	boot_release(&container.boot);
	state_release(&container.state);
	assert_field(&container, ".State.Status", "\"inited\"");
	assert_field(&container, ".State.StartedAt", "\"0001-01-01T00:00:00Z\"");
	assert_field(&container, ".State.FinishedAt", "\"0001-01-01T00:00:00Z\"");
}

static void test_paused_and_restarting(void **state)
{
	autorelease(release) struct container container = make_container();

	(void)state;
	container.status = CONTAINER_PAUSED;
	assert_field(&container, ".State.Running", "true");
	assert_field(&container, ".State.Paused", "true");
	assert_field(&container, ".State.Pid", "4711");
	container.status = CONTAINER_RESTARTING;
	assert_field(&container, ".State.Running", "false");
	assert_field(&container, ".State.Restarting", "true");
	assert_field(&container, ".State.Pid", "0");
	assert_field(&container, ".State.ExitCode", "129");
}

static void test_status(void **state)
{
	static const struct {
		enum container_status status;
		const char *expected, *expected_without_times;
	} rows[] = {
		{CONTAINER_INITED, "Created", "Created"},
		{CONTAINER_STARTING, "Starting 6 seconds", "Starting"},
		{CONTAINER_RUNNING, "Up 6 seconds", "Up"},
		{CONTAINER_STOPPING, "Up 6 seconds", "Up"},
		{CONTAINER_PAUSED, "Up 6 seconds (Paused)", "Up (Paused)"},
		{CONTAINER_RESTARTING, "Restarting (129) 2 hours ago", "Restarting (129)"},
		{CONTAINER_EXITED, "Exited (129) 2 hours ago", "Exited (129)"},
		{CONTAINER_BROKEN, "Broken", "Broken"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(release) struct container container = make_container();
		autorelease(text_release) struct text out = {0}, without_times = {0};

		container.status = rows[i].status;
		describe_status(&container, NOW, &out);
		assert_string_equal(text_get(&out), rows[i].expected);
		container.state.started_ns = container.state.finished_ns = container.boot.started_ns = 0;
		describe_status(&container, NOW, &without_times);
		assert_string_equal(text_get(&without_times), rows[i].expected_without_times);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),          cmocka_unit_test(test_running),
		cmocka_unit_test(test_options),       cmocka_unit_test(test_ended),
		cmocka_unit_test(test_mounts),        cmocka_unit_test(test_masks_are_for_the_hosts_root),
		cmocka_unit_test(test_never_started), cmocka_unit_test(test_paused_and_restarting),
		cmocka_unit_test(test_status),
	};

	setenv("SYSCONTAINER_ROOT", "/root-of-test", 1);
	setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
