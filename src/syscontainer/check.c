/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer check": what of this host works for containers, how many fit, and whether a tree does. */
#include "syscontainer/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json_strings.h"
#include "base/memory.h"
#include "base/table.h"
#include "syscontainer/commands.h"

struct options {
	char *format;
};

static const char *const result_names[] = {[CHECK_WORKS] = "yes", [CHECK_WARNS] = "warning", [CHECK_MISSING] = "no"};

/* True when a needed one is missing. */
static bool add_feature(const struct check_feature *feature, struct json *features)
{
	autorelease(text_release) struct text detail = {0};
	enum check_result result = feature->probe(&detail);
	struct json *row = json_append(features, json_new_object());

	json_set_string(row, "Name", feature->name);
	json_set(row, "Needed", json_new_bool(feature->is_needed));
	json_set_string(row, "Works", result_names[result]);
	json_set_string(row, "For", feature->serves);
	json_set_string(row, "Detail", text_get(&detail));
	return feature->is_needed && result == CHECK_MISSING;
}

static void set_unless_endless(struct json *row, const char *key, uint64_t value)
{
	json_set(row, key, value == UINT64_MAX ? json_new_null() : json_new_unsigned(value));
}

/* Returns how many fit; what this kernel does not count has no end. */
static uint64_t add_supply(const struct check_supply *supply, struct json *supplies)
{
	uint64_t limit = 0, used = 0, guests;
	struct json *row;

	if (supply->measure(&limit, &used, NULL) < 0)
		return UINT64_MAX;
	guests = check_count_guests(supply, limit, used);
	row = json_append(supplies, json_new_object());
	json_set_string(row, "Name", supply->name);
	set_unless_endless(row, "Limit", limit);
	json_set(row, "Used", json_new_unsigned(used));
	json_set(row, "PerGuest", json_new_unsigned(supply->per_guest));
	set_unless_endless(row, "Guests", guests);
	json_set(row, "Setting", json_new_string(supply->setting));
	return guests;
}

static void add_supplies(struct json *report)
{
	struct json *supplies = json_set(report, "Supplies", json_new_array());
	const struct check_supply *smallest = check_supplies;
	uint64_t guests = UINT64_MAX;

	for (const struct check_supply *supply = check_supplies; supply->name; supply++) {
		uint64_t own = add_supply(supply, supplies);

		if (own < guests) {
			guests = own;
			smallest = supply;
		}
	}
	set_unless_endless(report, "Guests", guests);
	json_set_string(report, "LimitedBy", smallest->name);
	json_set(report, "LimitedBySetting", json_new_string(smallest->setting));
}

static void print_features(const struct json *features)
{
	static const char *const headers[] = {"FEATURE", "WORKS", "FOR", "DETAIL"};
	struct table *table = table_new(headers, ARRAY_SIZE(headers));

	for (size_t i = 0; i < json_count(features); i++) {
		const struct json *row = json_at(features, i);
		bool is_needed = json_bool(json_get(row, "Needed"));
		autofree char *name = xasprintf("%s%s", json_string(json_get(row, "Name")), is_needed ? " (needed)" : "");
		const char *cells[] = {name, json_string(json_get(row, "Works")), json_string(json_get(row, "For")),
				       json_string(json_get(row, "Detail"))};

		table_append(table, cells);
	}
	table_print(table, true, stdout);
	table_free(table);
}

static char *format_number(const struct json *value)
{
	uint64_t number;

	return json_unsigned(value, &number) ? xasprintf("%" PRIu64, number) : xstrdup("-");
}

static void print_supplies(const struct json *supplies)
{
	static const char *const headers[] = {"SUPPLY", "LIMIT", "USED", "A GUEST TAKES", "GUESTS THAT FIT", "SETTING"};
	struct table *table = table_new(headers, ARRAY_SIZE(headers));

	for (size_t i = 0; i < json_count(supplies); i++) {
		const struct json *row = json_at(supplies, i);
		autofree char *limit = format_number(json_get(row, "Limit")), *used = format_number(json_get(row, "Used")),
			      *one = format_number(json_get(row, "PerGuest")),
			      *guests = format_number(json_get(row, "Guests"));
		const char *setting = json_string(json_get(row, "Setting"));
		const char *cells[] = {
			json_string(json_get(row, "Name")), limit, used, one, guests, setting ? setting : "-"};

		table_append(table, cells);
	}
	table_print(table, true, stdout);
	table_free(table);
}

static void print_summary(const struct json *report)
{
	autofree char *guests = format_number(json_get(report, "Guests"));
	const char *setting = json_string(json_get(report, "LimitedBySetting"));

	printf("\n%s more guests with systemd fit; what runs out first: %s", guests,
	       json_string(json_get(report, "LimitedBy")));
	printf(setting ? " (raise it by sysctl %s, see sysctl.d(5))\n" : "%s\n", setting ? setting : "");
}

static void print_json(const struct json *report)
{
	autorelease(text_release) struct text out = {0};

	json_print(report, 0, &out);
	puts(text_get(&out));
}

static void print_host(const struct json *report)
{
	print_features(json_get(report, "Features"));
	printf("\n");
	print_supplies(json_get(report, "Supplies"));
	print_summary(report);
}

static void print_tree(const struct json *report)
{
	for (size_t i = 0; i < json_count(report); i++)
		printf("%s: %s\n", json_key_at(report, i), json_string(json_at(report, i)));
}

/* True when a needed feature is missing. */
static bool check_host(struct json *report)
{
	struct json *features = json_set(report, "Features", json_new_array());
	bool is_missing = false;

	for (const struct check_feature *feature = check_features; feature->name; feature++)
		is_missing |= add_feature(feature, features);
	add_supplies(report);
	return is_missing;
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct options *options = data;
	autorelease(json_free_scoped) struct json *report = json_new_object();
	bool is_of_tree = operands->count > 0;
	int r = is_of_tree ? check_tree(operands->items[0], report, err) : check_host(report);

	if (r < 0)
		return r;
	if (options->format)
		print_json(report);
	else if (is_of_tree)
		print_tree(report);
	else
		print_host(report);
	return r;
}

static const char *const formats[] = {"json", NULL};

static const struct option_row rows[] = {
	{.name = "format",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct options, format),
	 .choices = formats,
	 .argument = "json",
	 .help = "print it as JSON"},
	{0},
};

const struct command command_check = {
	.name = "check",
	.arguments = "[OPTIONS] [ROOTFS]",
	.summary = "Find out what of this host works for containers, and how many fit; or whether a tree does",
	.details =
		"Each feature is tried, not guessed from a version, and nothing is left behind. The exit status is 1 when something is missing "
		"that all containers need. With ROOTFS, a directory, it tells which init a container of it would have and which cgroups that is given here, or why it "
		"cannot be started.",
	.options = rows,
	.options_size = sizeof(struct options),
	.max_operands = 1,
	.complete = "directory",
	.run = run,
};
