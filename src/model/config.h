/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon.json: the administrator's defaults for all containers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/schema.h"
#include "model/ulimit.h"

struct config_log {
	char *max_size; /* "1m" */
	int max_files;
};

/* The values of default-ulimits, by ulimit_name(). */
struct config_ulimit {
	char *name; /* may repeat the key; NULL */
	int64_t soft, hard;
};

struct config {
	char *user_remap;    /* "auto", "none" or "UID:GID:SIZE" */
	char *start_timeout; /* duration; "0" waits for ever */
	char *stop_timeout;
	char *cgroup_parent;
	int max_physical_nics; /* in one container */
	bool shows_proc_view;  /* to containers that do not say */
	char *hook_spec;       /* absolute path of a hook spec for all containers; NULL */
	/* What cgroup_parent may hand out of real-time CPU, on v1; INT64_MIN: it is left as it is. */
	int64_t cpu_rt_period_us, cpu_rt_runtime_us;
	struct config_log log;
	char *seccomp_profile;  /* absolute path, or "unconfined" */
	char *apparmor_profile; /* a name, "auto" or "unconfined" */
	char *umask;            /* "normal" or "secure" */
	struct config_ulimit ulimit_by_name[ULIMIT_COUNT];
	/* The same, parsed and checked. */
	int64_t start_timeout_ms, stop_timeout_ms;
	uint64_t log_max_bytes;
	int mask; /* umask(2) */
	struct ulimits ulimits;
};

extern const struct schema config_schema;

enum config_source { CONFIG_DEFAULT, CONFIG_FILE };

/* Reads paths_config(), strictly: an unknown key or a bad value is an error with file and key. No file: built-in defaults. */
int config_load(struct config *ret_config, struct error *err);
void config_release(struct config *config);
/*
 * What is in force, key by key: calls `report` for each key with its value (NULL where it has none) and where that is from. Keys inside of objects are
 * "container-log.max-size".
 */
int config_explain(void (*report)(void *data, const char *key, const struct json *value, enum config_source source),
		   void *data, struct error *err);
