/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the replay of what is plugged into a container, and its way back. */
#include "container/plug.h"
#include "hooks/hooks.h"
#include "kernel/procfs.h"

/*
 * With the lock that plug_open() takes nobody records anything else: what the spec says now is what counts. The other one may be older, as the hook was
 * called before.
 */
static int with_current_spec(struct plug *plug, const struct hooks_container *container,
			     int (*function)(struct plug *plug, struct error *err), struct error *err)
{
	struct spec spec;
	int r = spec_load(container->spec.id, &spec, err);

	if (r < 0)
		return r;
	plug->spec = &spec;
	r = function(plug, err);
	plug->spec = &container->spec;
	spec_release(&spec);
	return r;
}

static int run(const struct hooks_container *container, int (*function)(struct plug *plug, struct error *err),
	       struct error *err)
{
	struct process_id init;
	struct plug plug;
	int r = procfs_identify(container->init_pid, &init, err);

	if (r == 0)
		r = plug_open(&container->spec, &init, &plug, err);
	if (r < 0)
		return r;
	r = with_current_spec(&plug, container, function, err);
	plug_close(&plug);
	return r;
}

int hooks_plug(const struct hooks_container *container, struct error *err)
{
	return run(container, plug_replay, err);
}

int hooks_follow(const struct hooks_container *container, struct error *err)
{
	return run(container, plug_refresh, err);
}

/* Opening what is left of a boot that has ended takes it home. */
int hooks_retrieve(const struct hooks_container *container, struct error *err)
{
	struct plug plug;
	int r = plug_open(&container->spec, &(struct process_id){0}, &plug, err);

	if (r == 0)
		plug_close(&plug);
	return r;
}
