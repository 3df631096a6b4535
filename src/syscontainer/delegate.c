/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the manager's way to programs that it executes in its own place. */
#include "syscontainer/delegate.h"

#include <unistd.h>

#include "base/memory.h"
#include "model/paths.h"
#include "syscontainer/transfer.h"

char **delegate_arguments;

static int execute(const char *name, struct error *err)
{
	autofree char *program = paths_program(name);

	execv(program, delegate_arguments);
	return error_set_errno(err, "cannot execute %s", program);
}

int transfer_cp(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)operands;
	return execute("syscontainer-transfer", err);
}

int transfer_export(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)operands;
	return execute("syscontainer-transfer", err);
}

int delegate_to_tools(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)operands;
	return execute("syscontainer-tools", err);
}
