/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns JSON values: the tree, its text in both directions, and libyajl behind it. */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/file.h"
#include "base/memory.h"

struct member {
	char *key; /* NULL in an array */
	struct json *value;
};

struct json {
	enum json_type type;
	bool truth;
	char *text; /* a string, or a number as it was written: so no digit of it is ever lost */
	struct member *members;
	size_t count;
	size_t capacity;
};

/* Making, copying and freeing values */

static struct json *new_value(enum json_type type, char *text)
{
	struct json *value = xcalloc(1, sizeof(*value));

	value->type = type;
	value->text = text;
	return value;
}

struct json *json_new_null(void)
{
	return new_value(JSON_NULL, NULL);
}

struct json *json_new_bool(bool truth)
{
	struct json *value = new_value(JSON_BOOL, NULL);

	value->truth = truth;
	return value;
}

struct json *json_new_integer(int64_t value)
{
	return new_value(JSON_NUMBER, xasprintf("%lld", (long long)value));
}

struct json *json_new_unsigned(uint64_t value)
{
	return new_value(JSON_NUMBER, xasprintf("%llu", (unsigned long long)value));
}

struct json *json_new_real(double value)
{
	char digits[32];

	if (!isfinite(value)) /* JSON has no word for it */
		return json_new_null();
	for (int precision = 15; precision <= 17; precision++) { /* 0.1, not 0.10000000000000001 */
		snprintf(digits, sizeof(digits), "%.*g", precision, value);
		if (strtod(digits, NULL) == value)
			break;
	}
	return new_value(JSON_NUMBER, xstrdup(digits));
}

struct json *json_new_string(const char *value)
{
	return value ? new_value(JSON_STRING, xstrdup(value)) : json_new_null();
}

struct json *json_new_array(void)
{
	return new_value(JSON_ARRAY, NULL);
}

struct json *json_new_object(void)
{
	return new_value(JSON_OBJECT, NULL);
}

static struct json *add_member(struct json *container, char *key, struct json *value)
{
	if (container->count == container->capacity) {
		container->capacity = container->capacity ? container->capacity * 2 : 8;
		container->members = xreallocarray(container->members, container->capacity, sizeof(struct member));
	}
	container->members[container->count++] = (struct member){key, value};
	return value;
}

struct json *json_copy(const struct json *value)
{
	struct json *copy;

	if (!value)
		return NULL;
	copy = new_value(value->type, xstrdup(value->text));
	copy->truth = value->truth;
	for (size_t i = 0; i < value->count; i++)
		add_member(copy, xstrdup(value->members[i].key), json_copy(value->members[i].value));
	return copy;
}

void json_free(struct json *value)
{
	if (!value)
		return;
	for (size_t i = 0; i < value->count; i++) {
		free(value->members[i].key);
		json_free(value->members[i].value);
	}
	free(value->members);
	free(value->text);
	free(value);
}

/* Reading and changing values */

static struct member *find_member(const struct json *object, const char *key)
{
	if (json_type(object) != JSON_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->count; i++)
		if (strcmp(object->members[i].key, key) == 0)
			return &object->members[i];
	return NULL;
}

struct json *json_set(struct json *object, const char *key, struct json *value)
{
	struct member *member = find_member(object, key);

	assert(json_type(object) == JSON_OBJECT);
	if (!value)
		value = json_new_null();
	if (!member)
		return add_member(object, xstrdup(key), value);
	json_free(member->value);
	return member->value = value;
}

struct json *json_append(struct json *array, struct json *value)
{
	assert(json_type(array) == JSON_ARRAY);
	return add_member(array, NULL, value ? value : json_new_null());
}

void json_remove(struct json *object, const char *key)
{
	struct member *member = find_member(object, key);
	size_t behind;

	if (!member)
		return;
	free(member->key);
	json_free(member->value);
	behind = (size_t)(&object->members[object->count] - (member + 1));
	memmove(member, member + 1, behind * sizeof(*member));
	object->count--;
}

enum json_type json_type(const struct json *value)
{
	return value ? value->type : JSON_NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
	const struct member *member = find_member(object, key);

	return member ? member->value : NULL;
}

const struct json *json_at(const struct json *container, size_t index)
{
	return index < json_count(container) ? container->members[index].value : NULL;
}

const char *json_key_at(const struct json *object, size_t index)
{
	return index < json_count(object) ? object->members[index].key : NULL;
}

size_t json_count(const struct json *container)
{
	return container ? container->count : 0;
}

bool json_bool(const struct json *value)
{
	return json_type(value) == JSON_BOOL && value->truth;
}

const char *json_string(const struct json *value)
{
	return json_type(value) == JSON_STRING ? value->text : NULL;
}

double json_real(const struct json *value)
{
	return json_type(value) == JSON_NUMBER ? strtod(value->text, NULL) : 0;
}

/* Both take what is written as an integer: 1.0 and 1e3 went through somebody's floating point and may have lost digits. */
bool json_integer(const struct json *value, int64_t *ret_value)
{
	char *end;

	if (json_type(value) != JSON_NUMBER)
		return false;
	errno = 0;
	*ret_value = strtoll(value->text, &end, 10);
	return !*end && !errno;
}

bool json_unsigned(const struct json *value, uint64_t *ret_value)
{
	char *end;

	if (json_type(value) != JSON_NUMBER)
		return false;
	errno = 0;
	*ret_value = strtoull(value->text, &end, 10);
	return !*end && !errno && (value->text[0] != '-' || *ret_value == 0); /* strtoull() would wrap -1 round */
}

/* Printing */

/* Bytes of the UTF-8 sequence that starts here; 0 for overlong forms, surrogates and what else is none. Stops at NUL. */
static size_t utf8_length(const unsigned char *bytes)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	uint32_t point;

	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] < 0xc0 || bytes[0] > 0xf7)
		return 0;
	point = bytes[0] & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (bytes[i] & 0x3f);
	}
	if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	return length;
}

bool json_holds(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t length = utf8_length(at);

		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

/* What must be written differently, or NULL. */
static const char *escape_of(unsigned char byte, char buffer[8])
{
	static const char *const short_forms[] = {
		['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n",  ['\r'] = "\\r",
		['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\",
	};

	if (byte < ARRAY_SIZE(short_forms) && short_forms[byte])
		return short_forms[byte];
	if (byte >= ' ' && byte != 0x7f)
		return NULL;
	snprintf(buffer, 8, "\\u%04x", byte);
	return buffer;
}

static void print_string(const char *string, struct text *out)
{
	const unsigned char *at = (const unsigned char *)string;

	text_append(out, "\"");
	while (*at) {
		size_t length = utf8_length(at);
		char buffer[8];
		const char *escape = escape_of(*at, buffer);

		if (escape)
			text_append(out, escape);
		else if (length)
			text_append_bytes(out, at, length);
		else
			text_append(out, "\xef\xbf\xbd"); /* U+FFFD */
		at += length ? length : 1;
	}
	text_append(out, "\"");
}

static void print_line_start(int indent, int depth, struct text *out)
{
	if (indent > 0)
		text_appendf(out, "\n%*s", indent * depth, "");
}

static void print_value(const struct json *value, int indent, int depth, struct text *out);

static void print_members(const struct json *container, int indent, int depth, struct text *out)
{
	for (size_t i = 0; i < container->count; i++) {
		if (i)
			text_append(out, ",");
		print_line_start(indent, depth + 1, out);
		if (container->type == JSON_OBJECT) {
			print_string(container->members[i].key, out);
			text_append(out, indent > 0 ? ": " : ":");
		}
		print_value(container->members[i].value, indent, depth + 1, out);
	}
	if (container->count)
		print_line_start(indent, depth, out);
}

static void print_value(const struct json *value, int indent, int depth, struct text *out)
{
	switch (json_type(value)) {
	case JSON_NULL:
		text_append(out, "null");
		break;
	case JSON_BOOL:
		text_append(out, value->truth ? "true" : "false");
		break;
	case JSON_NUMBER:
		text_append(out, value->text);
		break;
	case JSON_STRING:
		print_string(value->text, out);
		break;
	case JSON_ARRAY:
		text_append(out, "[");
		print_members(value, indent, depth, out);
		text_append(out, "]");
		break;
	case JSON_OBJECT:
		text_append(out, "{");
		print_members(value, indent, depth, out);
		text_append(out, "}");
		break;
	}
}

void json_print(const struct json *value, int indent, struct text *out)
{
	print_value(value, indent, 0, out);
}

/* Parsing: yajl reports what it meets, the callbacks below hang it into the tree */

struct builder {
	struct json *root;
	struct json *open[JSON_MAX_DEPTH]; /* the containers around the place where we are, outermost first */
	size_t depth;
	char *key;       /* the key whose value comes next */
	char *complaint; /* why a callback stopped the parser */
};

static void builder_release(struct builder *builder)
{
	json_free(builder->root);
	free(builder->key);
	free(builder->complaint);
}

/* The answer of a callback that stops the parser. */
static int refuse(struct builder *builder, char *complaint)
{
	builder->complaint = complaint;
	return 0;
}

static int add_value(struct builder *builder, struct json *value)
{
	if (builder->depth)
		add_member(builder->open[builder->depth - 1], steal_ptr(builder->key), value);
	else
		builder->root = value;
	return 1;
}

static int open_container(struct builder *builder, struct json *(*create)(void))
{
	struct json *container;

	if (builder->depth == JSON_MAX_DEPTH)
		return refuse(builder, xasprintf("nested deeper than %d levels", JSON_MAX_DEPTH));
	container = create();
	add_value(builder, container);
	builder->open[builder->depth++] = container;
	return 1;
}

static int on_null(void *context)
{
	return add_value(context, json_new_null());
}

static int on_boolean(void *context, int truth)
{
	return add_value(context, json_new_bool(truth));
}

static int on_number(void *context, const char *digits, size_t length)
{
	struct json *number = new_value(JSON_NUMBER, xstrndup(digits, length));

	add_value(context, number);
	if (!isfinite(json_real(number)))
		return refuse(context, xstrdup("the number is too large"));
	return 1;
}

/* yajl's own check lets overlong forms and escaped surrogates pass, and its strings may hold NUL. */
static int take_string(struct builder *builder, const unsigned char *bytes, size_t length, char **ret_string)
{
	autofree char *string = NULL;

	if (memchr(bytes, '\0', length))
		return refuse(builder, xstrdup("a NUL character in a string"));
	string = xstrndup((const char *)bytes, length);
	for (size_t i = 0, step; i < length; i += step) {
		step = utf8_length((unsigned char *)string + i);
		if (!step)
			return refuse(builder, xstrdup("invalid UTF-8 in a string"));
	}
	*ret_string = steal_ptr(string);
	return 1;
}

static int on_string(void *context, const unsigned char *bytes, size_t length)
{
	char *string;

	return take_string(context, bytes, length, &string) && add_value(context, new_value(JSON_STRING, string));
}

static int on_key(void *context, const unsigned char *bytes, size_t length)
{
	struct builder *builder = context;

	return take_string(builder, bytes, length, &builder->key);
}

static int on_array_start(void *context)
{
	return open_container(context, json_new_array);
}

static int on_object_start(void *context)
{
	return open_container(context, json_new_object);
}

static int on_array_end(void *context)
{
	((struct builder *)context)->depth--;
	return 1;
}

static int compare_keys(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorted once an object: looking up each key as it comes would take minutes for a file of nothing but keys. */
static const char *find_duplicate_key(const struct json *object)
{
	autofree const char **keys = xcalloc(object->count + 1, sizeof(char *));

	for (size_t i = 0; i < object->count; i++)
		keys[i] = object->members[i].key;
	qsort(keys, object->count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < object->count; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			return keys[i];
	return NULL;
}

static int on_object_end(void *context)
{
	struct builder *builder = context;
	const char *duplicate = find_duplicate_key(builder->open[--builder->depth]);
	autorelease(text_release) struct text quoted = {0};

	if (!duplicate)
		return 1;
	print_string(duplicate, &quoted);
	return refuse(builder, xasprintf("the object that ends here has the key %s twice", text_get(&quoted)));
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object_start,
	.yajl_map_key = on_key,
	.yajl_end_map = on_object_end,
	.yajl_start_array = on_array_start,
	.yajl_end_array = on_array_end,
};

/* yajl does not look at what malloc() gives back: it must not fail. */
static void *parser_malloc(void *context, size_t size)
{
	(void)context;
	return xmalloc(size);
}

static void *parser_realloc(void *context, void *memory, size_t size)
{
	(void)context;
	return xreallocarray(memory, size, 1);
}

static void parser_free(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static void parser_release(yajl_handle *parser)
{
	yajl_free(*parser);
}

/* `offset` is that of the byte that the complaint is about. */
static int fail_at(const char *text, size_t offset, const char *complaint, struct error *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return error_set(err, -EINVAL, "line %zu, column %zu: %s", line, column, complaint);
}

/* yajl words it as "KIND error: MESSAGE.\n". */
static int fail_as_parser(yajl_handle parser, const char *text, size_t offset, struct error *err)
{
	unsigned char *sentence = yajl_get_error(parser, 0, NULL, 0);
	const char *colon = strchr((char *)sentence, ':');
	autofree char *complaint = xstrdup(colon ? colon + 2 : (char *)sentence);

	yajl_free_error(parser, sentence);
	complaint[strcspn(complaint, ".\n")] = '\0';
	return fail_at(text, offset, complaint, err);
}

static int run_parser(struct builder *builder, const char *text, size_t length, struct error *err)
{
	yajl_alloc_funcs memory = {.malloc = parser_malloc, .realloc = parser_realloc, .free = parser_free};
	autorelease(parser_release) yajl_handle parser = yajl_alloc(&callbacks, &memory, builder);
	yajl_status status = yajl_parse(parser, (const unsigned char *)text, length);
	size_t offset = yajl_get_bytes_consumed(parser);

	if (status == yajl_status_ok) {
		status = yajl_complete_parse(parser);
		offset = length + 1;
	}
	if (status == yajl_status_ok)
		return 0;
	offset -= offset > 0;
	if (builder->complaint)
		return fail_at(text, offset, builder->complaint, err);
	return fail_as_parser(parser, text, offset, err);
}

/* The UTF-16 unit of "\uXXXX", -1 when there is no such escape. */
static long escaped_unit(const char *text, size_t length)
{
	char digits[5] = {0};

	if (length < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	memcpy(digits, text + 2, 4);
	return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

/* yajl turns half a surrogate pair into '?' or a character that nobody wrote: refused before it sees one. */
static int check_surrogates(const char *text, size_t length, struct error *err)
{
	for (size_t i = 0; i < length; i++) {
		long unit = text[i] == '\\' ? escaped_unit(text + i, length - i) : -1;
		bool is_high = unit >= 0xd800 && unit < 0xdc00;
		bool is_low = unit >= 0xdc00 && unit < 0xe000;
		long next = is_high ? escaped_unit(text + i + 6, length - i - 6) : -1;

		if (is_low || (is_high && (next < 0xdc00 || next >= 0xe000)))
			return fail_at(text, i, "half of a surrogate pair in a string", err);
		if (text[i] == '\\')
			i += is_high ? 11 : 1;
	}
	return 0;
}

int json_parse(const char *text, size_t length, struct json **ret_value, struct error *err)
{
	autorelease(builder_release) struct builder builder = {0};
	int result = check_surrogates(text, length, err);

	if (result >= 0)
		result = run_parser(&builder, text, length, err);
	if (result < 0)
		return result;
	*ret_value = steal_ptr(builder.root);
	return 0;
}

int json_read_file(int dirfd, const char *path, size_t max_bytes, struct json **ret_value, struct error *err)
{
	autofree char *text = NULL;
	size_t length;
	int result = file_read(dirfd, path, max_bytes, &text, &length, err);

	if (result < 0)
		return result;
	result = json_parse(text, length, ret_value, err);
	if (result < 0)
		error_prefix(err, "%s", path);
	return result;
}
