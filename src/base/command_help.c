/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what --help looks like. */
#include "base/command.h"

#include <string.h>

#include "base/memory.h"
#include "base/option.h"

#define LINE_WIDTH     100
#define MAX_TERM_WIDTH 36 /* a longer term has its text on the next line */

/* A list of terms, each with a text beside it. */
struct entries {
	struct strings terms, texts;
};

static void entries_release(struct entries *entries)
{
	strings_release(&entries->terms);
	strings_release(&entries->texts);
}

/* Prints from `column` on; lines after the first begin at `indent`. A newline in `text` stays one, and so do blanks behind it. */
static void print_wrapped(FILE *out, const char *text, size_t column, size_t indent)
{
	while (*text) {
		size_t gap = strspn(text, " ");
		size_t length = strcspn(text + gap, " \n");

		if (length && column > indent && column + gap + length > LINE_WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
			gap = 0;
			text += strspn(text, " ");
		}
		fprintf(out, "%.*s", (int)(gap + length), text);
		column += gap + length;
		text += gap + length;
		if (*text == '\n' && *++text) {
			fprintf(out, "\n%*s", *text != '\n' ? (int)indent : 0, "");
			column = indent;
		}
	}
	fputc('\n', out);
}

static void print_entries(FILE *out, const char *title, const struct entries *entries)
{
	size_t width = 0;

	if (!entries->terms.count)
		return;
	for (size_t i = 0; i < entries->terms.count; i++) {
		size_t length = strlen(entries->terms.items[i]);

		if (length > width && length <= MAX_TERM_WIDTH)
			width = length;
	}
	fprintf(out, "\n%s:\n", title);
	for (size_t i = 0; i < entries->terms.count; i++) {
		const char *term = entries->terms.items[i];

		fprintf(out, "  %-*s", (int)width, term);
		if (strlen(term) > width)
			fprintf(out, "\n  %*s", (int)width, "");
		fputs("  ", out);
		print_wrapped(out, entries->texts.items[i], width + 4, width + 4);
	}
}

/* "text (one of no, always) (default no)"; an argument "no|always" has said that. */
static char *describe_option(const struct option_row *row, const void *options)
{
	autorelease(strings_release) struct strings choices = {0};
	autorelease(text_release) struct text value = {0};
	autofree char *listed = NULL;
	struct text text = {0};

	text_append(&text, row->help);
	for (const char *const *choice = row->choices; choice && *choice; choice++)
		strings_append(&choices, *choice);
	listed = strings_join(&choices, "|");
	if (choices.count && !(row->argument && strcmp(row->argument, listed) == 0)) {
		autofree char *words = strings_join(&choices, ", ");

		text_appendf(&text, " (one of %s)", words);
	}
	option_format_member(row, options, &value);
	if (value.length)
		text_appendf(&text, " (default %s)", text_get(&value));
	return text_steal(&text);
}

/* The rows of one table, without those that the command's own rows `above` replace. */
static void collect_options(struct entries *entries, const struct option_row *rows, const void *options,
			    const struct option_row *above)
{
	for (const struct option_row *row = rows; row && row->name; row++) {
		bool has_letter = row->letter && !option_find_letter(above, row->letter);
		const char *argument = option_argument_name(row);

		if (option_is_hidden(row) || option_find(above, row->name, strlen(row->name)))
			continue;
		strings_appendf(&entries->terms, "%c%c%s --%s%s%s", has_letter ? '-' : ' ', has_letter ? row->letter : ' ',
				has_letter ? "," : " ", row->name, argument ? " " : "", argument ? argument : "");
		strings_append_owned(&entries->texts, describe_option(row, options));
	}
}

static void print_command_help(const struct command_program *program, const struct command *command, FILE *out)
{
	autorelease(entries_release) struct entries own = {0};
	autorelease(entries_release) struct entries global = {0};

	fprintf(out, "Usage: %s", program->name);
	if (command != program->only)
		fprintf(out, " %s", command->name);
	fprintf(out, "%s%s\n", command->arguments ? " " : "", command->arguments ? command->arguments : "");
	if (command->summary) {
		fputc('\n', out);
		print_wrapped(out, command->summary, 0, 0);
	}
	if (command->details) {
		fputc('\n', out);
		print_wrapped(out, command->details, 0, 0);
	}
	collect_options(&own, command->options, command->defaults, NULL);
	collect_options(&global, program->global_options, program->globals, command->options);
	collect_options(&global, option_builtin_rows, NULL, command->options);
	print_entries(out, "Options", &own);
	print_entries(out, "Global options", &global);
}

static void print_program_help(const struct command_program *program, FILE *out)
{
	autorelease(entries_release) struct entries commands = {0};
	autorelease(entries_release) struct entries options = {0};

	fprintf(out, "Usage: %s [OPTIONS] COMMAND [ARG...]\n", program->name);
	if (program->summary) {
		fputc('\n', out);
		print_wrapped(out, program->summary, 0, 0);
	}
	for (const struct command *const *command = program->commands; *command; command++) {
		if (command_is_hidden(*command))
			continue;
		strings_append(&commands.terms, (*command)->name);
		strings_append(&commands.texts, (*command)->summary);
	}
	collect_options(&options, program->global_options, program->globals, NULL);
	collect_options(&options, option_builtin_rows, NULL, program->global_options);
	collect_options(&options, option_program_rows, NULL, program->global_options);
	print_entries(out, "Commands", &commands);
	print_entries(out, "Options", &options);
	fprintf(out, "\nRun '%s COMMAND --help' for the options of a command.\n", program->name);
}

void command_print_help(const struct command_program *program, const struct command *command, FILE *out)
{
	if (command)
		print_command_help(program, command, out);
	else
		print_program_help(program, out);
}
