/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns spec.json and the rules for its values. */
#include "model/spec.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "model/environment_file.h"
#include "model/paths.h"

const char *const spec_restart_names[] = {"no", "on-reboot", "on-failure", "always", "unless-stopped", NULL};

#define MEMBER(owner, member, key_, type_, ...) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct owner, member), ##__VA_ARGS__ \
	}
#define OPTIONAL .is_omitted_when_empty = true

static const struct schema_field restart_fields[] = {
	MEMBER(spec_restart_policy, name, "name", SCHEMA_ENUM, .names = spec_restart_names),
	MEMBER(spec_restart_policy, retries, "retries", SCHEMA_INT),
};
static const struct schema restart_schema = {sizeof(struct spec_restart_policy), restart_fields, ARRAY_SIZE(restart_fields)};

static const struct schema_field idmap_fields[] = {
	MEMBER(spec_idmap, uid, "uid", SCHEMA_UINT64),
	MEMBER(spec_idmap, gid, "gid", SCHEMA_UINT64),
	MEMBER(spec_idmap, size, "size", SCHEMA_UINT64),
	MEMBER(spec_idmap, is_automatic, "is_automatic", SCHEMA_BOOL),
};
static const struct schema idmap_schema = {sizeof(struct spec_idmap), idmap_fields, ARRAY_SIZE(idmap_fields)};

#define SCHEMA_OF_NUMBER  SCHEMA_INT64
#define SCHEMA_OF_SIZE    SCHEMA_INT64
#define SCHEMA_OF_DECIMAL SCHEMA_INT64
#define SCHEMA_OF_SWITCH  SCHEMA_INT64
#define SCHEMA_OF_LIST    SCHEMA_STRING, OPTIONAL
#define SCHEMA_OF_PAGES   SCHEMA_STRINGS, OPTIONAL
#define SCHEMA_OF_RATES   SCHEMA_STRINGS, OPTIONAL
#define SCHEMA_OF_COUNTS  SCHEMA_STRINGS, OPTIONAL
#define SCHEMA_OF_WEIGHTS SCHEMA_STRINGS, OPTIONAL

/* Two steps, so that what a kind stands for can be more than one argument. */
#define LIMIT_FIELD(owner, member, key_, ...)  MEMBER(owner, member, key_, __VA_ARGS__)
#define LIMIT_MEMBER(of_, kind_, member_, ...) LIMIT_FIELD(cgroup_limits, member_, #member_, SCHEMA_OF_##kind_),
static const struct schema_field limits_fields[] = {CGROUP_LIMIT_ROWS(LIMIT_MEMBER, 0)};
static const struct schema limits_schema = {sizeof(struct cgroup_limits), limits_fields, ARRAY_SIZE(limits_fields)};

static const struct schema_field spec_fields[] = {
	MEMBER(spec, version, "version", SCHEMA_INT, .is_required = true),
	MEMBER(spec, name, "name", SCHEMA_STRING, .is_required = true),
	MEMBER(spec, created_ns, "created_ns", SCHEMA_INT64),
	MEMBER(spec, rootfs, "rootfs", SCHEMA_STRING, .is_required = true),
	MEMBER(spec, command, "command", SCHEMA_STRINGS, .is_required = true),
	MEMBER(spec, entrypoint, "entrypoint", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec, environment, "environment", SCHEMA_STRINGS),
	MEMBER(spec, environment_target, "environment_target", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec, working_directory, "working_directory", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec, user, "user", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec, groups, "groups", SCHEMA_STRINGS, OPTIONAL),
	MEMBER(spec, hostname, "hostname", SCHEMA_STRING),
	MEMBER(spec, is_hostname_given, "is_hostname_given", SCHEMA_BOOL, OPTIONAL),
	MEMBER(spec, has_tty, "has_tty", SCHEMA_BOOL),
	MEMBER(spec, has_stdin, "has_stdin", SCHEMA_BOOL),
	MEMBER(spec, removes_itself, "removes_itself", SCHEMA_BOOL),
	MEMBER(spec, is_privileged, "is_privileged", SCHEMA_BOOL),
	MEMBER(spec, stop_signal, "stop_signal", SCHEMA_STRING, OPTIONAL),
	MEMBER(spec, stop_timeout_ms, "stop_timeout_ms", SCHEMA_INT64),
	MEMBER(spec, start_timeout_ms, "start_timeout_ms", SCHEMA_INT64),
	MEMBER(spec, labels, "labels", SCHEMA_MAP, OPTIONAL),
	MEMBER(spec, annotations, "annotations", SCHEMA_MAP, OPTIONAL),
	MEMBER(spec, restart, "restart", SCHEMA_OBJECT, .nested = &restart_schema),
	MEMBER(spec, idmap, "idmap", SCHEMA_OBJECT, .nested = &idmap_schema),
	MEMBER(spec, cgroup_parent, "cgroup_parent", SCHEMA_STRING, .is_required = true),
	MEMBER(spec, limits, "limits", SCHEMA_OBJECT, .nested = &limits_schema),
	MEMBER(spec, network_files, "network_files", SCHEMA_OBJECT, .nested = &spec_network_files_schema, OPTIONAL),
	MEMBER(spec, hooks, "hooks", SCHEMA_OBJECT, .nested = &spec_hooks_schema, OPTIONAL),
	MEMBER(spec, health, "health", SCHEMA_OBJECT, .nested = &spec_health_schema, OPTIONAL),
	MEMBER(spec, namespaces, "namespaces", SCHEMA_OBJECT, .nested = &spec_namespaces_schema),
	MEMBER(spec, devices, "devices", SCHEMA_OBJECT, .nested = &spec_devices_schema),
	MEMBER(spec, security, "security", SCHEMA_OBJECT, .nested = &spec_security_schema, OPTIONAL),
	MEMBER(spec, mounts, "mounts", SCHEMA_OBJECT, .nested = &spec_mounts_schema, OPTIONAL),
	MEMBER(spec, proc_view, "proc_view", SCHEMA_OBJECT, .nested = &spec_proc_view_schema, OPTIONAL),
};
const struct schema spec_schema = {sizeof(struct spec), spec_fields, ARRAY_SIZE(spec_fields)};

/* 2^32 - 1 is no id (setuid(2)). Each is compared alone first: the sums may not overflow. */
static bool idmap_fits(const struct spec_idmap *idmap)
{
	return idmap->uid <= UINT32_MAX && idmap->gid <= UINT32_MAX && idmap->size <= UINT32_MAX &&
	       idmap->uid + idmap->size <= UINT32_MAX && idmap->gid + idmap->size <= UINT32_MAX;
}

static int check_environment_target(const struct spec *spec, struct error *err)
{
	if (!spec->environment_target)
		return 0;
	if (spec_check_guest_file(spec->environment_target, err) < 0 || environment_file_check(&spec->environment, err) < 0)
		return error_prefix(err, "environment_target");
	return 0;
}

/* The file is ours, but may have been edited or damaged: what other code relies on is checked here. */
static int check(const struct spec *spec, struct error *err)
{
	int r;

	if (spec->version < 1 || spec->version > SPEC_VERSION)
		return error_set(err, -EPROTONOSUPPORT,
				 "version %d is not known to this syscontainer; it is from a newer one", spec->version);
	if (spec_check_name(spec->name, err) < 0)
		return error_prefix(err, "name");
	if (spec->rootfs[0] != '/')
		return error_set(err, -EINVAL, "rootfs: %s is no absolute path", spec->rootfs);
	if (spec->command.count == 0)
		return error_set(err, -EINVAL, "command: it is empty");
	if (!spec->hostname || spec_check_hostname(spec->hostname, err) < 0)
		return spec->hostname ? error_prefix(err, "hostname") : error_set(err, -EINVAL, "hostname: it is missing");
	if (cgroup_path_check(spec->cgroup_parent, err) < 0)
		return error_prefix(err, "cgroup_parent");
	if (!idmap_fits(&spec->idmap))
		return error_set(err, -ERANGE, "idmap: it goes beyond the last id");
	if (spec_security_check(&spec->security, err) < 0)
		return error_prefix(err, "security");
	r = check_environment_target(spec, err);
	if (r == 0)
		r = spec_network_files_check(&spec->network_files, err);
	if (r < 0)
		return r;
	if (spec_hooks_check(&spec->hooks, err) < 0)
		return error_prefix(err, "hooks");
	if (spec_health_check(&spec->health, err) < 0)
		return error_prefix(err, "health");
	if (spec_namespaces_check(&spec->namespaces, spec_is_remapped(spec), err) < 0)
		return error_prefix(err, "namespaces");
	if (spec_devices_check(&spec->devices, err) < 0)
		return error_prefix(err, "devices");
	if (spec_mounts_check(&spec->mounts, err) < 0)
		return error_prefix(err, "mounts");
	return 0;
}

int spec_load_file(const char *path, const char *id, struct spec *ret_spec, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	int r;

	*ret_spec = (struct spec){0};
	cgroup_limits_init(&ret_spec->limits);
	r = json_read_file(AT_FDCWD, path, JSON_MAX_BYTES, &value, err);
	if (r < 0)
		return r;
	r = schema_read(&spec_schema, value, SCHEMA_TOLERANT, ret_spec, err);
	if (r == 0)
		r = check(ret_spec, err);
	if (r < 0) {
		spec_release(ret_spec);
		return error_prefix(err, "%s", path);
	}
	ret_spec->id = xstrdup(id);
	return 0;
}

int spec_load(const char *id, struct spec *ret_spec, struct error *err)
{
	autofree char *path = paths_container(id, "spec.json");

	return spec_load_file(path, id, ret_spec, err);
}

/* A string that is no UTF-8 would come back as another one. */
static int check_text(const char *path, const struct json *value, struct error *err)
{
	const char *string = json_string(value);

	if (string && !json_holds(string))
		return error_set(err, -EILSEQ, "%s: \"%.200s\" is not UTF-8", path, string);
	for (size_t i = 0; i < json_count(value); i++) {
		const char *key = json_type(value) == JSON_OBJECT ? json_key_at(value, i) : path;
		int r = check_text(key, json_at(value, i), err);

		if (r < 0 || !json_holds(key))
			return r < 0 ? r : error_set(err, -EILSEQ, "%s: \"%.200s\" is not UTF-8", path, key);
	}
	return 0;
}

int spec_save(const char *id, const struct spec *spec, struct error *err)
{
	autofree char *path = paths_container(id, "spec.json");
	autorelease(json_free_scoped) struct json *value = NULL;
	autorelease(text_release) struct text out = {0};

	int r;

	value = schema_write(&spec_schema, spec);
	r = check_text("spec", value, err);
	if (r < 0)
		return r;
	json_set(value, "version", json_new_integer(SPEC_VERSION));
	json_print(value, 2, &out);
	text_append(&out, "\n");
	if (out.length > JSON_MAX_BYTES)
		return error_set(err, -E2BIG, "what describes the container is longer than %zu bytes", JSON_MAX_BYTES);
	return file_replace(AT_FDCWD, path, out.data, out.length, 0600, err);
}

void spec_release(struct spec *spec)
{
	free(spec->id);
	spec_security_release(&spec->security);
	schema_release(&spec_schema, spec);
	spec->id = NULL;
}

int spec_parse_restart(const char *text, struct spec_restart_policy *ret_policy, struct error *err)
{
	size_t length = strcspn(text, ":");
	int64_t retries = 0;

	for (int name = 0; spec_restart_names[name]; name++) {
		if (strlen(spec_restart_names[name]) != length || strncmp(spec_restart_names[name], text, length) != 0)
			continue;
		if (text[length] == ':' && name != SPEC_RESTART_ON_FAILURE)
			return error_set(err, -EINVAL, "Maximum retry count cannot be used with restart policy '%s'",
					 spec_restart_names[name]);
		if (text[length] == ':' && number_parse(text + length + 1, 0, INT32_MAX, &retries, err) < 0)
			return error_prefix(err, "Maximum retry count of restart policy '%s'", text);
		*ret_policy = (struct spec_restart_policy){.name = name, .retries = (int)retries};
		return 0;
	}
	return error_set(err, -EINVAL,
			 "Invalid restart policy '%s'; use no, on-reboot, on-failure[:N], always or unless-stopped", text);
}

int spec_parse_idmap(const char *text, struct spec_idmap *ret_idmap, struct error *err)
{
	autorelease(strings_release) struct strings parts = {0};
	size_t colons = 0;
	uint64_t values[3];

	*ret_idmap = (struct spec_idmap){0};
	if (strcmp(text, "none") == 0)
		return 0;
	if (strcmp(text, "auto") == 0) {
		ret_idmap->is_automatic = true;
		return 0;
	}
	for (const char *next = text; (next = strchr(next, ':')); next++)
		colons++;
	strings_split(&parts, text, ":");
	if (parts.count != 3 || colons != 2)
		return error_set(err, -EINVAL, "use UID:GID:SIZE, auto or none");
	for (size_t i = 0; i < 3; i++)
		if (number_parse_unsigned(parts.items[i], UINT32_MAX, &values[i], err) < 0)
			return err ? err->code : -EINVAL;
	if (values[0] == 0 && values[1] == 0)
		return 0; /* the reference's way to say: no remap */
	if (values[0] == 0 || values[1] == 0)
		return error_set(err, -EINVAL, "only one of UID and GID is the host's root");
	if (values[2] == 0)
		return error_set(err, -EINVAL, "SIZE is 0");
	*ret_idmap = (struct spec_idmap){.uid = values[0], .gid = values[1], .size = values[2]};
	if (idmap_fits(ret_idmap))
		return 0;
	*ret_idmap = (struct spec_idmap){0};
	return error_set(err, -ERANGE, "the range goes beyond the last id, %u", UINT32_MAX - 1);
}

int spec_check_name(const char *name, struct error *err)
{
	size_t length = strlen(name);
	bool is_good = length >= 2 && length <= 1024 && isalnum((unsigned char)name[0]);

	for (size_t i = 1; is_good && i < length; i++)
		is_good = isalnum((unsigned char)name[i]) || strchr("_.-", name[i]);
	/* It becomes a file name. */
	if (is_good && length <= 255)
		return 0;
	return error_set(err, -EINVAL,
			 "Invalid container name (%.300s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, 2 to 255 characters",
			 name);
}

int spec_check_hostname(const char *hostname, struct error *err)
{
	size_t length = strlen(hostname);
	bool is_good = length >= 1 && length <= 64 && hostname[0] != '-' && hostname[0] != '.' &&
		       hostname[length - 1] != '-' && hostname[length - 1] != '.';

	for (size_t i = 0; is_good && i < length; i++)
		is_good = isalnum((unsigned char)hostname[i]) || hostname[i] == '-' ||
			  (hostname[i] == '.' && hostname[i + 1] != '.');
	if (is_good)
		return 0;
	return error_set(err, -EINVAL,
			 "Invalid hostname \"%.100s\": use letters, digits, '-' and '.', at most 64 characters", hostname);
}

int spec_check_guest_file(const char *path, struct error *err)
{
	if (path[0] != '/')
		return error_set(err, -EINVAL, "it must be absolute, a path in the tree");
	if (strlen(path) >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "it is longer than %d bytes", PATH_MAX - 1);
	for (const char *part = path; part; part = strchr(part, '/')) {
		size_t length = strcspn(++part, "/");

		if (length == 0 || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))))
			return error_set(err, -EINVAL, "it must name a file, without \".\", \"..\" and empty parts");
	}
	for (const char *at = path; *at; at++)
		if (iscntrl((unsigned char)*at))
			return error_set(err, -EINVAL, "it has control characters");
	return 0;
}

static int parse_realtime_signal(const char *name, int *ret_signal)
{
	bool is_max = strncmp(name, "RTMAX", 5) == 0;
	int64_t offset = 0;

	if (!is_max && strncmp(name, "RTMIN", 5) != 0)
		return -EINVAL;
	if (name[5] && (name[5] != (is_max ? '-' : '+') || !isdigit((unsigned char)name[6]) ||
			number_parse(name + 6, 0, SIGRTMAX - SIGRTMIN, &offset, NULL) < 0))
		return -EINVAL;
	*ret_signal = is_max ? SIGRTMAX - (int)offset : SIGRTMIN + (int)offset;
	return 0;
}

int spec_parse_signal(const char *text, int *ret_signal, struct error *err)
{
	char name[16] = {0};
	int64_t number;

	if (number_parse(text, 1, SIGRTMAX, &number, NULL) == 0) {
		*ret_signal = (int)number;
		return 0;
	}
	for (size_t i = 0; i < sizeof(name) - 1 && text[i]; i++)
		name[i] = (char)toupper((unsigned char)text[i]);
	if (strlen(text) < sizeof(name)) {
		const char *bare = strncmp(name, "SIG", 3) == 0 ? name + 3 : name;

		if (parse_realtime_signal(bare, ret_signal) == 0)
			return 0;
		for (int signal = 1; signal < SIGRTMIN; signal++) {
			const char *abbreviation = sigabbrev_np(signal);

			if (abbreviation && strcmp(abbreviation, bare) == 0) {
				*ret_signal = signal;
				return 0;
			}
		}
	}
	return error_set(err, -EINVAL, "Invalid signal: %.100s", text);
}

bool spec_is_remapped(const struct spec *spec)
{
	return spec->idmap.size != 0;
}

char *spec_cgroup(const struct spec *spec)
{
	return xasprintf("%s/%s", spec->cgroup_parent, spec->id);
}
