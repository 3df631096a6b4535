/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Given lines, a NUL byte, a guest's file: after a merge the file has what was given, and all that it had besides. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/environment_file.h"
#include "model/network_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool is_same(const struct strings *a, const struct strings *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return a->count == b->count;
}

static void check_merge(const char *file, size_t length, const struct strings *given)
{
	autorelease(text_release) struct text merged = {0}, again = {0};
	autorelease(strings_release) struct strings before = {0}, after = {0}, all = {0}, none = {0};
	int r = environment_file_join(file, length, given, &before, NULL);

	environment_file_merge(file, length, given, &merged);
	environment_file_merge(text_get(&merged), merged.length, given, &again);
	require(merged.length == again.length && memcmp(text_get(&merged), text_get(&again), merged.length) == 0);
	if (r < 0 || environment_file_join(text_get(&merged), merged.length, &none, &all, NULL) < 0)
		return;
	require(environment_file_join(text_get(&merged), merged.length, given, &after, NULL) == 0 &&
		is_same(&before, &after));
	for (size_t i = 0; i < given->count; i++)
		require(strings_contain(&all, given->items[i]));
}

/* Whatever the tree's files are, they stay as a whole. */
static void check_network(const char *file, size_t length)
{
	char *server = (char *)"::1", *host = (char *)"a:::1", *search = (char *)"a.b";
	struct spec_network_files files = {
		.hosts = {&host, 1},
		.servers = {&server, 1},
		.searches = {&search, 1},
	};
	autorelease(text_release) struct text hosts = {0}, resolver = {0};

	network_files_hosts(file, length, &files, &hosts);
	network_files_resolver(file, length, &files, &resolver);
	require(hosts.length >= length && memcmp(text_get(&hosts), file, length) == 0);
	require(memmem(text_get(&resolver), resolver.length, file, length) != NULL);
}

/* Of equal keys the last one, as options do it. */
static void keep_last(struct strings *given, const struct strings *items)
{
	for (size_t i = 0; i < items->count; i++) {
		const char *equals = strchr(items->items[i], '=');
		autofree char *key = xstrndup(items->items[i], strcspn(items->items[i], "="));

		if (equals)
			strings_set_value(given, key, equals + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *nul = size ? memchr(text, '\0', size) : NULL;
	size_t first = nul ? (size_t)(nul - text) : size;
	autorelease(strings_release) struct strings items = {0}, given = {0};
	const char *file = nul ? nul + 1 : text + size;
	size_t length = size - (size_t)(file - text);

	if (environment_file_parse(text, first, &items, NULL) == 0) {
		keep_last(&given, &items);
		if (environment_file_check(&given, NULL) == 0)
			check_merge(file, length, &given);
	}
	check_network(file, length);
	return 0;
}
