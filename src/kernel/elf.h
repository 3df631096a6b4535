/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether this machine can execute a program. */
#pragma once

#include "base/error.h"

/*
 * Reads the ELF header behind `fd` (elf(5)): -ENOEXEC when its machine is not this one's (or one that this one runs
 * too: i386 on x86-64), naming both. What is no ELF file (a script) is fine.
 */
int elf_check_machine(int fd, const char *name, struct error *err);
