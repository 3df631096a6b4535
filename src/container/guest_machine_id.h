/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The id by which a guest's systemd and D-Bus know it, machine-id(5): one of those that its tree says, so that others may claim the same. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/machine_id.h"

/* What the tree at `root_fd` says, in the places and the order in which systemd looks. False when it says none. */
bool guest_machine_id_of_tree(int root_fd, char ret_id[MACHINE_ID_LENGTH + 1]);
/* Of a guest whose PID 1 is `init`: what its tree says, or what that PID 1 was given as container_uuid and will write there. -ENOENT when it is gone. */
int guest_machine_id(const char *container_id, pid_t init, char ret_id[MACHINE_ID_LENGTH + 1], struct error *err);
