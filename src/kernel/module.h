/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modules of the host's kernel. The one user of libkmod. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"

/* Where the modules of the running kernel are: /lib/modules/RELEASE. The caller frees. */
char *module_directory(void);

/*
 * Which of the names (or aliases) a kernel with its modules in `directory` has neither loaded nor built in nor as a module: appended to *ret_missing. A name that
 * is below /sys/module is there.
 */
int module_find_missing(const char *directory, const struct strings *names, struct strings *ret_missing, struct error *err);
/*
 * Loads one with all that it depends on, as modprobe(8) does: options and install commands of modprobe.d(5) count. Loaded or built in already is fine.
 */
int module_load(const char *directory, const char *name, struct error *err);
