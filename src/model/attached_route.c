/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what a plugged-in route may be. */
#include "model/attached_route.h"

#include <net/if.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/memory.h"

static const struct schema_field fields[] = {
	{.key = "dest", .type = SCHEMA_STRING, .offset = offsetof(struct attached_route, destination), .is_required = true},
	{.key = "src", .type = SCHEMA_STRING, .offset = offsetof(struct attached_route, source), .is_required = true},
	{.key = "gw", .type = SCHEMA_STRING, .offset = offsetof(struct attached_route, gateway), .is_required = true},
	{.key = "dev", .type = SCHEMA_STRING, .offset = offsetof(struct attached_route, device), .is_required = true},
	{.key = "required",
	 .type = SCHEMA_BOOL,
	 .offset = offsetof(struct attached_route, is_required),
	 .is_omitted_when_empty = true},
};
const struct schema attached_route_schema = {sizeof(struct attached_route), fields, ARRAY_SIZE(fields)};

/* --- what it means -------------------------------------------------------------------------------------------------- */

static bool is_default(const char *destination)
{
	return !*destination || strcmp(destination, "default") == 0;
}

static int read_address(const char *text, const char *key, int *family, struct ip *ret_ip, struct error *err)
{
	if (!*text)
		return 0;
	if (ip_parse(text, ret_ip, NULL) < 0 || !ip_is_of_host(ret_ip))
		return error_set(err, -EINVAL, "failed to parse %s \"%s\" of route rule: it is no address of a host", key,
				 text);
	if (*family && *family != ret_ip->family)
		return error_set(err, -EINVAL, "the route mixes IPv4 and IPv6: %s \"%s\"", key, text);
	*family = ret_ip->family;
	return 0;
}

static int read_destination(const char *text, struct ip *ret_ip, struct error *err)
{
	if (ip_parse_cidr(text, ret_ip, NULL) < 0)
		return error_set(err, -EINVAL, "failed to parse dest \"%s\" of route rule: write NETWORK/BITS or default",
				 text);
	ip_fill_host_part(ret_ip, false);
	return 0;
}

int attached_route_read(const struct attached_route *route, struct attached_route_ips *ret_ips, struct error *err)
{
	struct attached_route_ips ips = {0};
	int family = 0, r = 0;

	if (!is_default(route->destination)) {
		r = read_destination(route->destination, &ips.destination, err);
		family = ips.destination.family;
	}
	if (r == 0)
		r = read_address(route->gateway, "gw", &family, &ips.gateway, err);
	if (r == 0)
		r = read_address(route->source, "src", &family, &ips.source, err);
	if (r < 0)
		return r;
	ips.destination.family = family ? family : AF_INET;
	*ret_ips = ips;
	return 0;
}

/* One text for what is one route. `route` was checked. */
static void normalise(struct attached_route *route)
{
	struct attached_route_ips ips;

	if (attached_route_read(route, &ips, NULL) < 0)
		return;
	free(route->destination);
	route->destination =
		ips.destination.prefix || (ips.destination.family == AF_INET6 && !ips.gateway.family && !ips.source.family)
			? ip_format_cidr(&ips.destination)
			: xstrdup("default");
	free(route->gateway);
	route->gateway = ips.gateway.family ? ip_format(&ips.gateway) : xstrdup("");
	free(route->source);
	route->source = ips.source.family ? ip_format(&ips.source) : xstrdup("");
}

static bool is_device(const char *name)
{
	if (strlen(name) >= IFNAMSIZ)
		return false;
	for (; *name; name++)
		if (*name <= ' ' || *name > '~' || strchr("/:%", *name))
			return false;
	return true;
}

int attached_route_check(const struct attached_route *route, struct error *err)
{
	struct attached_route_ips ips;

	if (!*route->source && !*route->gateway && !*route->device)
		return error_set(err, -EINVAL, "src or gw or dev name is required");
	if (!*route->gateway && !*route->device)
		return error_set(err, -EINVAL, "a route needs a gateway or a device: gw or dev");
	if (!is_device(route->device))
		return error_set(err, -EINVAL, "failed to parse dev \"%s\" of route rule: no link can have this name",
				 route->device);
	return attached_route_read(route, &ips, err);
}

/* --- what is typed -------------------------------------------------------------------------------------------------- */

static int set_member(struct attached_route *route, const char *key, const struct json *value, struct error *err)
{
	static const struct {
		const char *key;
		size_t offset;
	} members[] = {{"dest", offsetof(struct attached_route, destination)},
		       {"src", offsetof(struct attached_route, source)},
		       {"gw", offsetof(struct attached_route, gateway)},
		       {"dev", offsetof(struct attached_route, device)}};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		char **member = (char **)((char *)route + members[i].offset);

		if (strcasecmp(members[i].key, key) != 0)
			continue;
		if (json_type(value) != JSON_STRING)
			return error_set(err, -EINVAL, "%s is no string", key);
		if (*member)
			return error_set(err, -EINVAL, "%s is there twice", key);
		*member = xstrdup(json_string(value));
		return 0;
	}
	return error_set(err, -EINVAL, "there is no key \"%s\"; a rule has dest, src, gw and dev", key);
}

static void fill_in(char **member)
{
	if (!*member)
		*member = xstrdup("");
}

static int parse_rule(const struct json *rule, struct attached_route *route, struct error *err)
{
	if (json_type(rule) != JSON_OBJECT)
		return error_set(err, -EINVAL, "a rule is an object with dest, src, gw and dev");
	for (size_t i = 0; i < json_count(rule); i++) {
		int r = set_member(route, json_key_at(rule, i), json_at(rule, i), err);

		if (r < 0)
			return r;
	}
	fill_in(&route->destination);
	fill_in(&route->source);
	fill_in(&route->gateway);
	fill_in(&route->device);
	return 0;
}

static int parse_rules(const struct json *rules, struct attached_routes *routes, struct error *err)
{
	if (json_type(rules) != JSON_ARRAY && json_type(rules) != JSON_NULL)
		return error_set(
			err, -EINVAL,
			"malformed rule format: write '[{\"dest\": ..., \"src\": ..., \"gw\": ..., \"dev\": ...}]'");
	routes->items = xcalloc(json_count(rules) + 1, sizeof(*routes->items));
	for (size_t i = 0; i < json_count(rules); i++) {
		struct attached_route *route = &routes->items[routes->count++];
		int r;

		if (parse_rule(json_at(rules, i), route, err) < 0)
			return error_prefix(err, "malformed rule format: rule %zu", i + 1);
		r = attached_route_check(route, err);
		if (r < 0)
			return r;
		normalise(route);
	}
	return 0;
}

int attached_routes_parse(const char *text, struct attached_routes *ret_routes, struct error *err)
{
	autorelease(json_free_scoped) struct json *rules = NULL;
	struct attached_routes routes = {0};
	int r = json_parse(text, strlen(text), &rules, err);

	if (r < 0)
		return error_prefix(err, "malformed rule format");
	r = parse_rules(rules, &routes, err);
	if (r < 0)
		attached_routes_release(&routes);
	else
		*ret_routes = routes;
	return r;
}

void attached_routes_release(struct attached_routes *routes)
{
	for (size_t i = 0; i < routes->count; i++)
		schema_release(&attached_route_schema, &routes->items[i]);
	free(routes->items);
	*routes = (struct attached_routes){0};
}

/* --- comparing ------------------------------------------------------------------------------------------------------ */

bool attached_route_is_same(const struct attached_route *a, const struct attached_route *b)
{
	struct attached_route_ips one, other;

	return strcmp(a->device, b->device) == 0 && attached_route_read(a, &one, NULL) == 0 &&
	       attached_route_read(b, &other, NULL) == 0 && ip_is_equal(&one.destination, &other.destination) &&
	       ip_is_equal(&one.gateway, &other.gateway) && ip_is_equal(&one.source, &other.source);
}

bool attached_route_is_equal(const struct attached_route *a, const struct attached_route *b)
{
	return attached_route_is_same(a, b) && a->is_required == b->is_required;
}

char *attached_route_describe(const struct attached_route *route)
{
	return xasprintf("route {dest:%s,src:%s,gw:%s,dev:%s}", route->destination, route->source, route->gateway,
			 route->device);
}
