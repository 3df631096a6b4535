/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns reading the {{...}} groups, and looking up what they name. */
#include "syscontainer/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define BLANKS    " \t\n"
#define SHOWN_MAX 200 /* of the user's text in a message */

static void group_release(struct template_group *group)
{
	free(group->text_before);
	free(group->expression);
	strings_release(&group->path);
	*group = (struct template_group){0};
}

void template_release(struct template *template)
{
	for (size_t i = 0; i < template->count; i++)
		group_release(&template->groups[i]);
	free(template->groups);
	free(template->text_after);
	*template = (struct template){0};
}

/* A shell hands us a backslash and a letter where people mean the character. */
static char *decode_text(const char *source, size_t length)
{
	struct text text = {0};

	for (size_t i = 0; i < length; i++) {
		bool is_escape = source[i] == '\\' && i + 1 < length;

		if (is_escape && (source[i + 1] == 't' || source[i + 1] == 'n'))
			text_append(&text, source[++i] == 't' ? "\t" : "\n");
		else
			text_append_bytes(&text, &source[i], 1);
	}
	return text_steal(&text);
}

/* ".A.B" to "A", "B". */
static int parse_path(struct template_group *group, struct error *err)
{
	const char *expression = group->expression;
	size_t length = strlen(expression);

	if (strstr(expression, "..") || (length > 1 && expression[length - 1] == '.'))
		return error_set(err, -EINVAL, "Template parsing error: a name is missing in <%.*s>", SHOWN_MAX, expression);
	strings_split(&group->path, expression, ".");
	return 0;
}

/* `words` is what stands between the braces. */
static int parse_words(const struct strings *words, struct template_group *group, struct error *err)
{
	size_t field = 0;

	if (words->count == 0)
		return error_set(err, -EINVAL, "Template parsing error: missing value for command; write {{.FIELD}}");
	if (strcmp(words->items[0], "json") == 0) {
		group->is_json = true;
		field = 1;
		if (words->count != 2)
			return error_set(err, -EINVAL,
					 "Template parsing error: wrong number of args for json: want 1 got %zu",
					 words->count - 1);
	}
	if (words->items[field][0] != '.')
		return error_set(err, -EINVAL,
				 "Template parsing error: \"%.*s\" is not known; only {{.FIELD}} and {{json .FIELD}} are",
				 SHOWN_MAX, words->items[field]);
	if (words->count > field + 1)
		return error_set(err, -EINVAL, "Template parsing error: unexpected \"%.*s\" behind <%.*s>", SHOWN_MAX,
				 words->items[field + 1], SHOWN_MAX, words->items[field]);
	group->expression = xstrdup(words->items[field]);
	return parse_path(group, err);
}

/* From behind "{{" to its "}}", which *ret_end then points behind. */
static int parse_group(const char *source, struct template_group *group, const char **ret_end, struct error *err)
{
	autorelease(strings_release) struct strings words = {0};
	size_t length = strcspn(source, "{}");
	autofree char *inside = xstrndup(source, length);

	if (source[length] == '\0')
		return error_set(err, -EINVAL, "Template parsing error: unexpected \"{\": \"{{%.*s\" has no \"}}\"",
				 SHOWN_MAX, source);
	if (source[length] == '{' || source[length + 1] != '}')
		return error_set(err, -EINVAL, "Template parsing error: unexpected \"%c\" in \"{{%.*s\"", source[length],
				 SHOWN_MAX, source);
	strings_split(&words, inside, BLANKS);
	*ret_end = source + length + 2;
	return parse_words(&words, group, err);
}

static struct template_group *add_group(struct template *template)
{
	struct template_group *group;

	template->groups = xreallocarray(template->groups, template->count + 1, sizeof(*template->groups));
	group = &template->groups[template->count++];
	*group = (struct template_group){0};
	return group;
}

int template_parse(const char *source, struct template *ret_template, struct error *err)
{
	const char *opening;

	*ret_template = (struct template){0};
	while ((opening = strstr(source, "{{"))) {
		struct template_group *group = add_group(ret_template);
		int r;

		group->text_before = decode_text(source, (size_t)(opening - source));
		r = parse_group(opening + 2, group, &source, err);
		if (r < 0) {
			template_release(ret_template);
			return r;
		}
	}
	ret_template->text_after = decode_text(source, strlen(source));
	return 0;
}

static int check_text(const char *text, struct error *err)
{
	const char *brace = strpbrk(text, "{}");

	return brace ? error_set(err, -EINVAL, "Template parsing error: unexpected \"%c\" outside of {{...}}", *brace) : 0;
}

static const struct json *find_key(const struct json *value, const char *key)
{
	if (json_type(value) != JSON_ARRAY)
		return json_get(value, key);
	for (size_t i = 0; i < json_count(value); i++) {
		const struct json *found = json_get(json_at(value, i), key);

		if (found)
			return found;
	}
	return NULL;
}

static int evaluate_group(const struct template_group *group, const struct json *document, struct text *out,
			  struct error *err)
{
	const struct json *value = document;

	for (size_t i = 0; i < group->path.count; i++) {
		value = find_key(value, group->path.items[i]);
		if (!value)
			return error_set(
				err, -ENOKEY,
				"Template parsing error: Executing \"\" at <%.*s>: map has no entry for key \"%.*s\"",
				SHOWN_MAX, group->expression, SHOWN_MAX, group->path.items[i]);
	}
	template_append_value(value, group->is_json, out);
	text_append(out, "\n");
	return 0;
}

int template_evaluate(const struct template *template, const struct json *document, struct text *out, struct error *err)
{
	autorelease(text_release) struct text lines = {0};
	int r = check_text(template->text_after, err);

	if (r == 0 && template->count == 0)
		r = error_set(err, -EINVAL, "Template parsing error: the format has no {{.FIELD}} or {{json .FIELD}}");
	for (size_t i = 0; r == 0 && i < template->count; i++) {
		r = check_text(template->groups[i].text_before, err);
		if (r == 0)
			r = evaluate_group(&template->groups[i], document, &lines, err);
	}
	if (r == 0)
		text_append(out, text_get(&lines));
	return r;
}

void template_append_value(const struct json *value, bool is_json, struct text *out)
{
	if (json_type(value) == JSON_STRING && !is_json)
		text_append(out, json_string(value));
	else
		json_print(value, 0, out);
}
