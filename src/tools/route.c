/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the commands of plugged routes: add-route, remove-route, list-route. */
#include <stddef.h>

#include "base/json_strings.h"
#include "base/memory.h"
#include "container/nic.h"
#include "container/tools_verbs.h"
#include "tools/tools.h"

static char *describe_all(const struct attached_route *route)
{
	return xasprintf("{dest:%s,src:%s,gw:%s,dev:%s}", route->destination, route->source, route->gateway, route->device);
}

static int parse(const char *text, struct attached_routes *ret_routes, struct error *err)
{
	return *text ? attached_routes_parse(text, ret_routes, err) : error_set(err, -EINVAL, "rule can't be empty");
}

/* --- add-route -------------------------------------------------------------------------------------------------------- */

struct change_options {
	bool is_config_only, is_required;
};

#define CONFIG_ONLY_ROW \
	{ \
		.name = "update-config-only", .type = OPTION_FLAG, \
		.offset = offsetof(struct change_options, is_config_only), \
		.help = "record it for the next start and leave the running container alone" \
	}

static const struct option_row add_rows[] = {
	{.name = "required",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct change_options, is_required),
	 .help = "the container does not start without them"},
	CONFIG_ONLY_ROW,
	{.name = NULL},
};

static int edit_add(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	const struct attached_routes *routes = data;
	int r = nic_check_guest(&container->spec, err);

	for (size_t i = 0; r == 0 && i < routes->count; i++) {
		autofree char *what = describe_all(&routes->items[i]);

		if (attachments_find(wanted, ATTACHMENT_ROUTE, &routes->items[i]))
			r = error_set(err, -EEXIST, "route %s alread exist", what); /* as scripts know it */
		else
			attachments_put(wanted, ATTACHMENT_ROUTE, &routes->items[i]);
	}
	return r;
}

static int run_add(void *data, const struct strings *operands, struct error *err)
{
	const struct change_options *options = data;
	autorelease(attached_routes_release) struct attached_routes routes = {0};
	const struct tools_change change = {
		.reference = operands->items[0],
		.scope = options->is_config_only ? PLUG_RECORD : PLUG_DIFFERENCE,
		.edit = edit_add,
		.data = &routes,
	};
	int r = parse(operands->items[1], &routes, err);

	for (size_t i = 0; r == 0 && i < routes.count; i++)
		routes.items[i].is_required = options->is_required;
	if (r < 0)
		return r;
	if (tools_change(&change, err) < 0)
		return error_prefix(err, "failed to add route");
	for (size_t i = 0; i < routes.count; i++) {
		autofree char *what = describe_all(&routes.items[i]);

		tools_say("Add route to container %s, route: %s done", operands->items[0], what);
	}
	return 0;
}

#define RULES_DETAILS \
	"RULES are '[{\"dest\": \"10.1.0.0/16\", \"src\": ..., \"gw\": \"10.0.0.1\", \"dev\": \"eth1\"}, ...]'. dest is NETWORK/BITS; left out, empty or \"default\" it is the " \
	"default route. A rule has a gw (on the link of which it is sent) or a dev (a link of the container), or both; src is the address that packets get."

const struct command command_add_route = {
	TOOLS_VERB_ADD_ROUTE(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER RULES",
	.details = RULES_DETAILS " All rules of one command are added, or none. Each start adds them again, after the NICs.",
	.options = add_rows,
	.options_size = sizeof(struct change_options),
	.min_operands = 2,
	.max_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run_add,
};

/* --- remove-route ----------------------------------------------------------------------------------------------------- */

static const struct option_row remove_rows[] = {
	CONFIG_ONLY_ROW,
	{.name = NULL},
};

static int edit_remove(const struct container *container, struct attachments *wanted, void *data, struct error *err)
{
	const struct attached_routes *routes = data;

	(void)container;
	for (size_t i = 0; i < routes->count; i++) {
		autofree char *what = describe_all(&routes->items[i]);

		if (!attachments_find(wanted, ATTACHMENT_ROUTE, &routes->items[i]))
			return error_set(
				err, -ENOENT,
				"Route(%s) is not added by syscontainer-tools, can not remove it, please check input parameter.",
				what);
		attachments_take(wanted, ATTACHMENT_ROUTE, &routes->items[i]);
	}
	return 0;
}

static int run_remove(void *data, const struct strings *operands, struct error *err)
{
	const struct change_options *options = data;
	autorelease(attached_routes_release) struct attached_routes routes = {0};
	const struct tools_change change = {
		.reference = operands->items[0],
		.scope = options->is_config_only ? PLUG_RECORD : PLUG_DIFFERENCE,
		.edit = edit_remove,
		.data = &routes,
	};
	int r = parse(operands->items[1], &routes, err);

	if (r < 0)
		return r;
	if (tools_change(&change, err) < 0)
		return error_prefix(err, "failed to remove route");
	for (size_t i = 0; i < routes.count; i++) {
		autofree char *what = describe_all(&routes.items[i]);

		tools_say("Remove route from container %s, route: %s done", operands->items[0], what);
	}
	return 0;
}

const struct command command_remove_route = {
	TOOLS_VERB_REMOVE_ROUTE(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER RULES",
	.details = RULES_DETAILS
	" A rule is removed that has exactly these values: one that is left out stands for none, not for any.",
	.options = remove_rows,
	.options_size = sizeof(struct change_options),
	.min_operands = 2,
	.max_operands = 2,
	.usage_status = 1,
	.complete = "container",
	.run = run_remove,
};

/* --- list-route ------------------------------------------------------------------------------------------------------- */

struct list_options {
	bool is_pretty;
	char *filter;
};

static const struct option_row list_rows[] = {
	{.name = "filter",
	 .letter = 'f',
	 .type = OPTION_STRING,
	 .offset = offsetof(struct list_options, filter),
	 .argument = "JSON",
	 .help = "only those with these values, such as '{\"dev\": \"eth1\"}'"},
	{.name = "pretty",
	 .letter = 'p',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct list_options, is_pretty),
	 .help = "indented"},
	{.name = NULL},
};

static struct json *write_route(const struct attached_route *route)
{
	struct json *object = json_new_object();

	json_set_string(object, "dest", route->destination);
	json_set_string(object, "src", route->source);
	json_set_string(object, "gw", route->gateway);
	json_set_string(object, "dev", route->device);
	return object;
}

static int run_list(void *data, const struct strings *operands, struct error *err)
{
	const struct list_options *options = data;
	autorelease(container_release) struct container container = {0};
	autorelease(json_free_scoped) struct json *filter = NULL, *list = json_new_array();
	const struct attachments *attachments = &container.spec.attachments;
	int r = tools_filter_parse(options->filter, &filter, err);

	if (r == 0)
		r = tools_load(operands->items[0], &container, err);
	for (size_t i = 0; r == 0 && i < attachments->lists[ATTACHMENT_ROUTE].count; i++) {
		struct json *route = write_route(attachments_at(attachments, ATTACHMENT_ROUTE, i));

		if (tools_filter_takes(filter, route))
			json_append(list, route);
		else
			json_free(route);
	}
	if (r == 0)
		tools_print_list(list, options->is_pretty);
	return r;
}

const struct command command_list_route = {
	TOOLS_VERB_LIST_ROUTE(TOOLS_NAMED),
	.arguments = "[OPTIONS] CONTAINER",
	.options = list_rows,
	.options_size = sizeof(struct list_options),
	.min_operands = 1,
	.max_operands = 1,
	.usage_status = 1,
	.complete = "container",
	.run = run_list,
};
