/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how a container is told to people and programs. */
#include "syscontainer/describe.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_strings.h"
#include "base/memory.h"
#include "container/host_units.h"
#include "container/rootfs.h"
#include "model/paths.h"
#include "syscontainer/describe_parts.h"

/* The document of a container that has nothing: all keys, in the order in which they are printed. */
static const char blank_document[] =
	"{'Id':'','Created':'','Path':'','Args':[],"
	"'State':{'Status':'','Running':false,'Paused':false,'Restarting':false,'OOMKilled':false,'Pid':0,'ExitCode':0,'Error':'',"
	"'StartedAt':'','FinishedAt':'','Health':null,'Ready':false,'Reason':''},"
	"'Resources':{},'Image':'none','ResolvConfPath':'','HostnamePath':'','HostsPath':'','LogPath':'','Name':'','RestartCount':0,"
	"'MountLabel':'','AppArmorProfile':'','ProcessLabel':'','SeccompProfile':'','NoNewPrivileges':false,"
	"'HostConfig':{'VolumesFrom':[],'Binds':[],'Mounts':[],'NetworkMode':'','GroupAdd':[],'IpcMode':'','PidMode':'',"
	"'Privileged':false,'SystemContainer':true,'NsChangeFiles':[],'UserRemap':'','ShmSize':0,'AutoRemove':false,"
	"'AutoRemoveBak':false,'ReadonlyRootfs':false,'Tmpfs':{},'UTSMode':'','UsernsMode':'','CgroupnsMode':'','TimensMode':'','Sysctls':{},"
	"'Runtime':'lxc','RestartPolicy':{'Name':'no','MaximumRetryCount':0},'CapAdd':[],'CapDrop':[],'Dns':[],'DnsOptions':[],"
	"'DnsSearch':[],'ExtraHosts':[],'HookSpec':'','CPUShares':0,'Memory':0,'OomScoreAdj':0,'BlkioWeight':0,"
	"'BlkioWeightDevice':[],'BlkioDeviceReadBps':[],'BlkioDeviceWriteBps':[],'BlkioDeviceReadIOps':[],"
	"'BlkioDeviceWriteIOps':[],'NanoCpus':0,'CPUPeriod':0,'CPUQuota':0,'CPURealtimePeriod':0,'CPURealtimeRuntime':0,"
	"'CpusetCpus':'','CpusetMems':'','Devices':[],'DeviceCgroupRules':[],'SecurityOpt':[],'StorageOpt':{},'KernelMemory':0,"
	"'MemoryReservation':0,'MemorySwap':0,'MemorySwappiness':-1,'OomKillDisable':false,'PidsLimit':0,'FilesLimit':0,"
	"'Ulimits':[],'Hugetlbs':[],'HostChannel':null,'EnvTargetFile':'','ExternalRootfs':'','CgroupParent':'','Boot':{'Enabled':false,'Order':0,'Delay':0},'LinkJournal':'auto','MaskedPaths':[],"
	"'ReadonlyPaths':[],'ProcView':true,'CPUQuotaView':true},"
	"'GraphDriver':{'Name':'','Data':null},'Mounts':[],'Attachments':[],"
	"'Config':{'Hostname':'','User':'','Env':[],'Tty':false,'OpenStdin':false,'Cmd':[],'Entrypoint':[],'WorkingDir':'/',"
	"'Labels':{},'Volumes':{},'Annotations':{},'HealthCheck':null,'Image':'none','ImageRef':'','StopSignal':''},"
	"'NetworkSettings':{'IPAddress':'','MacAddress':'','Ports':{},'Networks':{}}}";

static struct json *new_document(void)
{
	autofree char *text = xstrdup(blank_document);
	struct json *document = NULL;
	int r;

	for (char *next = text; *next; next++)
		if (*next == '\'')
			*next = '"';
	r = json_parse(text, strlen(text), &document, NULL);
	assert(r >= 0);
	(void)r;
	return document;
}

/* A part of the document that may be changed: put into its place again as a copy, which json_set() gives back. */
static struct json *part_of(struct json *document, const char *key)
{
	return json_set(document, key, json_copy(json_get(document, key)));
}

static void set_time(struct json *object, const char *key, int64_t real_ns)
{
	autorelease(text_release) struct text text = {0};

	clock_format_rfc3339(real_ns, &text);
	json_set_string(object, key, text_get(&text));
}

int64_t describe_started_ns(const struct container *container)
{
	return container->state.started_ns ? container->state.started_ns : container->boot.started_ns;
}

int describe_pid(const struct container *container)
{
	bool has_init = container_is_live(container) && container->status != CONTAINER_RESTARTING;

	return has_init ? container->boot.init.pid : 0;
}

int describe_exit_code(const struct container *container)
{
	bool runs = container_is_live(container) && container->status != CONTAINER_RESTARTING;

	return runs ? 0 : container->state.exit_code;
}

static void describe_health(const struct health *health, struct json *state)
{
	struct json *object = json_set(state, "Health", json_new_object()), *log;

	json_set_string(object, "Status", health_status_names[health->status]);
	json_set_integer(object, "FailingStreak", health->failing_streak);
	log = json_set(object, "Log", json_new_array());
	for (size_t i = 0; i < health->log.count; i++) {
		const struct health_result *result = &health->log.items[i];
		struct json *entry = json_append(log, json_new_object());

		set_time(entry, "Start", result->start_ns);
		set_time(entry, "End", result->end_ns);
		json_set_integer(entry, "ExitCode", result->exit_code);
		json_set_string(entry, "Output", result->output ? result->output : "");
	}
}

static void describe_state(const struct container *container, struct json *state)
{
	enum container_status status = container->status;

	json_set_string(state, "Status", container_status_name(status));
	json_set_bool(state, "Running",
		      status == CONTAINER_RUNNING || status == CONTAINER_STOPPING || status == CONTAINER_PAUSED);
	json_set_bool(state, "Paused", status == CONTAINER_PAUSED);
	json_set_bool(state, "Restarting", status == CONTAINER_RESTARTING);
	json_set_bool(state, "OOMKilled", container->state.was_out_of_memory);
	json_set_integer(state, "Pid", describe_pid(container));
	json_set_integer(state, "ExitCode", describe_exit_code(container));
	json_set_string(state, "Error", container->state.error);
	set_time(state, "StartedAt", describe_started_ns(container));
	set_time(state, "FinishedAt", container->state.finished_ns);
	json_set_bool(state, "Ready", container_is_live(container) && container->boot.is_ready);
	json_set_string(state, "Reason", container->state.reason);
	if (container->spec.health.command)
		describe_health(&container->health, state);
}

static void describe_idmap(const struct spec_idmap *idmap, struct json *config)
{
	autofree char *remap = NULL;

	if (idmap->size == 0) {
		json_set_string(config, "UsernsMode", "host");
		return;
	}
	remap = xasprintf("%" PRIu64 ":%" PRIu64 ":%" PRIu64, idmap->uid, idmap->gid, idmap->size);
	json_set_string(config, "UserRemap", remap);
}

static void describe_namespaces(const struct spec_namespaces *namespaces, struct json *config)
{
	static const char *const keys[] = {
		[SPEC_NAMESPACE_NET] = "NetworkMode",     [SPEC_NAMESPACE_PID] = "PidMode",
		[SPEC_NAMESPACE_IPC] = "IpcMode",         [SPEC_NAMESPACE_UTS] = "UTSMode",
		[SPEC_NAMESPACE_CGROUP] = "CgroupnsMode", [SPEC_NAMESPACE_TIME] = "TimensMode",
	};
	struct json *files = json_set(config, "NsChangeFiles", json_new_array());

	for (enum spec_namespace kind = 0; kind < SPEC_NAMESPACE_COUNT; kind++)
		json_set_string(config, keys[kind], spec_namespace_mode(namespaces, kind));
	json_set_map(config, "Sysctls", &namespaces->sysctls);
	for (size_t i = 0; i < namespaces->writable.count; i++)
		for (const char *const *file = spec_writable_files(namespaces->writable.items[i]); *file; file++)
			json_append(files, json_new_string(*file));
}

static void describe_devices(const struct spec_devices *devices, struct json *config)
{
	struct json *list = json_set(config, "Devices", json_new_array());

	for (size_t i = 0; i < devices->list.count; i++) {
		const struct spec_device *device = &devices->list.items[i];
		struct json *entry = json_append(list, json_new_object());

		json_set_string(entry, "PathOnHost", device->host);
		json_set_string(entry, "PathInContainer", device->guest);
		json_set_string(entry, "CgroupPermissions", device->permissions);
	}
	json_set_strings(config, "DeviceCgroupRules", &devices->rules, 0);
}

/* The delay in nanoseconds, as other durations. */
static void describe_boot(const struct spec *spec, struct json *config)
{
	json_set_bool(config, "Enabled", spec->boot.is_enabled || host_units_are_enabled(spec->name));
	json_set_integer(config, "Order", spec->boot.order);
	json_set_integer(config, "Delay", spec->boot.delay_ms * 1000000);
}

static void describe_host_config(const struct spec *spec, struct json *config)
{
	struct json *restart = part_of(config, "RestartPolicy");

	json_set_string(restart, "Name", spec_restart_names[spec->restart.name]);
	json_set_integer(restart, "MaximumRetryCount", spec->restart.retries);
	json_set_strings(config, "GroupAdd", &spec->groups, 0);
	json_set_bool(config, "Privileged", spec->is_privileged);
	json_set_bool(config, "AutoRemove", spec->removes_itself);
	json_set_bool(config, "AutoRemoveBak", spec->removes_itself);
	json_set_string(config, "ExternalRootfs", spec->rootfs);
	json_set_string(config, "HookSpec", spec->hooks.file);
	json_set_bool(config, "ProcView", !spec->proc_view.is_off);
	json_set_bool(config, "CPUQuotaView", !spec->proc_view.hides_quota);
	json_set_string(config, "CgroupParent", spec->cgroup_parent);
	describe_boot(spec, part_of(config, "Boot"));
	json_set_string(config, "LinkJournal", spec_journal_names[spec->link_journal]);
	json_set_string(config, "EnvTargetFile", spec->environment_target);
	json_set_strings(config, "ExtraHosts", &spec->network_files.hosts, 0);
	json_set_strings(config, "Dns", &spec->network_files.servers, 0);
	json_set_strings(config, "DnsOptions", &spec->network_files.options, 0);
	json_set_strings(config, "DnsSearch", &spec->network_files.searches, 0);
	describe_idmap(&spec->idmap, config);
	describe_limits(&spec->limits, config);
	describe_namespaces(&spec->namespaces, config);
	describe_devices(&spec->devices, config);
}

/* Durations in nanoseconds, as others have them. */
static void describe_health_check(const struct spec_health *health, struct json *config)
{
	struct json *check, *test;

	if (!health->command)
		return;
	check = json_set(config, "HealthCheck", json_new_object());
	test = json_set(check, "Test", json_new_array());
	json_append(test, json_new_string("CMD-SHELL"));
	json_append(test, json_new_string(health->command));
	json_set_integer(check, "Interval", health->interval_ms * 1000000);
	json_set_integer(check, "Timeout", health->timeout_ms * 1000000);
	json_set_integer(check, "StartPeriod", health->start_period_ms * 1000000);
	json_set_integer(check, "Retries", health->retries);
	json_set_bool(check, "ExitOnUnhealthy", health->ends_unhealthy);
}

/* The tree's, which the guest sees with the spec's changes over them. An image has no path on the host. */
static void describe_files(const struct spec *spec, struct json *document)
{
	static const struct {
		const char *key, *path;
	} rows[] = {
		{"HostsPath", "/etc/hosts"},
		{"ResolvConfPath", "/etc/resolv.conf"},
		{"HostnamePath", "/etc/hostname"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows) && !rootfs_is_image(spec->rootfs); i++) {
		autofree char *path = xasprintf("%s%s", spec->rootfs, rows[i].path);

		json_set_string(document, rows[i].key, path);
	}
}

static void describe_config(const struct container *container, struct json *config)
{
	const struct spec *spec = &container->spec;
	struct json *environment;

	json_set_string(config, "Hostname", spec->hostname);
	json_set_string(config, "User", spec->user);
	environment = json_set(config, "Env", json_new_array());
	json_append_strings(environment, &spec->environment, 0);
	json_append_strings(environment, &container->boot.environment, 0);
	json_set_bool(config, "Tty", spec->has_tty);
	json_set_bool(config, "OpenStdin", spec->has_stdin);
	json_set_strings(config, "Cmd", &spec->command, spec->entrypoint ? 1 : 0);
	if (spec->entrypoint)
		json_append(json_set(config, "Entrypoint", json_new_array()), json_new_string(spec->entrypoint));
	json_set_string(config, "WorkingDir", spec->working_directory);
	json_set_map(config, "Labels", &spec->labels);
	json_set_map(config, "Annotations", &spec->annotations);
	json_set_string(config, "StopSignal", spec->stop_signal);
	describe_health_check(&spec->health, config);
}

struct json *describe_container(const struct container *container)
{
	autofree char *log_path = paths_container(container->id, "console.log");
	const struct spec *spec = &container->spec;
	struct json *document = new_document(), *host_config = part_of(document, "HostConfig");

	json_set_string(document, "Id", container->id);
	json_set_string(document, "Name", spec->name);
	set_time(document, "Created", spec->created_ns);
	json_set_string(document, "Path", spec->command.count ? spec->command.items[0] : NULL);
	json_set_strings(document, "Args", &spec->command, 1);
	json_set_string(document, "LogPath", log_path);
	json_set_integer(document, "RestartCount", container->state.restart_count);
	describe_state(container, part_of(document, "State"));
	describe_host_config(spec, host_config);
	describe_config(container, part_of(document, "Config"));
	describe_files(spec, document);
	describe_security(container, document, host_config);
	describe_mounts(spec, document, host_config);
	describe_attachments(container, document);
	return document;
}

struct status_text {
	const char *before, *behind;
	bool has_exit_code, has_time, is_since_end;
};

static const struct status_text status_texts[] = {
	[CONTAINER_INITED] = {.before = "Created"},
	[CONTAINER_STARTING] = {.before = "Starting", .behind = "", .has_time = true},
	[CONTAINER_RUNNING] = {.before = "Up", .behind = "", .has_time = true},
	[CONTAINER_STOPPING] = {.before = "Up", .behind = "", .has_time = true},
	[CONTAINER_PAUSED] = {.before = "Up", .behind = " (Paused)", .has_time = true},
	[CONTAINER_RESTARTING] =
		{.before = "Restarting", .behind = " ago", .has_exit_code = true, .has_time = true, .is_since_end = true},
	[CONTAINER_EXITED] =
		{.before = "Exited", .behind = " ago", .has_exit_code = true, .has_time = true, .is_since_end = true},
	[CONTAINER_BROKEN] = {.before = "Broken"},
};

void describe_status(const struct container *container, int64_t now_ns, struct text *out)
{
	const struct status_text *row = &status_texts[container->status];
	int64_t since_ns = row->is_since_end ? container->state.finished_ns : describe_started_ns(container);

	text_append(out, row->before);
	if (row->has_exit_code)
		text_appendf(out, " (%d)", container->state.exit_code);
	if (!row->has_time)
		return;
	/* A boot that the host's power cut ended has no end that anybody saw. */
	if (since_ns != 0) {
		text_append(out, " ");
		clock_format_elapsed(now_ns - since_ns, out);
	}
	text_append(out, since_ns != 0 || !row->is_since_end ? row->behind : "");
	if (container->spec.health.command &&
	    (container->status == CONTAINER_RUNNING || container->status == CONTAINER_STOPPING))
		text_appendf(out, " (%s%s)", container->health.status == HEALTH_STARTING ? "health: " : "",
			     health_status_names[container->health.status]);
}
