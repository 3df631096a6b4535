/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest as the proc view knows it: one small file for each boot of a guest, written by the prestart hook. The server reads it when the guest's directory is looked up, so neither
 * needs the other to be alive.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "kernel/procfs.h"

struct registration_process {
	int pid;
	uint64_t start_time;
};

struct registration {
	int version;
	uint64_t slot; /* part of its inode numbers; never given to another boot or guest while the host is up */
	char *id, *name;
	struct registration_process init; /* PID 1 as the host sees it */
	char *cgroup;                     /* "/syscontainer/ID": where its limits are, in every hierarchy */
	bool shows_quota;                 /* a CPU quota as a number of CPUs */
};

/* -ENOENT when there is none of that id (a plain name without slashes; anything else is -EINVAL). The caller releases. */
int registration_load(const char *id, struct registration *ret_registration, struct error *err);
/* Writes its file. A slot of 0 is replaced by a new one. */
int registration_save(struct registration *registration, struct error *err);
/* With the counters that the server keeps of it. */
int registration_remove(const char *id, struct error *err);
/* All ids, in no order. */
int registration_list(struct strings *ret_ids, struct error *err);
bool registration_is_alive(const struct registration *registration);
void registration_release(struct registration *registration);
