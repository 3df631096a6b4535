/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is plugged into a container: devices, paths, NICs and routes. In the spec it is what should be there, in plugged.json (model/plugged.h) what is; both are
 * lists of the same items, so that the way from one to the other is a difference of lists.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "base/schema.h"
#include "model/attached_device.h"
#include "model/attached_nic.h"
#include "model/attached_path.h"
#include "model/attached_route.h"

/* In the order in which they are plugged in; they come out in the reverse one. */
enum attachment_kind { ATTACHMENT_DEVICE, ATTACHMENT_PATH, ATTACHMENT_NIC, ATTACHMENT_ROUTE };
#define ATTACHMENT_KINDS 4

struct attachments {
	struct schema_array lists[ATTACHMENT_KINDS]; /* of struct attached_device and so on */
};
extern const struct schema attachments_schema;

/* What is known of a kind; its items are passed as untyped pointers. */
struct attachment_type {
	const char *name; /* "device" */
	const struct schema *schema;
	size_t limit;                                  /* in one container */
	bool (*is_same)(const void *a, const void *b); /* do both stand for one thing, which may have changed? */
	bool (*is_equal)(
		const void *a,
		const void *b); /* is the same wanted of it? What is only known while it is plugged in does not count. */
	bool (*is_required)(const void *item);
	int (*check)(const void *item, struct error *err); /* one that was loaded: the file may have been edited */
	char *(*describe)(
		const void *item); /* "device /dev/sdb at /dev/disk"; the same for the same thing. The caller frees. */
};
extern const struct attachment_type attachment_types[ATTACHMENT_KINDS];

void *attachments_at(const struct attachments *attachments, enum attachment_kind kind, size_t index);
/* The one that is_same(); NULL. */
void *attachments_find(const struct attachments *attachments, enum attachment_kind kind, const void *item);
/* A deep copy goes to the end of its list, or replaces the one that is_same(). */
void attachments_put(struct attachments *attachments, enum attachment_kind kind, const void *item);
/* Takes out the one that is_same(), if there is one. */
void attachments_take(struct attachments *attachments, enum attachment_kind kind, const void *item);
/* An item of its own; released by attachment_free(). */
void *attachment_copy(enum attachment_kind kind, const void *item);
void attachment_free(enum attachment_kind kind, void *item);
bool attachments_are_empty(const struct attachments *attachments);
void attachments_copy(const struct attachments *source, struct attachments *target);
void attachments_release(struct attachments *attachments);
/* Each item, that no two stand for the same, and the limits. */
int attachments_check(const struct attachments *attachments, struct error *err);
