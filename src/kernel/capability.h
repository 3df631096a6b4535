/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities by name, capabilities(7). */
#pragma once

#include <stdint.h>

/* Capability N as a bit of a set. */
#define CAPABILITY_BIT(number) (UINT64_C(1) << (number))
#define CAPABILITY_ALL         UINT64_MAX

/* "CAP_CHOWN", "chown", ...: the number, or -EINVAL for a name that there is not. */
int capability_parse(const char *name);
/* "CHOWN"; NULL for a number that has no name. */
const char *capability_name(int number);
