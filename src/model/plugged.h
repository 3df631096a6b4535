/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is plugged into a guest in this boot, in RUN/ID/plugged.json: gone with the boot, like what it speaks of. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"
#include "model/attachments.h"
#include "model/state.h"

/* An attachment of the spec that could not be plugged in at boot, because the host has it no longer, say. */
struct plugged_skip {
	char *what;   /* as attachment_types[].describe() */
	char *reason; /* for people */
};

struct plugged {
	int version;
	struct boot_process init; /* PID 1 of the boot that this is of */
	struct attachments live;  /* with what is known of each while it is plugged in */
	struct {
		struct plugged_skip *items;
		size_t count;
	} skipped;
	/*
	 * A change that has begun. What is in `live` and not equally in `intent`, or the other way round, may be in any state; the spec tells which one is right.
	 */
	bool has_intent;
	struct attachments intent;
};

/* A missing file is a zeroed struct. */
int plugged_load(const char *id, struct plugged *ret_plugged, struct error *err);
int plugged_save(const char *id, const struct plugged *plugged, struct error *err);
/* Nothing is plugged in any more. */
int plugged_remove(const char *id, struct error *err);
void plugged_release(struct plugged *plugged);

/* Why `what` was skipped; NULL. */
const char *plugged_find_skip(const struct plugged *plugged, const char *what);
void plugged_set_skip(struct plugged *plugged, const char *what, const char *reason);
void plugged_clear_skip(struct plugged *plugged, const char *what);

/*
 * Whoever changes what is plugged in, or reads it to do so, holds RUN/ID/plugged.lock: commands, which have the container's lock already, and the hooks of
 * its start and end, which have not. -EWOULDBLOCK after timeout_ms. Close to release.
 */
int plugged_lock(const char *id, int timeout_ms, int *ret_fd, struct error *err);
