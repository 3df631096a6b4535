/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from the health options to a spec. */
#include "syscontainer/health_options.h"

#include "base/memory.h"
#include "base/number.h"

static int parse(const char *value, int64_t *ret_ms, struct error *err)
{
	int r = number_parse_duration(value, ret_ms, err);

	if (r == 0 && *ret_ms != 0 && *ret_ms < 1000)
		return error_set(err, -ERANGE, "it is less than one second; 0 is the default");
	if (r == 0 && *ret_ms > SPEC_HEALTH_PAUSE_MAX_MS)
		return error_set(err, -ERANGE, "it is more than a year");
	return r;
}

int health_check_duration(const char *value, struct error *err)
{
	int64_t ms;

	return parse(value, &ms, err);
}

int health_check_timeout(const char *value, struct error *err)
{
	int64_t ms;
	int r = parse(value, &ms, err);

	if (r == 0 && ms > SPEC_HEALTH_TIMEOUT_MAX_MS)
		return error_set(err, -ERANGE, "it is more than ten minutes");
	return r;
}

/* Checked when it was parsed. */
static int64_t duration_ms(const char *value, int64_t fallback_ms)
{
	int64_t ms = 0;

	if (value)
		parse(value, &ms, NULL);
	return ms ? ms : fallback_ms;
}

static bool has_details(const struct health_options *options)
{
	return options->interval || options->timeout || options->start_period || options->has_retries ||
	       options->ends_unhealthy;
}

int health_options_get(const struct health_options *options, struct spec_health *ret_health, struct error *err)
{
	if (options->is_disabled && (options->command || has_details(options)))
		return error_set(err, -EINVAL, "--no-healthcheck conflicts with --health-* options");
	if (!options->command && has_details(options))
		return error_set(err, -EINVAL, "the --health-* options say how --health-cmd is run: give that too");
	if (!options->command)
		return 0;
	if (!options->command[0])
		return error_set(err, -EINVAL, "Invalid value \"\" for flag --health-cmd: it is empty");
	*ret_health = (struct spec_health){
		.command = xstrdup(options->command),
		.interval_ms = duration_ms(options->interval, SPEC_HEALTH_INTERVAL_MS),
		.timeout_ms = duration_ms(options->timeout, SPEC_HEALTH_TIMEOUT_MS),
		.start_period_ms = duration_ms(options->start_period, 0),
		.retries = options->retries ? (int)options->retries : SPEC_HEALTH_RETRIES,
		.ends_unhealthy = options->ends_unhealthy,
	};
	return 0;
}
