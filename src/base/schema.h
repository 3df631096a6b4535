/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where JSON meets C: one table a struct, used for reading, writing and releasing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"

enum schema_type {
	SCHEMA_STRING,  /* char *, NULL when absent */
	SCHEMA_BOOL,    /* bool */
	SCHEMA_INT,     /* int */
	SCHEMA_INT64,   /* int64_t */
	SCHEMA_UINT64,  /* uint64_t */
	SCHEMA_DOUBLE,  /* double */
	SCHEMA_ENUM,    /* int: index into `names` (NULL-terminated); another word is refused with the list of words */
	SCHEMA_STRINGS, /* struct strings <-> array of strings */
	SCHEMA_MAP,     /* struct strings of "KEY=VALUE" <-> object with string values; a key may not hold '=' */
	SCHEMA_OBJECT,  /* a struct inside, described by `nested` */
	SCHEMA_ARRAY,   /* struct schema_array of structs, described by `nested` */
};

/* Start of every SCHEMA_ARRAY member: `struct { struct device *items; size_t count; }` has the same layout. */
struct schema_array {
	void *items;
	size_t count;
};

struct schema;

struct schema_field {
	const char *key;
	enum schema_type type;
	size_t offset;
	const struct schema *nested; /* SCHEMA_OBJECT, SCHEMA_ARRAY */
	const char *const *names;    /* SCHEMA_ENUM */
	bool is_required;            /* reading fails without it */
	bool is_omitted_when_empty;  /* not written when zero, NULL, false or empty (of an enum: index 0) */
};

struct schema {
	size_t size; /* of the struct */
	const struct schema_field *fields;
	size_t field_count;
};

enum schema_mode {
	SCHEMA_STRICT,   /* what people write by hand: an unknown key is refused, with its path and the keys there are */
	SCHEMA_TOLERANT, /* our own state: keys of a newer version are skipped */
};

/*
 * Fills the zeroed `record`. Absent keys leave their member as it is, so defaults may be set before. Strings are copied. A wrong type is
 * named by its path ("rootfs.path: expected a string, found a number"). On failure what was read is released.
 */
int schema_read(const struct schema *schema, const struct json *value, enum schema_mode mode, void *record,
		struct error *err);
struct json *schema_write(const struct schema *schema, const void *record);
/* Frees every member that is memory and zeroes the struct. */
void schema_release(const struct schema *schema, void *record);
/* A deep copy into `target`, by the same table. */
void schema_copy(const struct schema *schema, const void *source, void *target);
