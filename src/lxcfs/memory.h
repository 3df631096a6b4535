/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's memory and swap: sampled from its cgroup, shown as meminfo and swaps. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "lxcfs/source.h"

struct view_guest;

/* Bytes; 0 is "none" and "the kernel does not tell" alike. No part is larger than what it is a part of. */
struct memory_sample {
	uint64_t total, used, free, available;
	uint64_t swap_total, swap_used, swap_free;
	uint64_t cached, swap_cached;
	uint64_t active, inactive, active_anon, inactive_anon, active_file, inactive_file, unevictable;
	uint64_t anon, mapped, shmem, dirty, writeback;
	uint64_t anon_huge, shmem_huge, file_huge;
	uint64_t slab, slab_reclaimable, slab_unreclaimable;
	uint64_t kernel_stack, page_tables, sec_page_tables, percpu, vmalloc;
	uint64_t zswap, zswapped;
	uint64_t huge_total, huge_free; /* pages of the machine's usual huge size */
	uint64_t huge_bytes;
};

struct memory_part {
	bool is_open, is_v2;
	int64_t taken_ns; /* 0: not yet */
	int stat_fd, usage_fd, swap_usage_fd, swappiness_fd, huge_usage_fd;
	struct source_levels limits, swap_limits; /* v2; v1 tells the smallest in memory.stat */
	struct source_levels huge_limits;
	struct memory_sample sample;
};

/* Brings the sample up to date, unless it is of this age at most. */
int memory_sample(struct view_guest *guest, int64_t now_ns, int64_t max_age_ns, struct error *err);
/* Closes what is open; the next sample opens it anew. */
void memory_close(struct memory_part *memory);

/* The texts, from the sample. */
void memory_write_meminfo(const struct view_guest *guest, unsigned int cpu, struct text *out);
void memory_write_swaps(const struct view_guest *guest, unsigned int cpu, struct text *out);
