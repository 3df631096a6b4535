/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what goes with a container. */
#include "container/removal.h"

#include "base/memory.h"
#include "container/host_channel.h"
#include "container/journal_link.h"
#include "model/event.h"
#include "model/registry.h"

int removal_finish(const char *container_id, const struct spec *spec, struct error *err)
{
	autofree char *name = xstrdup(spec->name ? spec->name : container_id);
	autoclose int lock = -EBADF;
	int r = host_channel_remove(spec, err);

	if (r == 0)
		r = journal_link_remove(container_id, err);
	if (r == 0)
		r = registry_lock(&lock, err);
	if (r == 0)
		r = registry_remove(lock, container_id, err);
	if (r == 0)
		event_log(container_id, name, "destroy", "%s", "");
	return r;
}
