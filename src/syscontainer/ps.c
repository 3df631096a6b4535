/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer ps`: which containers, in which order, which fields of them. */
#include "syscontainer/commands.h"

#include <ctype.h>
#include <regex.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/table.h"
#include "syscontainer/describe.h"
#include "syscontainer/listing.h"
#include "syscontainer/template.h"

#define SHORT_ID       12
#define SHORT_COMMAND  22
#define DEFAULT_FORMAT "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.Created}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
#define TABLE_PREFIX   "table "

struct ps_options {
	bool all, quiet, no_trunc, latest;
	int64_t last;
	struct strings filters;
	char *format;
};

/* --- fields ------------------------------------------------------------------------------------------------------- */

struct view {
	int64_t now_ns;
	bool no_trunc;
};

static struct json *string_of(struct text *text)
{
	struct json *value = json_new_string(text_get(text));

	text_release(text);
	return value;
}

static struct json *field_id(struct container *container, const struct view *view)
{
	autofree char *id = xstrndup(container->id, view->no_trunc ? strlen(container->id) : SHORT_ID);

	return json_new_string(id);
}

static struct json *field_image(struct container *container, const struct view *view)
{
	(void)container;
	(void)view;
	return json_new_string("none");
}

/* How many of its bytes are the first `count` characters; what is no UTF-8 counts by the byte. */
static size_t measure_characters(const char *text, size_t count)
{
	size_t length = 0;

	while (text[length] && count-- > 0)
		do
			length++;
		while (((unsigned char)text[length] & 0xc0) == 0x80);
	return length;
}

/* One line, whatever the words hold: scripts read ps by lines. */
static struct json *field_command(struct container *container, const struct view *view)
{
	autofree char *command = strings_join(&container->spec.command, " ");
	size_t length = measure_characters(command, view->no_trunc ? strlen(command) : SHORT_COMMAND);
	struct text text = {0};

	if (container->spec.command.count == 0)
		return json_new_string(""); /* it is broken */
	for (char *next = command; *next; next++)
		if (iscntrl((unsigned char)*next))
			*next = '?';
	text_appendf(&text, "\"%.*s%s\"", (int)length, command, command[length] ? "..." : "");
	return string_of(&text);
}

static struct json *field_created(struct container *container, const struct view *view)
{
	struct text text = {0};

	if (container->spec.created_ns) {
		clock_format_elapsed(view->now_ns - container->spec.created_ns, &text);
		text_append(&text, " ago");
	}
	return string_of(&text);
}

static struct json *field_status(struct container *container, const struct view *view)
{
	struct text text = {0};

	describe_status(container, view->now_ns, &text);
	return string_of(&text);
}

static struct json *field_ports(struct container *container, const struct view *view)
{
	(void)container;
	(void)view;
	return json_new_string("");
}

static struct json *field_names(struct container *container, const struct view *view)
{
	(void)view;
	return json_new_string(listing_name(container));
}

static struct json *field_pid(struct container *container, const struct view *view)
{
	(void)view;
	return json_new_integer(describe_pid(container));
}

static struct json *field_exit_code(struct container *container, const struct view *view)
{
	(void)view;
	return json_new_integer(describe_exit_code(container));
}

static struct json *field_restart_count(struct container *container, const struct view *view)
{
	(void)view;
	return json_new_integer(container->state.restart_count);
}

static struct json *time_value(int64_t real_ns)
{
	struct text text = {0};

	clock_format_rfc3339(real_ns, &text);
	return string_of(&text);
}

static struct json *field_start_at(struct container *container, const struct view *view)
{
	(void)view;
	return time_value(describe_started_ns(container));
}

static struct json *field_finish_at(struct container *container, const struct view *view)
{
	(void)view;
	return time_value(container->state.finished_ns);
}

static struct json *field_runtime(struct container *container, const struct view *view)
{
	(void)container;
	(void)view;
	return json_new_string("lxc");
}

static struct json *field_state(struct container *container, const struct view *view)
{
	(void)view;
	return json_new_string(container_status_name(container->status));
}

static struct json *field_created_at(struct container *container, const struct view *view)
{
	(void)view;
	return time_value(container->spec.created_ns);
}

static struct json *field_ready(struct container *container, const struct view *view)
{
	(void)view;
	return json_new_bool(container_is_live(container) && container->boot.is_ready);
}

struct field {
	const char *name, *header;
	struct json *(*value)(struct container *container, const struct view *view);
};

static const struct field fields[] = {
	{"ID", "CONTAINER ID", field_id},
	{"Image", "IMAGE", field_image},
	{"Command", "COMMAND", field_command},
	{"Created", "CREATED", field_created},
	{"Status", "STATUS", field_status},
	{"Ports", "PORTS", field_ports},
	{"Names", "NAMES", field_names},
	{"Pid", "PID", field_pid},
	{"ExitCode", "EXIT CODE", field_exit_code},
	{"RestartCount", "RESTART COUNT", field_restart_count},
	{"StartAt", "START AT", field_start_at},
	{"FinishAt", "FINISH AT", field_finish_at},
	{"Runtime", "RUNTIME", field_runtime},
	{"State", "STATE", field_state},
	/* Ours. */
	{"CreatedAt", "CREATED AT", field_created_at},
	{"Ready", "READY", field_ready},
};

static const struct field *find_field(const struct template_group *group)
{
	for (size_t i = 0; group->path.count == 1 && i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, group->path.items[0]) == 0)
			return &fields[i];
	return NULL;
}

static int check_fields(const struct template *template, struct error *err)
{
	for (size_t i = 0; i < template->count; i++)
		if (!find_field(&template->groups[i]))
			return error_set(err, -EINVAL, "--format not support the field: %s",
					 template->groups[i].expression + 1);
	return 0;
}

/* --- filters ------------------------------------------------------------------------------------------------------ */

enum filter_kind { FILTER_ID, FILTER_LABEL, FILTER_NAME, FILTER_STATUS, FILTER_HEALTH, FILTER_KINDS };

/* Patterns of one kind: any of them may match, but every label must. */
struct filter {
	struct strings values;
	regex_t *patterns; /* of ids and names, one a value */
};

struct selection {
	struct filter filters[FILTER_KINDS];
	bool with_stopped;
	int64_t last; /* the newest N; -1 is all */
};

static void selection_release(struct selection *selection)
{
	for (int kind = 0; kind < FILTER_KINDS; kind++) {
		struct filter *filter = &selection->filters[kind];

		for (size_t i = 0; filter->patterns && i < filter->values.count; i++)
			regfree(&filter->patterns[i]);
		free(filter->patterns);
		strings_release(&filter->values);
	}
}

static int add_pattern(struct filter *filter, const char *value, struct error *err)
{
	regex_t pattern;
	char reason[128];
	int r = regcomp(&pattern, value, REG_EXTENDED | REG_NOSUB);

	if (r != 0) {
		regerror(r, &pattern, reason, sizeof(reason));
		return error_set(err, -EINVAL, "Invalid filter: \"%.200s\" is no regular expression: %s", value, reason);
	}
	filter->patterns = xreallocarray(filter->patterns, filter->values.count + 1, sizeof(pattern));
	filter->patterns[filter->values.count] = pattern;
	strings_append(&filter->values, value);
	return 0;
}

static int add_status(struct selection *selection, const char *value, struct error *err)
{
	const char *status = strcmp(value, "created") == 0 ? "inited" : value;

	for (enum container_status i = CONTAINER_INITED; i <= CONTAINER_BROKEN; i++)
		if (strcmp(container_status_name(i), status) == 0) {
			strings_append(&selection->filters[FILTER_STATUS].values, status);
			selection->with_stopped = true;
			return 0;
		}
	return error_set(
		err, -EINVAL,
		"Unrecognised filter value for status: %.200s; use inited, starting, running, paused, restarting, exited or broken",
		value);
}

/* "none" are those without a check. */
static const char *health_of(const struct container *container)
{
	return container->spec.health.command ? health_status_names[container->health.status] : "none";
}

static int add_health(struct selection *selection, const char *value, struct error *err)
{
	bool is_known = strcmp(value, "none") == 0;

	for (int i = 0; health_status_names[i]; i++)
		is_known = is_known || strcmp(value, health_status_names[i]) == 0;
	if (!is_known)
		return error_set(err, -EINVAL,
				 "Unrecognised filter value for health: %.200s; use starting, healthy, unhealthy or none",
				 value);
	strings_append(&selection->filters[FILTER_HEALTH].values, value);
	return 0;
}

static int add_last(struct selection *selection, const char *value, struct error *err)
{
	int r = number_parse(value, 1, INT32_MAX, &selection->last, err);

	if (r < 0)
		return error_prefix(err, "Invalid filter \"last_n=%.200s\"", value);
	selection->with_stopped = true;
	return 0;
}

static int add_filter(struct selection *selection, const char *text, struct error *err)
{
	const char *value = strchr(text, '=');
	autofree char *key = xstrndup(text, value ? (size_t)(value - text) : strlen(text));

	if (!value)
		return error_set(err, -EINVAL, "Invalid filter \"%.200s\": write KEY=VALUE", text);
	value++;
	if (strcmp(key, "id") == 0)
		return add_pattern(&selection->filters[FILTER_ID], value, err);
	if (strcmp(key, "name") == 0)
		return add_pattern(&selection->filters[FILTER_NAME], value, err);
	if (strcmp(key, "status") == 0)
		return add_status(selection, value, err);
	if (strcmp(key, "health") == 0)
		return add_health(selection, value, err);
	if (strcmp(key, "last_n") == 0)
		return add_last(selection, value, err);
	if (strcmp(key, "label") != 0)
		return error_set(err, -EINVAL, "Invalid filter '%.200s'; use id, label, name, status, health or last_n",
				 key);
	strings_append(&selection->filters[FILTER_LABEL].values, value);
	return 0;
}

static int parse_selection(const struct ps_options *options, struct selection *ret_selection, struct error *err)
{
	*ret_selection = (struct selection){
		.with_stopped = options->all || options->latest || options->last > 0,
		.last = options->latest     ? 1
			: options->last > 0 ? options->last
					    : -1,
	};
	for (size_t i = 0; i < options->filters.count; i++) {
		int r = add_filter(ret_selection, options->filters.items[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool matches_any(const struct filter *filter, const char *text)
{
	for (size_t i = 0; i < filter->values.count; i++)
		if (regexec(&filter->patterns[i], text, 0, NULL, 0) == 0)
			return true;
	return filter->values.count == 0;
}

/* Each is "KEY", which any value fits, or "KEY=VALUE". */
static bool has_labels(const struct spec *spec, const struct strings *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		autofree char *key = xstrndup(wanted->items[i], strcspn(wanted->items[i], "="));
		const char *wanted_value = strchr(wanted->items[i], '=');
		const char *value = strings_get_value(&spec->labels, key);

		if (!value || (wanted_value && strcmp(value, wanted_value + 1) != 0))
			return false;
	}
	return true;
}

static bool is_selected(struct container *container, const struct selection *selection)
{
	const struct filter *filters = selection->filters;
	const struct strings *statuses = &filters[FILTER_STATUS].values, *healths = &filters[FILTER_HEALTH].values;

	/* Whether a broken one runs is not known, and somebody must look after it: it is always there. */
	if (!selection->with_stopped && !container_is_live(container) && container->status != CONTAINER_BROKEN)
		return false;
	return (statuses->count == 0 || strings_contain(statuses, container_status_name(container->status))) &&
	       (healths->count == 0 || strings_contain(healths, health_of(container))) &&
	       matches_any(&filters[FILTER_ID], container->id) &&
	       matches_any(&filters[FILTER_NAME], listing_name(container)) &&
	       has_labels(&container->spec, &filters[FILTER_LABEL].values);
}

/* --- order -------------------------------------------------------------------------------------------------------- */

static int compare_newest_first(int64_t left, int64_t right)
{
	return (left < right) - (left > right);
}

static int compare_by_creation(const void *left, const void *right)
{
	const struct container *a = *(struct container *const *)left, *b = *(struct container *const *)right;
	int order = compare_newest_first(a->spec.created_ns, b->spec.created_ns);

	return order ? order : strcmp(a->id, b->id);
}

/* Those that never started come last. */
static int compare_by_start(const void *left, const void *right)
{
	const struct container *a = *(struct container *const *)left, *b = *(struct container *const *)right;
	int order = compare_newest_first(describe_started_ns(a), describe_started_ns(b));

	return order ? order : compare_by_creation(left, right);
}

/* The selected containers in the order in which they are printed; the caller frees the array. */
static struct container **arrange(struct listing *listing, const struct selection *selection, size_t *ret_count)
{
	struct container **chosen = xcalloc(listing->count + 1, sizeof(struct container *));
	size_t count = 0;

	for (size_t i = 0; i < listing->count; i++)
		if (is_selected(&listing->items[i], selection))
			chosen[count++] = &listing->items[i];
	qsort(chosen, count, sizeof(struct container *), selection->last >= 0 ? compare_by_creation : compare_by_start);
	*ret_count = selection->last >= 0 && count > (size_t)selection->last ? (size_t)selection->last : count;
	return chosen;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

struct output {
	struct container **containers;
	size_t count;
	struct view view;
};

static void append_field(const struct template_group *group, struct container *container, const struct view *view,
			 struct text *out)
{
	autorelease(json_free_scoped) struct json *value = NULL;

	if (!container) {
		text_append(out, find_field(group)->header);
		return;
	}
	value = find_field(group)->value(container, view);
	template_append_value(value, group->is_json, out);
}

/*
 * Text between two groups: a tab, or nothing but blanks, parts two columns; other text belongs to the cell before. Returns what
 * the next cell begins with.
 */
static const char *part_columns(const char *between, struct text *cell, struct strings *cells)
{
	const char *tab = strrchr(between, '\t');

	if (!tab && (between[0] == '\0' || between[strspn(between, " ")] != '\0')) {
		text_append(cell, between);
		return "";
	}
	if (tab)
		text_append_bytes(cell, between, (size_t)(tab - between));
	strings_append_owned(cells, text_steal(cell));
	return tab ? tab + 1 : "";
}

/* `container` NULL gives the headers. */
static void fill_cells(const struct template *template, struct container *container, const struct view *view,
		       struct strings *ret_cells)
{
	struct text cell = {0};

	for (size_t i = 0; i < template->count; i++) {
		const char *between = template->groups[i].text_before;

		text_append(&cell, i == 0 ? between : part_columns(between, &cell, ret_cells));
		append_field(&template->groups[i], container, view, &cell);
	}
	text_append(&cell, template->text_after);
	strings_append_owned(ret_cells, text_steal(&cell));
}

static void print_table(const struct template *template, const struct output *output)
{
	autorelease(strings_release) struct strings headers = {0};
	struct table *table;

	fill_cells(template, NULL, &output->view, &headers);
	table = table_new((const char *const *)headers.items, headers.count);
	for (size_t i = 0; i < output->count; i++) {
		autorelease(strings_release) struct strings cells = {0};

		fill_cells(template, output->containers[i], &output->view, &cells);
		table_append(table, (const char *const *)cells.items);
	}
	table_print(table, true, stdout);
	table_free(table);
}

static void print_lines(const struct template *template, const struct output *output)
{
	for (size_t i = 0; i < output->count; i++) {
		autorelease(text_release) struct text line = {0};

		for (size_t group = 0; group < template->count; group++) {
			text_append(&line, template->groups[group].text_before);
			append_field(&template->groups[group], output->containers[i], &output->view, &line);
		}
		text_append(&line, template->text_after);
		puts(text_get(&line));
	}
}

static void print_json(const struct output *output)
{
	autorelease(json_free_scoped) struct json *array = json_new_array();
	autorelease(text_release) struct text out = {0};

	for (size_t i = 0; i < output->count; i++) {
		struct json *object = json_append(array, json_new_object());

		for (size_t field = 0; field < ARRAY_SIZE(fields); field++)
			json_set(object, fields[field].name, fields[field].value(output->containers[i], &output->view));
	}
	json_print(array, 0, &out);
	puts(text_get(&out));
}

static void print_ids(const struct output *output)
{
	for (size_t i = 0; i < output->count; i++)
		printf("%.*s\n", output->view.no_trunc ? -1 : SHORT_ID, output->containers[i]->id);
}

/* How it is printed is known before the first container is looked at: a bad format is refused on a host without any, too. */
struct style {
	bool is_json, is_table;
	struct template template;
};

static void style_release(struct style *style)
{
	template_release(&style->template);
}

static int parse_style(const char *format, struct style *ret_style, struct error *err)
{
	int r;

	*ret_style = (struct style){.is_json = strcmp(format, "json") == 0};
	if (ret_style->is_json)
		return 0;
	ret_style->is_table = strncmp(format, TABLE_PREFIX, strlen(TABLE_PREFIX)) == 0;
	r = template_parse(format + (ret_style->is_table ? strlen(TABLE_PREFIX) : 0), &ret_style->template, err);
	return r < 0 ? r : check_fields(&ret_style->template, err);
}

static void print(const struct style *style, const struct output *output)
{
	if (style->is_json)
		print_json(output);
	else if (style->is_table)
		print_table(&style->template, output);
	else
		print_lines(&style->template, output);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct ps_options *options = data;
	autorelease(selection_release) struct selection selection = {0};
	autorelease(listing_release) struct listing listing = {0};
	autorelease(style_release) struct style style = {0};
	struct output output = {.view = {.now_ns = clock_real_ns(), .no_trunc = options->no_trunc}};
	int r = parse_style(options->format ? options->format : DEFAULT_FORMAT, &style, err);

	(void)operands;
	if (r >= 0)
		r = parse_selection(options, &selection, err);
	if (r >= 0)
		r = listing_load(&listing, err);
	if (r < 0)
		return r;
	output.containers = arrange(&listing, &selection, &output.count);
	if (options->quiet)
		print_ids(&output);
	else
		print(&style, &output);
	free(output.containers);
	return 0;
}

#define ROW(member, name_, letter_, type_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(struct ps_options, member), \
		##__VA_ARGS__ \
	}

static const struct option_row rows[] = {
	ROW(all, "all", 'a', OPTION_FLAG, .help = "show stopped containers too"),
	ROW(last, "last", 'n', OPTION_INTEGER, .min = -1, .max = INT32_MAX, .argument = "N",
	    .help = "show the N containers that were made last, whatever they do"),
	ROW(latest, "latest", 'l', OPTION_FLAG, .help = "show the container that was made last"),
	ROW(quiet, "quiet", 'q', OPTION_FLAG, .help = "print ids only"),
	ROW(filters, "filter", 'f', OPTION_STRINGS, .argument = "KEY=VALUE",
	    .help = "only those that fit: id, name (regular expressions), label (KEY or KEY=VALUE), status, health, last_n"),
	ROW(no_trunc, "no-trunc", 0, OPTION_FLAG, .help = "do not shorten ids and commands"),
	ROW(format, "format", 0, OPTION_STRING, .argument = "FORMAT",
	    .help = "json, or text with {{.FIELD}}s; \"table \" in front prints columns with headers"),
	{0},
};

const struct command command_ps = {
	.name = "ps",
	.arguments = "[OPTIONS]",
	.summary = "List containers",
	.details =
		"Fields of --format: ID, Image, Command, Created, Status, Ports, Names, Pid, ExitCode, RestartCount, StartAt, "
		"FinishAt, Runtime, State, CreatedAt, Ready.",
	.options = rows,
	.options_size = sizeof(struct ps_options),
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run,
};
