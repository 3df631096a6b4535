/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from options about confinement to a spec. */
#include "syscontainer/security_options.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "container/confinement.h"
#include "model/paths.h"
#include "model/seccomp_profile.h"

#define CHECK_TIMEOUT_MS 30000

static int check_capability(const char *value, const char *what, struct error *err)
{
	autofree char *name = NULL;

	return spec_security_parse_capability(value, &name, err) < 0 ? error_prefix(err, "Unknown capability to %s", what)
								     : 0;
}

int security_check_added(const char *value, struct error *err)
{
	return check_capability(value, "add", err);
}

int security_check_dropped(const char *value, struct error *err)
{
	return check_capability(value, "drop", err);
}

int security_check_option(const char *value, struct error *err)
{
	struct spec_security security = {0};
	int r = spec_security_parse_option(value, &security, err);

	spec_security_release(&security);
	return r;
}

int security_check_ulimit(const char *value, struct error *err)
{
	struct ulimit limit = {0};
	int r = ulimit_parse(value, &limit, err);

	free(limit.name);
	return r;
}

/* Each was checked when it was parsed. */
static void add_capabilities(const struct strings *given, struct strings *names)
{
	for (size_t i = 0; i < given->count; i++) {
		autofree char *name = NULL;

		if (spec_security_parse_capability(given->items[i], &name, NULL) == 0 && !strings_contain(names, name))
			strings_append(names, name);
	}
}

static void add_ulimits(const struct strings *given, struct ulimits *list)
{
	for (size_t i = 0; i < given->count; i++) {
		struct ulimit limit;

		if (ulimit_parse(given->items[i], &limit, NULL) < 0)
			continue;
		ulimits_set(list, &limit);
		free(limit.name);
	}
}

static int add_options(const struct strings *given, struct spec_security *security, struct error *err)
{
	for (size_t i = 0; i < given->count; i++)
		if (spec_security_parse_option(given->items[i], security, err) < 0)
			return error_prefix(err, "Invalid value \"%s\" for flag --security-opt", given->items[i]);
	return 0;
}

/* What only libseccomp knows is asked of a program that has it. */
static int check_filter(const struct spec *spec, struct error *err)
{
	autofree char *program = paths_program("syscontainer-seccomp"),
		      *capabilities = xasprintf("%" PRIu64, confinement_capabilities(spec));
	char *const argv[] = {(char *)"syscontainer-seccomp", capabilities, NULL};
	struct process_run run = {.path = program,
				  .argv = argv,
				  .input = spec->security.seccomp_text,
				  .timeout_ms = CHECK_TIMEOUT_MS};
	autorelease(text_release) struct text problem = {0};
	int status = 0, r = process_run(&run, &status, NULL, &problem, err);

	if (r < 0 || status == 0)
		return r;
	return error_set(err, -EINVAL, "%.*s", (int)strcspn(text_get(&problem), "\n"), text_get(&problem));
}

static int take_profile(struct spec *spec, struct error *err)
{
	struct spec_security *security = &spec->security;
	autorelease(seccomp_profile_release) struct seccomp_profile profile = {0};
	size_t length;
	int r = file_read_regular(AT_FDCWD, security->seccomp_source, SECCOMP_PROFILE_MAX_BYTES, &security->seccomp_text,
				  &length, err);

	if (r == 0)
		r = seccomp_profile_parse(security->seccomp_text, length, &profile, err);
	if (r == 0)
		r = check_filter(spec, err);
	return r < 0 ? error_prefix(err, "Invalid value \"seccomp=%s\" for flag --security-opt", security->seccomp_source)
		     : 0;
}

/* The one that will be used is told about now, when somebody reads it. */
static int check_default_profile(const struct spec *spec, const struct config *config, struct error *err)
{
	autofree char *path = confinement_profile(spec, config);
	struct seccomp_profile profile;

	if (!path)
		return 0;
	if (seccomp_profile_load(path, &profile, err) < 0)
		return error_append(
			err,
			"; this is the default profile of system calls, see seccomp-profile in syscontainer-daemon.json(5)");
	seccomp_profile_release(&profile);
	return 0;
}

int security_options_get(const struct security_options *options, const struct config *config, struct spec *spec,
			 struct error *err)
{
	struct spec_security *security = &spec->security;
	int r;

	add_capabilities(&options->cap_add, &security->cap_add);
	add_capabilities(&options->cap_drop, &security->cap_drop);
	add_ulimits(&options->ulimits, &security->ulimits);
	r = add_options(&options->options, security, err);
	if (r == 0)
		r = confinement_check(security, err);
	if (r < 0)
		return r;
	return security->seccomp == SPEC_SECCOMP_PROFILE ? take_profile(spec, err)
							 : check_default_profile(spec, config, err);
}
