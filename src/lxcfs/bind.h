/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of the proc view over a guest's own: binds that are made by descriptor from RUN/lxcfs/tree. What is bound is
 * read from the guest's mount table, never by touching the files, so that all of this but bind_guest() works when no server answers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "lxcfs/registration.h"

/*
 * Binds what is missing, and what is bound from a file system that is gone anew. Waits for the server to answer: for callers that can be killed.
 * -ESRCH when the guest is gone.
 */
int bind_guest(const struct registration *registration, struct error *err);
/* Takes all layers off: the guest sees the kernel's files. */
int bind_undo(const struct registration *registration, struct error *err);

/* Is a file system mounted at RUN/lxcfs/tree? It may be dead. */
bool bind_has_tree(void);

struct bind_file {
	const char *path; /* "proc/meminfo" */
	size_t layers;    /* how many file systems of ours lie over it */
	bool is_current;  /* the upper one is that which is mounted at RUN/lxcfs/tree now */
};

/* Each file that can be bound; the caller frees *ret_files. */
int bind_list(const struct registration *registration, struct bind_file **ret_files, size_t *ret_count, struct error *err);
