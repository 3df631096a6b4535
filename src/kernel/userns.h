/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User namespaces as descriptors, for the maps that mounts are shifted by; user_namespaces(7). */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* A new one in which nothing runs, with the maps "0 UID SIZE" and "0 GID SIZE". Returns its descriptor. */
int userns_open(uint64_t uid, uint64_t gid, uint64_t size, struct error *err);
/* The other way round: what is stored as UID shows as 0. */
int userns_open_back(uint64_t uid, uint64_t gid, uint64_t size, struct error *err);
/* That of a process. Returns its descriptor. */
int userns_open_of(pid_t pid, struct error *err);
