/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The {{...}} groups of `inspect -f` and `ps --format`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/text.h"

/* One group: "{{.A.B}}" or "{{json .A.B}}". */
struct template_group {
	char *text_before;   /* since the group before; "\t" and "\n" were made the characters that they stand for */
	char *expression;    /* ".A.B", for messages */
	struct strings path; /* "A", "B"; empty for ".", the whole */
	bool is_json;
};

struct template
{
	struct template_group *groups;
	size_t count;
	char *text_after; /* the last group */
};

/* Single braces outside of groups are text: "{\"id\": \"{{.ID}}\"}". Errors are as users of the reference know them. */
int template_parse(const char *source, struct template *ret_template, struct error *err);
void template_release(struct template *template);

/*
 * `inspect -f`: what each group names in `document`, each on a line of its own; the text between is dropped, so a brace in
 * it is refused. In an array the first element that has the key answers. Nothing is appended to `out` on failure.
 */
int template_evaluate(const struct template *template, const struct json *document, struct text *out, struct error *err);

/* One value: as compact JSON, or (`is_json` false) a string bare. */
void template_append_value(const struct json *value, bool is_json, struct text *out);
