/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command tables: from one row come parsing, --help, usage errors and shell completion. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/strings.h"

enum option_type {
	OPTION_FLAG,    /* bool: --x, --x=true, --x=false */
	OPTION_SWITCH,  /* int64_t: the same as 1 and 0, for members that know a third value, "not given" */
	OPTION_STRING,  /* char * (owned): the last one wins */
	OPTION_STRINGS, /* struct strings: repeats, kept in order */
	OPTION_INTEGER, /* int64_t, min..max of the row */
	OPTION_DECIMAL, /* int64_t in billionths: "1.5" is 1500000000; min..max of the row are whole */
	OPTION_SIZE,    /* int64_t bytes, by number_parse_size(); "-1" allowed when min is -1 */
	OPTION_DURATION, /* int64_t milliseconds, by number_parse_duration(); a leading '-' allowed when min < 0 and gives -1 */
	OPTION_CHOICE, /* char * (owned), one word of `choices` */
};

/*
 * One option. `offset` is that of a member of the command's own options struct; `given_offset`, when not 0, that of a bool
 * that becomes true when the option was on the command line. The struct starts as a copy of the command's `defaults`.
 */
struct option_row {
	const char *name; /* long name without dashes; an alias repeats the row with another name and no help */
	char letter;      /* short name or 0 */
	enum option_type type;
	size_t offset;
	size_t given_offset;
	int64_t min, max; /* of numbers, in the member's unit; both 0: any; max 0 alone: no maximum */
	const char *const *choices;
	const char *argument; /* how help names the value: "BYTES"; NULL for flags */
	const char *help;     /* one line; NULL hides the row from help and completion */
	const char *
		complete; /* "file", "directory", "container", "signal", "words A B ..." or NULL; choices complete by themselves */
	int (*check)(const char *value, struct error *err); /* may be NULL; refuses a string value when it is parsed */
};

#define COMMAND_NO_OPERANDS SIZE_MAX /* as max_operands: none at all */

struct command {
	const char *name; /* one that begins with '_' is not in help, completion or hints; nor is one without a summary */
	const char *arguments;            /* "[OPTIONS] CONTAINER [CONTAINER...]" */
	const char *summary;              /* one line */
	const char *details;              /* paragraphs for --help, may be NULL */
	const struct option_row *options; /* ends with a row whose name is NULL; may be NULL */
	const void *defaults; /* copied into the options struct; NULL is all zeroes. Owned strings are copied by row. */
	size_t options_size;  /* of the options struct */
	size_t min_operands, max_operands; /* max 0: any number */
	bool options_end_at_operand;       /* run, create, exec: what follows the operands belongs to the container */
	bool is_raw; /* nothing is parsed: run() gets every word behind the command word, --help too, as an operand */
	size_t operands_before_end; /* with options_end_at_operand: options may stand around the first so many operands (run: 1) */
	int usage_status;           /* exit status of a usage error; 0 means 125 */
	int failure_status;         /* exit status of a failure that names none; 0 means 1 */
	const char *complete;       /* what operands are: "container", "file", ... or NULL */
	/*
	 * `options` is the filled struct, `operands` what is left (argv style). Returns the exit status, or a negative errno with
	 * `err` filled, which command_main() prints and turns into the exit status.
	 */
	int (*run)(void *options, const struct strings *operands, struct error *err);
};

struct command_program {
	const char *name; /* "syscontainer" */
	const char *summary;
	const char *version;
	const struct command *const *commands; /* ends with NULL */
	const struct command *only; /* instead of `commands`: a program without command words; it has the program's name */
	const struct option_row *global_options; /* taken before the command word and among its options alike */
	void *globals;                           /* their struct, filled with defaults; released when command_main() ends */
	int usage_status;                        /* of errors before the command word; 0 means 125 */
	int (*prepare)(
		struct error *err); /* before a command runs, with its options and the global ones filled; may be NULL */
	bool is_message_bare; /* failures are printed without the program's name in front: scripts look at how they begin */
	void (*on_failure)(const char *message); /* what is printed on standard error, for a log; may be NULL */
};

/*
 * The whole of main(): finds the command, parses, runs, prints the error once. Returns the exit status.
 * Grammar: --x v, --x=v, -xv, -x v, -x=v, clusters of flags (-it), "--" ends options; an option may stand anywhere among the operands
 * unless options_end_at_operand. Usage errors (their status is usage_status): "unknown flag found: --x", "flag needs an argument: --x",
 * "Invalid value \"x\" for flag --y: Invalid argument", "\"NAME\" requires a minimum of N arguments." and the like, then
 * "See 'PROGRAM COMMAND --help'.". Unknown command: two lines on stdout, "PROGRAM: 'X' is not a PROGRAM command, command X not found" and
 * "run `PROGRAM --help` for a list of commands", exit 1. No command or --help: help on stdout, exit 0; --version, exit 0.
 * "PROGRAM __complete bash" prints a bash completion script made from the tables; "PROGRAM __tables" prints them as JSON (for man pages and tests).
 */
int command_main(const struct command_program *program, int argc, char **argv);
/*
 * The parser alone (unit tests, fuzzing, other front ends). `argv` begins behind the command word. Fills `options` from the
 * command's defaults first; strings in program->globals must be owned or NULL. Returns 0, or 1 at --help: then operands are not
 * checked and what follows it is in `ret_operands`. Whatever it returns, the caller releases `options` with command_release_options(), and `ret_operands`.
 */
int command_parse(const struct command_program *program, const struct command *command, int argc, char **argv, void *options,
		  struct strings *ret_operands, struct error *err);
void command_release_options(const struct command *command, void *options);
bool command_is_hidden(const struct command *command);

/* From the tables. `command` NULL is the program itself. */
void command_print_help(const struct command_program *program, const struct command *command, FILE *out);
void command_print_completion(const struct command_program *program, FILE *out); /* for bash */
void command_print_tables(const struct command_program *program, FILE *out);     /* JSON */
