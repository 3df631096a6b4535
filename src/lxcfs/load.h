/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's load: its threads counted every 5 s, averaged with the kernel's own arithmetic. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct view_guest;

#define LOAD_PERIOD_NS INT64_C(5000000000)
#define LOAD_AVERAGES  3 /* of 1, 5 and 15 minutes */

/* Fixed point numbers and the most that can be active: as many pids as Linux has. */
#define LOAD_FIXED_BITS  11
#define LOAD_ACTIVE_MAX  (UINT64_C(1) << 22)
#define LOAD_AVERAGE_MAX (LOAD_ACTIVE_MAX << LOAD_FIXED_BITS)

struct load_part {
	bool is_open;
	int64_t taken_ns; /* when it was counted last, a whole number of periods after the first; 0: not yet */
	int tasks_fd;     /* pids.current */
	uint64_t averages[LOAD_AVERAGES]; /* fixed point with 11 bits, as the kernel's avenrun */
	uint64_t runnable, blocked, tasks;
};

/* Counts when a period is over. */
int load_sample(struct view_guest *guest, int64_t now_ns, struct error *err);
void load_close(struct load_part *load);
/* `average` after `periods` more with so many active tasks. Kernel: kernel/sched/loadavg.c, calc_load_n(). */
uint64_t load_decay(uint64_t average, unsigned int which, uint64_t active, uint64_t periods);

void load_write_loadavg(const struct view_guest *guest, unsigned int cpu, struct text *out);
