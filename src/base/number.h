/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers and units as people type and read them. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/*
 * Each takes the whole of `text` or refuses it; -EINVAL for what is no number ("Invalid argument" in the
 * message), -ERANGE for what does not fit ("Numerical result out of range"). The message names only the
 * text; the caller adds which option it was.
 */
int number_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value, struct error *err);
int number_parse_unsigned(const char *text, uint64_t max, uint64_t *ret_value, struct error *err);
int number_parse_decimal(const char *text, double *ret_value, struct error *err); /* finite; no hex, inf, nan */
/* "10m", "1.5G", "64MiB", "4096", "10kb": powers of 1024, units b k m g t p with optional b or iB, any case. Bytes. */
int number_parse_size(const char *text, uint64_t *ret_bytes, struct error *err);
/* "500ms", "10s", "1m30s", "2h"; a bare number is seconds. Milliseconds. Not negative. */
int number_parse_duration(const char *text, int64_t *ret_ms, struct error *err);
/* true/false, 1/0, t/f, any case (Go's strconv.ParseBool). */
int number_parse_bool(const char *text, int *ret_value, struct error *err);
/* "1.5GiB", "64MiB", "0B" as docker stats prints; appended to `out`. */
void number_format_size(uint64_t bytes, struct text *out);
