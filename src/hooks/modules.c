/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns KERNEL_MODULES. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "hooks/hooks.h"
#include "kernel/module.h"
#include "model/kernel_modules.h"

static int refuse_missing(const char *directory, const struct strings *missing, struct error *err)
{
	autofree char *list = strings_join(missing, ", ");
	const char *release = strrchr(directory, '/') + 1;

	if (!file_exists(AT_FDCWD, directory))
		return error_set(err, -ENOENT,
				 KERNEL_MODULES_VARIABLE
				 ": kernel %s has no modules to load (there is no directory %s), and not built in: %s",
				 release, directory, list);
	return error_set(err, -ENOENT, KERNEL_MODULES_VARIABLE ": kernel %s offers no such module: %s", release, list);
}

int hooks_load_modules(const struct hooks_container *container, struct error *err)
{
	const char *value = strings_get_value(&container->spec.environment, KERNEL_MODULES_VARIABLE);
	autorelease(strings_release) struct strings names = {0}, missing = {0};
	autofree char *directory = NULL;
	int r;

	if (!value)
		return 0;
	directory = module_directory();
	r = kernel_modules_parse(value, &names, err);
	if (r == 0)
		r = module_find_missing(directory, &names, &missing, err);
	if (r < 0)
		return error_prefix(err, KERNEL_MODULES_VARIABLE);
	if (missing.count)
		return refuse_missing(directory, &missing, err);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = module_load(directory, names.items[i], err);
	return r < 0 ? error_prefix(err, KERNEL_MODULES_VARIABLE) : 0;
}
