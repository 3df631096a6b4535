/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a service and its manager tell each other: sd_notify(3), sd_listen_fds(3). Without a manager all of it does nothing. */
#pragma once

#include "base/error.h"

/* "READY=1", "RELOADING=1", ... to $NOTIFY_SOCKET. */
void service_notify(const char *state);
/* Gives the manager a copy of the descriptor to keep over our death (FDSTORE=1), under that name. */
void service_store(int fd, const char *name);
/* The descriptor of that name that we were started with, or -1. It stays open and is close-on-exec from now on. */
int service_find(const char *name);
/* Executes `program` in our place, with the descriptors as if a manager had given them. When that fails, descriptors from 3 on are lost. */
int service_execute(const char *program, char *const *argv, const int *fds, const char *const *names, int count,
		    struct error *err);
