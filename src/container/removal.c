/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what goes with a container. */
#include "container/removal.h"

#include "base/memory.h"
#include "container/host_channel.h"
#include "container/host_units.h"
#include "container/journal_link.h"
#include "model/event.h"
#include "model/registry.h"

int removal_finish(const char *container_id, const struct spec *spec, struct error *err)
{
	autofree char *name = xstrdup(spec->name ? spec->name : container_id);
	autoclose int lock = -EBADF;
	int r = 0;

	/* While its name is its own: the next of that name shall not come up with the host because of this one. */
	if (spec->name && host_units_are_enabled(spec->name))
		r = host_units_set_enabled(spec->name, false, err);
	if (r >= 0)
		r = host_channel_remove(spec, err);
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
