/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the arithmetic and the grammar of device rules. */
#include "kernel/device_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

#define MAJOR_MAX 0xfff /* makedev(3): 12 bits and 20 */
#define MINOR_MAX 0xfffff

static const struct {
	char letter;
	unsigned access;
} letters[] = {{'r', DEVICE_READ}, {'w', DEVICE_WRITE}, {'m', DEVICE_MAKE}};

void device_rules_release(struct device_rules *rules)
{
	free(rules->items);
	*rules = (struct device_rules){0};
}

static struct device_rule *find_same(const struct device_rules *rules, const struct device_rule *rule)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct device_rule *item = &rules->items[i];

		if (item->kind == rule->kind && item->major == rule->major && item->minor == rule->minor)
			return item;
	}
	return NULL;
}

void device_rules_add(struct device_rules *rules, const struct device_rule *rule)
{
	struct device_rule *same = find_same(rules, rule);

	if (same) {
		same->access |= rule->access;
		return;
	}
	rules->items = xreallocarray(rules->items, rules->count + 1, sizeof(*rule));
	rules->items[rules->count++] = *rule;
}

void device_rules_add_all(struct device_rules *rules, const struct device_rules *more)
{
	for (size_t i = 0; i < more->count; i++)
		device_rules_add(rules, &more->items[i]);
}

/* --- text -------------------------------------------------------------------------------------------------------------- */

bool device_access_parse(const char *text, unsigned *ret_access)
{
	*ret_access = 0;
	for (; *text; text++) {
		unsigned access = 0;

		for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
			if (letters[i].letter == *text)
				access = letters[i].access;
		if (!access || (*ret_access & access))
			return false;
		*ret_access |= access;
	}
	return *ret_access != 0;
}

/* `length` characters: "*" or a number. */
static bool parse_number(const char *text, size_t length, uint32_t max, uint32_t *ret_number)
{
	autofree char *word = xstrndup(text, length);
	uint64_t number = DEVICE_ANY;

	if (strcmp(word, "*") != 0 && number_parse_unsigned(word, max, &number, NULL) < 0)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool parse(const char *text, struct device_rule *ret_rule)
{
	const char *numbers = text[0] && text[1] == ' ' ? text + 2 : "";
	size_t major_length = strcspn(numbers, ":");
	const char *minor = numbers[major_length] ? numbers + major_length + 1 : "";
	size_t minor_length = strcspn(minor, " ");

	ret_rule->kind = text[0];
	return strchr("abc", text[0]) && minor[minor_length] &&
	       parse_number(numbers, major_length, MAJOR_MAX, &ret_rule->major) &&
	       parse_number(minor, minor_length, MINOR_MAX, &ret_rule->minor) &&
	       device_access_parse(minor + minor_length + 1, &ret_rule->access);
}

int device_rules_parse(struct device_rules *rules, const char *text, struct error *err)
{
	struct device_rule rule;

	if (!parse(text, &rule))
		return error_set(
			err, -EINVAL,
			"use \"TYPE MAJOR:MINOR PERMISSIONS\" such as \"c 10:* rwm\": a, b or c, numbers or *, rwm");
	for (const char *kind = "bc"; *kind; kind++)
		if (rule.kind == 'a' || rule.kind == *kind)
			device_rules_add(rules, &(struct device_rule){*kind, rule.major, rule.minor, rule.access});
	return 0;
}

static void append_number(struct text *out, uint32_t number)
{
	if (number == DEVICE_ANY)
		text_append(out, "*");
	else
		text_append_number(out, number, 0);
}

char *device_rule_format(const struct device_rule *rule)
{
	struct text out = {0};

	text_appendf(&out, "%c ", rule->kind);
	append_number(&out, rule->major);
	text_append(&out, ":");
	append_number(&out, rule->minor);
	text_append(&out, " ");
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		if (rule->access & letters[i].access)
			text_append_bytes(&out, &letters[i].letter, 1);
	return text_steal(&out);
}

/* --- sets -------------------------------------------------------------------------------------------------------------- */

void device_rules_subtract(const struct device_rules *rules, const struct device_rules *less, struct device_rules *ret_rest)
{
	*ret_rest = (struct device_rules){0};
	for (size_t i = 0; i < rules->count; i++) {
		struct device_rule rest = rules->items[i];
		const struct device_rule *same = find_same(less, &rest);

		rest.access &= same ? ~same->access : ~0u;
		if (rest.access)
			device_rules_add(ret_rest, &rest);
	}
}

bool device_rules_are_equal(const struct device_rules *a, const struct device_rules *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct device_rule *same = find_same(b, &a->items[i]);

		if (!same || same->access != a->items[i].access)
			return false;
	}
	return a->count == b->count;
}

static bool covers(uint32_t numbers, uint32_t number)
{
	return numbers == DEVICE_ANY || numbers == number;
}

bool device_rules_allow(const struct device_rules *rules, const struct device_rule *wish)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct device_rule *rule = &rules->items[i];

		if (rule->kind == wish->kind && covers(rule->major, wish->major) && covers(rule->minor, wish->minor) &&
		    !(wish->access & ~rule->access))
			return true;
	}
	return false;
}
