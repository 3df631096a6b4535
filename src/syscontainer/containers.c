/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer __containers`: the names that shell completion offers. */
#include "syscontainer/commands.h"

#include <stdio.h>

#include "base/memory.h"
#include "model/registry.h"
#include "model/spec.h"

static void print_name(const char *id)
{
	autorelease(spec_release) struct spec spec = {0};
	autofree char *name = NULL;

	if (spec_load(id, &spec, NULL) >= 0) {
		puts(spec.name);
		return;
	}
	name = registry_find_name(id);
	if (name[0])
		puts(name);
}

static int run(void *options, const struct strings *operands, struct error *err)
{
	autorelease(strings_release) struct strings ids = {0};
	int r = registry_list(&ids, err);

	(void)options;
	(void)operands;
	for (size_t i = 0; r >= 0 && i < ids.count; i++)
		print_name(ids.items[i]);
	return r < 0 ? r : 0;
}

const struct command command_containers = {
	.name = "__containers",
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run,
};
