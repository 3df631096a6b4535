/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the bash completion script that is made from command tables. */
#include "base/command.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/option.h"

/*
 * The script is three functions made from the tables, which set variables of their caller, and these two, which are the same
 * for every program. "@@" stands for the program's name as far as it can be part of a function's name.
 */
static const char script[] = "\n"
			     "# Sets pending to the option in $word whose value is the next word.\n"
			     "_@@_find_pending() {\n"
			     "	local letters=${word#-}\n"
			     "	case $word in\n"
			     "	*=*) return ;;\n"
			     "	--*)\n"
			     "		_@@_value \"$command\" \"$word\" && pending=$word\n"
			     "		return\n"
			     "		;;\n"
			     "	esac\n"
			     "	while [[ $letters ]]; do\n"
			     "		if _@@_value \"$command\" \"-${letters:0:1}\"; then\n"
			     "			[[ ${#letters} == 1 ]] && pending=-$letters\n"
			     "			return\n"
			     "		fi\n"
			     "		letters=${letters:1}\n"
			     "	done\n"
			     "}\n"
			     "\n"
			     "# Puts into COMPREPLY what $kind has that begins with $current.\n"
			     "_@@_offer() {\n"
			     "	local -a words=()\n"
			     "	local word\n"
			     "	case ${kind[0]} in\n"
			     "	file | directory)\n"
			     "		compopt -o filenames 2>/dev/null\n"
			     "		while IFS= read -r word; do\n"
			     "			COMPREPLY+=(\"$prefix$word\")\n"
			     "		done < <(compgen -A \"${kind[0]}\" -- \"$current\")\n"
			     "		return\n"
			     "		;;\n"
			     "	container) mapfile -t words < <(\"${COMP_WORDS[0]}\" __containers 2>/dev/null) ;;\n"
			     "	signal) mapfile -t words < <(compgen -A signal SIG) ;;\n"
			     "	words) words=(\"${kind[@]:1}\") ;;\n"
			     "	esac\n"
			     "	for word in \"${words[@]}\"; do\n"
			     "		[[ $word == \"$current\"* ]] && COMPREPLY+=(\"$prefix$word\")\n"
			     "	done\n"
			     "}\n"
			     "\n"
			     "_@@() {\n"
			     "	local command='' current pending='' ended='' prefix='' word\n"
			     "	local -i operands=0 limit=0 last=0\n"
			     "	local -a words=() kind=()\n"
			     "	COMPREPLY=()\n"
			     "\n"
			     "	# bash makes three words of --x=v; one again\n"
			     "	for word in \"${COMP_WORDS[@]:1:COMP_CWORD}\"; do\n"
			     "		if ((${#words[@]})) && [[ $word == = || ${words[-1]} == -*= ]]; then\n"
			     "			words[-1]+=$word\n"
			     "		else\n"
			     "			words+=(\"$word\")\n"
			     "		fi\n"
			     "	done\n"
			     "	((${#words[@]})) || return 0\n"
			     "	current=${words[-1]}\n"
			     "	unset 'words[-1]'\n"
			     "\n"
			     "	for word in \"${words[@]}\"; do\n"
			     "		if [[ $pending ]]; then\n"
			     "			pending=''\n"
			     "		elif [[ ! $ended && $word == -- ]]; then\n"
			     "			ended=1\n"
			     "		elif [[ ! $ended && $word == -?* ]]; then\n"
			     "			_@@_find_pending\n"
			     "		elif [[ ! $command ]]; then\n"
			     "			command=$word\n"
			     "			ended=''\n"
			     "			_@@_operands \"$command\" || return 0\n"
			     "		else\n"
			     "			operands+=1\n"
			     "			((operands <= last)) || return 0\n"
			     "		fi\n"
			     "	done\n"
			     "\n"
			     "	if [[ $pending ]]; then\n"
			     "		_@@_value \"$command\" \"$pending\"\n"
			     "	elif [[ ! $ended && $current == --*=* ]]; then\n"
			     "		_@@_value \"$command\" \"${current%%=*}\" || return 0\n"
			     "		[[ $COMP_WORDBREAKS == *=* ]] || prefix=${current%%=*}=\n"
			     "		current=${current#*=}\n"
			     "	elif [[ ! $ended && $current == -* ]]; then\n"
			     "		_@@_options \"$command\"\n"
			     "	elif [[ $command ]]; then\n"
			     "		_@@_operands \"$command\"\n"
			     "		((operands < limit)) || return 0\n"
			     "	else\n"
			     "		_@@_operands ''\n"
			     "	fi\n"
			     "	_@@_offer\n"
			     "}\n"
			     "\n"
			     "complete -F _@@ ";

/* What names a shell function after the program. */
static char *make_function_name(const char *program_name)
{
	char *name = xstrdup(program_name);

	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
	return name;
}

static void append_template(struct text *out, const char *template, const char *function)
{
	const char *mark;

	for (; (mark = strstr(template, "@@")); template = mark + 2) {
		text_append_bytes(out, template, (size_t)(mark - template));
		text_append(out, function);
	}
	text_append(out, template);
}

/* What completes a value; choices complete by themselves. */
static void append_value_kind(struct text *out, const struct option_row *row)
{
	text_append(out, "kind=(");
	if (row->choices)
		text_append(out, "words");
	else
		text_append(out, row->complete ? row->complete : "nothing");
	for (const char *const *choice = row->choices; choice && *choice; choice++)
		text_appendf(out, " '%s'", *choice);
	text_append(out, ")");
}

/* One case per option that takes a value. `command` begins a shell pattern that is left open: "'run" or "*'". */
static void append_values(struct text *out, const char *command, const struct option_row *rows)
{
	for (const struct option_row *row = rows; row && row->name; row++) {
		if (!option_takes_value(row))
			continue;
		text_appendf(out, "\t%s --%s'", command, row->name);
		if (row->letter)
			text_appendf(out, " | %s -%c'", command, row->letter);
		text_append(out, ") ");
		append_value_kind(out, row);
		text_append(out, " ;;\n");
	}
}

static void append_value_function(struct text *out, const struct command_program *program, const char *function)
{
	text_appendf(out, "\n# Sets kind to what the value of option $2 of command $1 is; fails when it takes none.\n");
	text_appendf(out, "_%s_value() {\n\tcase \"$1 $2\" in\n", function);
	for (const struct command *const *command = program->commands; *command; command++) {
		autofree char *pattern = xasprintf("'%s", (*command)->name);

		append_values(out, pattern, (*command)->options);
	}
	append_values(out, "*'", program->global_options);
	text_append(out, "\t*) return 1 ;;\n\tesac\n}\n");
}

static void collect_option_names(struct strings *names, const struct option_row *rows)
{
	for (const struct option_row *row = rows; row && row->name; row++)
		if (!option_is_hidden(row))
			strings_appendf(names, "--%s", row->name);
}

static void append_option_case(struct text *out, const char *command, const struct option_row *rows)
{
	autorelease(strings_release) struct strings names = {0};
	autofree char *joined = NULL;

	collect_option_names(&names, rows);
	joined = strings_join(&names, " ");
	text_appendf(out, "\t'%s') kind+=(%s) ;;\n", command, joined);
}

static void append_options_function(struct text *out, const struct command_program *program, const char *function)
{
	autorelease(strings_release) struct strings everywhere = {0};
	autofree char *joined = NULL;

	collect_option_names(&everywhere, program->global_options);
	collect_option_names(&everywhere, option_builtin_rows);
	joined = strings_join(&everywhere, " ");
	text_appendf(out, "\n# Sets kind to the options of command $1; none is the program itself.\n");
	text_appendf(out, "_%s_options() {\n\tkind=(words %s)\n\tcase $1 in\n", function, joined);
	append_option_case(out, "", option_program_rows);
	for (const struct command *const *command = program->commands; *command; command++)
		if ((*command)->options)
			append_option_case(out, (*command)->name, (*command)->options);
	text_append(out, "\tesac\n}\n");
}

/* limit: so many operands are completed; last: more of them end options and completion. 9999 is any number. */
static void append_operands(struct text *out, const struct command *command)
{
	size_t max = command->max_operands ? command->max_operands : 9999;
	size_t last = command->options_end_at_operand ? command->operands_before_end : 9999;

	if (max == COMMAND_NO_OPERANDS)
		max = 0;
	if (command->options_end_at_operand)
		max = last ? last : 1;
	text_appendf(out, "\t'%s') kind=(%s) limit=%zu last=%zu ;;\n", command->name,
		     command->complete ? command->complete : "nothing", max, last);
}

static void append_operands_function(struct text *out, const struct command_program *program, const char *function)
{
	text_appendf(
		out,
		"\n# Sets kind to what the operands of command $1 are, limit and last to how many are completed and counted.\n");
	text_appendf(out, "_%s_operands() {\n\tcase $1 in\n\t'') kind=(words", function);
	for (const struct command *const *command = program->commands; *command; command++)
		if (!command_is_hidden(*command))
			text_appendf(out, " %s", (*command)->name);
	text_append(out, ") ;;\n");
	for (const struct command *const *command = program->commands; *command; command++)
		append_operands(out, *command);
	text_append(out, "\t*) return 1 ;;\n\tesac\n}\n");
}

void command_print_completion(const struct command_program *program, FILE *out)
{
	autorelease(text_release) struct text text = {0};
	autofree char *function = make_function_name(program->name);

	text_appendf(&text, "# bash completion for %s, made by `%s __complete bash`\n", program->name, program->name);
	text_append(&text, "# shellcheck shell=bash\n");
	append_value_function(&text, program, function);
	append_options_function(&text, program, function);
	append_operands_function(&text, program, function);
	append_template(&text, script, function);
	text_appendf(&text, "%s\n", program->name);
	fputs(text_get(&text), out);
}
