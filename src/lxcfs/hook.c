/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns lxcfs-hook: what the proc view does at a guest's start (prestart) and end (poststop), with the container's state on standard input. */
#include "lxcfs/hook.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/proc_view.h"
#include "base/schema.h"
#include "base/strings.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "lxcfs/bind.h"
#include "lxcfs/place.h"
#include "lxcfs/registration.h"
#include "lxcfs/workers.h"

#define TIMEOUT_MS 5000 /* a start does not wait longer for a server that hangs: the guest is bound when it answers again */

static int read_input(struct text *out, struct error *err)
{
	char buffer[4096];
	ssize_t count;

	while ((count = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0 && out->length <= JSON_MAX_BYTES)
		text_append_bytes(out, buffer, (size_t)count);
	if (count < 0)
		return error_set_errno(err, "cannot read");
	if (out->length == 0 || out->length > JSON_MAX_BYTES)
		return error_set(err, -EINVAL, "there is none; this program is an OCI hook");
	return 0;
}

struct hook_state {
	char *id, *status;
	int pid;
	struct strings annotations;
};

static const struct schema_field state_fields[] = {
	{.key = "id", .type = SCHEMA_STRING, .offset = offsetof(struct hook_state, id), .is_required = true},
	{.key = "status", .type = SCHEMA_STRING, .offset = offsetof(struct hook_state, status)},
	{.key = "pid", .type = SCHEMA_INT, .offset = offsetof(struct hook_state, pid)},
	{.key = "annotations", .type = SCHEMA_MAP, .offset = offsetof(struct hook_state, annotations)},
};
static const struct schema state_schema = {sizeof(struct hook_state), state_fields, ARRAY_SIZE(state_fields)};

static void hook_state_release(struct hook_state *state)
{
	schema_release(&state_schema, state);
}

static int read_state(struct hook_state *ret_state, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	autorelease(text_release) struct text input = {0};
	int r = read_input(&input, err);

	if (r == 0)
		r = json_parse(input.data, input.length, &value, err);
	if (r == 0)
		r = schema_read(&state_schema, value, SCHEMA_TOLERANT, ret_state, err);
	return r < 0 ? error_prefix(err, "the container's state on standard input") : 0;
}

static bool is_off(const struct hook_state *state, const char *key)
{
	const char *value = strings_get_value(&state->annotations, key);

	return value && strcmp(value, "false") == 0;
}

/* Cuts what is the guest's own off the path of one of its cgroups: "/syscontainer/ID/guest/init.scope". */
static void cut_guest_part(char *path)
{
	static const char mark[] = "/" CGROUP_GUEST;
	const size_t length = sizeof(mark) - 1;

	for (char *next = path; (next = strstr(next, mark)); next++)
		if (next[length] == '/' || next[length] == '\0') {
			*next = '\0';
			return;
		}
}

/* Where the limits are: what the manager says, else where PID 1 is. */
static int find_cgroup(const struct hook_state *state, char **ret_cgroup, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	const char *told = strings_get_value(&state->annotations, PROC_VIEW_CGROUP);
	int r;

	if (told) {
		*ret_cgroup = xstrdup(told);
		return cgroup_path_check(told, err);
	}
	r = cgroup_host_load(&host, err);
	if (r == 0)
		r = cgroup_of_process(&host, state->pid, "memory", ret_cgroup, err);
	if (r == 0)
		cut_guest_part(*ret_cgroup);
	return r;
}

static int register_guest(const struct hook_state *state, struct registration *ret_registration, struct error *err)
{
	struct process_id init;
	int r = procfs_identify(state->pid, &init, err);

	if (r < 0)
		return r;
	ret_registration->id = xstrdup(state->id);
	ret_registration->name = xstrdup(strings_get_value(&state->annotations, PROC_VIEW_NAME));
	ret_registration->init = (struct registration_process){.pid = init.pid, .start_time = init.start_time};
	ret_registration->shows_quota = !is_off(state, PROC_VIEW_QUOTA);
	r = find_cgroup(state, &ret_registration->cgroup, err);
	return r < 0 ? r : registration_save(ret_registration, err);
}

static int bind_one(size_t index, void *data, struct error *err)
{
	(void)index;
	return bind_guest(data, err);
}

/* Those whose end nobody told us: their PID 1 is gone. */
static void sweep(void)
{
	autorelease(strings_release) struct strings ids = {0};

	registration_list(&ids, NULL);
	for (size_t i = 0; i < ids.count; i++) {
		autorelease(registration_release) struct registration registration = {0};

		if (registration_load(ids.items[i], &registration, NULL) == 0 && !registration_is_alive(&registration))
			registration_remove(ids.items[i], NULL);
	}
}

static int start(const struct hook_state *state, struct error *err)
{
	autorelease(registration_release) struct registration registration = {0};
	int r;

	/* What is left of an earlier boot, whose end nobody told us. */
	r = registration_remove(state->id, err);
	if (r < 0 || is_off(state, PROC_VIEW_SHOWN))
		return r;
	r = register_guest(state, &registration, err);
	if (r < 0)
		return r;
	/* Without a server nothing more: it binds all when it comes. */
	if (!bind_has_tree())
		return 0;
	workers_run(1, TIMEOUT_MS, bind_one, &registration, err);
	if (err->code < 0)
		proc_view_send(place_root(), PROC_VIEW_BIND, state->id);
	return err->code;
}

static int end(const struct hook_state *state, struct error *err)
{
	proc_view_send(place_root(), PROC_VIEW_FORGET, state->id);
	sweep();
	return registration_remove(state->id, err);
}

int hook_run(struct error *err)
{
	autorelease(hook_state_release) struct hook_state state = {0};
	int r = read_state(&state, err);

	if (r < 0)
		return r;
	return state.status && strcmp(state.status, "stopped") == 0 ? end(&state, err) : start(&state, err);
}
