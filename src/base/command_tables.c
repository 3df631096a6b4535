/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the JSON view of command tables, from which man pages and tests are checked. */
#include "base/command.h"

#include "base/json_strings.h"
#include "base/memory.h"
#include "base/option.h"

static struct json *describe_choices(const char *const *choices)
{
	struct json *array = json_new_array();

	for (; *choices; choices++)
		json_append(array, json_new_string(*choices));
	return array;
}

static struct json *describe_row(const struct option_row *row, const void *options)
{
	autorelease(text_release) struct text value = {0};
	struct json *object = json_new_object();

	json_set_string(object, "name", row->name);
	if (row->letter)
		json_set_string(object, "letter", (const char[]){row->letter, '\0'});
	json_set_string(object, "type", option_type_name(row));
	json_set_string(object, "argument", option_argument_name(row));
	json_set_string(object, "help", row->help);
	json_set_string(object, "complete", row->complete);
	if (row->choices)
		json_set(object, "choices", describe_choices(row->choices));
	if (row->min)
		json_set_integer(object, "min", row->min);
	if (row->max)
		json_set_integer(object, "max", row->max);
	option_format_member(row, options, &value);
	if (value.length)
		json_set_string(object, "default", text_get(&value));
	return object;
}

static struct json *describe_rows(const struct option_row *rows, const void *options)
{
	struct json *array = json_new_array();

	for (const struct option_row *row = rows; row && row->name; row++)
		json_append(array, describe_row(row, options));
	return array;
}

static struct json *describe_command(const struct command *command)
{
	struct json *object = json_new_object();

	json_set_string(object, "name", command->name);
	json_set_string(object, "arguments", command->arguments);
	json_set_string(object, "summary", command->summary);
	json_set_string(object, "details", command->details);
	json_set_string(object, "complete", command->complete);
	json_set(object, "hidden", json_new_bool(command_is_hidden(command)));
	json_set(object, "min_operands", json_new_unsigned(command->min_operands));
	if (command->max_operands)
		json_set(object, "max_operands",
			 json_new_unsigned(command->max_operands == COMMAND_NO_OPERANDS ? 0 : command->max_operands));
	json_set(object, "options", describe_rows(command->options, command->defaults));
	return object;
}

void command_print_tables(const struct command_program *program, FILE *out)
{
	autorelease(text_release) struct text text = {0};
	struct json *object = json_new_object();
	struct json *commands = json_new_array();

	json_set_string(object, "name", program->name);
	json_set_string(object, "summary", program->summary);
	json_set_string(object, "version", program->version);
	json_set(object, "global_options", describe_rows(program->global_options, program->globals));
	for (const struct command *const *command = program->commands; *command; command++)
		json_append(commands, describe_command(*command));
	json_set(object, "commands", commands);
	json_print(object, 2, &text);
	fprintf(out, "%s\n", text_get(&text));
	json_free(object);
}
