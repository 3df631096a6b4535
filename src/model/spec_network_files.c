/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the rules for additions to a guest's hosts and resolv.conf. */
#include "model/spec_network_files.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"

#define MAX_NAME   253 /* RFC 1035 */
#define MAX_LABEL  63
#define MAX_OPTION 64
#define MAX_VALUES 256 /* of each option */

#define MEMBER(member_, key_) \
	{ \
		.key = key_, .type = SCHEMA_STRINGS, .offset = offsetof(struct spec_network_files, member_), \
		.is_omitted_when_empty = true \
	}
static const struct schema_field fields[] = {
	MEMBER(hosts, "hosts"),
	MEMBER(servers, "servers"),
	MEMBER(options, "options"),
	MEMBER(searches, "searches"),
};
const struct schema spec_network_files_schema = {sizeof(struct spec_network_files), fields, ARRAY_SIZE(fields)};

static bool is_label(const char *text, size_t length, const char *more)
{
	if (length == 0 || length > MAX_LABEL || text[0] == '-' || text[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(more, text[i]))
			return false;
	return true;
}

/* Labels between dots; `more` are characters that they may have besides letters and digits. */
static bool is_domain(const char *text, size_t length, const char *more)
{
	if (length == 0 || length > MAX_NAME)
		return false;
	for (;;) {
		const char *dot = memchr(text, '.', length);
		size_t label = dot ? (size_t)(dot - text) : length;

		if (!is_label(text, label, more))
			return false;
		if (!dot)
			return true;
		text += label + 1;
		length -= label + 1;
	}
}

static bool is_address(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

char *spec_extra_host_address(const char *value)
{
	const char *colon = strchr(value, ':'), *address = colon ? colon + 1 : "";
	size_t length = strlen(address);

	if (length >= 2 && address[0] == '[' && address[length - 1] == ']' && strchr(address, ':'))
		return xstrndup(address + 1, length - 2);
	return xstrdup(address);
}

int spec_check_extra_host(const char *value, struct error *err)
{
	autofree char *address = spec_extra_host_address(value);
	size_t length = strcspn(value, ":");

	if (!value[length])
		return error_set(err, -EINVAL, "use NAME:IP");
	if (!is_domain(value, length, "-"))
		return error_set(
			err, -EINVAL,
			"the name is no host name: use letters, digits, '-' and '.', 253 characters at most, 63 between dots");
	return is_address(address) ? 0
				   : error_set(err, -EINVAL, "what follows the name is neither an IPv4 nor an IPv6 address");
}

int spec_check_server(const char *value, struct error *err)
{
	return is_address(value) ? 0 : error_set(err, -EINVAL, "it is neither an IPv4 nor an IPv6 address");
}

int spec_check_resolver_option(const char *value, struct error *err)
{
	size_t length = strlen(value);
	bool is_good = length > 0 && length <= MAX_OPTION && islower((unsigned char)value[0]);

	for (size_t i = 0; is_good && i < length; i++)
		is_good = islower((unsigned char)value[i]) || isdigit((unsigned char)value[i]) || strchr("-_:", value[i]);
	return is_good ? 0 : error_set(err, -EINVAL, "it is no option of resolv.conf(5), such as ndots:2 or edns0");
}

int spec_check_search(const char *value, struct error *err)
{
	return strcmp(value, ".") == 0 || is_domain(value, strlen(value), "-_")
		       ? 0
		       : error_set(err, -EINVAL, "it is no domain name: use letters, digits, '-', '_' and '.'");
}

int spec_network_files_check(const struct spec_network_files *files, struct error *err)
{
	const struct {
		const char *key;
		const struct strings *list;
		int (*check)(const char *value, struct error *err);
	} rows[] = {
		{"hosts", &files->hosts, spec_check_extra_host},
		{"servers", &files->servers, spec_check_server},
		{"options", &files->options, spec_check_resolver_option},
		{"searches", &files->searches, spec_check_search},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].list->count > MAX_VALUES)
			return error_set(err, -E2BIG, "%s: more than %d are given", rows[i].key, MAX_VALUES);
		for (size_t j = 0; j < rows[i].list->count; j++)
			if (rows[i].check(rows[i].list->items[j], err) < 0)
				return error_prefix(err, "%s: \"%.100s\"", rows[i].key, rows[i].list->items[j]);
	}
	return 0;
}
