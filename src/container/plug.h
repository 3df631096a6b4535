/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way from what is plugged into a guest to what should be. Commands, replay at boot, repair after a crash and the way back after a failure are all
 * this one difference of lists.
 *
 * A change of a running guest: the intent goes to plugged.json, then the steps are done, each undone in reverse when a later one fails, then the spec is
 * saved, which is what decides, then the intent goes away. Whoever finds an intent (of a command that was killed) makes the guest agree with the spec. So
 * steps are idempotent: what is there already is attached with success, what is gone already is detached with success.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/fault.h"
#include "kernel/cgroup.h"
#include "model/attachments.h"
#include "model/plugged.h"
#include "model/spec.h"

/* One running guest, or one that has just ended, and what is plugged in. Its plugged_lock() is held. */
struct plug {
	const struct spec *spec; /* not changed here: its attachments may be the old or the new ones */
	struct process_id init;  /* PID 1 as the host sees it; pid 0: it has ended */
	int init_pidfd;          /* -1: it has ended */
	struct cgroup_host cgroups;
	struct plugged now; /* now.live: what is plugged in, without the one that a step is about */
	bool is_forced;     /* what is in use is taken out, too */
	bool is_boot;       /* replay: nothing of the guest runs yet */
	bool is_repair;     /* the last change was not finished: a step may find half of it done */
	int lock_fd;
};

/*
 * What is done for a kind of attachment. Items are those of model/attachments.h, and `item` may be written to where it says "now": what is found
 * out there is seen again in later calls with the item.
 */
struct plug_kind {
	/*
	 * Before anything is changed: looks at what the host has, fills item->now with what must not be forgotten in a crash, and refuses what cannot work. At boot
	 * a failure here or below means that the item is skipped, with a warning, unless it is required.
	 */
	int (*resolve)(struct plug *plug, void *item, struct error *err);
	/* Makes it so. `old` is NULL, or what is plugged in of the same identity and differs. On failure things are as before. */
	int (*attach)(struct plug *plug, const void *old, void *item, struct error *err);
	/* Makes it absent. */
	int (*detach)(struct plug *plug, const void *item, struct error *err);
	/*
	 * Of what is plugged in: looks again at what the host has of it. May be NULL. Returns 1 when `item`, a copy, is to be attached now, 0 when all is as it was. An
	 * error: the host has it no more, so that it must be detached.
	 */
	int (*refresh)(struct plug *plug, void *item, struct error *err);
	/* After the end of PID 1: takes home what must return to the host. May be NULL: what is left goes away with the guest's namespaces. */
	int (*retrieve)(struct plug *plug, const void *item, struct error *err);
	/* After all of the kind was retrieved: releases what was held for them together. May be NULL. */
	int (*clear)(struct plug *plug, struct error *err);
};
extern const struct plug_kind plug_device, plug_path, plug_nic, plug_route;

enum plug_scope {
	PLUG_DIFFERENCE, /* what differs between the spec's attachments and the wanted ones */
	PLUG_ALL,        /* also what the spec has and the guest has not */
	PLUG_RECORD,     /* nothing in the guest: --update-config-only */
};

/* What is going to be done, for --dry-run and for telling afterwards. */
typedef void plug_visit(const char *action, const char *what, void *data); /* "attach", "change", "detach" */

/*
 * Takes the lock and looks at the guest of `spec` whose PID 1 is `init` (pid 0: it has ended, or never began). A change that was not finished is finished first, or
 * taken back, as the spec says; what is left of a guest that has ended is taken home. -EWOULDBLOCK when somebody else holds the lock for too long.
 */
int plug_open(const struct spec *spec, const struct process_id *init, struct plug *ret_plug, struct error *err);
void plug_close(struct plug *plug);

/*
 * From the spec's attachments to `wanted`, in the guest if there is one, and then calls `commit`, which saves the spec. On failure, of `commit` too, everything is
 * as before. `visit` may be NULL.
 */
int plug_change(struct plug *plug, const struct attachments *wanted, enum plug_scope scope, plug_visit *visit,
		void *visit_data, int (*commit)(void *data, struct error *err), void *commit_data, struct error *err);
/* Calls `visit` for each step of that change and changes nothing. */
void plug_preview(const struct plug *plug, const struct attachments *wanted, enum plug_scope scope, plug_visit *visit,
		  void *data);
/* At boot, before the guest's first program: plugs in all of the spec's attachments. What fails is skipped, with an event, unless it is required. */
int plug_replay(struct plug *plug, struct error *err);
/* What was skipped at boot is tried again; what still fails stays skipped. `visit` hears of what is there again. */
void plug_retry(struct plug *plug, plug_visit *visit, void *data);
/*
 * When something has come to the host or gone from it: makes the guest agree with what the host has of all that is plugged in (partitions of followed disks). What
 * is there no more is taken out, and skipped until the next boot or plug_retry().
 */
int plug_refresh(struct plug *plug, struct error *err);
/* After the end of PID 1: takes home what belongs to the host, and forgets the boot. What fails is tried again the next time. */
int plug_retrieve(struct plug *plug, struct error *err);
