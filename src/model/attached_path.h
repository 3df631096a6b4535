/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory or file of the host that is plugged into a container: add-path HOST:GUEST[:OPTIONS]. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/schema.h"

#define ATTACHED_PATH_LIMIT 128

/* mount_namespaces(7); it is that of all mounts of the bind, so the "r" forms say the same as the others. */
enum attached_path_propagation {
	ATTACHED_PATH_UNSAID, /* as rslave */
	ATTACHED_PATH_RSLAVE,
	ATTACHED_PATH_SLAVE,
	ATTACHED_PATH_RPRIVATE,
	ATTACHED_PATH_PRIVATE,
};

struct attached_path {
	char *host, *guest; /* absolute, without "//", "." and ".." */
	bool is_read_only;
	int propagation; /* enum attached_path_propagation */
	bool keeps_ids;  /* option noshift: not shifted into the guest's ids */
	bool is_required;

	/* Of the guest that runs now. */
	struct attached_path_now {
		uint64_t mount_id;      /* statx(2) STATX_MNT_ID; 0: not known */
		uint64_t device, inode; /* what of the host is mounted: st_dev and st_ino */
		char *made;             /* from which part of `guest` on there was nothing before; NULL: all was there */
	} now;
};
extern const struct schema attached_path_schema;

/* HOST:GUEST[:OPTIONS] of add-path, where OPTIONS are words between commas, rw,rslave when there are none. Messages begin as the reference's. */
int attached_path_parse(const char *text, struct attached_path *ret_path, struct error *err);
/* HOST:GUEST[:ANYTHING] of remove-path: only `host` and `guest` are filled. */
int attached_path_parse_pair(const char *text, struct attached_path *ret_path, struct error *err);
/* Everything that the parser promises, of one that somebody may have edited. */
int attached_path_check(const struct attached_path *path, struct error *err);
/* Do they take the same place in the guest? */
bool attached_path_is_same(const struct attached_path *a, const struct attached_path *b);
/* Are they mounted alike? */
bool attached_path_is_equal(const struct attached_path *a, const struct attached_path *b);
/* Does it see what the host mounts there later? */
bool attached_path_is_slave(const struct attached_path *path);
/* Is `path` at or below the place in the guest of `above`? */
bool attached_path_is_below(const struct attached_path *path, const struct attached_path *above);
/* "rw,rslave"; the caller frees. */
char *attached_path_format_options(const struct attached_path *path);
/* "HOST:GUEST:OPTIONS"; the caller frees. */
char *attached_path_format(const struct attached_path *path);
/* "path /srv/data at /mnt"; the caller frees. */
char *attached_path_describe(const struct attached_path *path);
void attached_path_release(struct attached_path *path);
