/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provisional: the package of nics replaces this file. */
#include "container/plug.h"

static int refuse(struct error *err)
{
	return error_set(err, -EOPNOTSUPP, "not there yet");
}

static int resolve(struct plug *plug, void *item, struct error *err)
{
	(void)plug;
	(void)item;
	return refuse(err);
}

static int attach(struct plug *plug, const void *old, void *item, struct error *err)
{
	(void)plug;
	(void)old;
	(void)item;
	return refuse(err);
}

static int detach(struct plug *plug, const void *item, struct error *err)
{
	(void)plug;
	(void)item;
	return refuse(err);
}

const struct plug_kind plug_nic = {.resolve = resolve, .attach = attach, .detach = detach};
