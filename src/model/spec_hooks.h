/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI hooks: programs of the host that are run around each boot of a container, as hook spec files and specs name them. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "base/schema.h"
#include "base/strings.h"

#define SPEC_HOOKS_FILE_MAX     ((size_t)10 << 20)
#define SPEC_HOOK_TIMEOUT_S     30    /* of a hook that names none */
#define SPEC_HOOK_TIMEOUT_MAX_S 86400 /* a day */
#define SPEC_HOOK_PATH_MAX      4096

enum spec_hook_stage {
	SPEC_HOOK_PRESTART,  /* the guest is complete, and none of its programs ran */
	SPEC_HOOK_POSTSTART, /* it is ready */
	SPEC_HOOK_POSTSTOP,  /* it is gone */
	SPEC_HOOK_STAGES,
};
extern const char *const spec_hook_stage_names[];

struct spec_hook {
	char *path;                 /* absolute */
	struct strings arguments;   /* the whole argv; empty: the path alone */
	struct strings environment; /* KEY=VALUE */
	int timeout_s;              /* 0: SPEC_HOOK_TIMEOUT_S */
};

struct spec_hook_list {
	struct spec_hook *items; /* with count: a struct schema_array */
	size_t count;
};

struct spec_hooks {
	char *file; /* --hook-spec as given; NULL */
	struct spec_hook_list stages[SPEC_HOOK_STAGES];
};

/* The hooks of spec.json, which keeps `file` too, and those of a hook spec file. */
extern const struct schema spec_hooks_schema;

/*
 * Reads a hook spec file, strictly: one JSON object with the arrays prestart, poststart and poststop of {path, args, env, timeout}, in a file that only
 * root can change (base/trusted.h), no symbolic link, at most SPEC_HOOKS_FILE_MAX bytes. Every error names the file. ->file is left NULL.
 */
int spec_hooks_read(const char *path, struct spec_hooks *ret_hooks, struct error *err);
/* The same of JSON that was read already; errors name the key. */
int spec_hooks_parse(const struct json *value, struct spec_hooks *ret_hooks, struct error *err);
/* The values' own rules, for those that were loaded from a spec. Whether a program is there is not looked at: container/hook.h. */
int spec_hooks_check(const struct spec_hooks *hooks, struct error *err);
/* Appends copies of the hooks of `more` behind those that are there, stage by stage. */
void spec_hooks_append(struct spec_hooks *hooks, const struct spec_hooks *more);
void spec_hooks_release(struct spec_hooks *hooks);
