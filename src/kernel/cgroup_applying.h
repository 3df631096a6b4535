/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of cgroup_limits_apply() share: writes that can be taken back. Only for cgroup_limits_*.c. */
#pragma once

#include "kernel/cgroup_limits.h"

struct undo {
	char *file; /* full path */
	char *old;
};

struct applying {
	const struct cgroup_host *host;
	const char *path;
	const struct cgroup_limits *limits;
	struct undo *undos;
	size_t count;
	bool had_files_limit; /* the one that BPF enforced before, which is in no file */
	uint64_t old_files_limit;
};
void applying_release(struct applying *applying);

/* Opens the cgroup in the controller's hierarchy and sees to it that the controller works there. */
int applying_open(struct applying *applying, const char *controller, const char *option, bool *ret_is_v2, int *ret_fd,
		  struct error *err);
/* The first line of a file; -EOPNOTSUPP where there is no such file. The caller frees. */
int applying_read(int fd, const char *file, const char *option, char **ret_line, struct error *err);
/* Writes `value` where the file's line is another one. */
int applying_set(struct applying *applying, int fd, const char *file, const char *option, const char *value,
		 struct error *err);
int applying_set_number(struct applying *applying, int fd, const char *file, const char *option, int64_t value,
			struct error *err);
/* The same for files that show what they have in another form than they take: `old` is what would write it again. */
int applying_change(struct applying *applying, int fd, const char *file, const char *old, const char *value,
		    struct error *err);

/* One controller each; nothing is done for limits that are unset. */
int cgroup_apply_cpuset(struct applying *applying, struct error *err);
int cgroup_apply_cpu(struct applying *applying, struct error *err);
int cgroup_apply_memory(struct applying *applying, struct error *err);
int cgroup_apply_io(struct applying *applying, struct error *err);
int cgroup_apply_hugetlb(struct applying *applying, struct error *err);
/* Of one disk, "8:16". */
int cgroup_apply_disk(struct applying *applying, const char *disk, const struct cgroup_disk_limit *limits, size_t count,
		      struct error *err);
