/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns syscontainer-hooks: an OCI hook program like any other, which reads the container's state on standard input. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "hooks/hooks.h"

typedef int hooks_step(const struct hooks_container *container, struct error *err);

/* What is done at each stage, in this order; the first failure ends it. */
static hooks_step *const prestart[] = {hooks_load_modules, hooks_plug, NULL};
static hooks_step *const follow[] = {hooks_follow, NULL}; /* of the monitor, see src/monitor/follow.c */
static hooks_step *const poststop[] = {hooks_retrieve, NULL};

static const struct {
	const char *name;
	hooks_step *const *steps;
} stages[] = {
	{"prestart", prestart},
	{"follow", follow},
	{"poststop", poststop},
};

/* `bundle` is the container's own directory, see syscontainer-hooks(8). */
static int load_container(struct hooks_container *ret_container, struct error *err)
{
	autorelease(json_free_scoped) struct json *state = NULL;
	autofree char *path = NULL;
	const char *id, *bundle;
	int64_t pid = 0;
	int r = json_read_file(AT_FDCWD, "/dev/stdin", JSON_MAX_BYTES, &state, err);

	if (r < 0)
		return r;
	id = json_string(json_get(state, "id"));
	bundle = json_string(json_get(state, "bundle"));
	if (!id || !bundle || bundle[0] != '/')
		return error_set(err, -EINVAL, "standard input is no state of a container: \"id\" or \"bundle\" is missing");
	json_integer(json_get(state, "pid"), &pid);
	ret_container->init_pid = (pid_t)pid;
	path = xasprintf("%s/spec.json", bundle);
	return spec_load_file(path, id, &ret_container->spec, err);
}

static int run(const char *stage, struct error *err)
{
	struct hooks_container container = {0};
	int r = -EINVAL;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		if (strcmp(stages[i].name, stage) != 0)
			continue;
		r = load_container(&container, err);
		for (hooks_step *const *step = stages[i].steps; r == 0 && *step; step++)
			r = (*step)(&container, err);
		spec_release(&container.spec);
		return r;
	}
	return error_set(err, r, "unknown stage \"%s\"", stage);
}

/* "STAGE", and "--state STAGE" as in the hook specs that users have. */
static const char *find_stage(int argc, char **argv)
{
	if (argc == 3 && (strcmp(argv[1], "--state") == 0 || strcmp(argv[1], "-state") == 0))
		return argv[2];
	return argc == 2 ? argv[1] : NULL;
}

int main(int argc, char **argv)
{
	const char *stage = find_stage(argc, argv);
	struct error error = {0};

	if (!stage) {
		fputs("usage: syscontainer-hooks [--state] prestart|poststop <STATE\n", stderr);
		return 125;
	}
	if (run(stage, &error) < 0) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	return 0;
}
