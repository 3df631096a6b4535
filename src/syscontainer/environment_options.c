/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from KEY=VALUE options and files to a spec. */
#include "syscontainer/environment_options.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/environment_file.h"
#include "syscontainer/create_options.h"

int environment_check_value(const char *value, struct error *err)
{
	if (!value[0] || value[0] == '=')
		return error_set(err, -EINVAL, "the name is empty");
	return strlen(value) < CREATE_MAX_STRING ? 0
						 : error_set(err, -E2BIG, "it is longer than %d bytes", CREATE_MAX_STRING);
}

int environment_check_label(const char *value, struct error *err)
{
	return value[0] && value[0] != '=' ? 0 : error_set(err, -EINVAL, "the key is empty");
}

/* KEY alone imports ours; without ours it is left out. */
static void add_variables(const struct strings *given, struct strings *environment)
{
	for (size_t i = 0; i < given->count; i++) {
		const char *item = given->items[i], *equals = strchr(item, '='), *own;
		autofree char *key = xstrndup(item, strcspn(item, "="));

		own = equals ? equals + 1 : getenv(key);
		if (own)
			strings_set_value(environment, key, own);
	}
}

static void add_pairs(const struct strings *given, struct strings *pairs)
{
	for (size_t i = 0; i < given->count; i++) {
		const char *item = given->items[i], *equals = strchr(item, '=');
		autofree char *key = xstrndup(item, strcspn(item, "="));

		strings_set_value(pairs, key, equals ? equals + 1 : "");
	}
}

static int read_file(const char *path, int (*check)(const char *value, struct error *err), struct strings *ret_items,
		     struct error *err)
{
	autofree char *data = NULL;
	size_t length;
	int r = file_read_regular(AT_FDCWD, path, ENVIRONMENT_FILE_MAX_BYTES, &data, &length, err);

	if (r == 0)
		r = environment_file_parse(data, length, ret_items, err);
	for (size_t i = 0; r == 0 && i < ret_items->count; i++)
		r = check(ret_items->items[i], err);
	return r;
}

/* In their order; the last one that has a key counts. */
static int read_files(const char *option, const struct strings *files, int (*check)(const char *value, struct error *err),
		      struct strings *ret_items, struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		int r = read_file(files->items[i], check, ret_items, err);

		if (r < 0)
			return error_prefix(err, "Invalid value \"%s\" for flag --%s", files->items[i], option);
	}
	return 0;
}

static int set_target(const struct environment_options *options, struct spec *spec, struct error *err)
{
	if (!options->target)
		return 0;
	spec->environment_target = xstrdup(options->target);
	if (environment_file_check(&spec->environment, err) < 0)
		return error_prefix(err, "Invalid value \"%s\" for flag --env-target-file", options->target);
	return 0;
}

int environment_options_get(const struct environment_options *options, struct spec *spec, struct error *err)
{
	autorelease(strings_release) struct strings variables = {0}, labels = {0};
	int r = read_files("env-file", &options->files, environment_check_value, &variables, err);

	if (r == 0)
		r = read_files("label-file", &options->label_files, environment_check_label, &labels, err);
	if (r < 0)
		return r;
	add_variables(&variables, &spec->environment);
	add_variables(&options->values, &spec->environment);
	add_pairs(&labels, &spec->labels);
	add_pairs(&options->labels, &spec->labels);
	add_pairs(&options->annotations, &spec->annotations);
	return set_target(options, spec, err);
}
