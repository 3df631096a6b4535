/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns when the OCI hooks of a boot are run, one after the other, and what their failures mean. */
#include "monitor/monitor.h"

#include "base/memory.h"
#include "container/hook.h"
#include "model/event.h"

int hooks_load(struct monitor *monitor, struct error *err)
{
	struct spec_hooks *hooks = &monitor->hooks.of_boot;
	int r = 0;

	spec_hooks_release(hooks);
	if (monitor->config.hook_spec)
		r = spec_hooks_read(monitor->config.hook_spec, hooks, err);
	spec_hooks_append(hooks, &monitor->spec.hooks);
	return r;
}

static int run_hook(void *data, struct text *out, struct error *err)
{
	(void)out;
	return hook_run(data, err);
}

static void run_next(struct monitor *monitor);

/* Of prestart hooks a failure ends the start; others are told of and the next one is run. */
static void on_hook_end(struct monitor *monitor, int result, const char *output, const struct error *err)
{
	struct monitor_hooks *hooks = &monitor->hooks;
	size_t index = hooks->next++;
	struct error error = *err;

	(void)output;
	hooks->attendant = NULL;
	if (result == 0) {
		run_next(monitor);
		return;
	}
	error_prefix(&error, "%s hook %s", spec_hook_stage_names[hooks->stage],
		     hooks->of_boot.stages[hooks->stage].items[index].path);
	event_log(monitor->id, monitor->spec.name, "hook_failed", "stage=%s index=%zu code=%d",
		  spec_hook_stage_names[hooks->stage], index, error.code);
	if (hooks->stage == SPEC_HOOK_PRESTART) {
		hooks->is_running = false;
		hooks->on_done(monitor, &error);
		return;
	}
	monitor_complain(monitor, &error);
	run_next(monitor);
}

static int start(struct monitor *monitor, const struct spec_hook *hook, struct error *err)
{
	struct monitor_hooks *hooks = &monitor->hooks;
	struct hook_call call = {
		.spec = &monitor->spec,
		.stage = hooks->stage,
		.hook = hook,
		.init_pid = hooks->stage == SPEC_HOOK_POSTSTOP ? 0 : monitor->boot.init.pid,
	};
	struct attendant_task task = {
		.run = run_hook,
		.data = &call,
		.timeout_ms = 1000 * (hook->timeout_s ? hook->timeout_s : SPEC_HOOK_TIMEOUT_S),
		.on_end = on_hook_end,
	};

	hooks->attendant = attendant_start(monitor, &task, err);
	return hooks->attendant ? 0 : err->code;
}

static void run_next(struct monitor *monitor)
{
	struct monitor_hooks *hooks = &monitor->hooks;
	struct spec_hook_list *list = &hooks->of_boot.stages[hooks->stage];
	struct error error = {0};

	if (hooks->next >= list->count) {
		hooks->is_running = false;
		hooks->on_done(monitor, NULL);
	} else if (start(monitor, &list->items[hooks->next], &error) < 0) {
		on_hook_end(monitor, error.code, "", &error);
	}
}

void hooks_run(struct monitor *monitor, enum spec_hook_stage stage,
	       void (*on_done)(struct monitor *monitor, const struct error *err))
{
	struct monitor_hooks *hooks = &monitor->hooks;

	hooks->stage = stage;
	hooks->next = 0;
	hooks->on_done = on_done;
	hooks->is_running = true;
	run_next(monitor);
}

void hooks_cancel(struct monitor *monitor)
{
	attendant_cancel(steal_ptr(monitor->hooks.attendant));
	monitor->hooks.is_running = false;
}

bool hooks_run_stage(const struct monitor *monitor, enum spec_hook_stage stage)
{
	return monitor->hooks.is_running && monitor->hooks.stage == stage;
}
