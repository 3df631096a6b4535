/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a container's health is checked: the part of the spec that the --health options make. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/schema.h"

#define SPEC_HEALTH_INTERVAL_MS    30000
#define SPEC_HEALTH_TIMEOUT_MS     30000
#define SPEC_HEALTH_TIMEOUT_MAX_MS 600000
#define SPEC_HEALTH_PAUSE_MAX_MS   (INT64_C(365) * 86400 * 1000)
#define SPEC_HEALTH_RETRIES        3

struct spec_health {
	char *command; /* for the guest's /bin/sh -c; NULL: there is no check */
	int64_t interval_ms, timeout_ms, start_period_ms;
	int retries;         /* failures in a row that make it unhealthy */
	bool ends_unhealthy; /* an unhealthy guest is killed, and its restart policy followed */
};

extern const struct schema spec_health_schema;

/* The values of a check that is there. */
int spec_health_check(const struct spec_health *health, struct error *err);
