/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the walk over a table of fields that reads, writes, copies and releases a struct. */
#include "base/schema.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

struct reader {
	enum schema_mode mode;
	struct error *err;
};

/* A value and where in the document it stands: a chain through the callers up to the root, which has no parent. */
struct spot {
	const struct reader *reader;
	const struct spot *parent;
	const struct json *value;
	const char *key; /* NULL for the element `index` of an array */
	size_t index;
};

/* What each type does. `member` points into the struct, at the field's offset. */
struct handler {
	size_t size; /* of the member; 0 when the field's nested schema knows it */
	enum json_type json_type;
	const char *expected; /* as in "expected a string" */
	int (*read)(const struct spot *spot, const struct schema_field *field, void *member);
	struct json *(*write)(const struct schema_field *field, const void *member);
	/* The three below are NULL for a plain number: empty is all zeroes, a copy is its bytes. */
	bool (*is_empty)(const struct schema_field *field, const void *member);
	void (*release)(const struct schema_field *field, void *member);
	void (*copy)(const struct schema_field *field, const void *source, void *target);
};

static const struct handler handlers[SCHEMA_ARRAY + 1];

/* Errors */

static void append_spot(const struct spot *spot, struct text *path)
{
	if (!spot->parent)
		return;
	append_spot(spot->parent, path);
	if (spot->key)
		text_appendf(path, "%s%s", path->length ? "." : "", spot->key);
	else
		text_appendf(path, "[%zu]", spot->index);
}

/* Takes `complaint` over. */
static int refuse(const struct spot *spot, char *complaint)
{
	autofree char *owned = complaint;
	autorelease(text_release) struct text path = {0};

	append_spot(spot, &path);
	return error_set(spot->reader->err, -EINVAL, "%s%s%s", text_get(&path), path.length ? ": " : "", owned);
}

/* A number that is only of the wrong kind is shown: it says more than "a number". */
static int refuse_value(const struct spot *spot, const char *expected, bool is_shown)
{
	static const char *const nouns[] = {
		[JSON_NULL] = "null",       [JSON_BOOL] = "a boolean", [JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string", [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
	};
	autorelease(text_release) struct text shown = {0};

	if (is_shown)
		json_print(spot->value, 0, &shown);
	else
		text_append(&shown, nouns[json_type(spot->value)]);
	return refuse(spot, xasprintf("expected %s, found %.80s", expected, text_get(&shown)));
}

static int expect_type(const struct spot *spot, enum json_type type, const char *expected)
{
	return json_type(spot->value) == type ? 0 : refuse_value(spot, expected, false);
}

/* The index-th value of the container at `spot`. */
static struct spot inner_spot(const struct spot *spot, size_t index)
{
	return (struct spot){
		.reader = spot->reader,
		.parent = spot,
		.value = json_at(spot->value, index),
		.key = json_key_at(spot->value, index),
		.index = index,
	};
}

/* Plain numbers */

static int read_bool(const struct spot *spot, const struct schema_field *field, void *member)
{
	(void)field;
	*(bool *)member = json_bool(spot->value);
	return 0;
}

static struct json *write_bool(const struct schema_field *field, const void *member)
{
	(void)field;
	return json_new_bool(*(const bool *)member);
}

static int read_int(const struct spot *spot, const struct schema_field *field, void *member)
{
	int64_t number;

	if (!json_integer(spot->value, &number) || number < INT_MIN || number > INT_MAX)
		return refuse_value(spot, handlers[field->type].expected, true);
	*(int *)member = (int)number;
	return 0;
}

static struct json *write_int(const struct schema_field *field, const void *member)
{
	(void)field;
	return json_new_integer(*(const int *)member);
}

static int read_int64(const struct spot *spot, const struct schema_field *field, void *member)
{
	int64_t number;

	if (!json_integer(spot->value, &number))
		return refuse_value(spot, handlers[field->type].expected, true);
	*(int64_t *)member = number;
	return 0;
}

static struct json *write_int64(const struct schema_field *field, const void *member)
{
	(void)field;
	return json_new_integer(*(const int64_t *)member);
}

static int read_uint64(const struct spot *spot, const struct schema_field *field, void *member)
{
	uint64_t number;

	if (!json_unsigned(spot->value, &number))
		return refuse_value(spot, handlers[field->type].expected, true);
	*(uint64_t *)member = number;
	return 0;
}

static struct json *write_uint64(const struct schema_field *field, const void *member)
{
	(void)field;
	return json_new_unsigned(*(const uint64_t *)member);
}

static int read_double(const struct spot *spot, const struct schema_field *field, void *member)
{
	(void)field;
	*(double *)member = json_real(spot->value);
	return 0;
}

static struct json *write_double(const struct schema_field *field, const void *member)
{
	(void)field;
	return json_new_real(*(const double *)member);
}

static int read_enum(const struct spot *spot, const struct schema_field *field, void *member)
{
	autorelease(text_release) struct text words = {0};

	for (int i = 0; field->names[i]; i++) {
		if (strcmp(field->names[i], json_string(spot->value)) == 0) {
			*(int *)member = i;
			return 0;
		}
		text_appendf(&words, "%s%s", i ? ", " : "one of ", field->names[i]);
	}
	return refuse_value(spot, text_get(&words), true);
}

static struct json *write_enum(const struct schema_field *field, const void *member)
{
	return json_new_string(field->names[*(const int *)member]);
}

/* A string */

static int read_string(const struct spot *spot, const struct schema_field *field, void *member)
{
	char **string = member;

	(void)field;
	free(*string);
	*string = xstrdup(json_string(spot->value));
	return 0;
}

static struct json *write_string(const struct schema_field *field, const void *member)
{
	(void)field;
	return json_new_string(*(char *const *)member);
}

static bool is_empty_string(const struct schema_field *field, const void *member)
{
	const char *string = *(char *const *)member;

	(void)field;
	return !string || !*string;
}

static void release_string(const struct schema_field *field, void *member)
{
	(void)field;
	free(*(char **)member);
}

static void copy_string(const struct schema_field *field, const void *source, void *target)
{
	(void)field;
	*(char **)target = xstrdup(*(char *const *)source);
}

/* Lists of strings */

static int read_strings(const struct spot *spot, const struct schema_field *field, void *member)
{
	(void)field;
	strings_release(member);
	for (size_t i = 0; i < json_count(spot->value); i++) {
		struct spot inner = inner_spot(spot, i);
		int result = expect_type(&inner, JSON_STRING, "a string");

		if (result < 0)
			return result;
		strings_append(member, json_string(inner.value));
	}
	return 0;
}

static struct json *write_strings(const struct schema_field *field, const void *member)
{
	const struct strings *list = member;
	struct json *array = json_new_array();

	(void)field;
	for (size_t i = 0; i < list->count; i++)
		json_append(array, json_new_string(list->items[i]));
	return array;
}

static int read_map(const struct spot *spot, const struct schema_field *field, void *member)
{
	(void)field;
	strings_release(member);
	for (size_t i = 0; i < json_count(spot->value); i++) {
		struct spot inner = inner_spot(spot, i);
		int result = expect_type(&inner, JSON_STRING, "a string");

		if (result < 0)
			return result;
		if (strchr(inner.key, '='))
			return refuse(&inner, xstrdup("a key may not hold '='"));
		strings_appendf(member, "%s=%s", inner.key, json_string(inner.value));
	}
	return 0;
}

static struct json *write_map(const struct schema_field *field, const void *member)
{
	const struct strings *list = member;
	struct json *object = json_new_object();

	(void)field;
	for (size_t i = 0; i < list->count; i++) {
		size_t length = strcspn(list->items[i], "=");
		autofree char *key = xstrndup(list->items[i], length);

		json_set(object, key, json_new_string(list->items[i] + length + (list->items[i][length] == '=')));
	}
	return object;
}

static bool is_empty_strings(const struct schema_field *field, const void *member)
{
	(void)field;
	return ((const struct strings *)member)->count == 0;
}

static void release_strings(const struct schema_field *field, void *member)
{
	(void)field;
	strings_release(member);
}

static void copy_strings(const struct schema_field *field, const void *source, void *target)
{
	(void)field;
	*(struct strings *)target = (struct strings){0};
	strings_append_all(target, source);
}

/* A whole struct: each field by its handler */

static const struct schema_field *find_field(const struct schema *schema, const char *key)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (strcmp(schema->fields[i].key, key) == 0)
			return &schema->fields[i];
	return NULL;
}

static int refuse_key(const struct spot *spot, const struct schema *schema)
{
	autorelease(text_release) struct text keys = {0};

	for (size_t i = 0; i < schema->field_count; i++)
		text_appendf(&keys, "%s%s", i ? ", " : "", schema->fields[i].key);
	return refuse(spot, xasprintf("unknown key; there are: %s", text_get(&keys)));
}

static int read_field(const struct spot *spot, const struct schema_field *field, void *member)
{
	const struct handler *handler = &handlers[field->type];
	bool is_absent_string = field->type == SCHEMA_STRING && !field->is_required && json_type(spot->value) == JSON_NULL;
	int result = is_absent_string ? 0 : expect_type(spot, handler->json_type, handler->expected);

	return result < 0 ? result : handler->read(spot, field, member);
}

static int check_required(const struct spot *spot, const struct schema *schema)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		struct spot inner = {.reader = spot->reader, .parent = spot, .key = schema->fields[i].key};

		if (schema->fields[i].is_required && !json_get(spot->value, inner.key))
			return refuse(&inner, xstrdup("required, but missing"));
	}
	return 0;
}

static int read_record(const struct spot *spot, const struct schema *schema, void *record)
{
	for (size_t i = 0; i < json_count(spot->value); i++) {
		struct spot inner = inner_spot(spot, i);
		const struct schema_field *field = find_field(schema, inner.key);
		int result = 0;

		if (field)
			result = read_field(&inner, field, (char *)record + field->offset);
		else if (spot->reader->mode == SCHEMA_STRICT)
			result = refuse_key(&inner, schema);
		if (result < 0)
			return result;
	}
	return check_required(spot, schema);
}

static bool is_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool is_empty_field(const struct schema_field *field, const void *member)
{
	const struct handler *handler = &handlers[field->type];

	return handler->is_empty ? handler->is_empty(field, member) : is_zero(member, handler->size);
}

/* A struct inside */

static int read_object(const struct spot *spot, const struct schema_field *field, void *member)
{
	return read_record(spot, field->nested, member);
}

static struct json *write_object(const struct schema_field *field, const void *member)
{
	return schema_write(field->nested, member);
}

static bool is_empty_object(const struct schema_field *field, const void *member)
{
	const struct schema *schema = field->nested;

	for (size_t i = 0; i < schema->field_count; i++)
		if (!is_empty_field(&schema->fields[i], (const char *)member + schema->fields[i].offset))
			return false;
	return true;
}

static void release_object(const struct schema_field *field, void *member)
{
	schema_release(field->nested, member);
}

static void copy_object(const struct schema_field *field, const void *source, void *target)
{
	schema_copy(field->nested, source, target);
}

/* An array of structs */

/* Members have item pointers of their own type: by memcpy(), so that the compiler may not assume that they differ. */
static struct schema_array load_array(const void *member)
{
	struct schema_array array;

	memcpy(&array, member, sizeof(array));
	return array;
}

static void *item_at(const struct schema_field *field, const struct schema_array *array, size_t index)
{
	return (char *)array->items + index * field->nested->size;
}

static struct schema_array make_array(const struct schema_field *field, size_t count, void *member)
{
	struct schema_array array = {.count = count};

	if (count)
		array.items = xcalloc(count, field->nested->size);
	memcpy(member, &array, sizeof(array));
	return array;
}

static bool is_empty_array(const struct schema_field *field, const void *member)
{
	(void)field;
	return load_array(member).count == 0;
}

static void release_array(const struct schema_field *field, void *member)
{
	struct schema_array array = load_array(member);

	for (size_t i = 0; i < array.count; i++)
		schema_release(field->nested, item_at(field, &array, i));
	free(array.items);
}

static void copy_array(const struct schema_field *field, const void *source, void *target)
{
	struct schema_array old = load_array(source);
	struct schema_array copy = make_array(field, old.count, target);

	for (size_t i = 0; i < old.count; i++)
		schema_copy(field->nested, item_at(field, &old, i), item_at(field, &copy, i));
}

static int read_array(const struct spot *spot, const struct schema_field *field, void *member)
{
	struct schema_array array;

	release_array(field, member);
	array = make_array(field, json_count(spot->value), member);
	for (size_t i = 0; i < array.count; i++) {
		struct spot inner = inner_spot(spot, i);
		int result = expect_type(&inner, JSON_OBJECT, "an object");

		if (result >= 0)
			result = read_record(&inner, field->nested, item_at(field, &array, i));
		if (result < 0)
			return result;
	}
	return 0;
}

static struct json *write_array(const struct schema_field *field, const void *member)
{
	struct schema_array array = load_array(member);
	struct json *value = json_new_array();

	for (size_t i = 0; i < array.count; i++)
		json_append(value, schema_write(field->nested, item_at(field, &array, i)));
	return value;
}

static const struct handler handlers[SCHEMA_ARRAY + 1] = {
	[SCHEMA_STRING] = {sizeof(char *), JSON_STRING, "a string", read_string, write_string, is_empty_string,
			   release_string, copy_string},
	[SCHEMA_BOOL] = {sizeof(bool), JSON_BOOL, "true or false", read_bool, write_bool, NULL, NULL, NULL},
	[SCHEMA_INT] = {sizeof(int), JSON_NUMBER, "an integer of 32 bits", read_int, write_int, NULL, NULL, NULL},
	[SCHEMA_INT64] = {sizeof(int64_t), JSON_NUMBER, "an integer of 64 bits", read_int64, write_int64, NULL, NULL, NULL},
	[SCHEMA_UINT64] = {sizeof(uint64_t), JSON_NUMBER, "a positive integer of 64 bits, or 0", read_uint64, write_uint64,
			   NULL, NULL, NULL},
	[SCHEMA_DOUBLE] = {sizeof(double), JSON_NUMBER, "a number", read_double, write_double, NULL, NULL, NULL},
	[SCHEMA_ENUM] = {sizeof(int), JSON_STRING, "a word", read_enum, write_enum, NULL, NULL, NULL},
	[SCHEMA_STRINGS] = {sizeof(struct strings), JSON_ARRAY, "an array of strings", read_strings, write_strings,
			    is_empty_strings, release_strings, copy_strings},
	[SCHEMA_MAP] = {sizeof(struct strings), JSON_OBJECT, "an object of strings", read_map, write_map, is_empty_strings,
			release_strings, copy_strings},
	[SCHEMA_OBJECT] = {0, JSON_OBJECT, "an object", read_object, write_object, is_empty_object, release_object,
			   copy_object},
	[SCHEMA_ARRAY] = {sizeof(struct schema_array), JSON_ARRAY, "an array of objects", read_array, write_array,
			  is_empty_array, release_array, copy_array},
};

/* What others call */

int schema_read(const struct schema *schema, const struct json *value, enum schema_mode mode, void *record,
		struct error *err)
{
	struct reader reader = {.mode = mode, .err = err};
	struct spot root = {.reader = &reader, .value = value};
	int result = expect_type(&root, JSON_OBJECT, "an object");

	if (result >= 0)
		result = read_record(&root, schema, record);
	if (result < 0)
		schema_release(schema, record);
	return result;
}

struct json *schema_write(const struct schema *schema, const void *record)
{
	struct json *object = json_new_object();

	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		const void *member = (const char *)record + field->offset;

		if (!field->is_omitted_when_empty || !is_empty_field(field, member))
			json_set(object, field->key, handlers[field->type].write(field, member));
	}
	return object;
}

void schema_release(const struct schema *schema, void *record)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		const struct handler *handler = &handlers[field->type];

		if (handler->release)
			handler->release(field, (char *)record + field->offset);
	}
	memset(record, 0, schema->size);
}

void schema_copy(const struct schema *schema, const void *source, void *target)
{
	memset(target, 0, schema->size);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		const struct handler *handler = &handlers[field->type];
		const void *from = (const char *)source + field->offset;
		void *to = (char *)target + field->offset;

		if (handler->copy)
			handler->copy(field, from, to);
		else
			memcpy(to, from, handler->size);
	}
}
