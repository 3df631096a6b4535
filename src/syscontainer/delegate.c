/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the manager's way to syscontainer-transfer. */
#include "syscontainer/transfer.h"

#include <unistd.h>

#include "base/memory.h"
#include "model/paths.h"

char **transfer_arguments;

static int execute(struct error *err)
{
	autofree char *program = paths_program("syscontainer-transfer");

	execv(program, transfer_arguments);
	return error_set_errno(err, "cannot execute %s", program);
}

int transfer_cp(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)operands;
	return execute(err);
}

int transfer_export(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)operands;
	return execute(err);
}
