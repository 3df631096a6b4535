/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what every change of what is plugged in has in common. */
#include "base/memory.h"
#include "container/control.h"
#include "container/nic.h"
#include "model/event.h"
#include "tools/tools.h"

#define LOCK_TIMEOUT_MS    60000
#define MONITOR_TIMEOUT_MS 5000
#define ATTEMPTS           20 /* a guest that reboots all the time is not waited for for ever */

struct work {
	const struct tools_change *change;
	struct container container;
	struct attachments wanted;
	struct plug plug;
};

static struct process_id find_init(const struct container *container)
{
	struct process_id init = boot_process_id(&container->boot.init);

	return container_is_live(container) && procfs_is_alive(&init) ? init : (struct process_id){0};
}

/*
 * The guest may boot or end while we wait for the lock that its hooks have too. With that lock in our hand neither can go on; so if nothing has changed by
 * then, nothing will.
 */
static int open_plug(struct work *work, struct error *err)
{
	int r = -EBUSY;

	for (int attempt = 0; r == -EBUSY && attempt < ATTEMPTS; attempt++) {
		struct process_id init = find_init(&work->container), init_now;

		r = plug_open(&work->container.spec, &init, &work->plug, err);
		if (r < 0 && r != -ESRCH)
			return r;
		container_reload(&work->container);
		if (work->container.status == CONTAINER_BROKEN)
			return error_set(err, work->container.problem.code, "%s", work->container.problem.message);
		init_now = find_init(&work->container);
		if (r < 0 || init_now.pid != init.pid || init_now.start_time != init.start_time) {
			plug_close(&work->plug);
			r = error_set(err, -EBUSY, "the container boots again and again; try again when it runs");
		}
	}
	return r;
}

static int commit(void *data, struct error *err)
{
	struct work *work = data;
	struct spec *spec = &work->container.spec;
	struct attachments old = spec->attachments;
	int r;

	spec->attachments = work->wanted;
	r = spec_save(work->container.id, spec, err);
	/* The old ones are what later steps compare with. */
	spec->attachments = old;
	return r;
}

static int edit(struct work *work, struct error *err)
{
	const struct tools_change *change = work->change;
	int r;

	attachments_copy(&work->container.spec.attachments, &work->wanted);
	r = change->edit(&work->container, &work->wanted, change->data, err);
	if (r == 0)
		r = attachments_check(&work->wanted, err);
	return r < 0 ? r : nic_check_limit(&work->wanted, err);
}

static int run(struct work *work, struct error *err)
{
	const struct tools_change *change = work->change;
	int r = open_plug(work, err);

	work->plug.is_forced = change->is_forced;
	if (r == 0 && !change->edit) {
		plug_retry(&work->plug, change->visit, change->visit_data);
		return 0;
	}
	if (r == 0)
		r = edit(work, err);
	if (r == 0 && change->is_dry_run)
		plug_preview(&work->plug, &work->wanted, change->scope, change->visit, change->visit_data);
	else if (r == 0)
		r = plug_change(&work->plug, &work->wanted, change->scope, change->visit, change->visit_data, commit, work,
				err);
	if (r == 0 && !change->is_dry_run)
		event_log(work->container.id, work->container.spec.name, "update", "%s", "");
	return r;
}

/* It follows what happens to disks that are plugged in. Without one there is nobody to tell: the next one looks by itself. */
static void tell_monitor(const struct work *work)
{
	if (work->container.spec.attachments.lists[ATTACHMENT_DEVICE].count || work->wanted.lists[ATTACHMENT_DEVICE].count)
		control_request(work->container.id, control_new_request("plugged"), MONITOR_TIMEOUT_MS, NULL, NULL, NULL);
}

int tools_change(const struct tools_change *change, struct error *err)
{
	struct work work = {.change = change, .plug = {.init_pidfd = -1, .lock_fd = -1}};
	autoclose int lock = -EBADF;
	int r = container_open(change->reference, &work.container, err);

	if (r < 0)
		return r;
	r = container_lock(work.container.id, LOCK_TIMEOUT_MS, &lock, err);
	if (r == 0) {
		container_reload(&work.container);
		r = run(&work, err);
	}
	plug_close(&work.plug);
	if (r == 0 && !change->is_dry_run)
		tell_monitor(&work);
	attachments_release(&work.wanted);
	container_release(&work.container);
	return r;
}

int tools_load(const char *reference, struct container *ret_container, struct error *err)
{
	return container_open(reference, ret_container, err);
}
