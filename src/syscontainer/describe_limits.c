/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what inspect says of limits. */
#include "base/json_strings.h"
#include "base/memory.h"
#include "syscontainer/describe_parts.h"

/* What the value of an item is called; its subject is Path but for huge pages. */
static const char *const item_keys[] = {
	[CGROUP_LIMIT_PAGES] = "Limit",
	[CGROUP_LIMIT_RATES] = "Rate",
	[CGROUP_LIMIT_COUNTS] = "Rate",
	[CGROUP_LIMIT_WEIGHTS] = "Weight",
};

static void describe_item(enum cgroup_limit_kind kind, const char *text, struct json *array)
{
	autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};
	struct json *object = json_append(array, json_new_object());

	if (cgroup_limit_parse(kind, text, &item, NULL) < 0)
		return;
	if (kind == CGROUP_LIMIT_PAGES) {
		autofree char *size = cgroup_limit_page_name(item.page_bytes);

		json_set_string(object, "PageSize", size);
	} else {
		json_set_string(object, "Path", item.subject);
	}
	json_set_integer(object, item_keys[kind], item.value);
}

static void describe_limit(const struct cgroup_limits *limits, const struct cgroup_limit *row, struct json *config)
{
	int64_t number;

	switch (row->kind) {
	case CGROUP_LIMIT_LIST:
		json_set_string(config, row->key, cgroup_limit_list(limits, row));
		return;
	case CGROUP_LIMIT_PAGES:
	case CGROUP_LIMIT_RATES:
	case CGROUP_LIMIT_COUNTS:
	case CGROUP_LIMIT_WEIGHTS: {
		const struct strings *items = cgroup_limit_items(limits, row);
		struct json *array = json_set(config, row->key, json_new_array());

		for (size_t i = 0; i < items->count; i++)
			describe_item(row->kind, items->items[i], array);
		return;
	}
	case CGROUP_LIMIT_NUMBER:
	case CGROUP_LIMIT_SIZE:
	case CGROUP_LIMIT_DECIMAL:
	case CGROUP_LIMIT_SWITCH:
		number = cgroup_limit_number(limits, row);
		if (number != CGROUP_LIMIT_UNSET && row->kind == CGROUP_LIMIT_SWITCH)
			json_set_bool(config, row->key, number);
		else if (number != CGROUP_LIMIT_UNSET)
			json_set_integer(config, row->key, number);
	}
}

void describe_limits(const struct cgroup_limits *limits, struct json *config)
{
	for (size_t i = 0; i < cgroup_limit_count; i++)
		describe_limit(limits, &cgroup_limit_rows[i], config);
}
