/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container may use at most: checked together, merged by `update`, written to the kernel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_limit_rows.h"

/* "Says nothing about it": the kernel's value stays. */
#define CGROUP_LIMIT_UNSET INT64_MIN

/* What a row's kind means for the member; text ones are NULL or empty when unset, numbers CGROUP_LIMIT_UNSET. */
enum cgroup_limit_kind {
	CGROUP_LIMIT_NUMBER,  /* int64_t */
	CGROUP_LIMIT_SIZE,    /* int64_t, bytes */
	CGROUP_LIMIT_DECIMAL, /* int64_t, billionths */
	CGROUP_LIMIT_SWITCH,  /* int64_t, 0 or 1 */
	CGROUP_LIMIT_LIST,    /* char *: "0-3,7"; "" is all that the parent has. Owned */
	CGROUP_LIMIT_PAGES,   /* struct strings: "[SIZE:]BYTES" of huge pages of a size; -1 is unlimited */
	CGROUP_LIMIT_RATES,   /* struct strings: "DISK:BYTES" a second; 0 is unlimited */
	CGROUP_LIMIT_COUNTS,  /* struct strings: "DISK:NUMBER" a second; 0 is unlimited */
	CGROUP_LIMIT_WEIGHTS, /* struct strings: "DISK:WEIGHT", 10 to 1000; 0 is the default */
};

#define CGROUP_LIMIT_TYPE_NUMBER  int64_t
#define CGROUP_LIMIT_TYPE_SIZE    int64_t
#define CGROUP_LIMIT_TYPE_DECIMAL int64_t
#define CGROUP_LIMIT_TYPE_SWITCH  int64_t
#define CGROUP_LIMIT_TYPE_LIST    char *
#define CGROUP_LIMIT_TYPE_PAGES   struct strings
#define CGROUP_LIMIT_TYPE_RATES   struct strings
#define CGROUP_LIMIT_TYPE_COUNTS  struct strings
#define CGROUP_LIMIT_TYPE_WEIGHTS struct strings

#define CGROUP_LIMIT_MEMBER(of_, kind_, member_, ...) CGROUP_LIMIT_TYPE_##kind_ member_;
struct cgroup_limits {
	CGROUP_LIMIT_ROWS(CGROUP_LIMIT_MEMBER, 0)
};
#undef CGROUP_LIMIT_MEMBER

/* All unset, as an initialiser. A struct of zeroes is not that. */
#define CGROUP_LIMIT_NOT_NUMBER  CGROUP_LIMIT_UNSET
#define CGROUP_LIMIT_NOT_SIZE    CGROUP_LIMIT_UNSET
#define CGROUP_LIMIT_NOT_DECIMAL CGROUP_LIMIT_UNSET
#define CGROUP_LIMIT_NOT_SWITCH  CGROUP_LIMIT_UNSET
#define CGROUP_LIMIT_NOT_LIST    NULL
#define CGROUP_LIMIT_NOT_PAGES \
	{ \
		0 \
	}
#define CGROUP_LIMIT_NOT_RATES \
	{ \
		0 \
	}
#define CGROUP_LIMIT_NOT_COUNTS \
	{ \
		0 \
	}
#define CGROUP_LIMIT_NOT_WEIGHTS \
	{ \
		0 \
	}

#define CGROUP_LIMIT_INITIAL(of_, kind_, member_, ...) .member_ = CGROUP_LIMIT_NOT_##kind_,
#define CGROUP_LIMITS_UNSET \
	{ \
		CGROUP_LIMIT_ROWS(CGROUP_LIMIT_INITIAL, 0) \
	}

/* One row, for those who walk over all of them. */
struct cgroup_limit {
	enum cgroup_limit_kind kind;
	size_t offset;          /* in struct cgroup_limits */
	const char *option;     /* "--pids-limit" */
	const char *key;        /* of inspect's HostConfig */
	const char *controller; /* v1 name; NULL for what is no cgroup's matter */
	const char *v1_file;    /* must be in the hierarchy's top cgroup: some parts of a controller are built separately */
	bool is_v1_only;        /* cgroup v2 has nothing like it */
	const char *v2_key;     /* of RATES and COUNTS, in io.max */
	const char *unit;       /* behind a number in messages; NULL: none */
	/* Of numbers: `min` to `max`, or one of those from `special_min` on below `min` that have a meaning of their own. */
	int64_t special_min, min, max;
};
extern const struct cgroup_limit cgroup_limit_rows[];
extern const size_t cgroup_limit_count;

void cgroup_limits_init(struct cgroup_limits *limits);
void cgroup_limits_release(struct cgroup_limits *limits);
bool cgroup_limits_are_unset(const struct cgroup_limits *limits);

/* The member of a row: the first for number kinds, then LIST, then the struct strings kinds. */
int64_t cgroup_limit_number(const struct cgroup_limits *limits, const struct cgroup_limit *row);
const char *cgroup_limit_list(const struct cgroup_limits *limits, const struct cgroup_limit *row);
const struct strings *cgroup_limit_items(const struct cgroup_limits *limits, const struct cgroup_limit *row);

/* "SUBJECT:VALUE", one item of a struct strings kind. */
struct cgroup_limit_item {
	char *subject;       /* path of the disk; NULL for PAGES. Owned */
	uint64_t page_bytes; /* of PAGES; 0 is the host's usual size */
	int64_t value;       /* -1 of PAGES, 0 of the others: no limit */
};
void cgroup_limit_item_release(struct cgroup_limit_item *item);
/* -EINVAL and -ERANGE say what is wrong with the text, not of which option it is. The caller releases the item. */
int cgroup_limit_parse(enum cgroup_limit_kind kind, const char *text, struct cgroup_limit_item *ret_item, struct error *err);
/* "2MB", "1GB": how the kernel calls huge pages of a size. The caller frees. */
char *cgroup_limit_page_name(uint64_t bytes);

/*
 * Checks each value, those that belong together, and that this host has what they need: controllers, disks, page
 * sizes. Values are named as the options are (--cpu-period). -EINVAL for a value, -EOPNOTSUPP for what the kernel
 * lacks. Where only a new cgroup shows what the kernel has, one is made beside and removed; nothing else is written.
 */
int cgroup_limits_check(const struct cgroup_host *host, const struct cgroup_limits *limits, struct error *err);

/*
 * What `update` makes of `stored` limits: *ret_merged has those of `changes` that are set and else the stored
 * ones, disk by disk and page size by page size; the caller releases it. -EINVAL when the two contradict (--cpus
 * beside a stored quota, memory above the stored swap limit). The result is yet to be checked.
 */
int cgroup_limits_merge(const struct cgroup_host *host, const struct cgroup_limits *stored,
			const struct cgroup_limits *changes, struct cgroup_limits *ret_merged, struct error *err);
/* Drops what only says that a disk or page size has no limit: once that is written there is nothing to remember. */
void cgroup_limits_forget_lifted(struct cgroup_limits *limits);

/* The last step of an update, such as writing it down; its failure takes the limits back. */
typedef int cgroup_limits_commit(void *data, struct error *err);

/*
 * Writes all that is set to the cgroup, which must exist (-ENOENT), and then calls `commit` (may be NULL); checked
 * limits only. The order fits raising and lowering, what is already so is not written, and after a failure what was
 * written is taken back. Memory is lowered by reclaim: where the container uses more and the kernel cannot get it back,
 * -EBUSY says both numbers and no task is killed for it. Disks are looked up by path each time.
 * Kernel: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst; cpuset(7).
 */
int cgroup_limits_apply(const struct cgroup_host *host, const char *path, const struct cgroup_limits *limits,
			cgroup_limits_commit *commit, void *data, struct error *err);

/* One limit of one disk. */
struct cgroup_disk_limit {
	const char *option; /* of the row, without dashes in front: "device-read-bps" */
	int64_t value;      /* 0: none */
};
/*
 * The same for limits of the disk with that number; when one fails, none is changed. -EOPNOTSUPP for a weight when the disk's scheduler knows none.
 */
int cgroup_limits_apply_disk(const struct cgroup_host *host, const char *path, dev_t disk,
			     const struct cgroup_disk_limit *limits, size_t count, struct error *err);
/* What `limits` say of the disk with that number; 0 for nothing. */
int64_t cgroup_limits_of_disk(const struct cgroup_host *host, const struct cgroup_limits *limits, const char *option,
			      dev_t disk);

/*
 * v1 only: lets the cgroup `path`, its ancestors too, hand out that much real-time CPU to containers below it; a
 * cgroup has none unless it is given some. Taken as it is where nobody said anything (CGROUP_LIMIT_UNSET).
 */
int cgroup_limits_grant_realtime(const struct cgroup_host *host, const char *path, int64_t period_us, int64_t runtime_us,
				 struct error *err);

/* cpu.shares of v1 (2 to 262144) as cpu.weight of v2 (1 to 10000), in proportion; 0, the default, is 100. */
int64_t cgroup_limits_weight(int64_t cpu_shares);
/*
 * The CPU bandwidth that --cpus or period and quota ask for, in microseconds: UNSET where nothing does. A quota of -1
 * is unlimited.
 */
void cgroup_limits_bandwidth(const struct cgroup_limits *limits, int64_t *ret_period_us, int64_t *ret_quota_us);
