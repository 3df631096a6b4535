/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns spec.json. */
#include "model/spec.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/environment_file.h"
#include "model/paths.h"
#include "model/slice.h"

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
	MEMBER(spec, attachments, "attachments", SCHEMA_OBJECT, .nested = &attachments_schema, OPTIONAL),
	MEMBER(spec, boot, "boot", SCHEMA_OBJECT, .nested = &spec_boot_schema, OPTIONAL),
	MEMBER(spec, link_journal, "link_journal", SCHEMA_ENUM, .names = spec_journal_names, OPTIONAL),
};
const struct schema spec_schema = {sizeof(struct spec), spec_fields, ARRAY_SIZE(spec_fields)};

static int check_name(const struct spec *spec, struct error *err)
{
	return spec_check_name(spec->name, err);
}

static int check_rootfs(const struct spec *spec, struct error *err)
{
	return spec->rootfs[0] == '/' ? 0 : error_set(err, -EINVAL, "%s is no absolute path", spec->rootfs);
}

static int check_command(const struct spec *spec, struct error *err)
{
	return spec->command.count ? 0 : error_set(err, -EINVAL, "it is empty");
}

static int check_hostname(const struct spec *spec, struct error *err)
{
	return spec->hostname ? spec_check_hostname(spec->hostname, err) : error_set(err, -EINVAL, "it is missing");
}

static int check_cgroup_parent(const struct spec *spec, struct error *err)
{
	return spec_check_cgroup_parent(spec->cgroup_parent, err);
}

static int check_idmap(const struct spec *spec, struct error *err)
{
	return spec_check_idmap(&spec->idmap, err);
}

static int check_environment_target(const struct spec *spec, struct error *err)
{
	int r;

	if (!spec->environment_target)
		return 0;
	r = spec_check_guest_file(spec->environment_target, err);
	return r < 0 ? r : environment_file_check(&spec->environment, err);
}

static int check_security(const struct spec *spec, struct error *err)
{
	return spec_security_check(&spec->security, err);
}

static int check_network_files(const struct spec *spec, struct error *err)
{
	return spec_network_files_check(&spec->network_files, err);
}

static int check_hooks(const struct spec *spec, struct error *err)
{
	return spec_hooks_check(&spec->hooks, err);
}

static int check_health(const struct spec *spec, struct error *err)
{
	return spec_health_check(&spec->health, err);
}

static int check_namespaces(const struct spec *spec, struct error *err)
{
	return spec_namespaces_check(&spec->namespaces, spec_is_remapped(spec), err);
}

static int check_devices(const struct spec *spec, struct error *err)
{
	return spec_devices_check(&spec->devices, err);
}

static int check_boot(const struct spec *spec, struct error *err)
{
	return spec_boot_check(&spec->boot, err);
}

static int check_mounts(const struct spec *spec, struct error *err)
{
	return spec_mounts_check(&spec->mounts, err);
}

static int check_attachments(const struct spec *spec, struct error *err)
{
	return attachments_check(&spec->attachments, err);
}

static const struct {
	const char *key;
	int (*check)(const struct spec *spec, struct error *err);
} checks[] = {
	{"name", check_name},
	{"rootfs", check_rootfs},
	{"command", check_command},
	{"hostname", check_hostname},
	{"cgroup_parent", check_cgroup_parent},
	{"idmap", check_idmap},
	{"environment_target", check_environment_target},
	{"security", check_security},
	{"network_files", check_network_files},
	{"hooks", check_hooks},
	{"health", check_health},
	{"namespaces", check_namespaces},
	{"devices", check_devices},
	{"mounts", check_mounts},
	{"attachments", check_attachments},
	{"boot", check_boot},
};

/* The file is ours, but may have been edited or damaged: what other code relies on is checked here. */
static int check(const struct spec *spec, struct error *err)
{
	if (spec->version < 1 || spec->version > SPEC_VERSION)
		return error_set(err, -EPROTONOSUPPORT,
				 "version %d is not known to this syscontainer; it is from a newer one", spec->version);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i].check(spec, err) < 0)
			return error_prefix(err, "%s", checks[i].key);
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

bool spec_is_remapped(const struct spec *spec)
{
	return spec->idmap.size != 0;
}

bool spec_has_slice(const struct spec *spec)
{
	return slice_is_meant(spec->cgroup_parent);
}

/* Bytes that the names of what goes with a container's cgroup add to its path: "ID.monitor", "ID/guest". */
#define BESIDE_MAX 16

int spec_check_cgroup_parent(const char *parent, struct error *err)
{
	char id[SPEC_ID_LENGTH + 1] = {0};
	autofree char *longest = NULL;
	size_t length;
	int r = slice_is_meant(parent) ? slice_check(parent, err) : cgroup_path_check(parent, err);

	if (r < 0)
		return r;
	memset(id, '0', SPEC_ID_LENGTH);
	longest = spec_cgroup(&(struct spec){.id = id, .cgroup_parent = (char *)parent});
	length = strlen(longest) + BESIDE_MAX;
	if (length > CGROUP_PATH_MAX)
		return error_set(err, -EINVAL, "the cgroups of its containers would have paths of %zu bytes: %d is the most",
				 length, CGROUP_PATH_MAX);
	return 0;
}

char *spec_scope(const struct spec *spec)
{
	return xasprintf("syscontainer-%s.scope", spec->id);
}

char *spec_cgroup_parent(const struct spec *spec)
{
	autofree char *slice = NULL, *scope = NULL;

	if (!spec_has_slice(spec))
		return xstrdup(spec->cgroup_parent);
	slice = slice_cgroup(spec->cgroup_parent);
	scope = spec_scope(spec);
	return xasprintf("%s/%s", slice, scope);
}

char *spec_cgroup(const struct spec *spec)
{
	autofree char *parent = spec_cgroup_parent(spec);

	return xasprintf("%s/%s", parent, spec->id);
}
