/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from namespace options to a spec. */
#include "syscontainer/namespace_options.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/registry.h"

const char *const namespace_options_plain_words[] = {"private", "host", NULL};

int namespace_options_check_net(const char *value, struct error *err)
{
	return spec_namespace_check_mode(SPEC_NAMESPACE_NET, value, err);
}

int namespace_options_check_pid(const char *value, struct error *err)
{
	return spec_namespace_check_mode(SPEC_NAMESPACE_PID, value, err);
}

int namespace_options_check_ipc(const char *value, struct error *err)
{
	return spec_namespace_check_mode(SPEC_NAMESPACE_IPC, value, err);
}

int namespace_options_check_uts(const char *value, struct error *err)
{
	return spec_namespace_check_mode(SPEC_NAMESPACE_UTS, value, err);
}

int namespace_options_check_writable(const char *value, struct error *err)
{
	autorelease(strings_release) struct strings words = {0};

	return spec_parse_writable(value, &words, err);
}

/* Names change, ids stay: what was asked for is the container that has the name now. */
static int resolve_containers(struct spec_namespaces *namespaces, struct error *err)
{
	for (enum spec_namespace kind = 0; kind < SPEC_NAMESPACE_COUNT; kind++) {
		const char *reference = spec_namespace_container(namespaces, kind);
		autofree char *id = NULL;

		if (!reference)
			continue;
		if (registry_resolve(reference, &id, err) < 0)
			return error_prefix(err, "Invalid value \"%s\" for flag --%s", namespaces->modes[kind],
					    spec_namespace_kinds[kind].option);
		free(namespaces->modes[kind]);
		namespaces->modes[kind] = xasprintf("container:%s", id);
	}
	return 0;
}

/* Of what is shared, so that $HOSTNAME agrees with it. */
static void take_hostname(struct spec *spec)
{
	const char *id = spec_namespace_container(&spec->namespaces, SPEC_NAMESPACE_UTS);
	autorelease(spec_release) struct spec owner = {0};
	char name[HOST_NAME_MAX + 1] = "";

	if (id && spec_load(id, &owner, NULL) >= 0)
		spec->hostname = xstrdup(owner.hostname);
	else if (spec_namespace_is_host(&spec->namespaces, SPEC_NAMESPACE_UTS) && gethostname(name, sizeof(name)) == 0 &&
		 spec_check_hostname(name, NULL) == 0)
		spec->hostname = xstrdup(name);
}

static int check_host(const struct spec *spec, struct error *err)
{
	const struct spec_namespaces *namespaces = &spec->namespaces;

	if (spec->is_hostname_given && !spec_namespace_is_own(namespaces, SPEC_NAMESPACE_UTS))
		return error_set(err, -EINVAL,
				 "--hostname %s contradicts --uts %s: it would rename what the container shares",
				 spec->hostname, spec_namespace_mode(namespaces, SPEC_NAMESPACE_UTS));
	if (namespaces->modes[SPEC_NAMESPACE_TIME] && spec_namespace_is_own(namespaces, SPEC_NAMESPACE_TIME) &&
	    !file_exists(AT_FDCWD, "/proc/self/ns/time"))
		return error_set(err, -EOPNOTSUPP,
				 "--timens private: this kernel has no time namespaces (CONFIG_TIME_NS, Linux 5.6)");
	return 0;
}

int namespace_options_get(const struct namespace_options *options, struct spec *spec, struct error *err)
{
	struct spec_namespaces *namespaces = &spec->namespaces;
	int r;

	for (enum spec_namespace kind = 0; kind < SPEC_NAMESPACE_COUNT; kind++)
		namespaces->modes[kind] = xstrdup(options->modes[kind]);
	for (size_t i = 0; i < options->sysctls.count; i++) {
		const char *item = options->sysctls.items[i], *equals = strchr(item, '=');
		autofree char *key = xstrndup(item, strcspn(item, "="));

		strings_set_value(&namespaces->sysctls, key, equals + 1);
	}
	for (size_t i = 0; i < options->writable.count; i++)
		if (spec_parse_writable(options->writable.items[i], &namespaces->writable, err) < 0)
			return error_prefix(err, "Invalid value \"%s\" for flag --ns-change-opt",
					    options->writable.items[i]);
	r = spec_namespaces_check(namespaces, spec->idmap.size || spec->idmap.is_automatic, err);
	if (r == 0)
		r = resolve_containers(namespaces, err);
	if (r == 0)
		r = check_host(spec, err);
	if (r == 0)
		take_hostname(spec);
	return r;
}
