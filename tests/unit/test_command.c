/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: every way to write an option, every refusal, help, completion, exit statuses. */
#include "base/command.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"

struct machine {
	bool tty, interactive, detach, memory_given;
	char *name, *restart, *mode, *stop_signal;
	struct strings environment;
	int64_t memory, swap, retries, swappiness, wait_ms, any, cpus, oom;
};

static const struct machine machine_defaults = {
	.restart = (char *)"no",
	.memory = 64 << 20,
	.swappiness = -1,
	.wait_ms = 90000,
	.oom = INT64_MIN,
};

static int check_name(const char *value, struct error *err)
{
	return strchr(value, '!') ? error_set(err, -EINVAL, "'!' is not allowed in a name") : 0;
}

static const char *const mode_choices[] = {"rw", "ro", NULL};
static const char *const restart_choices[] = {"no", "always", "on-reboot", NULL};

#define AT(member) offsetof(struct machine, member)
static const struct option_row machine_rows[] = {
	{.name = "tty", .letter = 't', .type = OPTION_FLAG, .offset = AT(tty), .help = "Give the guest a terminal"},
	{.name = "interactive",
	 .letter = 'i',
	 .type = OPTION_FLAG,
	 .offset = AT(interactive),
	 .help = "Keep standard input open"},
	{.name = "detach", .letter = 'd', .type = OPTION_FLAG, .offset = AT(detach), .help = "Return when it is up"},
	{.name = "name",
	 .letter = 'n',
	 .type = OPTION_STRING,
	 .offset = AT(name),
	 .check = check_name,
	 .complete = "words web= db",
	 .help = "Name it"},
	{.name = "called", .type = OPTION_STRING, .offset = AT(name), .check = check_name},
	{.name = "env",
	 .letter = 'e',
	 .type = OPTION_STRINGS,
	 .offset = AT(environment),
	 .argument = "KEY=VALUE",
	 .complete = "file",
	 .help = "Set a variable of PID 1. This text is long so that it has to be wrapped, which happens at one hundred columns"},
	{.name = "memory",
	 .letter = 'm',
	 .type = OPTION_SIZE,
	 .offset = AT(memory),
	 .given_offset = AT(memory_given),
	 .min = 4 << 20,
	 .help = "Limit memory"},
	{.name = "memory-swap", .type = OPTION_SIZE, .offset = AT(swap), .min = -1, .help = "Limit memory and swap"},
	{.name = "retries", .type = OPTION_INTEGER, .offset = AT(retries), .min = 1, .max = 9, .help = "Try so often"},
	{.name = "swappiness",
	 .type = OPTION_INTEGER,
	 .offset = AT(swappiness),
	 .min = -1,
	 .max = 100,
	 .help = "Prefer swap"},
	{.name = "any", .type = OPTION_INTEGER, .offset = AT(any), .help = "Any number"},
	{.name = "cpus", .type = OPTION_DECIMAL, .offset = AT(cpus), .max = 64, .help = "Limit processors"},
	{.name = "oom", .type = OPTION_SWITCH, .offset = AT(oom)},
	{.name = "wait", .letter = 'w', .type = OPTION_DURATION, .offset = AT(wait_ms), .min = -1, .help = "Wait so long"},
	{.name = "restart",
	 .type = OPTION_CHOICE,
	 .offset = AT(restart),
	 .choices = restart_choices,
	 .help = "When it ends"},
	{.name = "mode",
	 .type = OPTION_CHOICE,
	 .offset = AT(mode),
	 .choices = mode_choices,
	 .argument = "rw|ro",
	 .help = "May it write"},
	{.name = "stop-signal",
	 .letter = 'h',
	 .type = OPTION_STRING,
	 .offset = AT(stop_signal),
	 .complete = "signal",
	 .help = "Ask PID 1"},
	{0},
};

static struct {
	bool debug;
	char *root;
} globals;

static const struct option_row global_rows[] = {
	{.name = "debug", .letter = 'D', .type = OPTION_FLAG, .help = "Say more"},
	{.name = "root",
	 .letter = 'm',
	 .type = OPTION_STRING,
	 .offset = sizeof(char *),
	 .complete = "directory",
	 .help = "State directory"},
	{0},
};

static int last_operands;

static int run_ok(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)err;
	last_operands = (int)operands->count;
	return 0;
}

static int run_status(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	(void)err;
	return atoi(operands->items[0]);
}

static int run_fail(void *options, const struct strings *operands, struct error *err)
{
	(void)options;
	if (operands->count)
		return error_set_exit(err, -ENOENT, 127, "no such program");
	return error_set(err, -EIO, "it broke");
}

static const struct command run_row = {
	.name = "run",
	.arguments = "[OPTIONS] ROOTFS [COMMAND [ARG...]]",
	.summary = "Boot a tree",
	.details = "First paragraph.\n\n  an example\n",
	.options = machine_rows,
	.defaults = &machine_defaults,
	.options_size = sizeof(struct machine),
	.min_operands = 1,
	.options_end_at_operand = true,
	.operands_before_end = 1,
	.complete = "directory",
	.run = run_ok,
};
static const struct command exec_row = {
	.name = "exec",
	.summary = "Run a program in it",
	.options = machine_rows,
	.options_size = sizeof(struct machine),
	.min_operands = 2,
	.options_end_at_operand = true,
	.complete = "container",
	.run = run_ok,
};
static const struct command stop_row = {
	.name = "stop",
	.arguments = "[OPTIONS] CONTAINER",
	.summary = "Stop it",
	.options = machine_rows,
	.options_size = sizeof(struct machine),
	.min_operands = 1,
	.max_operands = 2,
	.complete = "container",
	.run = run_ok,
};
static const struct command rename_row = {
	.name = "rename",
	.summary = "Rename it",
	.min_operands = 2,
	.max_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run_ok,
};
static const struct command info_row = {
	.name = "info",
	.summary = "Show facts",
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run_ok,
};
static const struct command status_row = {.name = "status", .summary = "Exit so", .min_operands = 1, .run = run_status};
static const struct command fail_row = {.name = "fail", .summary = "Fail", .failure_status = 3, .run = run_fail};
static const struct command hidden_row = {.name = "__containers", .summary = "Names", .run = run_ok};
static const struct command *const commands[] = {
	&run_row, &exec_row, &stop_row, &rename_row, &info_row, &status_row, &fail_row, &hidden_row, NULL,
};
static const struct command_program program = {
	.name = "box-man",
	.summary = "Boots boxes",
	.version = "1.2",
	.commands = commands,
	.global_options = global_rows,
	.globals = &globals,
};

/* What differs from the defaults of `run`, then the operands: "tty name=web | /tree init" */
static void describe(const struct machine *machine, const struct strings *operands, struct text *out)
{
	autofree char *environment = strings_join(&machine->environment, ",");
	autofree char *rest = strings_join(operands, " ");
	const struct {
		const char *name;
		bool value;
	} flags[] = {
		{"tty", machine->tty},       {"interactive", machine->interactive},
		{"detach", machine->detach}, {"memory-given", machine->memory_given},
		{"debug", globals.debug},
	};
	const struct {
		const char *name;
		const char *value;
	} texts[] = {
		{"name", machine->name},
		{"stop-signal", machine->stop_signal},
		{"root", globals.root},
		{"env", machine->environment.count ? environment : NULL},
		{"restart", machine->restart && strcmp(machine->restart, "no") != 0 ? machine->restart : NULL},
	};
	const struct {
		const char *name;
		int64_t value, initial;
	} numbers[] = {
		{"memory", machine->memory, 64 << 20},     {"swap", machine->swap, 0},
		{"retries", machine->retries, 0},          {"swappiness", machine->swappiness, -1},
		{"wait", machine->wait_ms, 90000},         {"any", machine->any, 0},
		{"cpus/100", machine->cpus / 10000000, 0}, {"oom", machine->oom, INT64_MIN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].value)
			text_appendf(out, "%s ", flags[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].value)
			text_appendf(out, "%s=%s ", texts[i].name, texts[i].value);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].value != numbers[i].initial)
			text_appendf(out, "%s=%lld ", numbers[i].name, (long long)numbers[i].value);
	text_appendf(out, "| %s", rest);
}

/* Words stand between blanks; '' is an empty one. */
static void split_line(const char *line, struct strings *words)
{
	strings_split(words, line, " ");
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->items[i], "''") == 0)
			words->items[i][0] = '\0';
}

static const struct {
	const char *line, *expected;
} good_lines[] = {
	{"/tree", "| /tree"},
	/* the four ways, and those of aliases and globals */
	{"--name web /tree", "name=web | /tree"},
	{"--name=web /tree", "name=web | /tree"},
	{"-n web /tree", "name=web | /tree"},
	{"-nweb /tree", "name=web | /tree"},
	{"-n=web /tree", "name=web | /tree"},
	{"--called web /tree", "name=web | /tree"},
	{"--name a --called b -n c /tree", "name=c | /tree"},
	{"-D --root /state /tree", "debug root=/state | /tree"},
	{"-h SIGTERM /tree", "stop-signal=SIGTERM | /tree"},
	/* clusters */
	{"-tid --name web none init", "tty interactive detach name=web | none init"},
	{"-tidn web none", "tty interactive detach name=web | none"},
	{"-tidnweb none", "tty interactive detach name=web | none"},
	{"-tin=web none", "tty interactive name=web | none"},
	{"-tDi none", "tty interactive debug | none"},
	{"-nt none", "name=t | none"},
	/* booleans */
	{"--tty=true /tree", "tty | /tree"},
	{"--tty --tty=false /tree", "| /tree"},
	{"-it=false /tree", "interactive | /tree"},
	{"--tty false true", "tty | false true"},
	/* empty values, values that look like options, '=' in values */
	{"--name= /tree", "name= | /tree"},
	{"--name '' /tree", "name= | /tree"},
	{"--memory-swap -1 /tree", "swap=-1 | /tree"},
	{"--memory-swap=-1 /tree", "swap=-1 | /tree"},
	{"--name --tty /tree", "name=--tty | /tree"},
	{"--name -- /tree", "name=-- | /tree"},
	{"-e A=B -eC=D -e=E=F --env=G=H --env I= /tree", "env=A=B,C=D,E=F,G=H,I= | /tree"},
	/* where options may stand */
	{"/tree -t", "tty | /tree"},
	{"-i /tree --name web -t", "tty interactive name=web | /tree"},
	{"/tree init -t", "| /tree init -t"},
	{"-t /tree -i init -d --name x -- y", "tty interactive | /tree init -d --name x -- y"},
	{"/tree -- -t -- -i", "| /tree -t -- -i"},
	{"-- -t -i", "| -t -i"},
	{"/tree - -t", "| /tree - -t"},
	/* numbers */
	{"-m 512m /tree", "memory-given memory=536870912 | /tree"},
	{"--memory=4194304 /tree", "memory-given memory=4194304 | /tree"},
	{"--retries 9 --swappiness 0 --any -5 /tree", "retries=9 swappiness=0 any=-5 | /tree"},
	{"--any 9223372036854775807 /tree", "any=9223372036854775807 | /tree"},
	{"--cpus 1.5 /tree", "cpus/100=150 | /tree"},
	{"--oom /tree", "oom=1 | /tree"},
	{"--oom=false /tree", "oom=0 | /tree"},
	{"--wait 1m30s -w 500ms /tree", "wait=500 | /tree"},
	{"--wait -1 /tree", "wait=-1 | /tree"},
	{"-w-5s /tree", "wait=-1 | /tree"},
	{"--restart always --restart on-reboot /tree", "restart=on-reboot | /tree"},
};

static void reset_globals(void)
{
	free(globals.root);
	memset(&globals, 0, sizeof(globals));
}

static void test_accepted_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good_lines); i++) {
		autorelease(strings_release) struct strings words = {0};
		autorelease(strings_release) struct strings operands = {0};
		autorelease(text_release) struct text got = {0};
		struct machine machine;
		struct error err = {0};

		split_line(good_lines[i].line, &words);
		if (command_parse(&program, &run_row, (int)words.count, words.items, &machine, &operands, &err) != 0)
			fail_msg("%s: %s", good_lines[i].line, err.message);
		describe(&machine, &operands, &got);
		if (strcmp(text_get(&got), good_lines[i].expected) != 0)
			fail_msg("%s: %s", good_lines[i].line, text_get(&got));
		command_release_options(&run_row, &machine);
		reset_globals();
	}
}

static const struct {
	const struct command *command;
	const char *line, *message;
} bad_lines[] = {
	{&run_row, "--bogus /tree", "unknown flag found: --bogus"},
	{&run_row, "--memroy=1g /tree", "unknown flag found: --memroy (did you mean --memory?)"},
	{&run_row, "--caled x /tree", "unknown flag found: --caled"}, /* aliases are not suggested */
	{&run_row, "--debgu /tree", "unknown flag found: --debgu (did you mean --debug?)"},
	{&run_row, "---tty /tree", "unknown flag found: ---tty (did you mean --tty?)"},
	{&run_row, "--=x /tree", "unknown flag found: --"},
	{&run_row, "-z /tree", "unknown flag found: -z"},
	{&run_row, "-tzd /tree", "unknown flag found: -z in -tzd"},
	{&run_row, "-t\xc3\xbc /tree", "unknown flag found: -t\xc3\xbc"},
	{&run_row, "-=x /tree", "unknown flag found: -= in -=x"},
	{&run_row, "/tree --name", "flag needs an argument: --name"},
	{&run_row, "-tin", "flag needs an argument: --name"},
	{&run_row, "--called", "flag needs an argument: --called"},
	{&run_row, "--tty=maybe /tree", "Invalid value \"maybe\" for flag --tty: Invalid argument; give true or false"},
	{&run_row, "-t= /tree", "Invalid value \"\" for flag --tty: Invalid argument; give true or false"},
	{&run_row, "--retries= /tree", "Invalid value \"\" for flag --retries: Invalid argument; give a whole number"},
	{&run_row, "--retries 3x /tree", "Invalid value \"3x\" for flag --retries: Invalid argument; give a whole number"},
	{&run_row, "--retries 0 /tree",
	 "Invalid value \"0\" for flag --retries: Numerical result out of range; from 1 to 9"},
	{&run_row, "--swappiness 101 /tree",
	 "Invalid value \"101\" for flag --swappiness: Numerical result out of range; from -1 to 100"},
	{&run_row, "--any 9223372036854775808 /tree",
	 "Invalid value \"9223372036854775808\" for flag --any: Numerical result out of range"},
	{&run_row, "-m 1m /tree", "Invalid value \"1m\" for flag --memory: Numerical result out of range; from 4MiB"},
	{&run_row, "-m -1 /tree",
	 "Invalid value \"-1\" for flag --memory: Invalid argument; give a size such as 512m or 2g"},
	{&run_row, "--memory-swap -2 /tree",
	 "Invalid value \"-2\" for flag --memory-swap: Invalid argument; give a size such as 512m or 2g"},
	{&run_row, "--cpus 65 /tree", "Invalid value \"65\" for flag --cpus: Numerical result out of range; from 0 to 64"},
	{&run_row, "--oom=maybe /tree", "Invalid value \"maybe\" for flag --oom: Invalid argument; give true or false"},
	{&run_row, "--cpus nan /tree", "Invalid value \"nan\" for flag --cpus: Invalid argument; give a number such as 1.5"},
	{&run_row, "-w soon /tree",
	 "Invalid value \"soon\" for flag --wait: Invalid argument; give a duration such as 10s or 1m30s"},
	{&run_row, "-w- /tree",
	 "Invalid value \"-\" for flag --wait: Invalid argument; give a duration such as 10s or 1m30s"},
	{&run_row, "--restart never /tree",
	 "Invalid value \"never\" for flag --restart: Invalid argument; give one of no, always, on-reboot"},
	{&run_row, "-n a!b /tree", "Invalid value \"a!b\" for flag --name: '!' is not allowed in a name"},
	{&run_row, "-t", "\"run\" requires a minimum of 1 argument."},
	{&exec_row, "web", "\"exec\" requires a minimum of 2 arguments."},
	{&stop_row, "a b c", "\"stop\" requires a maximum of 2 arguments."},
	{&rename_row, "a", "\"rename\" requires 2 arguments."},
	{&rename_row, "a b c", "\"rename\" requires 2 arguments."},
	{&rename_row, "a b --tty", "unknown flag found: --tty"},
	{&info_row, "a", "\"info\" accepts no arguments."},
};

static void test_refused_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		autorelease(strings_release) struct strings words = {0};
		autorelease(strings_release) struct strings operands = {0};
		struct machine machine;
		struct error err = {0};

		split_line(bad_lines[i].line, &words);
		if (command_parse(&program, bad_lines[i].command, (int)words.count, words.items, &machine, &operands,
				  &err) >= 0)
			fail_msg("%s was accepted", bad_lines[i].line);
		assert_string_equal(err.message, bad_lines[i].message);
		assert_true(err.code < 0);
		command_release_options(bad_lines[i].command, &machine);
		reset_globals();
	}
}

static void test_options_among_operands(void **state)
{
	static const struct {
		const struct command *command;
		const char *line, *operands;
	} rows[] = {
		{&stop_row, "-t a -w 5 b -D", "a b"},
		{&stop_row, "a -- -t", "a -t"},
		{&exec_row, "-t web ls -l", "web ls -l"},
		{&exec_row, "web -t", "web -t"}, /* operands_before_end is 0 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(strings_release) struct strings words = {0};
		autorelease(strings_release) struct strings operands = {0};
		autofree char *joined = NULL;
		struct machine machine;

		split_line(rows[i].line, &words);
		assert_int_equal(command_parse(&program, rows[i].command, (int)words.count, words.items, &machine, &operands,
					       NULL),
				 0);
		joined = strings_join(&operands, " ");
		assert_string_equal(joined, rows[i].operands);
		command_release_options(rows[i].command, &machine);
		reset_globals();
	}
}

static void test_defaults_are_copied(void **state)
{
	char *argv[] = {(char *)"/tree", NULL};
	autorelease(strings_release) struct strings operands = {0};
	struct machine machine;

	(void)state;
	assert_int_equal(command_parse(&program, &run_row, 1, argv, &machine, &operands, NULL), 0);
	assert_string_equal(machine.restart, "no");
	assert_ptr_not_equal(machine.restart, machine_defaults.restart);
	assert_false(machine.memory_given);
	command_release_options(&run_row, &machine);
	assert_null(machine.restart);
	command_release_options(&run_row, &machine);
}

static void test_help_leaves_the_rest(void **state)
{
	char *argv[] = {(char *)"-t", (char *)"--help", (char *)"--bogus", (char *)"x", NULL};
	autorelease(strings_release) struct strings operands = {0};
	struct machine machine;

	(void)state;
	assert_int_equal(command_parse(&program, &run_row, 4, argv, &machine, &operands, NULL), 1);
	assert_int_equal(operands.count, 2);
	assert_string_equal(operands.items[0], "--bogus");
	command_release_options(&run_row, &machine);
}

/* Runs command_main() with both outputs caught. */
static int run_main(const char *line, char **ret_out, char **ret_errors)
{
	autorelease(strings_release) struct strings words = {0};
	int saved[2] = {dup(1), dup(2)};
	char **results[2] = {ret_out, ret_errors};
	int caught[2];
	int status;

	strings_append(&words, "box-man");
	split_line(line, &words);
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		caught[i] = memfd_create("caught", MFD_CLOEXEC);
		dup2(caught[i], i + 1);
	}
	status = command_main(&program, (int)words.count, words.items);
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		off_t length = lseek(caught[i], 0, SEEK_END);

		dup2(saved[i], i + 1);
		close(saved[i]);
		*results[i] = xcalloc((size_t)length + 1, 1);
		assert_int_equal(pread(caught[i], *results[i], (size_t)length, 0), length);
		close(caught[i]);
	}
	reset_globals();
	return status;
}

#define UNKNOWN(name) \
	"box-man: '" name "' is not a box-man command, command " name " not found\n" \
	"run `box-man --help` for a list of commands\n"
static const struct {
	const char *line;
	int status;
	const char *out, *errors; /* how each begins; NULL: nothing there */
} main_lines[] = {
	{"", 0, "Usage: box-man [OPTIONS] COMMAND", NULL},
	{"--help", 0, "Usage: box-man [OPTIONS] COMMAND", NULL},
	{"-h", 0, "Usage: box-man [OPTIONS] COMMAND", NULL},
	{"--help bogus", 0, "Usage: box-man [OPTIONS] COMMAND", NULL},
	{"--help stop", 0, "Usage: box-man stop [OPTIONS] CONTAINER\n", NULL},
	{"stop --help", 0, "Usage: box-man stop [OPTIONS] CONTAINER\n", NULL},
	{"-D stop --help", 0, "Usage: box-man stop [OPTIONS] CONTAINER\n", NULL},
	{"info -h", 0, "Usage: box-man info\n", NULL},
	{"--version", 0, "box-man version 1.2\n", NULL},
	{"bogus", 1, UNKNOWN("bogus"), NULL},
	{"bogus --help", 1, UNKNOWN("bogus"), NULL},
	{"sotp", 1, UNKNOWN("sotp"), "Did you mean 'box-man stop'?\n"},
	{"__container", 1, UNKNOWN("__container"), NULL},
	{"--bogus stop", 125, NULL, "box-man: unknown flag found: --bogus\nSee 'box-man --help'.\n"},
	{"stop", 125, NULL, "box-man: \"stop\" requires a minimum of 1 argument.\nSee 'box-man stop --help'.\n"},
	{"rename a", 1, NULL, "box-man: \"rename\" requires 2 arguments.\nSee 'box-man rename --help'.\n"},
	{"-D --root=/x stop web", 0, NULL, NULL},
	{"-- stop web", 0, NULL, NULL},
	{"status 42", 42, NULL, NULL},
	{"fail", 3, NULL, "box-man: it broke\n"},
	{"fail x", 127, NULL, "box-man: no such program\n"},
	{"__complete bash", 0, "# bash completion for box-man", NULL},
	{"__complete fish", 125, NULL, "box-man: cannot print a completion script for fish"},
	{"__complete", 125, NULL, "box-man: cannot print a completion script for no shell"},
};

static void assert_begins(const char *line, const char *text, const char *expected)
{
	if (expected ? strncmp(text, expected, strlen(expected)) != 0 : *text != '\0')
		fail_msg("box-man %s printed: %s", line, text);
}

static void test_main(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(main_lines); i++) {
		autofree char *out = NULL;
		autofree char *errors = NULL;
		int status = run_main(main_lines[i].line, &out, &errors);

		assert_begins(main_lines[i].line, out, main_lines[i].out);
		assert_begins(main_lines[i].line, errors, main_lines[i].errors);
		assert_int_equal(status, main_lines[i].status);
	}
}

static void test_full_output_is_a_failure(void **state)
{
	int saved = dup(1);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int saved_errors = dup(2);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char *argv[] = {(char *)"box-man", (char *)"--version", NULL};
	int status;

	(void)state;
	fflush(stdout);
	dup2(full, 1);
	dup2(null, 2);
	status = command_main(&program, 2, argv);
	__fpurge(stdout);
	clearerr(stdout);
	dup2(saved, 1);
	dup2(saved_errors, 2);
	close(saved);
	close(saved_errors);
	close(full);
	close(null);
	assert_int_equal(status, 1);
}

static void print_to_string(const struct command *command, char **ret_text)
{
	size_t length;
	FILE *out = open_memstream(ret_text, &length);

	command_print_help(&program, command, out);
	fclose(out);
}

static void test_command_help(void **state)
{
	autofree char *text = NULL;

	(void)state;
	print_to_string(&run_row, &text);
	assert_string_equal(
		text, "Usage: box-man run [OPTIONS] ROOTFS [COMMAND [ARG...]]\n"
		      "\n"
		      "Boot a tree\n"
		      "\n"
		      "First paragraph.\n"
		      "\n"
		      "  an example\n"
		      "\n"
		      "Options:\n"
		      "  -t, --tty                Give the guest a terminal\n"
		      "  -i, --interactive        Keep standard input open\n"
		      "  -d, --detach             Return when it is up\n"
		      "  -n, --name TEXT          Name it\n"
		      "  -e, --env KEY=VALUE      Set a variable of PID 1. This text is long so that it has to be wrapped,\n"
		      "                           which happens at one hundred columns\n"
		      "  -m, --memory BYTES       Limit memory (default 64MiB)\n"
		      "      --memory-swap BYTES  Limit memory and swap\n"
		      "      --retries NUMBER     Try so often\n"
		      "      --swappiness NUMBER  Prefer swap (default -1)\n"
		      "      --any NUMBER         Any number\n"
		      "      --cpus NUMBER        Limit processors\n"
		      "  -w, --wait DURATION      Wait so long (default 90s)\n"
		      "      --restart WORD       When it ends (one of no, always, on-reboot) (default no)\n"
		      "      --mode rw|ro         May it write\n"
		      "  -h, --stop-signal TEXT   Ask PID 1\n"
		      "\n"
		      "Global options:\n"
		      "  -D, --debug      Say more\n"
		      "      --root TEXT  State directory\n"
		      "      --help       Print this help\n");
}

static void test_program_help(void **state)
{
	autofree char *text = NULL;

	(void)state;
	print_to_string(NULL, &text);
	assert_non_null(strstr(text, "\nBoots boxes\n\nCommands:\n  run     Boot a tree\n"));
	assert_null(strstr(text, "__containers"));
	assert_non_null(strstr(text, "  -D, --debug      Say more\n"
				     "  -m, --root TEXT  State directory\n"
				     "  -h, --help       Print this help\n"));
	assert_non_null(strstr(text, "--version"));
}

static void test_tables(void **state)
{
	autofree char *out = NULL;
	autofree char *errors = NULL;
	struct json *tables = NULL;
	struct error err = {0};
	const struct json *run, *memory;

	(void)state;
	assert_int_equal(run_main("__tables", &out, &errors), 0);
	if (json_parse(out, strlen(out), &tables, &err) < 0)
		fail_msg("%s", err.message);
	run = json_at(json_get(tables, "commands"), 0);
	assert_string_equal(json_string(json_get(run, "name")), "run");
	memory = json_at(json_get(run, "options"), 6);
	assert_string_equal(json_string(json_get(memory, "name")), "memory");
	assert_string_equal(json_string(json_get(memory, "letter")), "m");
	assert_string_equal(json_string(json_get(memory, "type")), "size");
	assert_string_equal(json_string(json_get(memory, "default")), "64MiB");
	json_free(tables);
}

/* Words before the cursor as bash splits them (COMP_WORDS); '' is an empty one. The last is to be completed. */
static const struct {
	const char *words, *expected;
} completions[] = {
	{"''", "run exec stop rename info status fail"},
	{"re", "rename"},
	{"--", "--debug --root --help --version"},
	{"-D st", "stop status"},
	{"--root /proc/sys/kerne", "/proc/sys/kernel"},
	{"--root /x in", "info"},
	{"bogus ''", ""},
	/* options and their values, in each way to write them */
	{"run --me", "--memory --memory-swap"},
	{"run --cal", ""}, /* an alias */
	{"info -", "--debug --root --help"},
	{"run --restart o", "on-reboot"},
	{"run --restart = o", "on-reboot"},
	{"run --restart =", "no always on-reboot"},
	{"run -tih SIGTER", "SIGTERM"},
	{"run -e /proc/self/cmdlin", "/proc/self/cmdline"},
	{"run --name ''", "web= db"},
	{"run --mode ''", "rw ro"},
	{"run -n x --int", "--interactive"},
	{"run -nx --int", "--interactive"},
	/* operands, as far as they are ours */
	{"run -t /proc/sys/kerne", "/proc/sys/kernel"},
	{"run /tree --int", "--interactive"},
	{"run /tree init --int", ""},
	{"run /tree ''", ""},
	{"exec -n x w", "web web2"},
	{"exec web ''", ""},
	{"stop db ''", "web web2 db"},
	{"stop a b ''", ""},
	{"stop -- --", ""},
	{"info ''", ""},
};

static void test_completion(void **state)
{
	char *argv[] = {(char *)"bash", (char *)"--norc", NULL};
	autorelease(text_release) struct text input = {0};
	autorelease(text_release) struct text expected = {0};
	autorelease(text_release) struct text output = {0};
	autorelease(text_release) struct text complaints = {0};
	struct process_run bash = {.path = "/bin/bash", .argv = argv, .timeout_ms = 60000};
	autofree char *script = NULL;
	autofree char *errors = NULL;
	struct error err = {0};
	int status;

	(void)state;
	assert_int_equal(run_main("__complete bash", &script, &errors), 0);
	text_append(&input, script);
	text_append(&input, "box-man() { [[ $1 == __containers ]] && printf '%s\\n' web web2 db; }\ncompopt() { :; }\n");
	for (size_t i = 0; i < ARRAY_SIZE(completions); i++) {
		text_appendf(&input,
			     "COMP_WORDS=(box-man %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _box_man\n"
			     "echo \"%s: ${COMPREPLY[*]}\"\n",
			     completions[i].words, completions[i].words);
		text_appendf(&expected, "%s: %s\n", completions[i].words, completions[i].expected);
	}
	bash.input = text_get(&input);
	if (process_run(&bash, &status, &output, &complaints, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(text_get(&complaints), "");
	assert_string_equal(text_get(&output), text_get(&expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted_lines),
		cmocka_unit_test(test_refused_lines),
		cmocka_unit_test(test_options_among_operands),
		cmocka_unit_test(test_defaults_are_copied),
		cmocka_unit_test(test_help_leaves_the_rest),
		cmocka_unit_test(test_main),
		cmocka_unit_test(test_full_output_is_a_failure),
		cmocka_unit_test(test_command_help),
		cmocka_unit_test(test_program_help),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_completion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
