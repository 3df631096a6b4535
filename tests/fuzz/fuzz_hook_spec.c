/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a hook spec: what is taken has good values, and merges with itself; and any text as KERNEL_MODULES. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "container/hook.h"
#include "model/kernel_modules.h"
#include "model/spec_hooks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Each variable once among ours, whatever the hook sets. */
static void check_call(const struct spec_hook *hook)
{
	struct spec spec = {.id = (char *)"id", .rootfs = (char *)"/tree", .cgroup_parent = (char *)"/parent"};
	struct hook_call call = {.spec = &spec, .hook = hook, .init_pid = 1};
	autorelease(strings_release) struct strings environment = {0};
	autofree char *state = hook_state(&call);

	hook_environment(&call, &environment);
	require(environment.count >= hook->environment.count && strings_get_value(&environment, "LXC_PID"));
	for (size_t i = 0; i < environment.count; i++)
		require(strchr(environment.items[i], '=') > environment.items[i]);
	require(state[0] == '{');
}

static void check_hooks(const struct json *value)
{
	struct spec_hooks hooks, twice = {0};
	struct error err = {0};

	if (spec_hooks_parse(value, &hooks, &err) < 0) {
		require(err.code < 0 && err.message[0]);
		return;
	}
	spec_hooks_append(&twice, &hooks);
	spec_hooks_append(&twice, &hooks);
	require(spec_hooks_check(&twice, &err) == 0);
	for (int stage = 0; stage < SPEC_HOOK_STAGES; stage++) {
		require(twice.stages[stage].count == 2 * hooks.stages[stage].count);
		for (size_t i = 0; i < hooks.stages[stage].count; i++) {
			require(hooks.stages[stage].items[i].path[0] == '/');
			check_call(&hooks.stages[stage].items[i]);
		}
	}
	spec_hooks_release(&twice);
	spec_hooks_release(&hooks);
}

static void check_modules(const char *list)
{
	autorelease(strings_release) struct strings names = {0};

	if (kernel_modules_parse(list, &names, NULL) < 0) {
		require(names.count == 0);
		return;
	}
	require(names.count <= KERNEL_MODULES_MAX);
	for (size_t i = 0; i < names.count; i++)
		require(names.items[i][0] && names.items[i][0] != '-' && !strpbrk(names.items[i], "/., \n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	struct json *value = NULL;

	check_modules(text);
	if (json_parse((const char *)data, size, &value, NULL) < 0)
		return 0;
	check_hooks(value);
	json_free(value);
	return 0;
}
