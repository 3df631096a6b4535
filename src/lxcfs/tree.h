/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two file systems of the proc view, as operations on inode numbers: a directory for each guest, and the reader's own view. */
#pragma once

#include "base/text.h"
#include "lxcfs/filesystem.h"
#include "lxcfs/subject.h"

#define TREE_TEXTS 16

struct tree {
	struct subjects *subjects;
	int64_t age_ms;     /* how old an answer may be */
	int64_t started_ns; /* of this server: what never changes within its life changed then */
	/* The files that were made last: attributes are asked for first, then content, and other readers come in between. */
	struct tree_text {
		uint64_t node; /* 0: none, or one whose number does not say whose it is */
		int64_t made_ns;
		uint64_t cpus; /* view_guest_cpus_generation() */
		bool is_read;
		struct text text;
	} texts[TREE_TEXTS];
	size_t next_text; /* the oldest */
	char name[32];    /* of the entry that was listed last */
};

extern const struct filesystem_operations tree_of_guests, tree_of_readers;

void tree_release(struct tree *tree);
/* What a guest may use has changed: what was made is made anew. */
void tree_expire(struct tree *tree);
/* Every file of the guest whose text may change, by number. */
void tree_each_node(struct subject *subject, void (*function)(void *data, uint64_t node), void *data);
