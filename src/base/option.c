/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the types of options: how each is parsed, owned, released and shown. */
#include "base/option.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"

#define BILLION 1e9

struct option_handler {
	const char *name;     /* of the type */
	const char *argument; /* how help names a value when the row does not say; NULL: takes none */
	const char *expected; /* what a refused value should have been */
	size_t size;          /* of the member */
	int (*parse)(const struct option_row *row, const char *value, void *member); /* 0 or negative errno */
	void (*format)(const void *member, struct text *out);
	void (*format_bound)(const void *bound, struct text *out); /* of the row's int64_t min and max */
	void (*own)(void *member);
	void (*release)(void *member);
};

const struct option_row option_builtin_rows[] = {
	{.name = "help", .letter = 'h', .offset = offsetof(struct option_builtins, help), .help = "Print this help"},
	{0},
};

const struct option_row option_program_rows[] = {
	{.name = "version", .offset = offsetof(struct option_program, version), .help = "Print the version"},
	{0},
};

/* min 0 and max 0 is any number; max 0 alone is no maximum. */
static bool has_range(const struct option_row *row)
{
	return row->min || row->max;
}

static bool is_in_range(const struct option_row *row, int64_t value)
{
	return !has_range(row) || (value >= row->min && (!row->max || value <= row->max));
}

static int store_integer(const struct option_row *row, int64_t value, void *member)
{
	if (!is_in_range(row, value))
		return -ERANGE;
	*(int64_t *)member = value;
	return 0;
}

static int parse_flag(const struct option_row *row, const char *value, void *member)
{
	int is_true;
	int r = number_parse_bool(value, &is_true, NULL);

	(void)row;
	if (r < 0)
		return r;
	*(bool *)member = is_true;
	return 0;
}

static int parse_switch(const struct option_row *row, const char *value, void *member)
{
	bool is_on;
	int r = parse_flag(row, value, &is_on);

	if (r == 0)
		*(int64_t *)member = is_on;
	return r;
}

static int parse_string(const struct option_row *row, const char *value, void *member)
{
	char **string = member;

	(void)row;
	free(*string);
	*string = xstrdup(value);
	return 0;
}

static int parse_strings(const struct option_row *row, const char *value, void *member)
{
	(void)row;
	strings_append(member, value);
	return 0;
}

static int parse_integer(const struct option_row *row, const char *value, void *member)
{
	int64_t number;
	int r = number_parse(value, INT64_MIN, INT64_MAX, &number, NULL);

	return r < 0 ? r : store_integer(row, number, member);
}

static int parse_decimal(const struct option_row *row, const char *value, void *member)
{
	double number;
	int r = number_parse_decimal(value, &number, NULL);

	if (r < 0)
		return r;
	if (number >= (double)INT64_MAX / BILLION || number <= -(double)INT64_MAX / BILLION ||
	    (has_range(row) && (number < (double)row->min || (row->max && number > (double)row->max))))
		return -ERANGE;
	*(int64_t *)member = (int64_t)(number * BILLION + (number < 0 ? -0.5 : 0.5));
	return 0;
}

static int parse_size(const struct option_row *row, const char *value, void *member)
{
	uint64_t bytes;
	int r;

	if (row->min < 0 && strcmp(value, "-1") == 0)
		return store_integer(row, -1, member);
	r = number_parse_size(value, &bytes, NULL);
	if (r < 0)
		return r;
	return bytes > INT64_MAX ? -ERANGE : store_integer(row, (int64_t)bytes, member);
}

static int parse_duration(const struct option_row *row, const char *value, void *member)
{
	bool is_negative = row->min < 0 && value[0] == '-';
	int64_t milliseconds;
	int r = number_parse_duration(value + is_negative, &milliseconds, NULL);

	return r < 0 ? r : store_integer(row, is_negative ? -1 : milliseconds, member);
}

static int parse_choice(const struct option_row *row, const char *value, void *member)
{
	for (const char *const *choice = row->choices; choice && *choice; choice++)
		if (strcmp(*choice, value) == 0)
			return parse_string(row, value, member);
	return -EINVAL;
}

static void format_flag(const void *member, struct text *out)
{
	text_append(out, *(const bool *)member ? "true" : "false");
}

static void format_string(const void *member, struct text *out)
{
	const char *string = *(char *const *)member;

	text_append(out, *string ? string : "\"\"");
}

static void format_strings(const void *member, struct text *out)
{
	autofree char *joined = strings_join(member, ",");

	text_append(out, joined);
}

static void format_integer(const void *member, struct text *out)
{
	/* INT64_MIN stands for "not given" where 0 and -1 mean something. */
	if (*(const int64_t *)member != INT64_MIN)
		text_appendf(out, "%lld", (long long)*(const int64_t *)member);
}

static void format_decimal(const void *member, struct text *out)
{
	int64_t billionths = *(const int64_t *)member;

	if (billionths != INT64_MIN)
		text_appendf(out, "%.9g", (double)billionths / BILLION);
}

static void format_size(const void *member, struct text *out)
{
	int64_t bytes = *(const int64_t *)member;

	if (bytes < 0)
		format_integer(member, out);
	else
		number_format_size((uint64_t)bytes, out);
}

static void format_duration(const void *member, struct text *out)
{
	int64_t milliseconds = *(const int64_t *)member;

	if (milliseconds < 0)
		format_integer(member, out);
	else if (milliseconds % 1000)
		text_appendf(out, "%lldms", (long long)milliseconds);
	else
		text_appendf(out, "%llds", (long long)milliseconds / 1000);
}

static void own_string(void *member)
{
	char **string = member;

	*string = xstrdup(*string);
}

static void own_strings(void *member)
{
	struct strings borrowed = *(struct strings *)member;

	*(struct strings *)member = (struct strings){0};
	strings_append_all(member, &borrowed);
}

static void release_string(void *member)
{
	free(steal_ptr(*(char **)member));
}

static void release_strings(void *member)
{
	strings_release(member);
}

static const struct option_handler handlers[] = {
	[OPTION_FLAG] = {.name = "flag",
			 .expected = "true or false",
			 .size = sizeof(bool),
			 .parse = parse_flag,
			 .format = format_flag},
	[OPTION_SWITCH] = {.name = "switch",
			   .expected = "true or false",
			   .size = sizeof(int64_t),
			   .parse = parse_switch,
			   .format = format_integer},
	[OPTION_STRING] = {.name = "string",
			   .argument = "TEXT",
			   .expected = "text",
			   .size = sizeof(char *),
			   .parse = parse_string,
			   .format = format_string,
			   .own = own_string,
			   .release = release_string},
	[OPTION_STRINGS] = {.name = "strings",
			    .argument = "TEXT",
			    .expected = "text",
			    .size = sizeof(struct strings),
			    .parse = parse_strings,
			    .format = format_strings,
			    .own = own_strings,
			    .release = release_strings},
	[OPTION_INTEGER] = {.name = "integer",
			    .argument = "NUMBER",
			    .expected = "a whole number",
			    .size = sizeof(int64_t),
			    .parse = parse_integer,
			    .format = format_integer,
			    .format_bound = format_integer},
	[OPTION_DECIMAL] = {.name = "decimal",
			    .argument = "NUMBER",
			    .expected = "a number such as 1.5",
			    .size = sizeof(int64_t),
			    .parse = parse_decimal,
			    .format = format_decimal,
			    .format_bound = format_integer},
	[OPTION_SIZE] = {.name = "size",
			 .argument = "BYTES",
			 .expected = "a size such as 512m or 2g",
			 .size = sizeof(int64_t),
			 .parse = parse_size,
			 .format = format_size,
			 .format_bound = format_size},
	[OPTION_DURATION] = {.name = "duration",
			     .argument = "DURATION",
			     .expected = "a duration such as 10s or 1m30s",
			     .size = sizeof(int64_t),
			     .parse = parse_duration,
			     .format = format_duration,
			     .format_bound = format_duration},
	[OPTION_CHOICE] = {.name = "choice",
			   .argument = "WORD",
			   .expected = "one of",
			   .size = sizeof(char *),
			   .parse = parse_choice,
			   .format = format_string,
			   .own = own_string,
			   .release = release_string},
};

const struct option_row *option_find(const struct option_row *rows, const char *name, size_t name_length)
{
	for (const struct option_row *row = rows; row && row->name; row++)
		if (strlen(row->name) == name_length && memcmp(row->name, name, name_length) == 0)
			return row;
	return NULL;
}

const struct option_row *option_find_letter(const struct option_row *rows, char letter)
{
	for (const struct option_row *row = rows; row && row->name; row++)
		if (row->letter && row->letter == letter)
			return row;
	return NULL;
}

bool option_takes_value(const struct option_row *row)
{
	return handlers[row->type].argument;
}

bool option_is_hidden(const struct option_row *row)
{
	return !row->help;
}

/* An alias shares its member with the row before it, which must be copied only once. */
static bool is_alias(const struct option_row *rows, const struct option_row *row)
{
	for (const struct option_row *earlier = rows; earlier != row; earlier++)
		if (earlier->offset == row->offset)
			return true;
	return false;
}

void option_own_members(const struct option_row *rows, void *options)
{
	for (const struct option_row *row = rows; row && row->name; row++)
		if (handlers[row->type].own && !is_alias(rows, row))
			handlers[row->type].own((char *)options + row->offset);
}

void option_release_members(const struct option_row *rows, void *options)
{
	for (const struct option_row *row = rows; row && row->name; row++)
		if (handlers[row->type].release)
			handlers[row->type].release((char *)options + row->offset);
}

/* "; give a size such as 512m or 2g", "; give one of no, always", "; from 4MiB", "; from -1 to 100" */
static void append_advice(const struct option_row *row, int code, struct text *out)
{
	const struct option_handler *handler = &handlers[row->type];

	if (code == -ERANGE && has_range(row) && handler->format_bound) {
		text_append(out, "; from ");
		handler->format_bound(&row->min, out);
		if (row->max && row->max != INT64_MAX) {
			text_append(out, " to ");
			handler->format_bound(&row->max, out);
		}
	} else if (code != -ERANGE) {
		text_appendf(out, "; give %s", handler->expected);
		for (const char *const *choice = row->choices; choice && *choice; choice++)
			text_appendf(out, "%s %s", choice == row->choices ? "" : ",", *choice);
	}
}

int option_set(const struct option_row *row, const char *value, void *options, struct error *err)
{
	autorelease(text_release) struct text advice = {0};
	int r;

	r = row->check ? row->check(value, err) : 0;
	if (r < 0)
		return error_prefix(err, "Invalid value \"%.200s\" for flag --%s", value, row->name);
	r = handlers[row->type].parse(row, value, (char *)options + row->offset);
	if (r < 0) {
		append_advice(row, r, &advice);
		return error_set(err, r, "Invalid value \"%.200s\" for flag --%s: %s%s", value, row->name, strerror(-r),
				 text_get(&advice));
	}
	if (row->given_offset)
		*(bool *)((char *)options + row->given_offset) = true;
	return 0;
}

const char *option_type_name(const struct option_row *row)
{
	return handlers[row->type].name;
}

const char *option_argument_name(const struct option_row *row)
{
	return row->argument && option_takes_value(row) ? row->argument : handlers[row->type].argument;
}

void option_format_member(const struct option_row *row, const void *options, struct text *out)
{
	static const char zeroes[sizeof(struct strings)];
	const char *member = options ? (const char *)options + row->offset : zeroes;

	if (memcmp(member, zeroes, handlers[row->type].size) != 0)
		handlers[row->type].format(member, out);
}
