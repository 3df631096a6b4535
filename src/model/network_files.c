/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is written into a guest's hosts and resolv.conf. */
#include "model/network_files.h"

#include <string.h>

#include "base/memory.h"

/* The tree's file, with a newline at its end even where it had none. */
static void append_lines(const char *data, size_t length, struct text *out)
{
	text_append_bytes(out, data, length);
	if (length && data[length - 1] != '\n')
		text_append(out, "\n");
}

bool network_files_change_hosts(const struct spec_network_files *files)
{
	return files->hosts.count;
}

bool network_files_change_resolver(const struct spec_network_files *files)
{
	return files->servers.count || files->options.count || files->searches.count;
}

void network_files_hosts(const char *data, size_t length, const struct spec_network_files *files, struct text *out)
{
	append_lines(data, length, out);
	for (size_t i = 0; i < files->hosts.count; i++) {
		const char *item = files->hosts.items[i];
		autofree char *address = spec_extra_host_address(item);

		text_appendf(out, "%s\t%.*s\n", address, (int)strcspn(item, ":"), item);
	}
}

/* The words of the last "search" or "domain" line, which is the one that counts; NULL when there is none. */
static char *find_searches(const char *data, size_t length)
{
	autofree char *copy = xstrndup(data, length);
	const char *line = copy, *found = NULL;

	while (line && *line) {
		size_t word = strcspn(line, " \t\n");

		if (line[word] != '\n' && word == 6 && (strncmp(line, "search", 6) == 0 || strncmp(line, "domain", 6) == 0))
			found = line + word;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!found)
		return NULL;
	found += strspn(found, " \t");
	return xstrndup(found, strcspn(found, "\n"));
}

static void append_words(const char *keyword, const struct strings *words, const char *more, struct text *out)
{
	autofree char *joined = strings_join(words, " ");

	if (words->count)
		text_appendf(out, "%s %s%s%s\n", keyword, joined, more && *more ? " " : "", more ? more : "");
}

void network_files_resolver(const char *data, size_t length, const struct spec_network_files *files, struct text *out)
{
	autofree char *searches = find_searches(data, length);

	for (size_t i = 0; i < files->servers.count; i++)
		text_appendf(out, "nameserver %s\n", files->servers.items[i]);
	append_lines(data, length, out);
	append_words("search", &files->searches, searches, out);
	append_words("options", &files->options, NULL, out);
}

void network_files_resolved(const struct spec_network_files *files, struct text *out)
{
	autorelease(strings_release) struct strings domains = {0};
	autofree char *servers = strings_join(&files->servers, " "), *joined = NULL;

	for (size_t i = 0; i < files->searches.count; i++)
		if (strcmp(files->searches.items[i], ".") != 0) /* "." means another thing here: all of the world's names */
			strings_append(&domains, files->searches.items[i]);
	joined = strings_join(&domains, " ");
	text_append(out, "[Resolve]\n");
	if (files->servers.count)
		text_appendf(out, "DNS=%s\n", servers);
	if (domains.count)
		text_appendf(out, "Domains=%s\n", joined);
}
