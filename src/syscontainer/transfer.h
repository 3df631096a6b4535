/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cp and export. They need libarchive, which brings in more libraries than all others together; loading them would double the time of every other
 * command. So both live in a program of their own, syscontainer-transfer, with the same tables, and the manager executes that in its place.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"

struct cp_options {
	bool keeps_owners, follows_link, is_quiet;
};

struct export_options {
	char *output;
	bool is_quiet;
};

/* In syscontainer-transfer the commands themselves (transfer_cp.c, transfer_export.c), in the manager the way there (delegate.c). */
int transfer_cp(void *options, const struct strings *operands, struct error *err);
int transfer_export(void *options, const struct strings *operands, struct error *err);
