/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device of the host that is plugged into a container. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/json.h"
#include "base/schema.h"

#define ATTACHED_DEVICE_LIMIT 512 /* in one container, partitions that come with their disk not counted */

/* What a container may do to one disk. */
enum attached_limit {
	ATTACHED_READ_IOPS,
	ATTACHED_WRITE_IOPS,
	ATTACHED_READ_BPS,
	ATTACHED_WRITE_BPS,
	ATTACHED_WEIGHT, /* 10 to 1000 */
	ATTACHED_LIMITS,
};
extern const struct attached_limit_name {
	const char *option; /* "device-read-iops" */
	const char *words;  /* "read iops" */
} attached_limit_names[ATTACHED_LIMITS];

enum attached_device_type { ATTACHED_UNKNOWN, ATTACHED_BLOCK, ATTACHED_CHARACTER };

/* One node in the guest. */
struct attached_node {
	char *host; /* how the host's kernel calls it: "/dev/sda1" */
	char *guest;
	int major, minor;
	char *devpath; /* where /sys has it; may be NULL */
};

struct attached_nodes {
	struct attached_node *items;
	size_t count;
};

/* What is found on the host when it is plugged in. */
struct attached_device_now {
	int type;          /* enum attached_device_type */
	int mode;          /* permission bits of the host's node */
	char *group;       /* whose group the node gets in the guest, where it has one of that name; may be NULL */
	char *disk;        /* of a partition: its disk, "/dev/sda"; else NULL */
	uint64_t sequence; /* of the disk that it is or is a part of: another one's with the same number is another disk */
	char *serial;      /* tells the nodes of this one from all others */
	struct attached_nodes nodes; /* the device itself, and then the partitions that come with it */
};

struct attached_device {
	char *host;        /* as typed, without "//" and "."; may be a symlink */
	char *guest;       /* where the node is in the guest */
	char *permissions; /* of r, w and m, each once at most */
	bool follows_partitions;
	bool is_forced; /* the node may come to lie over a file that the guest has there */
	bool is_required;
	char *owner;                     /* "USER[:GROUP]" of the guest; NULL: its root */
	char *mode;                      /* "0660"; NULL: as the host's node */
	int64_t limits[ATTACHED_LIMITS]; /* of a whole disk; 0: none */
	struct attached_device_now now;
};
extern const struct schema attached_device_schema;

/* What names one on a command line: HOST[:GUEST][:PERMISSIONS]. */
struct attached_device_text {
	char *host, *guest; /* at least one is not NULL */
	char *permissions;  /* as typed; NULL: none */
};

/* -EINVAL for what cannot be one. The caller releases. */
int attached_device_split(const char *text, struct attached_device_text *ret_text, struct error *err);
void attached_device_text_release(struct attached_device_text *text);
/* The same for a device to plug in: GUEST is HOST and PERMISSIONS is rwm when not given. The caller releases by the schema. */
int attached_device_parse(const char *text, struct attached_device *ret_device, struct error *err);
/*
 * "PATH:VALUE": "10m", "1.5g" (units are powers of 1024, of iops too), a weight without unit; 0: no limit. The colon is the last one: names below
 * /dev/disk/by-path have some of their own. The caller frees.
 */
int attached_limit_parse(enum attached_limit limit, const char *text, char **ret_path, int64_t *ret_value,
			 struct error *err);
/* "0660", "640" */
int attached_device_parse_mode(const char *text, mode_t *ret_mode, struct error *err);
/* USER[:GROUP], names or numbers; who they are, the guest knows. */
int attached_device_check_owner(const char *text, struct error *err);
/* All that the parsers promise: the file may have been edited. */
int attached_device_check(const struct attached_device *device, struct error *err);
/* At the same place in the guest. */
bool attached_device_is_same(const struct attached_device *a, const struct attached_device *b);
/* And the same device with the same permissions, limits and so on. `now` does not count. */
bool attached_device_is_equal(const struct attached_device *a, const struct attached_device *b);
bool attached_device_has_limits(const struct attached_device *device);
/* "device /dev/sdb at /dev/disk"; the caller frees. */
char *attached_device_describe(const struct attached_device *device);
/*
 * Appends its nodes to a list: {Type, Minor, Major, PathOnHost, PathInContainer, CgroupPermissions, Parent}; without partitions that came with their disk,
 * if so wanted. Of one that the host has not: one without type and numbers.
 */
void attached_device_list(const struct attached_device *device, bool with_partitions, struct json *list);
