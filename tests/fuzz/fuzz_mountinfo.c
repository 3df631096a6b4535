/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a mount table says, each entry that comes out of it has all of its strings. And a line of mapped memory. */
#include "kernel/mountinfo.h"

#include <stdlib.h>

#include "base/memory.h"
#include "kernel/mount_holders.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	struct mount_mapping mapping;

	mount_holders_parse_mapping(text, &mapping);
	mountinfo_parse(text, &mounts);
	for (size_t i = 0; i < mounts.count; i++) {
		const struct mountinfo_entry *entry = &mounts.entries[i];

		if (!*entry->root || !*entry->target || !*entry->type || !entry->source || !entry->options)
			abort();
	}
	return 0;
}
