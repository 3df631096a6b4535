/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inode numbers. They outlive servers: a guest holds its binds by them, so what a number means must never change while
 * the host is up, over upgrades of the program too.
 */
#pragma once

#include <stdint.h>

#include "lxcfs/view.h"

/* 8 bits for the view, 12 for a CPU's number, the rest for the guest's slot. Number 1, a file system's root, is slot 0's top. */
static inline uint64_t node_of(uint64_t slot, const struct view *view, unsigned int cpu)
{
	return slot << 20 | (uint64_t)cpu << 8 | (view_number(view) + 1);
}

static inline uint64_t node_slot(uint64_t node)
{
	return node >> 20;
}

/* NULL when there is no such view. */
static inline const struct view *node_view(uint64_t node)
{
	return node & 0xff ? view_at((node & 0xff) - 1) : NULL;
}

static inline unsigned int node_cpu(uint64_t node)
{
	return node >> 8 & 0xfff;
}
