/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "relabel": the SELinux labels of our programs. */
#include <stddef.h>
#include <stdio.h>

#include "base/memory.h"
#include "container/tools_verbs.h"
#include "kernel/lsm.h"
#include "tools/tools.h"

/* The type by which a policy knows what may start containers. */
#define PROGRAM_TYPE "container_runtime_exec_t"

struct options {
	char *directory, *rootfs;
};

static const struct options defaults = {.directory = BINDIR};
static const struct option_row rows[] = {
	{.name = "isulad-path",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, directory),
	 .argument = "DIRECTORY",
	 .help = "where the manager's programs are",
	 .complete = "directory"},
	{.name = "rootfs",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, rootfs),
	 .argument = "DIRECTORY",
	 .help = "taken for compatibility; not used",
	 .complete = "directory"},
	{.name = NULL},
};

static int relabel_all(const char *directory, const char *const *names, size_t count, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		autofree char *path = xasprintf("%s/%s", directory, names[i]);

		r = lsm_set_file_type(path, PROGRAM_TYPE, err);
	}
	return r;
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	static const char *const programs[] = {"syscontainer", "syscontainer-tools", "syscontainer-lxcfs", "lxcfs-toolkit"};
	static const char *const helpers[] = {"syscontainer-monitor", "syscontainer-payload", "syscontainer-keeper",
					      "syscontainer-hooks",   "lxcfs-hook",           "syscontainer-lxcfs-server"};
	const struct options *options = data;
	int r;

	(void)operands;
	if (!lsm_is_on(LSM_SELINUX))
		return error_set(err, -EOPNOTSUPP,
				 "SELinux is not on: this kernel has no policy loaded, so there is nothing to label");
	r = relabel_all(options->directory, programs, ARRAY_SIZE(programs), err);
	if (r == 0)
		r = relabel_all(LIBEXECDIR, helpers, ARRAY_SIZE(helpers), err);
	if (r == 0)
		tools_say("SELinux relabel success");
	return r;
}

const struct command command_relabel = {
	TOOLS_VERB_RELABEL(TOOLS_NAMED),
	.arguments = "[OPTIONS]",
	.details = "Sets the type " PROGRAM_TYPE " on the installed programs. Whether SELinux is enforcing stays as it is.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.usage_status = 1,
	.run = run,
};
