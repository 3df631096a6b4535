/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON text and its values. The one user of libyajl. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define JSON_MAX_BYTES ((size_t)1 << 20) /* what json_parse() takes when the caller has no reason for another cap */
#define JSON_MAX_DEPTH 64

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json; /* a value and everything below it; keeps the order of keys */

/* The whole text is one value; the error has line and column. Duplicate keys, NUL in strings, invalid UTF-8 and a depth
 * over JSON_MAX_DEPTH are refused. The caller frees. */
int json_parse(const char *text, size_t length, struct json **ret_value, struct error *err);
/* file_read() and json_parse(); every error names the file. A missing file is -ENOENT. */
int json_read_file(int dirfd, const char *path, size_t max_bytes, struct json **ret_value, struct error *err);
/* Compact for indent 0, else that many blanks a level. No newline at the end. */
void json_print(const struct json *value, int indent, struct text *out);
void json_free(struct json *value);                      /* takes NULL */
static inline void json_free_scoped(struct json **value) /* for autorelease() */
{
	json_free(*value);
}

struct json *json_new_null(void);
struct json *json_new_bool(bool value);
struct json *json_new_integer(int64_t value);
struct json *json_new_unsigned(uint64_t value);
struct json *json_new_real(double value);
struct json *json_new_string(
	const char *value); /* copies; NULL gives null; invalid UTF-8 is replaced by U+FFFD when printed */
/* Does json_new_string() keep this text as it is? That of a file or a command line may be no UTF-8. */
bool json_holds(const char *text);
struct json *json_new_array(void);
struct json *json_new_object(void);
struct json *json_copy(const struct json *value);

/* Both take `value` over, and give it back as a borrowed pointer. json_set() replaces a key that is there. */
struct json *json_set(struct json *object, const char *key, struct json *value);
struct json *json_append(struct json *array, struct json *value);
void json_remove(struct json *object, const char *key);

enum json_type json_type(const struct json *value);                      /* NULL counts as null */
const struct json *json_get(const struct json *object, const char *key); /* NULL when absent or no object */
const struct json *json_at(const struct json *container, size_t index);  /* element, or value of the index-th key */
const char *json_key_at(const struct json *object, size_t index);
size_t json_count(const struct json *container);   /* 0 for scalars */
bool json_bool(const struct json *value);          /* false for other types */
const char *json_string(const struct json *value); /* NULL for other types */
double json_real(const struct json *value);        /* 0 for other types */
/* false when it is no integral number of that range */
bool json_integer(const struct json *value, int64_t *ret_value);
bool json_unsigned(const struct json *value, uint64_t *ret_value);
