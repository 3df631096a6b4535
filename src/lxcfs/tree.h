/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two file systems of the proc view, as operations on inode numbers: a directory for each guest, and the reader's own view. */
#pragma once

#include "base/text.h"
#include "lxcfs/filesystem.h"
#include "lxcfs/subject.h"

struct tree {
	struct subjects *subjects;
	int64_t age_ms;     /* how old an answer may be */
	int64_t started_ns; /* of this server: what never changes within its life changed then */
	struct text text;   /* of the file that was rendered last: its attributes are asked for first, then its content */
	uint64_t text_node;
	int64_t text_ns;
	char name[32]; /* of the entry that was listed last */
};

extern const struct filesystem_operations tree_of_guests, tree_of_readers;

void tree_release(struct tree *tree);
/* Every file of the guest whose text may change, by number. */
void tree_each_node(struct subject *subject, void (*function)(void *data, uint64_t node), void *data);
