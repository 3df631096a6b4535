/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* KERNEL_MODULES=a,b in a container's environment: which modules of the host's kernel it wants loaded. */
#pragma once

#include "base/error.h"
#include "base/strings.h"

#define KERNEL_MODULES_VARIABLE "KERNEL_MODULES"
#define KERNEL_MODULES_MAX      64

/* Names between commas: [A-Za-z0-9_-]+, not beginning with '-', at most 55 characters (MODULE_NAME_LEN) and KERNEL_MODULES_MAX names; an empty list is no names. The caller releases. */
int kernel_modules_parse(const char *list, struct strings *ret_names, struct error *err);
