/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the run of one OCI hook. */
#include "container/hook.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json_strings.h"
#include "base/memory.h"
#include "base/proc_view.h"
#include "base/process.h"
#include "base/trusted.h"
#include "model/paths.h"

#define OCI_VERSION "1.0.2"
#define HOOK_PATH   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MAX_STDERR  1000 /* bytes of it in a message, which has to fit into struct error */

/* What a failure to execute gives as the container's exit status. */
static int set_exit(struct error *err, int code)
{
	if (err)
		err->exit_status = code == -ENOENT || code == -ENOTDIR ? 127 : 126;
	return code;
}

static int resolve(const struct spec_hook *hook, char **ret_program, struct error *err)
{
	autofree char *program = NULL;
	int r = trusted_resolve(hook->path, &program, err);

	if (r < 0)
		return set_exit(err, r);
	if (access(program, X_OK) < 0)
		return error_set_exit(err, -EACCES, 126, "%s is not executable: Permission denied", hook->path);
	*ret_program = steal_ptr(program);
	return 0;
}

int hook_check_programs(const struct spec_hooks *hooks, struct error *err)
{
	for (int stage = 0; stage < SPEC_HOOK_STAGES; stage++)
		for (size_t i = 0; i < hooks->stages[stage].count; i++) {
			autofree char *program = NULL;

			if (resolve(&hooks->stages[stage].items[i], &program, err) < 0)
				return error_prefix(err, "%s hook %zu", spec_hook_stage_names[stage], i + 1);
		}
	return 0;
}

/* Where the guest's root directory is for a program that is not in it; the tree alone when there is no guest. */
static char *root_of(const struct hook_call *call)
{
	return call->init_pid ? xasprintf("/proc/%d/root", call->init_pid) : xstrdup(call->spec->rootfs);
}

/* Ours, whatever the user's own annotations say. */
static void describe_for_proc_view(const struct spec *spec, struct json *annotations)
{
	autofree char *cgroup = spec_cgroup(spec);

	json_set(annotations, PROC_VIEW_NAME, json_new_string(spec->name));
	json_set(annotations, PROC_VIEW_CGROUP, json_new_string(cgroup));
	json_set(annotations, PROC_VIEW_SHOWN, json_new_string(spec->proc_view.is_off ? "false" : "true"));
	json_set(annotations, PROC_VIEW_QUOTA, json_new_string(spec->proc_view.hides_quota ? "false" : "true"));
}

char *hook_state(const struct hook_call *call)
{
	static const char *const statuses[] = {
		[SPEC_HOOK_PRESTART] = "created",
		[SPEC_HOOK_POSTSTART] = "running",
		[SPEC_HOOK_POSTSTOP] = "stopped",
	};
	autorelease(json_free_scoped) struct json *state = json_new_object();
	autofree char *bundle = paths_container(call->spec->id, NULL), *root = root_of(call);
	struct json *annotations;
	struct text out = {0};

	json_set(state, "ociVersion", json_new_string(OCI_VERSION));
	json_set(state, "id", json_new_string(call->spec->id));
	json_set(state, "status", json_new_string(statuses[call->stage]));
	json_set(state, "pid", json_new_integer(call->init_pid));
	json_set(state, "root", json_new_string(root));
	json_set(state, "bundle", json_new_string(bundle));
	annotations = json_set(state, "annotations", json_new_object());
	json_set_pairs(annotations, &call->spec->annotations);
	describe_for_proc_view(call->spec, annotations);
	json_print(state, 0, &out);
	text_append(&out, "\n");
	return text_steal(&out);
}

static void add(struct strings *environment, const char *key, char *value)
{
	autofree char *owned = value;

	if (!strings_get_value(environment, key))
		strings_appendf(environment, "%s=%s", key, owned);
}

void hook_environment(const struct hook_call *call, struct strings *ret_environment)
{
	strings_append_all(ret_environment, &call->hook->environment);
	add(ret_environment, "PATH", xstrdup(HOOK_PATH));
	add(ret_environment, "LXC_NAME", xstrdup(call->spec->id));
	if (call->init_pid) {
		add(ret_environment, "LXC_PID", xasprintf("%d", call->init_pid));
		add(ret_environment, "LXC_ROOTFS_MOUNT", root_of(call));
	}
	add(ret_environment, "LXC_ROOTFS_PATH", xstrdup(call->spec->rootfs));
	add(ret_environment, "LXC_CGROUP_PATH", spec_cgroup(call->spec));
	add(ret_environment, "LXC_CGNS_AWARE", xstrdup("1"));
	/* So that a hook which calls us means this set of containers. */
	add(ret_environment, "SYSCONTAINER_ROOT", xstrdup(paths_root()));
	add(ret_environment, "SYSCONTAINER_RUN", xstrdup(paths_run()));
}

/* The end of it, where programs say what failed, without what would move a terminal's cursor. */
static char *quote(const struct text *said)
{
	const char *start = text_get(said);
	size_t length = said->length;
	struct text quoted = {0};

	while (length > 0 && strchr(" \t\r\n", start[length - 1]))
		length--;
	if (length > MAX_STDERR) {
		start += length - MAX_STDERR;
		length = MAX_STDERR;
		text_append(&quoted, "...");
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)start[i];

		text_appendf(&quoted, "%c", byte == '\n' || byte == '\t' || (byte >= ' ' && byte != 127) ? byte : '?');
	}
	return text_steal(&quoted);
}

static int judge(int status, const struct text *said, struct error *err)
{
	autofree char *quoted = NULL;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	quoted = quote(said);
	if (WIFSIGNALED(status))
		error_set(err, -ECHILD, "it was killed by signal %d", WTERMSIG(status));
	else
		error_set(err, -ECHILD, "it failed with exit status %d", WEXITSTATUS(status));
	return quoted[0] ? error_append(err, ": %s", quoted) : -ECHILD;
}

int hook_run(const struct hook_call *call, struct error *err)
{
	autorelease(strings_release) struct strings environment = {0}, arguments = {0};
	autorelease(text_release) struct text said = {0};
	autofree char *program = NULL, *state = hook_state(call);
	int status, r = resolve(call->hook, &program, err);

	if (r < 0)
		return r;
	hook_environment(call, &environment);
	if (call->hook->arguments.count)
		strings_append_all(&arguments, &call->hook->arguments);
	else
		strings_append(&arguments, call->hook->path);
	r = process_run(&(struct process_run){.path = program,
					      .argv = arguments.items,
					      .environment = environment.items,
					      .input = state},
			&status, NULL, &said, err);
	if (r < 0)
		return set_exit(err, r);
	return judge(status, &said, err);
}
