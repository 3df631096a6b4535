/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of ours that holds one JSON object: a record, read and written by its schema. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"

/* Fills the zeroed `record`, whose owner releases it by its schema. Keys of a newer version are skipped. Errors: those of json_read_file() and schema_read(). */
int record_load(const char *path, const struct schema *schema, void *record, struct error *err);

/* The same, but 1 when there was one, and 0, with `record` untouched and no error, when there is none. */
int record_load_if_there(const char *path, const struct schema *schema, void *record, struct error *err);

/* Replaces the file, which only root can read, or leaves it as it was. See file_replace(). */
int record_save(const char *path, const struct schema *schema, const void *record, struct error *err);
