/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tables of our files take of arbitrary JSON is written so that it reads back as the same. The first byte says
 * which file and how strictly.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "model/config.h"
#include "model/health.h"
#include "model/spec.h"
#include "model/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct schema *const schemas[] = {&spec_schema, &state_schema, &boot_schema, &config_schema, &health_schema};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static char *print(const struct schema *schema, const void *record)
{
	struct json *value = schema_write(schema, record);
	struct text out = {0};

	json_print(value, 2, &out);
	json_free(value);
	return text_steal(&out);
}

/* What we wrote has no key that we don't know, so both modes take it. */
static void check_reads_back(const struct schema *schema, const char *text, enum schema_mode mode)
{
	autofree void *record = xcalloc(1, schema->size);
	autofree char *again = NULL;
	struct json *value = NULL;

	require(json_parse(text, strlen(text), &value, NULL) == 0);
	require(schema_read(schema, value, mode, record, NULL) == 0);
	json_free(value);
	again = print(schema, record);
	require(strcmp(text, again) == 0);
	schema_release(schema, record);
}

static void check_copy(const struct schema *schema, const void *record, const char *text)
{
	autofree void *copy = xcalloc(1, schema->size);
	autofree char *again = NULL;

	schema_copy(schema, record, copy);
	again = print(schema, copy);
	require(strcmp(text, again) == 0);
	schema_release(schema, copy);
}

static void check_is_zero(const unsigned char *record, size_t size)
{
	for (size_t i = 0; i < size; i++)
		require(record[i] == 0);
}

static void check(const struct schema *schema, const struct json *value, enum schema_mode mode)
{
	autofree void *record = xcalloc(1, schema->size);
	autofree char *text = NULL;
	struct error err = {0};

	if (schema_read(schema, value, mode, record, &err) < 0) {
		require(err.code < 0 && err.message[0]);
		check_is_zero(record, schema->size);
		return;
	}
	text = print(schema, record);
	check_reads_back(schema, text, SCHEMA_STRICT);
	check_reads_back(schema, text, SCHEMA_TOLERANT);
	check_copy(schema, record, text);
	schema_release(schema, record);
	check_is_zero(record, schema->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *value = NULL;

	if (size < 1 || json_parse((const char *)data + 1, size - 1, &value, NULL) < 0)
		return 0;
	check(schemas[data[0] % ARRAY_SIZE(schemas)], value, data[0] & 4 ? SCHEMA_STRICT : SCHEMA_TOLERANT);
	json_free(value);
	return 0;
}
