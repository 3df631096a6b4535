/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a container is: what its health checks of this boot found, in RUN/ID/health.json. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/schema.h"
#include "model/spec_health.h"

#define HEALTH_LOG_LENGTH 5
#define HEALTH_OUTPUT_MAX 4096
#define HEALTH_NO_STATUS  -1 /* as exit_code: the probe ran into its timeout or could not be made */

enum health_status { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };
extern const char *const health_status_names[];

struct health_result {
	int64_t start_ns, end_ns; /* real time */
	int exit_code;
	char *output; /* of stdout and stderr, at most HEALTH_OUTPUT_MAX bytes and "..." */
};

/* Zeroed it is that of a boot that has just begun. */
struct health {
	int status;         /* enum health_status */
	int failing_streak; /* failures that count, since the last success */
	struct {
		struct health_result *items; /* oldest first: a struct schema_array */
		size_t count;
	} log;
};

extern const struct schema health_schema;

/*
 * One more result of a guest that runs since started_ns; `output` of any length is copied. Until the first success, failures of probes
 * that began within the start period only go to the log. Says whether the status has changed.
 */
bool health_record(struct health *health, const struct spec_health *check, int64_t started_ns,
		   const struct health_result *result);

/* A missing file is a zeroed health. */
int health_load(const char *id, struct health *ret_health, struct error *err);
int health_save(const char *id, const struct health *health, struct error *err);
void health_release(struct health *health);
