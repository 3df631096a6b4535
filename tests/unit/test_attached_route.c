/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of what a plugged-in route may be. */
#include "model/attached_route.h"

#include <sys/socket.h>

#include "work.h"

static void test_rules(void **state)
{
	static const struct {
		const char *text;
		const char *wanted; /* what it is; or, behind a '!', what the refusal says */
	} rows[] = {
		{"[]", ""},
		{"null", ""},
		{"[{\"dest\": \"10.1.0.0/16\", \"gw\": \"10.0.0.1\"}]", "route {dest:10.1.0.0/16,src:,gw:10.0.0.1,dev:}"},
		{"[{\"dest\": \"10.1.2.3/16\", \"dev\": \"eth1\"}]", "route {dest:10.1.0.0/16,src:,gw:,dev:eth1}"},
		{"[{\"DEST\": \"default\", \"Gw\": \"10.0.0.1\", \"dev\": \"eth1\"}]",
		 "route {dest:default,src:,gw:10.0.0.1,dev:eth1}"},
		{"[{\"gw\": \"10.0.0.1\"}]", "route {dest:default,src:,gw:10.0.0.1,dev:}"},
		{"[{\"dest\": \"0.0.0.0/0\", \"gw\": \"10.0.0.1\"}]", "route {dest:default,src:,gw:10.0.0.1,dev:}"},
		{"[{\"dest\": \"::/0\", \"gw\": \"FE80::1\", \"dev\": \"eth1\"}]",
		 "route {dest:default,src:,gw:fe80::1,dev:eth1}"},
		{"[{\"dest\": \"::/0\", \"dev\": \"eth1\"}]", "route {dest:::/0,src:,gw:,dev:eth1}"},
		{"[{\"dest\": \"0.0.0.0/0\", \"dev\": \"eth1\"}]", "route {dest:default,src:,gw:,dev:eth1}"},
		{"[{\"dest\": \"2001:DB8::/32\", \"src\": \"2001:db8::7\", \"dev\": \"eth1\"}]",
		 "route {dest:2001:db8::/32,src:2001:db8::7,gw:,dev:eth1}"},
		{"[{}]", "!src or gw or dev name is required"},
		{"[{\"dest\": \"10.0.0.0/8\"}]", "!src or gw or dev name is required"},
		{"[{\"src\": \"10.0.0.1\"}]", "!needs a gateway or a device"},
		{"[null]", "!malformed rule format: rule 1"},
		{"[[]]", "!malformed rule format"},
		{"{\"gw\": \"10.0.0.1\"}", "!malformed rule format"},
		{"", "!malformed rule format"},
		{"[{\"gw\": \"10.0.0.1\"}] x", "!malformed rule format"},
		{"[{\"gw\": 7}]", "!malformed rule format: rule 1: gw is no string"},
		{"[{\"gw\": \"10.0.0.1\", \"GW\": \"10.0.0.2\"}]", "!there twice"},
		{"[{\"gw\": \"10.0.0.1\", \"via\": \"x\"}]", "!no key \"via\""},
		{"[{\"gw\": \"10.0.0.1\"}, {\"gw\": \"x\"}]", "!failed to parse gw \"x\" of route rule"},
		{"[{\"gw\": \"0.0.0.0\"}]", "!failed to parse gw"},
		{"[{\"dev\": \"eth1\", \"src\": \"10.0.0.1/24\"}]", "!failed to parse src"},
		{"[{\"dest\": \"10.0.0.1\", \"dev\": \"eth1\"}]", "!failed to parse dest \"10.0.0.1\" of route rule"},
		{"[{\"dest\": \"any\", \"dev\": \"eth1\"}]", "!failed to parse dest \"any\" of route rule"},
		{"[{\"dest\": \"10.0.0.0/8\", \"gw\": \"fe80::1\"}]", "!mixes IPv4 and IPv6"},
		{"[{\"dest\": \"0.0.0.0/0\", \"gw\": \"fe80::1\"}]", "!mixes IPv4 and IPv6"},
		{"[{\"dev\": \"eth1/..\"}]", "!no link can have this name"},
		{"[{\"dev\": \"sixteencharacter\"}]", "!no link can have this name"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attached_routes routes = {0};
		struct error err = {0};
		autofree char *found = NULL;
		int r = attached_routes_parse(rows[i].text, &routes, &err);

		if (r < 0)
			found = xasprintf("!%s", err.message);
		else
			found = routes.count ? attached_route_describe(&routes.items[0]) : xstrdup("");
		if (rows[i].wanted[0] == '!' ? found[0] != '!' || !strstr(found, rows[i].wanted + 1)
					     : strcmp(found, rows[i].wanted) != 0)
			fail_msg("%s: %s", rows[i].text, found);
		attached_routes_release(&routes);
	}
}

static void test_identity(void **state)
{
	struct attached_route stored = {.destination = "0.0.0.0/0", .source = "", .gateway = "10.0.0.1", .device = ""};
	struct attached_routes typed = {0};

	(void)state;
	assert_int_equal(
		attached_routes_parse(
			"[{\"gw\": \"10.0.0.1\"}, {\"gw\": \"10.0.0.1\", \"dev\": \"eth1\"},"
			" {\"gw\": \"10.0.0.1\", \"src\": \"10.0.0.7\"}, {\"dest\": \"10.0.0.0/8\", \"gw\": \"10.0.0.1\"}]",
			&typed, NULL),
		0);
	assert_true(attached_route_is_same(&stored, &typed.items[0]));
	assert_true(attached_route_is_equal(&stored, &typed.items[0]));
	for (size_t i = 1; i < typed.count; i++)
		assert_false(attached_route_is_same(&stored, &typed.items[i]));
	stored.is_required = true;
	assert_false(attached_route_is_equal(&stored, &typed.items[0]));
	attached_routes_release(&typed);
}

static void test_numbers(void **state)
{
	struct attached_route route = {.destination = "2001:db8::/32", .source = "", .gateway = "fe80::1", .device = "eth1"};
	struct attached_route_ips ips;

	(void)state;
	assert_int_equal(attached_route_read(&route, &ips, NULL), 0);
	assert_int_equal(ips.destination.family, AF_INET6);
	assert_int_equal(ips.destination.prefix, 32);
	assert_int_equal(ips.gateway.family, AF_INET6);
	assert_int_equal(ips.source.family, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
