/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands that are programs of their own, for the libraries that they need. */
#pragma once

#include "base/error.h"
#include "base/strings.h"

/* What main() was called with. */
extern char **delegate_arguments;

/* run() of a command that syscontainer-tools has. */
int delegate_to_tools(void *options, const struct strings *operands, struct error *err);
