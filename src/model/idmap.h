/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of host ids for the containers of `"user-remap": "auto"`. */
#pragma once

#include "base/error.h"
#include "model/spec.h"

#define IDMAP_SIZE 65536u
/* The range that systemd's documentation (UIDs and GIDs on systemd Systems) sets aside for container managers, from its upper half
 * on, because systemd-nspawn takes from the whole of it at random and useradd(8) gives out subordinate ids from its lower end. */
#define IDMAP_FIRST 0x30000000u
#define IDMAP_LAST  0x6fffffffu
#define IDMAP_COUNT ((IDMAP_LAST - IDMAP_FIRST + 1) / IDMAP_SIZE)

/*
 * Under the registry's lock: finds IDMAP_SIZE ids that no container, no line of /etc/subuid or /etc/subgid and no running
 * user namespace has, and records them as ROOT/idmap/UID-SIZE -> ID. -ENOSPC when there are none.
 */
int idmap_allocate(const char *id, struct spec_idmap *ret_idmap, struct error *err);
/*
 * Under the registry's lock: records a range given by hand. Containers may share exactly the same one (-EEXIST for any other overlap), as users of the
 * reference do; what one of them may do to the others is then their administrator's choice.
 */
int idmap_claim(const char *id, const struct spec_idmap *idmap, struct error *err);

/* The lines "NAME:START:COUNT" of subuid(5) that overlap [first, first + size). For tests and the checks above. */
int idmap_overlaps_subordinate(const char *text, uint64_t first, uint64_t size);
