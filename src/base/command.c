/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the command line: from argv to a command's run(), and from its answer to the exit status. */
#include "base/command.h"

#include <string.h>

#include "base/memory.h"
#include "base/option.h"

#define USAGE_STATUS          125 /* as docker and isula */
#define FAILURE_STATUS        1
#define SUGGESTION_MAX_EDITS  2
#define SUGGESTION_MAX_LENGTH 63 /* longer words are not compared */

/* Rows and the struct that they fill. */
struct scope {
	const struct option_row *rows;
	void *options;
};

/* A walk over arguments: each step gives one option with its value, or one operand. */
struct walk {
	struct scope scopes[3]; /* the command's, the program's, the built-in ones: the first that knows a name has it */
	char *const *arguments;
	int count, next;
	const char *cluster; /* what is left of a "-tid"; "" outside of one */
	bool only_operands;
};

struct token {
	const struct option_row *row; /* NULL: an operand */
	void *options;                /* where `row` is filled in */
	const char *value;            /* of the option, or the operand */
};

/* The program seen as a command: its first operand is the command word, which ends its options. */
static struct command root_command(const struct command_program *program)
{
	return (struct command){
		.name = program->name,
		.arguments = "[OPTIONS] COMMAND [ARG...]",
		.options = option_program_rows,
		.options_size = sizeof(struct option_program),
		.options_end_at_operand = true,
	};
}

bool command_is_hidden(const struct command *command)
{
	return !command->summary || command->name[0] == '_';
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters to insert, delete or replace (Levenshtein); a large number for long words. */
static size_t count_edits(const char *from, const char *to)
{
	size_t row[SUGGESTION_MAX_LENGTH + 1];
	size_t length = strlen(to);

	if (length > SUGGESTION_MAX_LENGTH || strlen(from) > SUGGESTION_MAX_LENGTH)
		return SIZE_MAX;
	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (; *from; from++) {
		size_t diagonal = row[0]++;

		for (size_t i = 1; i <= length; i++) {
			size_t above = row[i];

			row[i] = smallest(above + 1, row[i - 1] + 1, diagonal + (*from != to[i - 1]));
			diagonal = above;
		}
	}
	return row[length];
}

/* The nearest of `names`, or NULL when none is near. A word that would be replaced as a whole is not near. */
static const char *suggest(const char *typed, const struct strings *names)
{
	const char *nearest = NULL;
	size_t least = SUGGESTION_MAX_EDITS + 1;

	if (least > strlen(typed))
		least = strlen(typed);
	for (size_t i = 0; i < names->count; i++) {
		size_t edits = count_edits(typed, names->items[i]);

		if (edits < least) {
			least = edits;
			nearest = names->items[i];
		}
	}
	return nearest;
}

static int refuse_unknown_name(const struct walk *walk, const char *name, size_t length, struct error *err)
{
	autorelease(strings_release) struct strings names = {0};
	autofree char *typed = xstrndup(name, length);
	const char *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(walk->scopes); i++)
		for (const struct option_row *row = walk->scopes[i].rows; row && row->name; row++)
			if (!option_is_hidden(row))
				strings_append(&names, row->name);
	nearest = suggest(typed, &names);
	error_set(err, -EINVAL, "unknown flag found: --%.200s", typed);
	return nearest ? error_append(err, " (did you mean --%s?)", nearest) : -EINVAL;
}

static int refuse_unknown_letter(const struct walk *walk, char letter, struct error *err)
{
	const char *word = walk->arguments[walk->next - 1];

	if (word[2] == '\0' || letter <= ' ' || letter > '~')
		return error_set(err, -EINVAL, "unknown flag found: %.200s", word);
	return error_set(err, -EINVAL, "unknown flag found: -%c in %.200s", letter, word);
}

/* Completes `token`, whose value is NULL unless it stood in the option's own word. */
static int take_value(struct walk *walk, struct token *token, struct error *err)
{
	if (token->value)
		return 1;
	if (!option_takes_value(token->row)) {
		token->value = "true";
		return 1;
	}
	if (walk->next == walk->count)
		return error_set(err, -EINVAL, "flag needs an argument: --%s", token->row->name);
	token->value = walk->arguments[walk->next++];
	return 1;
}

/* `name` is what stands behind "--": "x" or "x=v". */
static int walk_long(struct walk *walk, const char *name, struct token *token, struct error *err)
{
	size_t length = strcspn(name, "=");

	*token = (struct token){.value = name[length] ? name + length + 1 : NULL};
	for (size_t i = 0; i < ARRAY_SIZE(walk->scopes) && !token->row; i++) {
		token->row = option_find(walk->scopes[i].rows, name, length);
		token->options = walk->scopes[i].options;
	}
	return token->row ? take_value(walk, token, err) : refuse_unknown_name(walk, name, length, err);
}

/* The next letter of a cluster. What follows it is its value when it takes one, or when '=' says so. */
static int walk_letter(struct walk *walk, struct token *token, struct error *err)
{
	char letter = *walk->cluster++;

	*token = (struct token){0};
	for (size_t i = 0; i < ARRAY_SIZE(walk->scopes) && !token->row; i++) {
		token->row = option_find_letter(walk->scopes[i].rows, letter);
		token->options = walk->scopes[i].options;
	}
	if (!token->row)
		return refuse_unknown_letter(walk, letter, err);
	if (*walk->cluster == '=' || (*walk->cluster && option_takes_value(token->row))) {
		token->value = walk->cluster + (*walk->cluster == '=');
		walk->cluster = "";
	}
	return take_value(walk, token, err);
}

/* Returns 1 with a token, 0 at the end. */
static int walk_next(struct walk *walk, struct token *ret_token, struct error *err)
{
	const char *word;

	if (*walk->cluster)
		return walk_letter(walk, ret_token, err);
	if (walk->next == walk->count)
		return 0;
	word = walk->arguments[walk->next++];
	if (!walk->only_operands && strcmp(word, "--") == 0) {
		walk->only_operands = true;
		return walk_next(walk, ret_token, err);
	}
	if (walk->only_operands || word[0] != '-' || word[1] == '\0') {
		*ret_token = (struct token){.value = word};
		return 1;
	}
	if (word[1] == '-')
		return walk_long(walk, word + 2, ret_token, err);
	walk->cluster = word + 1;
	return walk_letter(walk, ret_token, err);
}

/* The rest of the arguments as they are. */
static void walk_rest(struct walk *walk, struct strings *operands)
{
	while (walk->next < walk->count)
		strings_append(operands, walk->arguments[walk->next++]);
}

static int check_operands(const struct command *command, size_t count, struct error *err)
{
	size_t min = command->min_operands, max = command->max_operands;

	if (max == COMMAND_NO_OPERANDS)
		return count ? error_set(err, -EINVAL, "\"%s\" accepts no arguments.", command->name) : 0;
	if (count >= min && (!max || count <= max))
		return 0;
	if (min == max)
		return error_set(err, -EINVAL, "\"%s\" requires %zu argument%s.", command->name, min, min == 1 ? "" : "s");
	if (count < min)
		return error_set(err, -EINVAL, "\"%s\" requires a minimum of %zu argument%s.", command->name, min,
				 min == 1 ? "" : "s");
	return error_set(err, -EINVAL, "\"%s\" requires a maximum of %zu argument%s.", command->name, max,
			 max == 1 ? "" : "s");
}

static void initialise_options(const struct command *command, void *options)
{
	if (!command->options_size)
		return;
	if (command->defaults)
		memcpy(options, command->defaults, command->options_size);
	else
		memset(options, 0, command->options_size);
	option_own_members(command->options, options);
}

int command_parse(const struct command_program *program, const struct command *command, int argc, char **argv, void *options,
		  struct strings *ret_operands, struct error *err)
{
	struct option_builtins builtins = {0};
	struct walk walk = {
		.scopes = {{command->options, options},
			   {program->global_options, program->globals},
			   {option_builtin_rows, &builtins}},
		.arguments = argv,
		.count = argc,
		.cluster = "",
	};
	struct token token;
	int r;

	*ret_operands = (struct strings){0};
	initialise_options(command, options);
	while ((r = walk_next(&walk, &token, err)) > 0) {
		if (!token.row) {
			strings_append(ret_operands, token.value);
			if (command->options_end_at_operand && ret_operands->count > command->operands_before_end)
				walk.only_operands = true;
			continue;
		}
		r = option_set(token.row, token.value, token.options, err);
		if (r < 0)
			return r;
		if (builtins.help) {
			walk_rest(&walk, ret_operands);
			return 1;
		}
	}
	return r < 0 ? r : check_operands(command, ret_operands->count, err);
}

void command_release_options(const struct command *command, void *options)
{
	if (command->options_size)
		option_release_members(command->options, options);
}

static const struct command *find_command(const struct command_program *program, const char *name)
{
	for (const struct command *const *command = program->commands; *command; command++)
		if (strcmp((*command)->name, name) == 0)
			return *command;
	return NULL;
}

/* Prints `err` and returns the exit status: the one that it names, or `status`. */
static int print_failure(const struct command_program *program, const struct error *err, int status)
{
	fflush(stdout);
	fprintf(stderr, "%s%s%s\n", program->is_message_bare ? "" : program->name, program->is_message_bare ? "" : ": ",
		err->message);
	if (program->on_failure)
		program->on_failure(err->message);
	return err->exit_status ? err->exit_status : status;
}

static int print_usage_failure(const struct command_program *program, const struct command *command, const struct error *err)
{
	int own = command ? command->usage_status : program->usage_status;
	int status = print_failure(program, err, own ? own : USAGE_STATUS);

	if (command == program->only)
		command = NULL;
	fprintf(stderr, "See '%s%s%s --help'.\n", program->name, command ? " " : "", command ? command->name : "");
	return status;
}

/* Two lines on stdout are what scripts know; the hint is for people. */
static int print_unknown_command(const struct command_program *program, const char *name)
{
	autorelease(strings_release) struct strings names = {0};
	const char *nearest;

	for (const struct command *const *command = program->commands; *command; command++)
		if (!command_is_hidden(*command))
			strings_append(&names, (*command)->name);
	nearest = suggest(name, &names);
	printf("%s: '%s' is not a %s command, command %s not found\n", program->name, name, program->name, name);
	printf("run `%s --help` for a list of commands\n", program->name);
	fflush(stdout);
	if (nearest)
		fprintf(stderr, "Did you mean '%s %s'?\n", program->name, nearest);
	return FAILURE_STATUS;
}

static int run_command(const struct command_program *program, const struct command *command, int argc, char **argv)
{
	autorelease(strings_release) struct strings operands = {0};
	autofree void *options = xcalloc(1, command->options_size);
	struct error err = {0};
	int status = 0;
	int r;

	r = command_parse(program, command, argc, argv, options, &operands, &err);
	if (r < 0) {
		status = print_usage_failure(program, command, &err);
	} else if (r > 0) {
		command_print_help(program, command, stdout);
	} else {
		status = program->prepare ? program->prepare(&err) : 0;
		if (status == 0)
			status = command->run(options, &operands, &err);
		if (status < 0)
			status = print_failure(program, &err,
					       command->failure_status ? command->failure_status : FAILURE_STATUS);
	}
	command_release_options(command, options);
	return status;
}

static int run_raw(const struct command_program *program, const struct command *command, const struct strings *words)
{
	const struct strings operands = {.items = words->items + 1, .count = words->count - 1};
	struct error err = {0};
	int status = command->run(NULL, &operands, &err);

	return status < 0 ? print_failure(program, &err, FAILURE_STATUS) : status;
}

static int print_completion(const struct command_program *program, const struct strings *words)
{
	struct error err = {0};

	if (words->count == 2 && strcmp(words->items[1], "bash") == 0) {
		command_print_completion(program, stdout);
		return 0;
	}
	error_set(&err, -EINVAL, "cannot print a completion script for %s: only bash is supported",
		  words->count > 1 ? words->items[1] : "no shell");
	return print_failure(program, &err, USAGE_STATUS);
}

static int print_tables(const struct command_program *program, const struct strings *words)
{
	(void)words;
	command_print_tables(program, stdout);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct command_program *program, const struct strings *words);
} builtin_commands[] = {
	{"__complete", print_completion},
	{"__tables", print_tables},
};

/* `words` is the command word and everything behind it. */
static int run_words(const struct command_program *program, const struct strings *words)
{
	const struct command *command = find_command(program, words->items[0]);

	if (command && command->is_raw)
		return run_raw(program, command, words);
	if (command)
		return run_command(program, command, (int)words->count - 1, words->items + 1);
	for (size_t i = 0; i < ARRAY_SIZE(builtin_commands); i++)
		if (strcmp(builtin_commands[i].name, words->items[0]) == 0)
			return builtin_commands[i].run(program, words);
	return print_unknown_command(program, words->items[0]);
}

static int run_program(const struct command_program *program, int argc, char **argv)
{
	autorelease(strings_release) struct strings words = {0};
	struct command root = root_command(program);
	struct option_program options;
	struct error err = {0};
	int r;

	r = command_parse(program, &root, argc, argv, &options, &words, &err);
	if (r < 0)
		return print_usage_failure(program, NULL, &err);
	if (options.version) {
		printf("%s version %s\n", program->name, program->version);
		return 0;
	}
	if (r > 0 || !words.count) {
		const struct command *command = words.count ? find_command(program, words.items[0]) : NULL;

		command_print_help(program, command, stdout);
		return 0;
	}
	return run_words(program, &words);
}

/* A program without command words. */
static int run_only(const struct command_program *program, int argc, char **argv)
{
	if (argc == 1 && strcmp(argv[0], "--version") == 0) {
		printf("%s version %s\n", program->name, program->version);
		return 0;
	}
	return run_command(program, program->only, argc, argv);
}

int command_main(const struct command_program *program, int argc, char **argv)
{
	struct error err = {0};
	int status;

	/* Defaults of global options may be literals, but parsing frees what it replaces. */
	option_own_members(program->global_options, program->globals);
	status = (program->only ? run_only : run_program)(program, argc > 0 ? argc - 1 : 0, argv + (argc > 0));
	option_release_members(program->global_options, program->globals);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	error_set_errno(&err, "cannot write to standard output");
	return print_failure(program, &err, status ? status : FAILURE_STATUS);
}
