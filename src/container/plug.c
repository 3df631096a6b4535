/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the steps from one list of attachments to another. */
#include "container/plug.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/procfs.h"
#include "model/event.h"
#include "model/paths.h"

#define LOCK_TIMEOUT_MS 30000

static const struct plug_kind *const kinds[ATTACHMENT_KINDS] = {
	[ATTACHMENT_DEVICE] = &plug_device,
	[ATTACHMENT_PATH] = &plug_path,
	[ATTACHMENT_NIC] = &plug_nic,
	[ATTACHMENT_ROUTE] = &plug_route,
};

/* `old` alone: it is detached. `item` alone: it is attached. Both: what is there is changed. Both are ours. */
struct step {
	enum attachment_kind kind;
	void *old, *item;
};

struct steps {
	struct step *items;
	size_t count;
};

static void steps_release(struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		attachment_free(steps->items[i].kind, steps->items[i].old);
		attachment_free(steps->items[i].kind, steps->items[i].item);
	}
	free(steps->items);
	*steps = (struct steps){0};
}

static void steps_add(struct steps *steps, enum attachment_kind kind, const void *old, const void *item)
{
	steps->items = xreallocarray(steps->items, steps->count + 1, sizeof(*steps->items));
	steps->items[steps->count++] = (struct step){
		.kind = kind,
		.old = old ? attachment_copy(kind, old) : NULL,
		.item = item ? attachment_copy(kind, item) : NULL,
	};
}

static const void *subject(const struct step *step)
{
	return step->item ? step->item : step->old;
}

static char *describe(const struct step *step)
{
	return attachment_types[step->kind].describe(subject(step));
}

static void tell(const struct steps *steps, plug_visit *visit, void *data)
{
	for (size_t i = 0; visit && i < steps->count; i++) {
		const struct step *step = &steps->items[i];
		autofree char *what = describe(step);

		visit(!step->old ? "attach" : step->item ? "change" : "detach", what, data);
	}
}

/* --- one step --------------------------------------------------------------------------------------------------------- */

static void explain(const struct step *step, const char *action, struct error *err)
{
	autofree char *what = describe(step);

	error_prefix(err, "cannot %s %s", action, what);
}

static int attach(struct plug *plug, const struct step *step, struct error *err)
{
	int r;

	attachments_take(&plug->now.live, step->kind, step->item);
	r = kinds[step->kind]->attach(plug, step->old, step->item, err);
	if (r == 0)
		attachments_put(&plug->now.live, step->kind, step->item);
	else if (step->old)
		attachments_put(&plug->now.live, step->kind, step->old);
	if (r < 0)
		explain(step, step->old ? "change" : "attach", err);
	return r;
}

static int detach(struct plug *plug, const struct step *step, struct error *err)
{
	int r;

	attachments_take(&plug->now.live, step->kind, step->old);
	r = kinds[step->kind]->detach(plug, step->old, err);
	if (r < 0) {
		attachments_put(&plug->now.live, step->kind, step->old);
		explain(step, "detach", err);
	}
	return r;
}

static int inject_fault(struct error *err)
{
	int r = fault_point();

	return r < 0 ? error_set(err, r, "a test wants this to fail") : 0;
}

static int run(struct plug *plug, const struct step *step, struct error *err)
{
	int r = inject_fault(err);

	if (r < 0)
		return r;
	return step->item ? attach(plug, step, err) : detach(plug, step, err);
}

static int undo(struct plug *plug, const struct step *step, struct error *err)
{
	return run(plug, &(struct step){step->kind, step->item, step->old}, err);
}

/* --- many steps ------------------------------------------------------------------------------------------------------- */

/* The intent stays when that fails: the next command tries again. */
static int undo_all(struct plug *plug, const struct steps *steps, size_t count, struct error *err)
{
	int result = 0;

	while (count-- > 0) {
		struct error error = {0};
		int r = undo(plug, &steps->items[count], &error);

		if (r < 0 && result == 0) {
			error_append(err, "; and what was done cannot be taken back: %s", error.message);
			result = r;
		}
	}
	return result;
}

static int resolve_all(struct plug *plug, const struct steps *steps, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < steps->count; i++) {
		const struct step *step = &steps->items[i];

		if (step->item)
			r = kinds[step->kind]->resolve(plug, step->item, err);
		if (r < 0)
			explain(step, step->old ? "change" : "attach", err);
	}
	return r;
}

/* What is plugged in when all of it is done. */
static void foresee(const struct plug *plug, const struct steps *steps, struct attachments *ret_after)
{
	attachments_copy(&plug->now.live, ret_after);
	for (size_t i = 0; i < steps->count; i++)
		if (steps->items[i].item)
			attachments_put(ret_after, steps->items[i].kind, steps->items[i].item);
		else
			attachments_take(ret_after, steps->items[i].kind, steps->items[i].old);
}

static int save(struct plug *plug, struct error *err)
{
	return plugged_save(plug->spec->id, &plug->now, err);
}

static void forget_intent(struct plug *plug)
{
	plug->now.has_intent = false;
	attachments_release(&plug->now.intent);
}

static int declare(struct plug *plug, const struct steps *steps, struct error *err)
{
	int r;

	foresee(plug, steps, &plug->now.intent);
	plug->now.has_intent = true;
	plug->now.init = (struct boot_process){.pid = plug->init.pid, .start_time = plug->init.start_time};
	r = save(plug, err);
	if (r < 0)
		forget_intent(plug);
	return r;
}

static int run_all(struct plug *plug, const struct steps *steps, size_t *ret_done, struct error *err)
{
	int r = 0;

	for (*ret_done = 0; r == 0 && *ret_done < steps->count; *ret_done += r == 0)
		r = run(plug, &steps->items[*ret_done], err);
	return r;
}

/* What is done in the guest is done and known; the rest is a file in /run, which the next command writes if it must. */
static void finish(struct plug *plug, const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		autofree char *what = describe(&steps->items[i]);

		plugged_clear_skip(&plug->now, what);
	}
	forget_intent(plug);
	save(plug, NULL);
}

static int perform(struct plug *plug, const struct steps *steps, int (*commit)(void *data, struct error *err), void *data,
		   struct error *err)
{
	size_t done = 0;
	int r = resolve_all(plug, steps, err);

	if (r == 0)
		r = declare(plug, steps, err);
	if (r < 0)
		return r;
	r = run_all(plug, steps, &done, err);
	if (r == 0)
		r = inject_fault(err);
	if (r == 0)
		r = commit(data, err);
	if (r == 0) {
		fault_point();
		finish(plug, steps);
	} else if (undo_all(plug, steps, done, err) == 0) {
		forget_intent(plug);
		save(plug, NULL);
	}
	return r;
}

/* --- differences ------------------------------------------------------------------------------------------------------ */

/* From `base` to `wanted`, for a guest that has `live`. What was only recorded is only changed in the record. */
struct difference {
	const struct attachments *base, *wanted, *live;
};

static void add_detached(const struct difference *of, enum attachment_kind kind, struct steps *steps)
{
	/* The last first: it may stand on an earlier one. */
	for (size_t i = of->base->lists[kind].count; i-- > 0;) {
		const void *item = attachments_at(of->base, kind, i), *live = attachments_find(of->live, kind, item);

		if (live && !attachments_find(of->wanted, kind, item))
			steps_add(steps, kind, live, NULL);
	}
}

static void add_attached(const struct difference *of, enum attachment_kind kind, struct steps *steps)
{
	for (size_t i = 0; i < of->wanted->lists[kind].count; i++) {
		const void *item = attachments_at(of->wanted, kind, i), *before = attachments_find(of->base, kind, item);
		const void *live = attachments_find(of->live, kind, item);

		if (!before || (live && !attachment_types[kind].is_equal(before, item)))
			steps_add(steps, kind, live, item);
	}
}

/* First what goes, in the reverse order of the kinds, so that its place is free for what comes. */
static void differ(const struct difference *of, struct steps *steps)
{
	for (int kind = ATTACHMENT_KINDS; kind-- > 0;)
		add_detached(of, (enum attachment_kind)kind, steps);
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		add_attached(of, kind, steps);
}

static bool is_only_recorded(const struct plug *plug, enum plug_scope scope)
{
	return scope == PLUG_RECORD || plug->init_pidfd < 0;
}

static void plan(const struct plug *plug, const struct attachments *wanted, enum plug_scope scope, struct steps *steps)
{
	const struct attachments *recorded = &plug->spec->attachments, *live = &plug->now.live;
	struct difference difference = {.base = recorded, .wanted = wanted, .live = live};

	if (is_only_recorded(plug, scope))
		difference.live = recorded;
	else if (scope == PLUG_ALL)
		difference.base = live;
	differ(&difference, steps);
}

/* --- after a crash ---------------------------------------------------------------------------------------------------- */

/* Each thing that the unfinished change is about, once: what the spec says of it is right. */
static void add_repair(const struct plug *plug, enum attachment_kind kind, const void *item, struct steps *steps)
{
	const void *live = attachments_find(&plug->now.live, kind, item);
	const void *intended = attachments_find(&plug->now.intent, kind, item);
	const void *right = attachments_find(&plug->spec->attachments, kind, item);

	if (live && intended && attachment_types[kind].is_equal(live, intended))
		return;
	/* With what was known of it when it was to be plugged in. */
	if (right && intended && attachment_types[kind].is_equal(right, intended))
		right = intended;
	else if (right && live && attachment_types[kind].is_equal(right, live))
		right = live;
	steps_add(steps, kind, live ? live : intended, right);
}

static void plan_repair(const struct plug *plug, struct steps *steps)
{
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++) {
		const struct attachments *live = &plug->now.live, *intent = &plug->now.intent;

		for (size_t i = 0; i < live->lists[kind].count; i++)
			add_repair(plug, kind, attachments_at(live, kind, i), steps);
		for (size_t i = 0; i < intent->lists[kind].count; i++)
			if (!attachments_find(live, kind, attachments_at(intent, kind, i)))
				add_repair(plug, kind, attachments_at(intent, kind, i), steps);
	}
}

static void skip(struct plug *plug, const struct step *step, const struct error *why)
{
	autofree char *what = describe(step);

	plugged_set_skip(&plug->now, what, why->message);
	attachments_take(&plug->now.live, step->kind, step->item);
	event_log(plug->spec->id, plug->spec->name, "attachment_skipped", "attachment=%s code=%d",
		  attachment_types[step->kind].name, why->code);
}

/* What should be there and cannot be (a disk that is gone since) is skipped; what should be gone must go. */
static int repair_one(struct plug *plug, const struct step *step, struct error *err)
{
	struct error error = {0};
	int r = step->item ? attach(plug, step, &error) : detach(plug, step, &error);

	if (r < 0 && step->item && detach(plug, &(struct step){step->kind, step->item, NULL}, NULL) == 0) {
		skip(plug, step, &error);
		r = 0;
	}
	return r < 0 ? error_set(err, r, "a change that was not finished cannot be taken back: %s", error.message) : 0;
}

static int repair(struct plug *plug, struct error *err)
{
	autorelease(steps_release) struct steps steps = {0};
	int r = 0;

	plan_repair(plug, &steps);
	plug->is_repair = true;
	/* As in any change: first what goes, the last first, since it may stand on an earlier one. */
	for (size_t i = steps.count; r == 0 && i-- > 0;)
		if (!steps.items[i].item)
			r = repair_one(plug, &steps.items[i], err);
	for (size_t i = 0; r == 0 && i < steps.count; i++)
		if (steps.items[i].item)
			r = repair_one(plug, &steps.items[i], err);
	plug->is_repair = false;
	if (r < 0)
		return r;
	forget_intent(plug);
	event_log(plug->spec->id, plug->spec->name, "attachments_repaired", "count=%zu", steps.count);
	return save(plug, err);
}

/* --- the guest -------------------------------------------------------------------------------------------------------- */

/* Of an earlier boot, whose end was not told to us. */
static bool is_stale(const struct plug *plug)
{
	return plug->now.init.pid != plug->init.pid || plug->now.init.start_time != plug->init.start_time;
}

static int look(struct plug *plug, const struct process_id *init, struct error *err)
{
	int r = cgroup_host_load(&plug->cgroups, err);

	if (r == 0)
		r = plugged_load(plug->spec->id, &plug->now, err);
	if (r < 0 || init->pid == 0)
		return r;
	plug->init = *init;
	return procfs_open_pidfd(init, &plug->init_pidfd, err);
}

/* What an earlier command or boot has left undone. */
static int clear_up(struct plug *plug, struct error *err)
{
	if (plug->now.version == 0 && plug->init.pid)
		return 0;
	if (plug->init.pid == 0 || is_stale(plug))
		return plug_retrieve(plug, err);
	return plug->now.has_intent ? repair(plug, err) : 0;
}

int plug_open(const struct spec *spec, const struct process_id *init, struct plug *ret_plug, struct error *err)
{
	autofree char *directory = paths_run_container(spec->id, NULL);
	struct plug *plug = ret_plug;
	int r;

	*plug = (struct plug){.spec = spec, .init_pidfd = -1, .lock_fd = -1};
	if (init->pid == 0 && !file_exists(AT_FDCWD, directory))
		return 0; /* it has never run since the host did */
	r = plugged_lock(spec->id, LOCK_TIMEOUT_MS, &plug->lock_fd, err);
	if (r == 0)
		r = look(plug, init, err);
	if (r == 0)
		r = clear_up(plug, err);
	if (r < 0)
		plug_close(plug);
	return r;
}

void plug_close(struct plug *plug)
{
	plugged_release(&plug->now);
	cgroup_host_release(&plug->cgroups);
	if (plug->init_pidfd >= 0)
		close(plug->init_pidfd);
	if (plug->lock_fd >= 0)
		close(plug->lock_fd);
	*plug = (struct plug){.init_pidfd = -1, .lock_fd = -1};
}

void plug_preview(const struct plug *plug, const struct attachments *wanted, enum plug_scope scope, plug_visit *visit,
		  void *data)
{
	autorelease(steps_release) struct steps steps = {0};

	plan(plug, wanted, scope, &steps);
	tell(&steps, visit, data);
}

int plug_change(struct plug *plug, const struct attachments *wanted, enum plug_scope scope, plug_visit *visit,
		void *visit_data, int (*commit)(void *data, struct error *err), void *commit_data, struct error *err)
{
	autorelease(steps_release) struct steps steps = {0};
	int r;

	plan(plug, wanted, scope, &steps);
	r = steps.count && !is_only_recorded(plug, scope) ? perform(plug, &steps, commit, commit_data, err)
							  : commit(commit_data, err);
	if (r == 0)
		tell(&steps, visit, visit_data);
	return r;
}

/* --- boot and end ----------------------------------------------------------------------------------------------------- */

/* The reason why an item that is not required is not there; or the end of the start. */
static int judge(struct plug *plug, const struct step *step, const struct error *why, struct error *err)
{
	if (attachment_types[step->kind].is_required(step->item))
		return error_set(err, why->code, "%s", why->message);
	skip(plug, step, why);
	return 0;
}

/* What the host lacks is no step any more. */
static int resolve_or_skip(struct plug *plug, const struct attachments *wanted, struct steps *ret_steps, struct error *err)
{
	autorelease(steps_release) struct steps all = {0};
	int r = 0;

	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		for (size_t i = 0; i < wanted->lists[kind].count; i++) {
			const void *item = attachments_at(wanted, kind, i);

			steps_add(&all, kind, attachments_find(&plug->now.live, kind, item), item);
		}
	for (size_t i = 0; r == 0 && i < all.count; i++) {
		struct step *step = &all.items[i];
		struct error error = {0};

		if (kinds[step->kind]->resolve(plug, step->item, &error) < 0) {
			explain(step, "attach", &error);
			r = judge(plug, step, &error, err);
		} else {
			steps_add(ret_steps, step->kind, step->old, step->item);
		}
	}
	return r;
}

int plug_replay(struct plug *plug, struct error *err)
{
	autorelease(steps_release) struct steps steps = {0};
	int r;

	if (attachments_are_empty(&plug->spec->attachments))
		return 0;
	plug->is_boot = true;
	r = resolve_or_skip(plug, &plug->spec->attachments, &steps, err);
	if (r == 0)
		r = declare(plug, &steps, err);
	for (size_t i = 0; r == 0 && i < steps.count; i++) {
		struct error error = {0};

		if (run(plug, &steps.items[i], &error) < 0)
			r = judge(plug, &steps.items[i], &error, err);
	}
	/* After a failure the intent stays: poststop hooks take home what it names. */
	if (r < 0)
		return r;
	forget_intent(plug);
	return save(plug, err);
}

static int nothing_to_save(void *data, struct error *err)
{
	(void)data;
	(void)err;
	return 0;
}

static void plan_retry(const struct plug *plug, struct steps *steps)
{
	const struct attachments *wanted = &plug->spec->attachments;

	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		for (size_t i = 0; i < wanted->lists[kind].count; i++) {
			autofree char *what = attachment_types[kind].describe(attachments_at(wanted, kind, i));

			if (plugged_find_skip(&plug->now, what))
				steps_add(steps, kind, NULL, attachments_at(wanted, kind, i));
		}
}

void plug_retry(struct plug *plug, plug_visit *visit, void *data)
{
	autorelease(steps_release) struct steps steps = {0};

	plan_retry(plug, &steps);
	for (size_t i = 0; i < steps.count; i++) {
		const struct steps one = {.items = &steps.items[i], .count = 1};

		if (perform(plug, &one, nothing_to_save, NULL, NULL) == 0)
			tell(&one, visit, data);
	}
}

/* As a change of its own for each, so that one that fails keeps none of the others waiting. */
static int refresh_one(struct plug *plug, enum attachment_kind kind, const void *live, struct error *err)
{
	void *item = attachment_copy(kind, live);
	struct step step = {.kind = kind, .old = attachment_copy(kind, live), .item = item};
	struct steps one = {.items = &step, .count = 1};
	struct error why = {0};
	size_t done;
	int r = kinds[kind]->refresh(plug, item, &why);
	bool is_gone = r < 0;

	if (is_gone)
		step.item = NULL;
	if (r != 0)
		r = declare(plug, &one, err);
	if (r == 0 && plug->now.has_intent)
		r = run_all(plug, &one, &done, err);
	if (r == 0 && is_gone)
		skip(plug, &(struct step){.kind = kind, .item = item}, &why);
	if (plug->now.has_intent) {
		forget_intent(plug);
		save(plug, NULL);
	}
	attachment_free(kind, step.old);
	attachment_free(kind, item);
	return r;
}

int plug_refresh(struct plug *plug, struct error *err)
{
	int result = 0;

	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++) {
		autorelease(attachments_release) struct attachments before = {0};

		attachments_copy(&plug->now.live, &before);
		for (size_t i = 0; kinds[kind]->refresh && i < before.lists[kind].count; i++) {
			int r = refresh_one(plug, kind, attachments_at(&before, kind, i), result < 0 ? NULL : err);

			result = result < 0 ? result : r;
		}
	}
	return result;
}

static int retrieve_list(struct plug *plug, const struct attachments *list, int kind, struct error *err)
{
	int result = 0;

	for (size_t i = list->lists[kind].count; i-- > 0;) {
		const struct step step = {.kind = kind, .old = attachments_at(list, kind, i)};
		struct error *told = result < 0 ? NULL : err;
		int r = kinds[kind]->retrieve(plug, step.old, told);

		if (r < 0 && result == 0) {
			explain(&step, "bring back", told);
			result = r;
		}
	}
	return result;
}

int plug_retrieve(struct plug *plug, struct error *err)
{
	int result = 0;

	for (int kind = ATTACHMENT_KINDS; kind-- > 0;) {
		const struct attachments *lists[] = {&plug->now.intent, &plug->now.live};

		for (size_t i = 0; kinds[kind]->retrieve && i < ARRAY_SIZE(lists); i++) {
			int r = retrieve_list(plug, lists[i], kind, result < 0 ? NULL : err);

			if (r < 0 && result == 0)
				result = r;
		}
		if (kinds[kind]->clear && result == 0)
			result = kinds[kind]->clear(plug, err);
	}
	if (result < 0)
		return result;
	plugged_release(&plug->now);
	return plugged_remove(plug->spec->id, err);
}
