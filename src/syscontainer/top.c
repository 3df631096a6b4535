/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer top`: the host's ps, asked for the processes of one container. */
#include "syscontainer/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/process.h"
#include "base/text.h"
#include "container/container.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_tasks.h"
#include "model/event.h"

#define PS            "/usr/bin/ps"
#define PS_TIMEOUT_MS 30000
#define PS_MAX_OUTPUT ((size_t)16 << 20)
/* One argument has 128 KiB at most (execve(2)); so many pids, of seven digits and a comma, are below it. */
#define QUICK_PIDS_MAX 10000
#define BLANKS         " \t"

struct top_options {
	char *format;
};

/* --- asking ps -------------------------------------------------------------------------------------------------------- */

static int compare_pids(const void *left, const void *right)
{
	pid_t a = *(const pid_t *)left, b = *(const pid_t *)right;

	return (a > b) - (a < b);
}

static bool has_pid(const struct cgroup_pids *pids, const char *word)
{
	int64_t number;
	pid_t pid;

	if (pids->count == 0 || number_parse(word, 1, INT32_MAX, &number, NULL) < 0)
		return false;
	pid = (pid_t)number;
	return bsearch(&pid, pids->items, pids->count, sizeof(pid), compare_pids);
}

static int run_ps(const struct strings *arguments, struct text *out, struct text *errors, struct error *err)
{
	struct process_run run = {
		.path = PS,
		.argv = arguments->items,
		.timeout_ms = PS_TIMEOUT_MS,
		.max_output = PS_MAX_OUTPUT,
	};
	int status;
	int r = process_run(&run, &status, out, errors, err);

	if (r == -ENOENT)
		return error_append(err, "; install procps");
	return r;
}

static void append_pids(struct strings *arguments, const struct cgroup_pids *pids)
{
	struct text list = {0};

	for (size_t i = 0; i < pids->count; i++)
		text_appendf(&list, "%s%d", i ? "," : "", (int)pids->items[i]);
	strings_append(arguments, "-q");
	strings_append_owned(arguments, text_steal(&list));
}

/* Those of ps -ef, with room for the ids of a remapped guest, which have no names here. */
static void append_default_columns(struct strings *arguments, bool is_quick)
{
	static const char *const columns[] = {"-o", "user:10=UID", "-o", "pid,ppid,c,stime,tname,time", "-o", "args=CMD"};

	if (!is_quick)
		strings_append(arguments, "-e");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		strings_append(arguments, columns[i]);
}

/* ps looks at nothing but `pids` where it can: `is_quick`. It says nothing on stdout only when it does not like its arguments. */
static int ask_ps(const struct cgroup_pids *pids, const struct strings *words, bool is_quick, struct text *out,
		  struct text *errors, struct error *err)
{
	autorelease(strings_release) struct strings arguments = {0};

	strings_append(&arguments, "ps");
	if (is_quick)
		append_pids(&arguments, pids);
	if (words->count == 0)
		append_default_columns(&arguments, is_quick);
	strings_append_all(&arguments, words);
	return run_ps(&arguments, out, errors, err);
}

static int list_processes(const struct cgroup_pids *pids, const struct strings *words, struct text *out, struct error *err)
{
	autorelease(text_release) struct text errors = {0};
	const char *complaint;
	int r = 0;

	if (pids->count > 0 && pids->count <= QUICK_PIDS_MAX)
		r = ask_ps(pids, words, true, out, &errors, err);
	if (r < 0 || out->length > 0)
		return r;
	/* Some arguments do not go with -q. */
	text_release(&errors);
	r = ask_ps(pids, words, false, out, &errors, err);
	if (r < 0 || out->length > 0)
		return r;
	complaint = text_get(&errors) + strspn(text_get(&errors), "\n");
	return error_set(err, -EINVAL, "ps does not take these arguments: %.*s", (int)strcspn(complaint, "\n"), complaint);
}

/* --- its output ------------------------------------------------------------------------------------------------------- */

struct process_table {
	struct strings columns;
	struct strings lines; /* as ps printed them, the header first */
	size_t pid_column;
};

static void process_table_release(struct process_table *table)
{
	strings_release(&table->columns);
	strings_release(&table->lines);
}

/* The words of a line, one a column; the last column has the rest of the line. */
static void split_line(const char *line, size_t column_count, struct strings *ret_cells)
{
	for (size_t i = 0; i < column_count; i++) {
		bool is_last = i + 1 == column_count;
		size_t length;

		line += strspn(line, BLANKS);
		length = is_last ? strlen(line) : strcspn(line, BLANKS);
		strings_append_owned(ret_cells, xstrndup(line, length));
		line += length;
	}
}

/* The caller frees. */
static char *find_word(const char *line, size_t index)
{
	line += strspn(line, BLANKS);
	for (; index > 0; index--) {
		line += strcspn(line, BLANKS);
		line += strspn(line, BLANKS);
	}
	return xstrndup(line, strcspn(line, BLANKS));
}

static int parse_header(const char *header, struct process_table *table, struct error *err)
{
	strings_split(&table->columns, header ? header : "", BLANKS);
	for (size_t i = 0; i < table->columns.count; i++)
		if (strcmp(table->columns.items[i], "PID") == 0) {
			table->pid_column = i;
			return 0;
		}
	return error_set(err, -EINVAL, "Couldn't find PID field in ps output; let ps show it (-o pid,...)");
}

/* Drops what is not the container's. With "m", lines of threads, whose pid is "-", follow their process. */
static int parse_output(const struct text *output, const struct cgroup_pids *pids, struct process_table *ret_table,
			struct error *err)
{
	autorelease(strings_release) struct strings lines = {0};
	bool is_ours = false;
	int r;

	strings_split(&lines, text_get(output), "\n");
	r = parse_header(lines.count ? lines.items[0] : NULL, ret_table, err);
	if (r < 0)
		return r;
	strings_append(&ret_table->lines, lines.items[0]);
	for (size_t i = 1; i < lines.count; i++) {
		autofree char *pid = find_word(lines.items[i], ret_table->pid_column);

		if (strcmp(pid, "-") != 0)
			is_ours = has_pid(pids, pid);
		if (is_ours)
			strings_append(&ret_table->lines, lines.items[i]);
	}
	return 0;
}

static void print_json(const struct process_table *table)
{
	autorelease(json_free_scoped) struct json *array = json_new_array();
	autorelease(text_release) struct text out = {0};

	for (size_t i = 1; i < table->lines.count; i++) {
		struct json *object = json_append(array, json_new_object());
		autorelease(strings_release) struct strings cells = {0};

		split_line(table->lines.items[i], table->columns.count, &cells);
		for (size_t column = 0; column < cells.count; column++)
			json_set(object, table->columns.items[column], json_new_string(cells.items[column]));
	}
	json_print(array, 0, &out);
	puts(text_get(&out));
}

static void print(const struct top_options *options, const struct process_table *table)
{
	if (options->format && strcmp(options->format, "json") == 0) {
		print_json(table);
		return;
	}
	for (size_t i = 0; i < table->lines.count; i++)
		puts(table->lines.items[i]);
}

/* --- the command ------------------------------------------------------------------------------------------------------ */

static int list_pids(const struct spec *spec, struct cgroup_pids *ret_pids, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	autofree char *cgroup = spec_cgroup(spec);
	int r = cgroup_host_load(&host, err);

	if (r >= 0)
		r = cgroup_list_tasks(&host, cgroup, ret_pids, err);
	if (r >= 0 && ret_pids->count > 0)
		qsort(ret_pids->items, ret_pids->count, sizeof(*ret_pids->items), compare_pids);
	return r;
}

static int run(void *options, const struct strings *operands, struct error *err)
{
	autorelease(container_release) struct container container = {0};
	autorelease(cgroup_pids_release) struct cgroup_pids pids = {0};
	autorelease(process_table_release) struct process_table table = {0};
	autorelease(strings_release) struct strings words = {0};
	autorelease(text_release) struct text output = {0};
	int r = container_open(operands->items[0], &container, err);

	if (r < 0)
		return r;
	if (!container_is_live(&container) || container.status == CONTAINER_RESTARTING)
		return error_set(err, -ESRCH, "Container %s is not running", operands->items[0]);
	for (size_t i = 1; i < operands->count; i++)
		strings_append(&words, operands->items[i]);
	r = list_pids(&container.spec, &pids, err);
	if (r >= 0)
		r = list_processes(&pids, &words, &output, err);
	if (r >= 0)
		r = parse_output(&output, &pids, &table, err);
	if (r < 0)
		return r;
	event_log(container.id, container.spec.name, "top", "pid=%d", container.boot.init.pid);
	print(options, &table);
	return 0;
}

static const char *const formats[] = {"table", "json", NULL};

static const struct option_row rows[] = {
	{.name = "format",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct top_options, format),
	 .choices = formats,
	 .argument = "FORMAT",
	 .help = "table or json: an array of objects, one a process"},
	{0},
};

const struct command command_top = {
	.name = "top",
	.arguments = "[OPTIONS] CONTAINER [PS-ARGUMENT...]",
	.summary = "Show the processes of a container",
	.details =
		"Words behind the container are arguments of the host's ps(1); without any its columns are those of ps -ef. Pids are "
		"the host's.",
	.options = rows,
	.options_size = sizeof(struct top_options),
	.min_operands = 1,
	.options_end_at_operand = true,
	.complete = "container",
	.run = run,
};
