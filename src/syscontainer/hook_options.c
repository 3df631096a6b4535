/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from --hook-spec to a checked spec. */
#include "syscontainer/hook_options.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "container/hook.h"
#include "model/paths.h"

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
	return 0;
}
