/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Those whose view is shown: guests of our manager, known by their file, and readers from elsewhere, known by their pid namespace. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/strings.h"
#include "lxcfs/view.h"

struct subject {
	struct subject *next;
	struct subjects *owner;
	uint64_t slot;    /* 0: not a guest of our manager */
	char *id;         /* of a guest of our manager; else a key that tells it from others */
	int64_t since_ns; /* CLOCK_BOOTTIME: what was made before is of another who had the number */
	int init_pidfd;   /* its end is the end of the subject */
	struct loop_source *init_source;
	struct view_guest *guest;
	int state_fd; /* what the next server needs, see view_guest_save(); -1: nothing is kept */
	size_t state_length;
	uint64_t state_generation; /* of what is in it */
	int64_t load_read_ns;      /* when somebody read its load last */
	struct subject_text {
		uint64_t hash;
		int64_t changed_ns;
	} * texts; /* by view: of live files, when the text changed last */
};

struct subjects {
	struct loop *loop;
	struct view_host *host;
	struct subject *first;
	bool shows_quota; /* to readers from elsewhere */
};

/* -ENOENT when there is none (any more), or another negative errno for the reader. Never blocks for long; what is found stays until its init ends. */
int subject_by_id(struct subjects *subjects, const char *id, struct subject **ret_subject);
int subject_by_slot(struct subjects *subjects, uint64_t slot, struct subject **ret_subject);
/* Of a thread as our pid namespace calls it: one of a container gets its container's view, one of the host that of its cgroups. -ESRCH when it cannot be known. */
int subject_by_reader(struct subjects *subjects, pid_t reader, struct subject **ret_subject);
/* Writes down what the next server needs so that no counter runs backwards, if that changed: before it is shown to anybody. */
void subject_save(struct subject *subject);
/* Of a guest of our manager: limits or disks were changed. */
void subject_expire(struct subject *subject);
void subject_free(struct subject *subject);
void subjects_release(struct subjects *subjects);
