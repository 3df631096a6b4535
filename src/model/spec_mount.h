/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mounted into a guest at its start: the list of operations that options are parsed into, and its rules. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/schema.h"
#include "base/strings.h"

enum spec_mount_type {
	SPEC_MOUNT_BIND,     /* a directory or file of the host, with what is mounted below it */
	SPEC_MOUNT_TMPFS,    /* a new one at each boot */
	SPEC_MOUNT_SQUASHFS, /* an image file of the host, always read-only */
};
extern const char *const spec_mount_type_names[];

/* mount_namespaces(7). The "r" forms hold for all mounts of a bind. */
enum spec_propagation {
	SPEC_PROPAGATION_RPRIVATE,
	SPEC_PROPAGATION_PRIVATE,
	SPEC_PROPAGATION_RSHARED,
	SPEC_PROPAGATION_SHARED,
	SPEC_PROPAGATION_RSLAVE,
	SPEC_PROPAGATION_SLAVE,
};
extern const char *const spec_propagation_names[];

/* By which option it came: what inspect lists it under. */
enum spec_mount_origin {
	SPEC_MOUNT_FROM_VOLUME,
	SPEC_MOUNT_FROM_MOUNT,
	SPEC_MOUNT_FROM_TMPFS,
	SPEC_MOUNT_FROM_CONTAINER, /* --volumes-from */
};
extern const char *const spec_mount_origin_names[];

struct spec_mount {
	int type;     /* enum spec_mount_type */
	int origin;   /* enum spec_mount_origin */
	char *source; /* absolute; NULL for a tmpfs */
	char *target; /* in the guest; absolute, without "//", "." and ".." */
	bool is_read_only;
	int propagation; /* enum spec_propagation, of binds */
	bool keeps_ids;  /* not shifted into the guest's ids */
	bool has_no_exec, has_no_suid, has_no_dev;
	uint64_t size_bytes; /* of a tmpfs; 0: the kernel's default, half of memory */
	int mode;            /* of a tmpfs' root directory */
};

/* A tmpfs on the host that the guest sees too; it lives until the container is removed. */
struct spec_host_channel {
	char *source; /* NULL: there is none */
	char *target;
	bool is_read_only; /* for the guest */
	uint64_t size_bytes;
};

#define SPEC_SHM_BYTES     ((uint64_t)64 << 20)
#define SPEC_CHANNEL_BYTES ((uint64_t)64 << 20)
#define SPEC_TMPFS_MIN     ((uint64_t)4096)

struct spec_mounts {
	struct {
		struct spec_mount *items;
		size_t count;
	} list;
	struct spec_host_channel channel;
	uint64_t shm_bytes; /* of /dev/shm; 0: SPEC_SHM_BYTES */
	bool is_root_read_only;
	struct strings from; /* --volumes-from as typed; the mounts themselves are in the list */
};

extern const struct schema spec_mount_schema, spec_mounts_schema;

/*
 * "/a//b/./c/" becomes "/a/b/c", which the caller frees. ".." is refused: behind a symlink of the tree it would not be what it looks like. `what` is how a
 * message names the path.
 */
int spec_mount_normalize(const char *what, const char *path, char **ret_path, struct error *err);
/*
 * Whether something may be mounted at `target` of a guest, which is a path as parsed or as found behind the tree's symlinks: not
 * the root, not what makes it a system (/proc, /sys, /dev, /run), not our own nodes below /dev and /run.
 */
int spec_mount_check_target(const char *target, struct error *err);

/* Of this target, or NULL. */
const struct spec_mount *spec_mounts_find(const struct spec_mounts *mounts, const char *target);
/* Whether `path` of the guest is one of the targets, the host channel's too, or below one. */
bool spec_mounts_cover(const struct spec_mounts *mounts, const char *path);
/* A copy behind the others. */
void spec_mounts_append(struct spec_mounts *mounts, const struct spec_mount *mount);
/* All of it together: no destination twice, and everything that the parsers promise (the file may have been edited). */
int spec_mounts_check(const struct spec_mounts *mounts, struct error *err);
