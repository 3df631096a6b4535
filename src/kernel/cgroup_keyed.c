/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the reading of flat keyed files. */
#include "kernel/cgroup_keyed.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"

#define KEYED_MAX ((size_t)64 << 10)

void cgroup_read_keyed(int directory_fd, const char *file, const struct cgroup_keyed *wanted, size_t count)
{
	autorelease(strings_release) struct strings lines = {0};
	autofree char *content = NULL;

	if (file_read(directory_fd, file, KEYED_MAX, &content, NULL, NULL) < 0)
		return;
	strings_split(&lines, content, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		size_t length = strcspn(lines.items[i], " ");
		unsigned long long value;

		if (sscanf(lines.items[i] + length, " %llu", &value) != 1)
			continue;
		for (size_t k = 0; k < count; k++)
			if (strlen(wanted[k].key) == length && strncmp(lines.items[i], wanted[k].key, length) == 0)
				*wanted[k].value = value;
	}
}
