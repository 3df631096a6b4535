/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds arbitrary arguments (split at NUL bytes) to the option parser, with a row of every type. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/command.h"
#include "base/memory.h"

struct everything {
	bool flag, second_flag, flag_given, size_given;
	char *string, *checked, *choice;
	struct strings strings;
	int64_t integer, any, size, swap, duration;
	int64_t decimal, switched;
};

static const struct everything defaults = {.string = (char *)"initial", .choice = (char *)"red", .integer = 3};
static const char *const colours[] = {"red", "green", "blue", NULL};

static int check_word(const char *value, struct error *err)
{
	return strchr(value, '/') ? error_set(err, -EINVAL, "no slash") : 0;
}

#define AT(member) offsetof(struct everything, member)
static const struct option_row rows[] = {
	{.name = "flag",
	 .letter = 'f',
	 .type = OPTION_FLAG,
	 .offset = AT(flag),
	 .given_offset = AT(flag_given),
	 .help = "x"},
	{.name = "second", .letter = 's', .type = OPTION_FLAG, .offset = AT(second_flag), .help = "x"},
	{.name = "string", .letter = 'n', .type = OPTION_STRING, .offset = AT(string), .help = "x"},
	{.name = "alias", .type = OPTION_STRING, .offset = AT(string)},
	{.name = "checked", .letter = 'c', .type = OPTION_STRING, .offset = AT(checked), .check = check_word, .help = "x"},
	{.name = "strings", .letter = 'e', .type = OPTION_STRINGS, .offset = AT(strings), .help = "x"},
	{.name = "integer", .letter = 'i', .type = OPTION_INTEGER, .offset = AT(integer), .min = -5, .max = 5, .help = "x"},
	{.name = "any", .letter = 'a', .type = OPTION_INTEGER, .offset = AT(any), .help = "x"},
	{.name = "switch", .letter = 'o', .type = OPTION_SWITCH, .offset = AT(switched), .help = "x"},
	{.name = "decimal", .letter = 'd', .type = OPTION_DECIMAL, .offset = AT(decimal), .max = 8, .help = "x"},
	{.name = "size",
	 .letter = 'm',
	 .type = OPTION_SIZE,
	 .offset = AT(size),
	 .given_offset = AT(size_given),
	 .min = 4096,
	 .help = "x"},
	{.name = "swap", .letter = 'w', .type = OPTION_SIZE, .offset = AT(swap), .min = -1, .help = "x"},
	{.name = "duration", .letter = 't', .type = OPTION_DURATION, .offset = AT(duration), .min = -1, .help = "x"},
	{.name = "choice", .letter = 'k', .type = OPTION_CHOICE, .offset = AT(choice), .choices = colours, .help = "x"},
	{0},
};

struct globals {
	bool debug;
	char *root;
};

static struct globals globals;
static const struct option_row global_rows[] = {
	{.name = "debug", .letter = 'D', .type = OPTION_FLAG, .offset = offsetof(struct globals, debug), .help = "x"},
	{.name = "root", .letter = 'R', .type = OPTION_STRING, .offset = offsetof(struct globals, root), .help = "x"},
	{0},
};

/* Options among all operands, before the first, and around the first. */
static const struct command commands[] = {
	{.name = "anywhere",
	 .options = rows,
	 .options_size = sizeof(struct everything),
	 .min_operands = 1,
	 .max_operands = 3},
	{.name = "before",
	 .options = rows,
	 .options_size = sizeof(struct everything),
	 .defaults = &defaults,
	 .options_end_at_operand = true},
	{.name = "around",
	 .options = rows,
	 .options_size = sizeof(struct everything),
	 .defaults = &defaults,
	 .options_end_at_operand = true,
	 .operands_before_end = 1},
};
static const struct command *const no_commands[] = {NULL};
static const struct command_program program = {
	.name = "fuzz",
	.commands = no_commands,
	.global_options = global_rows,
	.globals = &globals,
};

static void check_result(const struct everything *options, const struct strings *words, const struct strings *operands)
{
	assert(operands->count <= words->count);
	assert(options->integer >= -5 && options->integer <= 5);
	assert(options->decimal >= 0 && options->decimal <= INT64_C(8000000000));
	assert(options->switched == 0 || options->switched == 1);
	assert(options->size_given ? options->size >= 4096 : options->size == 0);
	assert(options->swap >= -1 && options->duration >= -1);
	assert(!options->flag || options->flag_given);
	assert(!options->checked || !strchr(options->checked, '/'));
	if (options->choice)
		assert(strcmp(options->choice, "red") == 0 || strcmp(options->choice, "green") == 0 ||
		       strcmp(options->choice, "blue") == 0);
}

static void parse(const struct command *command, const struct strings *words)
{
	autorelease(strings_release) struct strings operands = {0};
	struct everything options;
	struct error err = {0};
	int r;

	r = command_parse(&program, command, (int)words->count, words->items, &options, &operands, &err);
	assert((r < 0) == (err.message[0] != '\0') && (r < 0) == (err.code < 0));
	if (r >= 0)
		check_result(&options, words, &operands);
	command_release_options(command, &options);
	free(steal_ptr(globals.root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autorelease(strings_release) struct strings words = {0};

	for (size_t i = 0; i < size; i += strlen(words.items[words.count - 1]) + 1)
		strings_append_owned(&words, xstrndup((const char *)data + i, size - i));
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		parse(&commands[i], &words);
	return 0;
}
