/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how our records are read and written. */
#include "base/record.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static int read_into(const struct json *value, const char *path, const struct schema *schema, void *record,
		     struct error *err)
{
	int r = schema_read(schema, value, SCHEMA_TOLERANT, record, err);

	return r < 0 ? error_prefix(err, "%s", path) : 0;
}

int record_load(const char *path, const struct schema *schema, void *record, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	int r = json_read_file(AT_FDCWD, path, JSON_MAX_BYTES, &value, err);

	return r < 0 ? r : read_into(value, path, schema, record, err);
}

int record_load_if_there(const char *path, const struct schema *schema, void *record, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	struct error problem = {0};
	int r = json_read_file(AT_FDCWD, path, JSON_MAX_BYTES, &value, &problem);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_set(err, r, "%s", problem.message);
	r = read_into(value, path, schema, record, err);
	return r < 0 ? r : 1;
}

int record_save(const char *path, const struct schema *schema, const void *record, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = schema_write(schema, record);
	autorelease(text_release) struct text out = {0};

	json_print(value, 2, &out);
	text_append(&out, "\n");
	return file_replace(AT_FDCWD, path, out.data, out.length, 0600, err);
}
