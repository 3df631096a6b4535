/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create and run about health checks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/command.h"
#include "model/spec_health.h"

struct health_options {
	char *command, *interval, *timeout, *start_period; /* as typed; NULL */
	int64_t retries;
	bool has_retries, is_disabled, ends_unhealthy;
};

int health_check_duration(const char *value, struct error *err);
int health_check_timeout(const char *value, struct error *err);

#define HEALTH_ROW(owner_, member_, name_, type_, field_, ...) \
	{ \
		.name = name_, .type = type_, .offset = offsetof(owner_, member_.field_), ##__VA_ARGS__ \
	}
#define HEALTH_ROWS(owner_, member_) \
	HEALTH_ROW(owner_, member_, "health-cmd", OPTION_STRING, command, .argument = "COMMAND", \
		   .help = "what /bin/sh -c runs in the guest to see whether it is well"), \
		HEALTH_ROW(owner_, member_, "health-interval", OPTION_STRING, interval, .argument = "TIME", \
			   .help = "pause before each check (default: 30s)", .check = health_check_duration), \
		HEALTH_ROW(owner_, member_, "health-timeout", OPTION_STRING, timeout, .argument = "TIME", \
			   .help = "how long a check may take, at most 10m (default: 30s)", .check = health_check_timeout), \
		HEALTH_ROW(owner_, member_, "health-retries", OPTION_INTEGER, retries, .max = INT32_MAX, \
			   .given_offset = offsetof(owner_, member_.has_retries), .argument = "N", \
			   .help = "failures in a row that make it unhealthy (default: 3)"), \
		HEALTH_ROW(owner_, member_, "health-start-period", OPTION_STRING, start_period, .argument = "TIME", \
			   .help = "how long after the start failures do not count (default: 0s)", \
			   .check = health_check_duration), \
		HEALTH_ROW(owner_, member_, "health-exit-on-unhealthy", OPTION_FLAG, ends_unhealthy, \
			   .help = "kill the guest when it becomes unhealthy; the restart policy says what follows"), \
		HEALTH_ROW(owner_, member_, "no-healthcheck", OPTION_FLAG, is_disabled, .help = "have no health check")

/* The zeroed *ret_health stays so when there is no check. Its strings are the caller's. */
int health_options_get(const struct health_options *options, struct spec_health *ret_health, struct error *err);
