/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clocks, and points in time as text. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* Nanoseconds. Real time counts from 1970 (clock_gettime(2) CLOCK_REALTIME); 0 stands for "never". */
int64_t clock_real_ns(void);
int64_t clock_monotonic_ms(void);
int64_t clock_boot_ns(void); /* CLOCK_BOOTTIME */
/* RFC 3339 with nanoseconds, local zone: "2026-11-22T02:10:30.123456789+01:00"; 0 gives "0001-01-01T00:00:00Z" */
void clock_format_rfc3339(int64_t real_ns, struct text *out);
/* With or without fraction, Z or offset; "2026-11-22T02:10:30" (local zone) and a bare date too; also Unix seconds "1732241430[.frac]". */
int clock_parse(const char *text, int64_t *ret_real_ns, struct error *err);
/* "Less than a second", "5 seconds", "About a minute", "3 minutes", "About an hour", "2 hours", "3 days", "2 weeks", ... as docker ps. */
void clock_format_elapsed(int64_t elapsed_ns, struct text *out);
