/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of IP addresses as text. */
#include "base/ip.h"

#include <sys/socket.h>

#include "work.h"

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: refused */
		int family;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", AF_INET},
		{"0.0.0.0", "0.0.0.0", AF_INET},
		{"2001:DB8:0::1", "2001:db8::1", AF_INET6},
		{"::", "::", AF_INET6},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1", AF_INET6},
		{"", NULL, 0},
		{"192.0.2", NULL, 0},
		{"192.0.2.256", NULL, 0},
		{"192.0.2.1 ", NULL, 0},
		{"192.0.2.1/24", NULL, 0},
		{"fe80::1%eth0", NULL, 0},
		{"host", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *printed = NULL;
		struct ip ip;
		int r = ip_parse(rows[i].text, &ip, NULL);

		if ((r == 0) != (rows[i].printed != NULL))
			fail_msg("\"%s\": %d", rows[i].text, r);
		if (r < 0)
			continue;
		printed = ip_format(&ip);
		assert_string_equal(printed, rows[i].printed);
		assert_int_equal(ip.family, rows[i].family);
		assert_int_equal(ip.prefix, rows[i].family == AF_INET ? 32 : 128);
	}
}

static void test_cidr(void **state)
{
	static const char *const good[] = {"192.0.2.1/24",   "192.0.2.1/0", "192.0.2.1/32",
					   "2001:db8::1/64", "::/0",        "::1/128"};
	static const char *const bad[] = {
		"",    "/",      "/24",          "192.0.2.1",       "192.0.2.1/",    "192.0.2.1/33",
		"1/2", "::/129", "192.0.2.1/-1", "192.0.2.1/24/24", "192.0.2.1/ 24", "192.0.2.1/255.0.0.0"};
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		autofree char *printed = NULL;

		assert_int_equal(ip_parse_cidr(good[i], &ip, NULL), 0);
		printed = ip_format_cidr(&ip);
		assert_string_equal(printed, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};

		if (ip_parse_cidr(bad[i], &ip, &err) != -EINVAL || !strstr(err.message, "invalid CIDR address: "))
			fail_msg("\"%s\": %s", bad[i], err.message);
	}
}

static void test_host_part(void **state)
{
	static const struct {
		const char *text, *network, *last;
	} rows[] = {
		{"192.0.2.77/24", "192.0.2.0", "192.0.2.255"},
		{"10.1.2.3/13", "10.0.0.0", "10.7.255.255"},
		{"10.1.2.3/32", "10.1.2.3", "10.1.2.3"},
		{"10.1.2.3/0", "0.0.0.0", "255.255.255.255"},
		{"2001:db8::1234/116", "2001:db8::1000", "2001:db8::1fff"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *network = NULL, *last = NULL;
		struct ip ip;

		assert_int_equal(ip_parse_cidr(rows[i].text, &ip, NULL), 0);
		ip_fill_host_part(&ip, false);
		network = ip_format(&ip);
		ip_fill_host_part(&ip, true);
		last = ip_format(&ip);
		assert_string_equal(network, rows[i].network);
		assert_string_equal(last, rows[i].last);
	}
}

static void test_of_host(void **state)
{
	static const char *const hosts[] = {"192.0.2.1", "10.0.0.0", "2001:db8::", "fe80::1"};
	static const char *const others[] = {"0.0.0.0",         "0.0.0.1", "127.0.0.1", "224.0.0.1",
					     "255.255.255.255", "::",      "::1",       "ff02::1"};
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		assert_true(ip_parse(hosts[i], &ip, NULL) == 0 && ip_is_of_host(&ip));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_true(ip_parse(others[i], &ip, NULL) == 0 && !ip_is_of_host(&ip));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_cidr),
		cmocka_unit_test(test_host_part),
		cmocka_unit_test(test_of_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
