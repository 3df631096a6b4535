/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns of text for people: ps, stats, top. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table; /* rows of cells, each column as wide as its widest cell, three blanks between */

struct table *table_new(const char *const *headers, size_t column_count);
/* `cells` has column_count strings; copied. Control characters are printed as '?'. */
void table_append(struct table *table, const char *const *cells);
void table_print(const struct table *table, bool with_header, FILE *out);
void table_free(struct table *table);
