/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the calls of syscontainer-systemd. */
#include "container/host_units.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"
#include "container/guest_machine_id.h"
#include "model/paths.h"

#define ENABLED           "/etc/systemd/system/syscontainer.target.wants"
#define ANSWER_TIMEOUT_MS 30000  /* of one call; systemd itself is asked with shorter ones */
#define RELOAD_TIMEOUT_MS 200000 /* of one that has systemd read all units anew */

static char *program(void)
{
	return paths_program("syscontainer-systemd");
}

bool host_units_are_there(void)
{
	autofree char *path = program();

	return access("/run/systemd/system", F_OK) == 0 && access(path, X_OK) == 0;
}

bool host_units_manage_containers(void)
{
	return !getenv("SYSCONTAINER_ROOT") && !getenv("SYSCONTAINER_RUN") && host_units_are_there();
}

char *host_units_name(const char *container_name)
{
	return xasprintf("syscontainer@%s.service", container_name);
}

/* Its last words, without the name of the program in front. */
static int tell_failure(const struct text *errors, int status, struct error *err)
{
	const char *said = text_get(errors), *prefix = "syscontainer-systemd: ";

	if (strncmp(said, prefix, strlen(prefix)) == 0)
		said += strlen(prefix);
	return error_set_exit(err, -EIO, WIFEXITED(status) ? WEXITSTATUS(status) : HOST_UNITS_FAILED, "%.*s",
			      (int)strcspn(said, "\n"), said);
}

/* Takes over what is in `words`, the arguments behind the program's name. */
static int call(struct strings *words, int64_t timeout_ms, struct text *out, struct error *err)
{
	autorelease(strings_release) struct strings arguments = {0};
	autorelease(text_release) struct text errors = {0};
	autofree char *path = program();
	struct process_run run = {.path = path, .timeout_ms = (int)timeout_ms};
	int status, r;

	strings_append(&arguments, "syscontainer-systemd");
	strings_append_all(&arguments, words);
	strings_release(words);
	run.argv = arguments.items;
	r = process_run(&run, &status, out, &errors, err);
	if (r < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return r;
	return tell_failure(&errors, status, err);
}

/* The same for what needs a unit: -ENOENT when there is none. */
static int call_unit(struct strings *words, int64_t timeout_ms, struct error *err)
{
	struct error error = {0};
	int r = call(words, timeout_ms, NULL, &error);

	if (r < 0)
		return error_set(err, error.exit_status == HOST_UNITS_ABSENT ? -ENOENT : r, "%s", error.message);
	return 0;
}

static void append_all(struct strings *words, const char *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strings_append(words, items[i]);
}

/* Both are stopped when the host goes down, and the scope must not be before the container has ended in its own way. */
int host_units_make_scope(const struct spec *spec, pid_t pid, struct error *err)
{
	autofree char *scope = spec_scope(spec), *unit = host_units_name(spec->name), *number = xasprintf("%d", pid),
		      *description = xasprintf("Guest of container %s", spec->name);
	const char *const words[] = {"scope", "--description", description,         "--before",
				     unit,    scope,           spec->cgroup_parent, number};
	struct strings list = {0};

	append_all(&list, words, ARRAY_SIZE(words));
	return call(&list, ANSWER_TIMEOUT_MS, NULL, err);
}

int host_units_register(const struct spec *spec, pid_t init, struct error *err)
{
	autofree char *leader = xasprintf("%d", init);
	char machine_id[MACHINE_ID_LENGTH + 1];
	const char *const words[] = {"machine", spec->name, machine_id, leader, spec->rootfs};
	struct strings list = {0};
	int r = guest_machine_id(spec->id, init, machine_id, err);

	if (r < 0)
		return r;
	append_all(&list, words, ARRAY_SIZE(words));
	return call(&list, ANSWER_TIMEOUT_MS, NULL, err);
}

int host_units_begin(const struct spec *spec, struct error *err)
{
	autofree char *unit = host_units_name(spec->name);
	const char *const words[] = {"start", "--no-wait", unit};
	struct strings list = {0};

	append_all(&list, words, ARRAY_SIZE(words));
	return call_unit(&list, ANSWER_TIMEOUT_MS, err);
}

int host_units_start(const struct strings *container_names, int64_t timeout_ms, struct error *err)
{
	autofree char *time = xasprintf("%lldms", (long long)timeout_ms);
	struct strings list = {0};

	strings_append(&list, "start");
	if (timeout_ms > 0) {
		strings_append(&list, "--timeout");
		strings_append(&list, time);
	}
	for (size_t i = 0; i < container_names->count; i++)
		strings_append_owned(&list, host_units_name(container_names->items[i]));
	return call(&list, 0, NULL, err);
}

bool host_units_are_enabled(const char *container_name)
{
	autofree char *unit = host_units_name(container_name), *link = xasprintf(ENABLED "/%s", unit);
	struct stat status;

	return host_units_manage_containers() && lstat(link, &status) == 0;
}

int host_units_set_enabled(const char *container_name, bool is_enabled, struct error *err)
{
	struct strings list = {0};
	int r;

	if (!host_units_manage_containers())
		return error_set(err, -ENOENT, "containers have no units here");
	if (host_units_are_enabled(container_name) == is_enabled)
		return 0;

	strings_append(&list, is_enabled ? "enable" : "disable");
	strings_append_owned(&list, host_units_name(container_name));
	r = call_unit(&list, RELOAD_TIMEOUT_MS, err);
	return r < 0 ? r : 1;
}

bool host_units_host_is_stopping(void)
{
	autorelease(text_release) struct text state = {0};
	struct strings list = {0};

	strings_append(&list, "state");
	return call(&list, ANSWER_TIMEOUT_MS, &state, NULL) == 0 && strcmp(text_get(&state), "stopping\n") == 0;
}
