/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many files a container may have open at once, where no cgroup controller "files" counts them: by two BPF programs
 * on the LSM hooks that every struct file passes through when it is made and when it is freed (bpf-helpers(7), kernel:
 * Documentation/bpf/prog_lsm.rst).
 *
 * All containers share the programs, since the kernel runs each one on every file of the host, and takes 38 at most on
 * one hook. They count for the cgroups that are in the map FILES_LIMIT_LIMITS. A file counts from open(2), socket(2), pipe(2)... until its last descriptor or
 * mapping is gone, for the container whose process made it, however often it was duplicated or whom it was sent to. Over the limit the system call fails with ENFILE.
 *
 * Programs and maps are pinned, so that they need no process to live, and removed with the last container that has a limit. The program
 * syscontainer-files-counter makes them: it is the only one that needs libbpf.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "kernel/cgroup.h"

#define FILES_LIMIT_BPFFS     "/sys/fs/bpf"
#define FILES_LIMIT_DIRECTORY FILES_LIMIT_BPFFS "/syscontainer"
/* Keys are ids of v2 cgroups, values are 64 bits. */
#define FILES_LIMIT_LIMITS "limits"
#define FILES_LIMIT_USED   "used"

/* A container's cgroup is looked for so far below the top of the hierarchy. */
#define FILES_LIMIT_MAX_LEVEL 10

#define FILES_LIMIT_NONE UINT64_MAX /* counted, and not limited */

/* -EOPNOTSUPP says what this host lacks, as far as it is seen without loading the programs. */
int files_limit_check(const struct cgroup_host *host, struct error *err);

/*
 * From now on the files that processes in the cgroup and below it open are counted: for a cgroup in which nothing has run, as those that are
 * open already are not known. `loader` is the path of syscontainer-files-counter. -EOPNOTSUPP where the kernel refuses the programs, with its reason.
 */
int files_limit_begin(const struct cgroup_host *host, const char *path, const char *loader, uint64_t limit,
		      struct error *err);
/* Another limit for a cgroup that is counted; with more files open than that, no more are opened until enough are closed. -ENOENT when it is not counted. */
int files_limit_set(const struct cgroup_host *host, const char *path, uint64_t limit, struct error *err);
/* Returns 1, or 0 when the cgroup is not counted. */
int files_limit_read(const struct cgroup_host *host, const char *path, uint64_t *ret_used, uint64_t *ret_limit);
/* The cgroup is not counted any more. To be called before it is removed; does nothing for one that is not counted. */
void files_limit_end(const struct cgroup_host *host, const char *path);
