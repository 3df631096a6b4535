/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns loading all containers without waiting for any. */
#include "syscontainer/listing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"
#include "container/control.h"
#include "model/paths.h"
#include "model/registry.h"

/* Removed since it was listed? */
static bool has_vanished(const struct container *container)
{
	autofree char *path = NULL;

	if (container->status != CONTAINER_BROKEN)
		return false;
	path = paths_container(container->id, NULL);
	return !file_exists(AT_FDCWD, path);
}

static void adopt(const struct container *container)
{
	struct error ignored = {0}; /* the next command that changes it will say so */
	int fd = control_start_monitor(container->id, "adopt", &ignored);

	if (fd >= 0)
		close(fd);
}

int listing_load(struct listing *ret_listing, struct error *err)
{
	autorelease(strings_release) struct strings ids = {0};
	int r = registry_list(&ids, err);

	*ret_listing = (struct listing){0};
	if (r < 0)
		return r;
	ret_listing->items = xcalloc(ids.count + 1, sizeof(*ret_listing->items));
	for (size_t i = 0; i < ids.count; i++) {
		struct container *container = &ret_listing->items[ret_listing->count];

		container_load(ids.items[i], container);
		if (has_vanished(container)) {
			container_release(container);
			continue;
		}
		if (container->is_orphan)
			adopt(container);
		ret_listing->count++;
	}
	return 0;
}

void listing_release(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		container_release(&listing->items[i]);
	free(listing->items);
	*listing = (struct listing){0};
}

const char *listing_name(struct container *container)
{
	if (!container->spec.name)
		container->spec.name = registry_find_name(container->id);
	return container->spec.name;
}
