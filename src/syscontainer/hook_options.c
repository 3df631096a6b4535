/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from --hook-spec and KERNEL_MODULES to a checked spec. */
#include "syscontainer/hook_options.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "container/hook.h"
#include "model/kernel_modules.h"
#include "model/paths.h"

#define LOADER "syscontainer-hooks"

/* Reads and checks; the programs' own exit statuses are for a start. */
static int read_checked(const char *file, struct spec_hooks *ret_hooks, struct error *err)
{
	int r = spec_hooks_read(file, ret_hooks, err);

	if (r < 0)
		return r;
	r = hook_check_programs(ret_hooks, err);
	if (r == 0)
		return 0;
	spec_hooks_release(ret_hooks);
	err->exit_status = 0;
	return r;
}

static bool loads_modules(const struct spec_hooks *hooks)
{
	const struct spec_hook_list *list = &hooks->stages[SPEC_HOOK_PRESTART];

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(strrchr(list->items[i].path, '/') + 1, LOADER) == 0)
			return true;
	return false;
}

static int check_modules(const struct spec *spec, const struct spec_hooks *daemon_hooks, struct error *err)
{
	const char *list = strings_get_value(&spec->environment, KERNEL_MODULES_VARIABLE);
	autorelease(strings_release) struct strings names = {0};

	if (!list)
		return 0;
	if (kernel_modules_parse(list, &names, err) < 0)
		return error_prefix(err, "Invalid value \"" KERNEL_MODULES_VARIABLE "=%.200s\" for flag --env", list);
	if (names.count && !loads_modules(&spec->hooks) && !loads_modules(daemon_hooks))
		return error_set(err, -ENOENT,
				 "Invalid value \"" KERNEL_MODULES_VARIABLE
				 "=%.200s\" for flag --env: no prestart hook is " LOADER
				 ", which loads modules; name a hook spec with it by hook-spec in %s, or by --hook-spec",
				 list, paths_config());
	return 0;
}

int hook_options_get(const struct hook_options *options, const struct config *config, struct spec *spec, struct error *err)
{
	autorelease(spec_hooks_release) struct spec_hooks daemon_hooks = {0};

	if (options->file) {
		if (read_checked(options->file, &spec->hooks, err) < 0)
			return error_prefix(err, "Invalid value \"%.500s\" for flag --hook-spec", options->file);
		spec->hooks.file = xstrdup(options->file);
	}
	if (config->hook_spec && read_checked(config->hook_spec, &daemon_hooks, err) < 0)
		return error_prefix(err, "%s: hook-spec", paths_config());
	return check_modules(spec, &daemon_hooks, err);
}
