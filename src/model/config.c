/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns daemon.json. */
#include "model/config.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "model/attached_nic.h"
#include "model/paths.h"
#include "model/spec.h"

static const struct schema_field log_fields[] = {
	{.key = "max-size", .type = SCHEMA_STRING, .offset = offsetof(struct config_log, max_size)},
	{.key = "max-file", .type = SCHEMA_INT, .offset = offsetof(struct config_log, max_files)},
};
static const struct schema log_schema = {sizeof(struct config_log), log_fields, ARRAY_SIZE(log_fields)};

static const struct schema_field ulimit_fields[] = {
	{.key = "name", .type = SCHEMA_STRING, .offset = offsetof(struct config_ulimit, name)},
	{.key = "soft", .type = SCHEMA_INT64, .offset = offsetof(struct config_ulimit, soft), .is_required = true},
	{.key = "hard", .type = SCHEMA_INT64, .offset = offsetof(struct config_ulimit, hard), .is_required = true},
};
static const struct schema one_ulimit_schema = {sizeof(struct config_ulimit), ulimit_fields, ARRAY_SIZE(ulimit_fields)};

/* In ulimit_name()'s order; read_names() sees to that. */
#define ULIMIT(index_, name_) \
	{ \
		.key = name_, .type = SCHEMA_OBJECT, .offset = (index_) * sizeof(struct config_ulimit), \
		.nested = &one_ulimit_schema \
	}
static const struct schema_field ulimits_fields[ULIMIT_COUNT] = {
	ULIMIT(0, "core"),    ULIMIT(1, "cpu"),      ULIMIT(2, "data"),    ULIMIT(3, "fsize"),       ULIMIT(4, "locks"),
	ULIMIT(5, "memlock"), ULIMIT(6, "msgqueue"), ULIMIT(7, "nice"),    ULIMIT(8, "nofile"),      ULIMIT(9, "nproc"),
	ULIMIT(10, "rss"),    ULIMIT(11, "rtprio"),  ULIMIT(12, "rttime"), ULIMIT(13, "sigpending"), ULIMIT(14, "stack"),
};
static const struct schema ulimits_schema = {sizeof(((struct config *)0)->ulimit_by_name), ulimits_fields, ULIMIT_COUNT};

static const struct schema_field config_fields[] = {
	{.key = "user-remap", .type = SCHEMA_STRING, .offset = offsetof(struct config, user_remap)},
	{.key = "start-timeout", .type = SCHEMA_STRING, .offset = offsetof(struct config, start_timeout)},
	{.key = "stop-timeout", .type = SCHEMA_STRING, .offset = offsetof(struct config, stop_timeout)},
	{.key = "cgroup-parent", .type = SCHEMA_STRING, .offset = offsetof(struct config, cgroup_parent)},
	{.key = "hook-spec", .type = SCHEMA_STRING, .offset = offsetof(struct config, hook_spec)},
	{.key = "seccomp-profile", .type = SCHEMA_STRING, .offset = offsetof(struct config, seccomp_profile)},
	{.key = "apparmor-profile", .type = SCHEMA_STRING, .offset = offsetof(struct config, apparmor_profile)},
	{.key = "native.umask", .type = SCHEMA_STRING, .offset = offsetof(struct config, umask)},
	{.key = "default-ulimits",
	 .type = SCHEMA_OBJECT,
	 .offset = offsetof(struct config, ulimit_by_name),
	 .nested = &ulimits_schema},
	{.key = "container-log", .type = SCHEMA_OBJECT, .offset = offsetof(struct config, log), .nested = &log_schema},
	{.key = "cpu-rt-period", .type = SCHEMA_INT64, .offset = offsetof(struct config, cpu_rt_period_us)},
	{.key = "cpu-rt-runtime", .type = SCHEMA_INT64, .offset = offsetof(struct config, cpu_rt_runtime_us)},
	{.key = "max-physical-nics", .type = SCHEMA_INT, .offset = offsetof(struct config, max_physical_nics)},
	{.key = "proc-view", .type = SCHEMA_BOOL, .offset = offsetof(struct config, shows_proc_view)},
};
const struct schema config_schema = {sizeof(struct config), config_fields, ARRAY_SIZE(config_fields)};

/* Keys that users of the reference know, and why they mean nothing here. */
static const struct {
	const char *key, *reason;
} foreign_keys[] = {
	{"hosts", "there is no daemon, so nothing listens"},
	{"group", "there is no socket that a group could have; all commands need root"},
	{"graph", "set SYSCONTAINER_ROOT in the environment instead"},
	{"state", "set SYSCONTAINER_RUN in the environment instead"},
	{"engine", "there is one engine, liblxc"},
	{"default-runtime", "there is one runtime, liblxc"},
	{"runtimes", "there is one runtime, liblxc"},
	{"log-level", "there is no daemon that would log"},
	{"log-driver", "there is no daemon that would log; container-log is about the consoles"},
	{"log-opts", "there is no daemon that would log; container-log is about the consoles"},
	{"pidfile", "there is no daemon"},
	{"storage-driver", "a container boots the tree that it is given, there are no images"},
	{"storage-opts", "a container boots the tree that it is given, there are no images"},
	{"systemd-cgroup", "cgroups are made directly; give their place with cgroup-parent"},
	{"userns-remap", "use user-remap: each container has ids of its own"},
	{"sup-groups", "there is no daemon that would have groups"},
	{"tls", "there is no daemon, so nothing listens"},
	{"tls-verify", "there is no daemon, so nothing listens"},
	{"tls-config", "there is no daemon, so nothing listens"},
	{"authorization-plugin", "there is no daemon that could ask it; all commands need root"},
	{"enable-plugins", "there are no plugins"},
	{"metrics-port", "there is no daemon, so nothing listens; use syscontainer stats --format json"},
	{"websocket-server-listening-port", "there is no daemon, so nothing listens"},
	{"network-plugin", "a container's network is plugged in when it runs"},
	{"cni-bin-dir", "a container's network is plugged in when it runs"},
	{"cni-conf-dir", "a container's network is plugged in when it runs"},
	{"registry-mirrors", "there are no images"},
	{"insecure-registries", "there are no images"},
	{"pod-sandbox-image", "there are no images and no pods"},
	{"image-layer-check", "there are no images"},
	{"image-opt-timeout", "there are no images"},
	{"image-server-sock-addr", "there are no images"},
	{"use-decrypted-key", "there are no images"},
	{"insecure-skip-verify-enforce", "there are no images"},
};

/* A key that means something here is none of these, whatever the table above says. */
static bool is_known(const char *key)
{
	for (size_t i = 0; i < config_schema.field_count; i++)
		if (strcmp(config_schema.fields[i].key, key) == 0)
			return true;
	return false;
}

static int refuse_foreign(const struct json *value, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign_keys); i++)
		if (json_get(value, foreign_keys[i].key) && !is_known(foreign_keys[i].key))
			return error_set(err, -EINVAL, "%s: the key is of another manager and does not apply here: %s",
					 foreign_keys[i].key, foreign_keys[i].reason);
	return 0;
}

/* Below a slice systemd knows the guests, and so do its tools; that one is where machines of all kinds are (systemd.special(7)). */
static const char *default_cgroup_parent(void)
{
	return file_exists(AT_FDCWD, "/run/systemd/system") ? "machine.slice" : "/syscontainer";
}

static void set_default(char **place, const char *value)
{
	if (!*place)
		*place = xstrdup(value);
}

static int check_realtime(const struct config *config, struct error *err)
{
	int64_t period_us = config->cpu_rt_period_us, runtime_us = config->cpu_rt_runtime_us;

	if (period_us != CGROUP_LIMIT_UNSET && (period_us < 1 || period_us > INT32_MAX))
		return error_set(err, -EINVAL, "cpu-rt-period: %lld is not between 1 and %d microseconds",
				 (long long)period_us, INT32_MAX);
	if (runtime_us != CGROUP_LIMIT_UNSET && (runtime_us < 0 || runtime_us > INT32_MAX))
		return error_set(err, -EINVAL, "cpu-rt-runtime: %lld is not between 0 and %d microseconds",
				 (long long)runtime_us, INT32_MAX);
	if (runtime_us > (period_us == CGROUP_LIMIT_UNSET ? 1000000 : period_us))
		return error_set(err, -EINVAL, "cpu-rt-runtime: %lld is more than the period", (long long)runtime_us);
	return 0;
}

/* What says nothing has a hard limit that no file can have. */
#define UNSET INT64_MIN

static void forget_ulimits(struct config *config)
{
	for (size_t i = 0; i < ULIMIT_COUNT; i++)
		config->ulimit_by_name[i].hard = UNSET;
}

static int parse_ulimits(struct config *config, struct error *err)
{
	for (size_t i = 0; i < ULIMIT_COUNT; i++) {
		const struct config_ulimit *given = &config->ulimit_by_name[i];
		struct ulimit limit = {.name = (char *)ulimit_name(i), .soft = given->soft, .hard = given->hard};

		if (given->hard == UNSET)
			continue;
		if (given->name && strcmp(given->name, limit.name) != 0)
			return error_set(err, -EINVAL, "default-ulimits.%s.name: it is \"%.100s\"", limit.name, given->name);
		if (ulimit_check(&limit, err) < 0)
			return error_prefix(err, "default-ulimits.%s", limit.name);
		ulimits_set(&config->ulimits, &limit);
	}
	return 0;
}

static int parse_security(struct config *config, struct error *err)
{
	bool is_secure = strcmp(config->umask, "secure") == 0;

	if (config->seccomp_profile[0] != '/' && strcmp(config->seccomp_profile, "unconfined") != 0)
		return error_set(err, -EINVAL, "seccomp-profile: \"%s\" is neither an absolute path nor unconfined",
				 config->seccomp_profile);
	if (spec_security_check_apparmor(config->apparmor_profile, err) < 0)
		return error_prefix(err, "apparmor-profile");
	if (!is_secure && strcmp(config->umask, "normal") != 0)
		return error_set(err, -EINVAL, "native.umask: \"%s\" is neither normal nor secure", config->umask);
	config->mask = is_secure ? 0027 : 0022;
	return parse_ulimits(config, err);
}

static int parse_values(struct config *config, struct error *err)
{
	struct spec_idmap idmap;
	bool is_endless;
	int r;

	if (number_parse_duration(config->start_timeout, &config->start_timeout_ms, err) < 0)
		return error_prefix(err, "start-timeout");
	/* Any negative one waits for ever. */
	is_endless = config->stop_timeout[0] == '-';
	if (number_parse_duration(config->stop_timeout + is_endless, &config->stop_timeout_ms, err) < 0)
		return error_prefix(err, "stop-timeout");
	if (is_endless)
		config->stop_timeout_ms = -1;
	if (number_parse_size(config->log.max_size, &config->log_max_bytes, err) < 0)
		return error_prefix(err, "container-log.max-size");
	if (spec_parse_idmap(config->user_remap, &idmap, err) < 0)
		return error_prefix(err, "user-remap: \"%s\"", config->user_remap);
	if (config->hook_spec && config->hook_spec[0] != '/')
		return error_set(err, -EINVAL, "hook-spec: \"%s\" is not absolute", config->hook_spec);
	if (config->log_max_bytes < 4096)
		return error_set(err, -EINVAL, "container-log.max-size: %s is below 4096 bytes", config->log.max_size);
	if (config->log.max_files < 1 || config->log.max_files > 100)
		return error_set(err, -EINVAL, "container-log.max-file: %d is not between 1 and 100", config->log.max_files);
	if (config->max_physical_nics < 0 || config->max_physical_nics > ATTACHED_NIC_LIMIT)
		return error_set(err, -EINVAL, "max-physical-nics: %d is not between 0 and %d", config->max_physical_nics,
				 ATTACHED_NIC_LIMIT);
	r = check_realtime(config, err);
	return r < 0 ? r : parse_security(config, err);
}

int config_load(struct config *ret_config, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	const char *path = paths_config();
	int r;

	*ret_config = (struct config){
		.log = {.max_files = 7},
		.max_physical_nics = 8,
		.shows_proc_view = true,
		.cpu_rt_period_us = CGROUP_LIMIT_UNSET,
		.cpu_rt_runtime_us = CGROUP_LIMIT_UNSET,
	};
	forget_ulimits(ret_config);
	r = json_read_file(AT_FDCWD, path, JSON_MAX_BYTES, &value, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0)
		r = refuse_foreign(value, err);
	if (r == 0)
		r = schema_read(&config_schema, value, SCHEMA_STRICT, ret_config, err);
	else if (r == -ENOENT)
		r = 0;
	if (r == 0) {
		set_default(&ret_config->user_remap, "auto");
		set_default(&ret_config->start_timeout, "90s");
		set_default(&ret_config->stop_timeout, "10s");
		set_default(&ret_config->cgroup_parent, default_cgroup_parent());
		set_default(&ret_config->log.max_size, "1m");
		set_default(&ret_config->seccomp_profile, paths_seccomp());
		set_default(&ret_config->apparmor_profile, "auto");
		set_default(&ret_config->umask, "normal");
		r = parse_values(ret_config, err);
	}
	if (r < 0) {
		config_release(ret_config);
		return error_prefix(err, "%s", path);
	}
	return 0;
}

void config_release(struct config *config)
{
	ulimits_release(&config->ulimits);
	schema_release(&config_schema, config);
}

struct explanation {
	void (*report)(void *data, const char *key, const struct json *value, enum config_source source);
	void *data;
};

/* `given` is what the file has at the same place, or NULL. */
static void explain(const struct explanation *explanation, const char *prefix, const struct json *in_force,
		    const struct json *given)
{
	for (size_t i = 0; i < json_count(in_force); i++) {
		const char *name = json_key_at(in_force, i);
		const struct json *value = json_at(in_force, i), *own = json_get(given, name);
		autofree char *key = xasprintf("%s%s%s", prefix, prefix[0] ? "." : "", name);

		if (json_type(value) == JSON_OBJECT && json_count(value))
			explain(explanation, key, value, own);
		else
			explanation->report(explanation->data, key, json_type(value) == JSON_NULL ? NULL : value,
					    json_type(own) != JSON_NULL ? CONFIG_FILE : CONFIG_DEFAULT);
	}
}

/* As it is in force: limits of processes that nobody gave are not there, and numbers that nobody gave are null. */
static struct json *write_in_force(const struct config *config)
{
	struct json *in_force = schema_write(&config_schema, config);
	struct json *ulimits = json_copy(json_get(in_force, "default-ulimits"));

	for (size_t i = 0; i < ULIMIT_COUNT; i++)
		if (config->ulimit_by_name[i].hard == UNSET)
			json_remove(ulimits, ulimit_name(i));
	json_set(in_force, "default-ulimits", ulimits);
	if (config->cpu_rt_period_us == CGROUP_LIMIT_UNSET)
		json_set(in_force, "cpu-rt-period", json_new_null());
	if (config->cpu_rt_runtime_us == CGROUP_LIMIT_UNSET)
		json_set(in_force, "cpu-rt-runtime", json_new_null());
	return in_force;
}

int config_explain(void (*report)(void *data, const char *key, const struct json *value, enum config_source source),
		   void *data, struct error *err)
{
	autorelease(json_free_scoped) struct json *in_force = NULL, *given = NULL;
	autorelease(config_release) struct config config = {0};
	int r = config_load(&config, err);

	if (r < 0)
		return r;
	in_force = write_in_force(&config);
	json_read_file(AT_FDCWD, paths_config(), JSON_MAX_BYTES, &given,
		       NULL); /* it was good a moment ago, or there is none */
	explain(&(struct explanation){report, data}, "", in_force, given);
	return 0;
}
