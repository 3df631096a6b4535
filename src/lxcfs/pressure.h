/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's pressure stall information: its cgroup's own, where there is a cgroup v2 tree (PSI, Linux 4.20). */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

struct view_guest;

enum pressure_kind { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO };
#define PRESSURE_KINDS 3

struct pressure_part {
	bool is_open;
	int fds[PRESSURE_KINDS]; /* -1: the kernel has none */
};

/* Opens the files; one that is not there stays -1. */
int pressure_open(struct view_guest *guest, struct error *err);
/* The kernel's text of now. A cgroup for which it is switched off (cgroup.pressure) has zeros. */
int pressure_read(struct view_guest *guest, enum pressure_kind kind, struct text *out, struct error *err);
void pressure_close(struct pressure_part *pressure);
