/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the list format of CPU and memory node numbers. */
#include "kernel/cpulist.h"

#include <ctype.h>
#include <string.h>

#define WORDS (CPULIST_MAX / 64)

bool cpulist_has(const struct cpulist *list, unsigned int number)
{
	return number < CPULIST_MAX && (list->words[number / 64] >> (number % 64) & 1);
}

static void add(struct cpulist *list, unsigned int number)
{
	list->words[number / 64] |= UINT64_C(1) << (number % 64);
}

/* Moves *text behind the number. False for none, and for one that no set can hold. */
static bool take_number(const char **text, unsigned int *ret_number)
{
	unsigned int number = 0;

	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++) {
		number = number * 10 + (unsigned int)(**text - '0');
		if (number >= CPULIST_MAX)
			return false;
	}
	*ret_number = number;
	return true;
}

static bool take_range(const char **text, struct cpulist *list)
{
	unsigned int first, last;

	if (!take_number(text, &first))
		return false;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!take_number(text, &last) || last < first)
			return false;
	}
	for (unsigned int number = first; number <= last; number++)
		add(list, number);
	return true;
}

int cpulist_parse(const char *text, struct cpulist *ret_list, struct error *err)
{
	const char *rest = text;
	struct cpulist list = {0};

	if (*rest) {
		bool good = take_range(&rest, &list);

		while (good && *rest == ',') {
			rest++;
			good = take_range(&rest, &list);
		}
		if (!good || *rest)
			return error_set(err, -EINVAL, "\"%s\" is no list of numbers below %d such as 0-3,7", text,
					 CPULIST_MAX);
	}
	*ret_list = list;
	return 0;
}

void cpulist_format(const struct cpulist *list, struct text *out)
{
	const char *separator = "";

	for (unsigned int first = 0; first < CPULIST_MAX; first++) {
		unsigned int last = first;

		if (!cpulist_has(list, first))
			continue;
		while (cpulist_has(list, last + 1))
			last++;
		if (last == first)
			text_appendf(out, "%s%u", separator, first);
		else
			text_appendf(out, "%s%u-%u", separator, first, last);
		separator = ",";
		first = last;
	}
}

bool cpulist_is_empty(const struct cpulist *list)
{
	for (size_t i = 0; i < WORDS; i++)
		if (list->words[i])
			return false;
	return true;
}

bool cpulist_equals(const struct cpulist *one, const struct cpulist *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

bool cpulist_includes(const struct cpulist *whole, const struct cpulist *part)
{
	for (size_t i = 0; i < WORDS; i++)
		if (part->words[i] & ~whole->words[i])
			return false;
	return true;
}

unsigned int cpulist_count(const struct cpulist *list)
{
	unsigned int count = 0;

	for (size_t i = 0; i < WORDS; i++)
		if (list->words[i]) /* few are: the count itself is a call on machines that have no instruction for it */
			count += (unsigned int)__builtin_popcountll(list->words[i]);
	return count;
}

struct cpulist cpulist_union(const struct cpulist *one, const struct cpulist *other)
{
	struct cpulist all;

	for (size_t i = 0; i < WORDS; i++)
		all.words[i] = one->words[i] | other->words[i];
	return all;
}

struct cpulist cpulist_intersection(const struct cpulist *one, const struct cpulist *other)
{
	struct cpulist common;

	for (size_t i = 0; i < WORDS; i++)
		common.words[i] = one->words[i] & other->words[i];
	return common;
}
