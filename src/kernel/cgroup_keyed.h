/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of cgroups that have a key and a number on each line: "flat keyed" in the kernel's cgroup-v2.rst. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct cgroup_keyed {
	const char *key;
	uint64_t *value; /* left alone when the file has no such key */
};

/* Reads the file below the cgroup's directory; a file that cannot be read has no keys. */
void cgroup_read_keyed(int directory_fd, const char *file, const struct cgroup_keyed *wanted, size_t count);
