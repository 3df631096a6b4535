/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from the options of create and run to a spec. */
#include "syscontainer/create_options.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "container/environment_target.h"
#include "container/host_channel.h"
#include "container/mount_source.h"
#include "container/rootfs.h"
#include "container/stub_protocol.h"
#include "model/config.h"
#include "model/event.h"
#include "model/idmap.h"
#include "model/paths.h"
#include "model/registry.h"
#include "model/slice.h"

const struct create_options create_defaults = {.restart = (char *)"on-reboot",
					       .wait = (char *)"ready",
					       .proc_view = PROC_VIEW_OPTIONS_DEFAULTS,
					       .limits = CGROUP_LIMITS_UNSET};

int create_check_restart(const char *value, struct error *err)
{
	struct spec_restart_policy policy;

	return spec_parse_restart(value, &policy, err);
}

int create_check_signal(const char *value, struct error *err)
{
	int number;

	return spec_parse_signal(value, &number, err);
}

/* Without the slash that users of the reference may put in front. */
static const char *bare_name(const char *name)
{
	return name[0] == '/' ? name + 1 : name;
}

int create_check_name(const char *value, struct error *err)
{
	return spec_check_name(bare_name(value), err);
}

int create_check_hostname(const char *value, struct error *err)
{
	return spec_check_hostname(value, err);
}

int create_check_remap(const char *value, struct error *err)
{
	struct spec_idmap idmap;

	return spec_parse_idmap(value, &idmap, err);
}

int create_check_journal(const char *value, struct error *err)
{
	int journal;

	return spec_journal_parse(value, &journal, err);
}

/* What create was asked for, from everybody who has a say in it. */
struct request {
	const struct create_options *options;
	const struct strings *operands;
	const struct config *config;
};

typedef int create_step(const struct request *request, struct spec *spec, struct error *err);

static int set_command(const struct request *request, struct spec *spec, struct error *err)
{
	const struct create_options *options = request->options;
	const struct strings *operands = request->operands;

	if (options->entrypoint && options->entrypoint[0]) {
		spec->entrypoint = xstrdup(options->entrypoint);
		strings_append(&spec->command, options->entrypoint);
	}
	for (size_t i = 1; i < operands->count; i++)
		strings_append(&spec->command, operands->items[i]);
	if (spec->command.count == 0)
		strings_append(&spec->command, SPEC_DEFAULT_INIT);
	if (!spec->command.items[0][0])
		return error_set(err, -EINVAL, "the command is empty");
	for (size_t i = 0; i < spec->command.count; i++)
		if (strlen(spec->command.items[i]) >= CREATE_MAX_STRING)
			return error_set(err, -E2BIG, "an argument of the command is longer than %d bytes",
					 CREATE_MAX_STRING);
	return 0;
}

/* All of it has to fit into the one message that PID 1 is made from. */
static int check_length(const struct request *request, struct spec *spec, struct error *err)
{
	const struct strings *lists[] = {&spec->command, &spec->environment, &spec->groups};
	size_t length = 4096; /* what we add ourselves */

	(void)request;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			length += strlen(lists[i]->items[j]) + 1;
	if (length > STUB_MAX_MESSAGE)
		return error_set(err, -E2BIG, "command and environment are longer than %d bytes in sum", STUB_MAX_MESSAGE);
	if (spec->groups.count > 64)
		return error_set(err, -E2BIG, "more than 64 groups are given with --group-add");
	return 0;
}

static int set_rootfs(const struct request *request, struct spec *spec, struct error *err)
{
	const struct create_options *options = request->options;
	const char *path = options->external_rootfs ? options->external_rootfs : request->operands->items[0];
	int r;

	if (!options->external_rootfs && strcmp(path, "none") == 0)
		return error_set(err, -EINVAL,
				 "\"none\" is a placeholder: give the tree with --external-rootfs PATH, or instead of it");
	r = rootfs_resolve(path, &spec->rootfs, err);
	if (r < 0 && options->external_rootfs)
		return error_prefix(err, "Invalid value \"%s\" for flag --external-rootfs", path);
	return r;
}

static int set_idmap(const struct request *request, struct spec *spec, struct error *err)
{
	const struct create_options *options = request->options;
	bool is_host = options->namespaces.user && strcmp(options->namespaces.user, "host") == 0;
	const char *remap = options->user_remap                 ? options->user_remap
			    : options->is_privileged || is_host ? "none"
								: request->config->user_remap;
	int r = spec_parse_idmap(remap, &spec->idmap, err);

	if (r < 0)
		return options->user_remap ? r : error_prefix(err, "%s: user-remap: \"%s\"", paths_config(), remap);
	if (options->is_privileged && (spec->idmap.size || spec->idmap.is_automatic))
		return error_set(
			err, -EINVAL,
			"--privileged and --user-remap %s contradict each other: a privileged container's root is the host's",
			remap);
	if (options->namespaces.user && is_host == (spec->idmap.size || spec->idmap.is_automatic))
		return error_set(err, -EINVAL, "--userns %s and %s contradict each other", options->namespaces.user,
				 options->user_remap      ? "--user-remap"
				 : options->is_privileged ? "--privileged"
							  : "user-remap of daemon.json");
	return 0;
}

static char *normal_parent(const char *path)
{
	autofree char *copy = xasprintf("%s%s", path[0] == '/' || slice_is_meant(path) ? "" : "/", path);
	size_t length = strlen(copy);

	while (length > 1 && copy[length - 1] == '/')
		copy[--length] = '\0';
	return steal_ptr(copy);
}

static int set_limits(const struct request *request, struct spec *spec, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	static const struct cgroup_limits none = CGROUP_LIMITS_UNSET;
	int r = cgroup_host_load(&host, err);

	if (r == 0)
		r = cgroup_limits_merge(&host, &none, &request->options->limits, &spec->limits, err);
	if (r == 0)
		r = cgroup_limits_check(&host, &spec->limits, err);
	cgroup_limits_forget_lifted(&spec->limits);
	return r;
}

static int set_plain(const struct request *request, struct spec *spec, struct error *err)
{
	const struct create_options *options = request->options;
	const struct config *config = request->config;

	spec->name = options->name ? xstrdup(bare_name(options->name)) : NULL;
	spec->hostname = xstrdup(options->hostname);
	spec->is_hostname_given = options->hostname != NULL;
	spec->working_directory = xstrdup(options->working_directory);
	spec->user = xstrdup(options->user);
	spec->stop_signal = xstrdup(options->stop_signal);
	spec->has_tty = options->has_tty;
	spec->has_stdin = options->has_stdin;
	spec->removes_itself = options->removes_itself;
	spec->is_privileged = options->is_privileged;
	spec->stop_timeout_ms = options->has_stop_timeout ? options->stop_timeout_ms : config->stop_timeout_ms;
	spec->start_timeout_ms = options->has_start_timeout ? options->start_timeout_ms : config->start_timeout_ms;
	spec->cgroup_parent = normal_parent(options->cgroup_parent ? options->cgroup_parent : config->cgroup_parent);
	strings_append_all(&spec->groups, &options->groups);
	return spec_parse_restart(options->restart, &spec->restart, err);
}

static int check_plain(const struct request *request, struct spec *spec, struct error *err)
{
	const struct create_options *options = request->options;

	if (spec->working_directory && spec->working_directory[0] != '/')
		return error_set(err, -EINVAL, "Invalid value \"%s\" for flag --workdir: it must be absolute",
				 spec->working_directory);
	if (spec_check_cgroup_parent(spec->cgroup_parent, err) < 0)
		return options->cgroup_parent
			       ? error_prefix(err, "Invalid value \"%s\" for flag --cgroup-parent", options->cgroup_parent)
			       : error_prefix(err, "%s: cgroup-parent", paths_config());
	if (spec->removes_itself && spec->restart.name != SPEC_RESTART_NO && spec->restart.name != SPEC_RESTART_ON_REBOOT)
		return error_set(err, -EINVAL, "Conflicting options: --restart and --rm");
	return 0;
}

/* The groups of options: each takes its own part and fills its own. */

static int set_environment(const struct request *request, struct spec *spec, struct error *err)
{
	return environment_options_get(&request->options->environment, spec, err);
}

static int set_network_files(const struct request *request, struct spec *spec, struct error *err)
{
	return network_file_options_get(&request->options->network_files, &spec->network_files, err);
}

static int set_health(const struct request *request, struct spec *spec, struct error *err)
{
	return health_options_get(&request->options->health, &spec->health, err);
}

static int set_proc_view(const struct request *request, struct spec *spec, struct error *err)
{
	(void)err;
	proc_view_options_get(&request->options->proc_view, request->config, &spec->proc_view);
	return 0;
}

static int set_hooks(const struct request *request, struct spec *spec, struct error *err)
{
	return hook_options_get(&request->options->hooks, request->config, spec, err);
}

static int set_namespaces(const struct request *request, struct spec *spec, struct error *err)
{
	return namespace_options_get(&request->options->namespaces, spec, err);
}

static int set_devices(const struct request *request, struct spec *spec, struct error *err)
{
	return device_options_get(&request->options->devices, &spec->devices, err);
}

static int set_security(const struct request *request, struct spec *spec, struct error *err)
{
	return security_options_get(&request->options->security, request->config, spec, err);
}

static int set_journal(const struct request *request, struct spec *spec, struct error *err)
{
	const char *where = request->options->link_journal;

	return where ? spec_journal_parse(where, &spec->link_journal, err) : 0;
}

static int set_boot(const struct request *request, struct spec *spec, struct error *err)
{
	return boot_options_get(&request->options->boot, &spec->boot, err);
}

static int set_mounts(const struct request *request, struct spec *spec, struct error *err)
{
	return mount_options_get(&request->options->mounts, &spec->mounts, err);
}

/* Hooks look at the environment, namespaces at the ids, the filter of system calls at what the rest asks for. */
static create_step *const steps[] = {
	set_plain,      check_plain, set_command,  set_environment, set_network_files, check_length,
	set_rootfs,     set_idmap,   set_limits,   set_health,      set_proc_view,     set_hooks,
	set_namespaces, set_devices, set_security, set_mounts,      set_boot,          set_journal,
};

int create_make_spec(const struct create_options *options, const struct strings *operands, struct spec *ret_spec,
		     struct error *err)
{
	autorelease(config_release) struct config config = {0};
	const struct request request = {.options = options, .operands = operands, .config = &config};
	int r = config_load(&config, err);

	*ret_spec = (struct spec){0};
	cgroup_limits_init(&ret_spec->limits);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&request, ret_spec, err);
	return r;
}

/* What is on the host for this container alone, and so is made with it; a failure leaves no container. */
static int make_mount_sources(int lock, const struct spec *spec, struct error *err)
{
	int r = mount_source_check_all(spec, err);

	if (r < 0)
		error_prefix(err, "flags --volume and --mount");
	if (r == 0)
		r = host_channel_make(spec, err);
	if (r < 0)
		registry_remove(lock, spec->id, NULL);
	return r;
}

static int check_environment_target(const struct spec *spec, struct error *err)
{
	if (!spec->environment_target || environment_target_check(spec, spec->rootfs, err) == 0)
		return 0;
	return error_prefix(err, "Invalid value \"%s\" for flag --env-target-file", spec->environment_target);
}

int create_container(struct spec *spec, struct error *err)
{
	const char *warning = limit_options_warning(&spec->limits);
	autoclose int lock = -EBADF;
	int r;

	/* Checked again at each start; here so that a mistake is told when it is made. */
	if (!rootfs_is_image(spec->rootfs)) {
		struct spec probe = *spec;

		if (probe.idmap.is_automatic)
			probe.idmap = (struct spec_idmap){.uid = IDMAP_FIRST, .gid = IDMAP_FIRST, .size = IDMAP_SIZE};
		r = rootfs_check(spec->rootfs, &probe, err);
		if (r == 0)
			r = rootfs_check_idmap(spec->rootfs, &probe, err);
		if (r == 0)
			r = check_environment_target(spec, err);
		if (r < 0)
			return r;
	}
	r = registry_lock(&lock, err);
	if (r == 0)
		r = registry_add(lock, spec, err);
	if (r == 0)
		r = make_mount_sources(lock, spec, err);
	if (r < 0)
		return r;
	if (warning)
		fprintf(stderr, "syscontainer: warning: %s\n", warning);
	event_log(spec->id, spec->name, "create", "%s", "");
	return 0;
}
