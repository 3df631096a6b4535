/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All containers at once, as ps and stats look at them. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "container/container.h"

struct listing {
	struct container *items;
	size_t count;
};

/*
 * Loads all containers, broken ones too, in no order. One that lost its monitor is shown as its files say and is given a new one that
 * nobody waits for: looking at a hundred containers costs no fork while all is well.
 */
int listing_load(struct listing *ret_listing, struct error *err);
void listing_release(struct listing *listing);

/* Its name, also of a container whose spec cannot be read; "" when nothing tells it. Owned by the container. */
const char *listing_name(struct container *container);
