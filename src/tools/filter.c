/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what --filter of a list takes and leaves. */
#include <string.h>
#include <strings.h>

#include "tools/tools.h"

int tools_filter_parse(const char *text, struct json **ret_filter, struct error *err)
{
	int r;

	*ret_filter = NULL;
	if (!text)
		return 0;
	r = json_parse(text, strlen(text), ret_filter, err);
	if (r == 0 && json_type(*ret_filter) != JSON_OBJECT) {
		json_free(*ret_filter);
		*ret_filter = NULL;
		r = error_set(err, -EINVAL, "write an object, such as '{\"dev\": \"eth1\"}'");
	}
	return r < 0 ? error_prefix(err, "failed to parse filter") : 0;
}

static const struct json *find(const struct json *element, const char *key)
{
	for (size_t i = 0; i < json_count(element); i++)
		if (strcasecmp(json_key_at(element, i), key) == 0)
			return json_at(element, i);
	return NULL;
}

static bool is_any(const struct json *wanted)
{
	int64_t number;

	return json_type(wanted) == JSON_NULL || (json_type(wanted) == JSON_STRING && !*json_string(wanted)) ||
	       (json_integer(wanted, &number) && number == 0);
}

static bool is_equal(const struct json *wanted, const struct json *value)
{
	int64_t a, b;

	if (json_type(value) == JSON_STRING)
		return json_type(wanted) == JSON_STRING && strcmp(json_string(wanted), json_string(value)) == 0;
	return json_integer(wanted, &a) && json_integer(value, &b) && a == b;
}

bool tools_filter_takes(const struct json *filter, const struct json *element)
{
	for (size_t i = 0; i < json_count(filter); i++) {
		const struct json *value = find(element, json_key_at(filter, i));

		if (value && !is_any(json_at(filter, i)) && !is_equal(json_at(filter, i), value))
			return false;
	}
	return true;
}
