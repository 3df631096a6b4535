/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's journal on the host, where "journalctl --merge" sees it: /var/log/journal/MACHINE-ID, a directory that we make, mounted into the guest at the same path. It
 * belongs to the guest's root, so that what is made in it has the guest's ids on the host's disk as well, and is marked with the container's id: one that is not
 * (the host's own, that of another host or container) is never given to a guest, whatever machine id that claims to have.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "model/spec.h"

/*
 * At each start, before anything of the guest runs: does what spec->link_journal says. A tree without a machine id gets the one that container_uuid will tell its PID 1.
 * 0 as well when there is nothing to do: "auto" with no directory of this container, "try-host" on a host that keeps no journal.
 */
int journal_link_apply(const struct spec *spec, pid_t init, int init_pidfd, struct error *err);
/* With the container: removes its journals. */
int journal_link_remove(const char *container_id, struct error *err);
