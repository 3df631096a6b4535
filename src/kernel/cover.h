/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file mounted over another. */
#pragma once

#include "base/error.h"

/*
 * In our own mount namespace: the file `name` of `directory_fd` is from now on what the file behind `target_fd` (O_PATH will do) shows. The mount keeps
 * the flags of the one that `name` is on. open_tree(2), move_mount(2).
 */
int cover_file(int directory_fd, const char *name, int target_fd, struct error *err);
