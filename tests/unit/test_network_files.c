/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of a guest's hosts and resolv.conf: which words get in, and that what the tree had stays. */
#include "model/network_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static void test_checks(void **state)
{
	static const struct {
		int (*check)(const char *value, struct error *err);
		bool is_good;
		const char *value;
	} rows[] = {
		{spec_check_extra_host, true, "db:10.0.0.1"},
		{spec_check_extra_host, true, "db.example.org:fe80::1"},
		{spec_check_extra_host, true, "db:[::1]"},
		{spec_check_extra_host, true, "d:::1"},
		{spec_check_extra_host, true, LABEL63 ":1.2.3.4"},
		{spec_check_extra_host, false, LABEL63 "l:1.2.3.4"},
		{spec_check_extra_host, false, ""},
		{spec_check_extra_host, false, "db"},
		{spec_check_extra_host, false, "db:"},
		{spec_check_extra_host, false, ":1.2.3.4"},
		{spec_check_extra_host, false, "db:1.2.3"},
		{spec_check_extra_host, false, "db:1.2.3.256"},
		{spec_check_extra_host, false, "db:[1.2.3.4]"},
		{spec_check_extra_host, false, "db:[::1"},
		{spec_check_extra_host, false, "db:1.2.3.4 "},
		{spec_check_extra_host, false, "db:1.2.3.4\n5.6.7.8 evil"},
		{spec_check_extra_host, false, "d\nb:1.2.3.4"},
		{spec_check_extra_host, false, "a b:1.2.3.4"},
		{spec_check_extra_host, false, "a_b:1.2.3.4"},
		{spec_check_extra_host, false, "-a:1.2.3.4"},
		{spec_check_extra_host, false, "a..b:1.2.3.4"},
		{spec_check_extra_host, false, "a.:1.2.3.4"},
		{spec_check_server, true, "9.9.9.9"},
		{spec_check_server, true, "2620:fe::fe"},
		{spec_check_server, false, "9.9.9.9\nsearch evil"},
		{spec_check_server, false, "dns.example"},
		{spec_check_server, false, ""},
		{spec_check_server, false, "fe80::1%eth0"},
		{spec_check_resolver_option, true, "ndots:2"},
		{spec_check_resolver_option, true, "single-request-reopen"},
		{spec_check_resolver_option, false, "ndots:2 rotate"},
		{spec_check_resolver_option, false, "rotate\n"},
		{spec_check_resolver_option, false, ":1"},
		{spec_check_resolver_option, false, ""},
		{spec_check_search, true, "."},
		{spec_check_search, true, "example.org"},
		{spec_check_search, true, "_tcp.example.org"},
		{spec_check_search, false, "a b"},
		{spec_check_search, false, "a\nnameserver 6.6.6.6"},
		{spec_check_search, false, ".."},
		{spec_check_search, false, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};

		if ((rows[i].check(rows[i].value, &err) == 0) != rows[i].is_good)
			fail_msg("\"%s\": %s", rows[i].value, err.message);
	}
}

static void test_many(void **state)
{
	autorelease(strings_release) struct strings servers = {0};
	struct error err = {0};

	(void)state;
	for (int i = 0; i < 257; i++)
		strings_append(&servers, "::1");
	assert_int_equal(spec_network_files_check(&(struct spec_network_files){.servers = servers}, &err), -E2BIG);
	free(servers.items[7]);
	servers.items[7] = xstrdup("a");
	servers.count = 256;
	assert_int_equal(spec_network_files_check(&(struct spec_network_files){.servers = servers}, &err), -EINVAL);
	assert_non_null(strstr(err.message, "servers: \"a\""));
	servers.count = 257;
}

static void test_hosts(void **state)
{
	static const char tree[] = "127.0.0.1\tlocalhost\n\n# ours\n::1 ip6-localhost ip6-loopback";
	struct spec_network_files files = {0};
	autorelease(text_release) struct text out = {0};

	(void)state;
	assert_false(network_files_change_hosts(&files));
	strings_append(&files.hosts, "db:10.0.0.1");
	strings_append(&files.hosts, "six.example:[fe80::1]");
	assert_true(network_files_change_hosts(&files));
	network_files_hosts(tree, strlen(tree), &files, &out);
	assert_string_equal(text_get(&out), "127.0.0.1\tlocalhost\n\n# ours\n::1 ip6-localhost ip6-loopback\n"
					    "10.0.0.1\tdb\nfe80::1\tsix.example\n");
	schema_release(&spec_network_files_schema, &files);
}

static void test_resolver(void **state)
{
	static const char tree[] =
		"domain old\nsearch in.tree  more\nsortlist 10.0.0.0\nnameserver 1.1.1.1\noptions rotate\n";
	struct spec_network_files files = {0};
	autorelease(text_release) struct text out = {0}, empty = {0};

	(void)state;
	assert_false(network_files_change_resolver(&files));
	strings_append(&files.servers, "9.9.9.9");
	network_files_resolver(tree, strlen(tree), &files, &out);
	assert_string_equal(
		text_get(&out),
		"nameserver 9.9.9.9\ndomain old\nsearch in.tree  more\nsortlist 10.0.0.0\nnameserver 1.1.1.1\noptions rotate\n");
	text_release(&out);
	strings_append(&files.searches, "a.b");
	strings_append(&files.searches, "c");
	strings_append(&files.options, "ndots:2");
	network_files_resolver(tree, strlen(tree), &files, &out);
	assert_non_null(strstr(text_get(&out), "options rotate\nsearch a.b c in.tree  more\noptions ndots:2\n"));
	network_files_resolver("", 0, &files, &empty);
	assert_string_equal(text_get(&empty), "nameserver 9.9.9.9\nsearch a.b c\noptions ndots:2\n");
	schema_release(&spec_network_files_schema, &files);
}

static void test_resolved(void **state)
{
	struct spec_network_files files = {0};
	autorelease(text_release) struct text out = {0};

	(void)state;
	strings_append(&files.servers, "9.9.9.9");
	strings_append(&files.servers, "::1");
	strings_append(&files.searches, ".");
	strings_append(&files.searches, "a.b");
	network_files_resolved(&files, &out);
	assert_string_equal(text_get(&out), "[Resolve]\nDNS=9.9.9.9 ::1\nDomains=a.b\n");
	schema_release(&spec_network_files_schema, &files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks),   cmocka_unit_test(test_many),     cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_resolver), cmocka_unit_test(test_resolved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
