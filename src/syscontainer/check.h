/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `syscontainer check` asks of the host: one row a feature, one row a supply; and of a tree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

enum check_result {
	CHECK_WORKS,
	CHECK_WARNS,   /* it works, but look at the detail */
	CHECK_MISSING, /* the detail says why, and what to do */
};

struct check_feature {
	const char *name;
	bool is_needed;     /* no container starts without it */
	const char *serves; /* what one has of it */
	/* Tries it on this host and leaves nothing behind; appends what is there, or why not and what to do. */
	enum check_result (*probe)(struct text *detail);
};

extern const struct check_feature check_features[]; /* ends with a row without a name */

/* Problems of a kernel version that are known in public, one line each, appended; false when there are none. Distributions may have fixed them without a new version. */
bool check_kernel_problems(const char *release, struct text *out);

struct check_supply {
	const char *name;
	uint64_t per_guest;  /* what a small guest with systemd takes */
	const char *setting; /* sysctl that raises it; NULL: there is none */
	/* Both in units of the supply. -ENOENT where the kernel does not count it. */
	int (*measure)(uint64_t *ret_limit, uint64_t *ret_used, struct error *err);
};

extern const struct check_supply check_supplies[]; /* ends with a row without a name */

/* How many more guests fit. */
uint64_t check_count_guests(const struct check_supply *supply, uint64_t limit, uint64_t used);

/* Sets Rootfs, Init and Cgroups (what a guest of that directory is given here); fails where a container of it could not be started. Nothing of the tree is run. */
int check_tree(const char *path, struct json *report, struct error *err);
