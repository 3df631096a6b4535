/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what inspect says of confinement. */
#include "base/json_strings.h"
#include "base/memory.h"
#include "syscontainer/describe_parts.h"

static void describe_ulimits(const struct ulimits *ulimits, struct json *config)
{
	struct json *array = json_set(config, "Ulimits", json_new_array());

	for (size_t i = 0; i < ulimits->count; i++) {
		struct json *limit = json_append(array, json_new_object());

		json_set_string(limit, "Name", ulimits->items[i].name);
		json_set_integer(limit, "Hard", ulimits->items[i].hard);
		json_set_integer(limit, "Soft", ulimits->items[i].soft);
	}
}

/* The context or profile as far as the options say; what the policy adds is only known where it runs. */
static char *name_label(const struct spec_security *security)
{
	const struct spec_label *label = &security->label;

	if (security->apparmor)
		return xstrdup(security->apparmor);
	if (!label->user && !label->role && !label->type && !label->level)
		return NULL;
	return xasprintf("%s:%s:%s:%s", label->user ? label->user : "", label->role ? label->role : "",
			 label->type ? label->type : "", label->level ? label->level : "");
}

/* While it runs, the profile that it runs under, which may be the configuration's. */
static const char *name_profile(const struct container *container)
{
	return container_is_live(container) ? container->boot.apparmor : container->spec.security.apparmor;
}

void describe_security(const struct container *container, struct json *document, struct json *host_config)
{
	const struct spec_security *security = &container->spec.security;
	autofree char *label = name_label(security);
	autorelease(strings_release) struct strings options = {0};

	spec_security_format_options(security, &options);
	json_set_strings(host_config, "SecurityOpt", &options, 0);
	json_set_strings(host_config, "CapAdd", &security->cap_add, 0);
	json_set_strings(host_config, "CapDrop", &security->cap_drop, 0);
	describe_ulimits(&security->ulimits, host_config);
	json_set_string(document, "SeccompProfile",
			security->seccomp == SPEC_SECCOMP_UNCONFINED ? "unconfined" : security->seccomp_source);
	json_set_bool(document, "NoNewPrivileges", security->has_no_new_privileges);
	json_set_string(document, "AppArmorProfile", name_profile(container));
	json_set_string(document, "ProcessLabel", label);
}
