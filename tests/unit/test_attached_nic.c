/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of what a plugged-in NIC may be. */
#include "model/attached_nic.h"

#include "base/json.h"
#include "work.h"

static void test_names(void **state)
{
	static const struct {
		const char *text, *host, *guest; /* both NULL: refused */
	} rows[] = {
		{"eth1", NULL, "eth1"},  {"ens3:eth1", "ens3", "eth1"},
		{":eth1", NULL, "eth1"}, {"ens3:", "ens3", NULL},
		{"", NULL, NULL},        {":", NULL, NULL},
		{"a:b:c", NULL, NULL},   {"::", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *host = NULL, *guest = NULL;
		int r = attached_nic_split_name(rows[i].text, &host, &guest, NULL);

		assert_int_equal(r, rows[i].host || rows[i].guest ? 0 : -EINVAL);
		assert_string_equal(host ? host : "-", rows[i].host ? rows[i].host : "-");
		assert_string_equal(guest ? guest : "-", rows[i].guest ? rows[i].guest : "-");
	}
}

/* A NIC as it is in a file. */
static int read_nic(const char *text, struct attached_nic *ret_nic, struct error *err)
{
	autorelease(json_free_scoped) struct json *json = NULL;

	assert_int_equal(json_parse(text, strlen(text), &json, NULL), 0);
	return schema_read(&attached_nic_schema, json, SCHEMA_STRICT, ret_nic, err);
}

static void test_checks(void **state)
{
	static const struct {
		const char *text, *message; /* NULL: good */
	} rows[] = {
		{"{\"type\": \"veth\", \"guest\": \"eth1\"}", NULL},
		{"{\"type\": \"veth\", \"host\": \"web_12345\", \"guest\": \"eth1\", \"ips\": [\"10.0.0.2/24\", \"2001:db8::2/64\"],"
		 " \"mac\": \"02:00:00:00:00:01\", \"mtu\": 1400, \"qlen\": 500, \"bridge\": \"br0\", \"gateways\": [\"10.0.0.1\","
		 " \"fe80::1\"], \"required\": true}",
		 NULL},
		{"{\"type\": \"eth\", \"host\": \"ens3\", \"guest\": \"eth1\"}", NULL},
		{"{\"type\": \"vlan\", \"host\": \"ens3\", \"guest\": \"eth1\", \"vlan\": 4094}", NULL},
		{"{\"type\": \"veth\", \"guest\": \"\"}", "failed to get container nic name"},
		{"{\"type\": \"veth\", \"guest\": \"sixteencharacter\"}", "cannot be the name of a NIC"},
		{"{\"type\": \"veth\", \"guest\": \"a b\"}", "cannot be the name of a NIC"},
		{"{\"type\": \"veth\", \"guest\": \"a/b\"}", "cannot be the name of a NIC"},
		{"{\"type\": \"veth\", \"guest\": \"eth%d\"}", "cannot be the name of a NIC"},
		{"{\"type\": \"veth\", \"guest\": \"a\\nb\"}", "cannot be the name of a NIC"},
		{"{\"type\": \"veth\", \"guest\": \"..\"}", "cannot be the name of a NIC"},
		{"{\"type\": \"veth\", \"guest\": \"lo\"}", "cannot be the name of a NIC"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"host\": \"lo\"}", "cannot be the name of a link"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"host\": \"sixteencharacter\"}",
		 "cannot be the name of a link"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"bridge\": \"--db=x\\u0001\"}", "name of a bridge"},
		{"{\"type\": \"eth\", \"guest\": \"eth1\"}", "host nic name input error"},
		{"{\"type\": \"eth\", \"host\": \"a\", \"guest\": \"eth1\", \"bridge\": \"br0\"}",
		 "for eth type, bridge cannot be set"},
		{"{\"type\": \"eth\", \"host\": \"a\", \"guest\": \"eth1\", \"mac\": \"02:00:00:00:00:01\"}",
		 "may not be changed"},
		{"{\"type\": \"ipvlan\", \"host\": \"a\", \"guest\": \"eth1\", \"mac\": \"02:00:00:00:00:01\"}",
		 "of the host's link"},
		{"{\"type\": \"vlan\", \"host\": \"a\", \"guest\": \"eth1\"}", "number from 1 to 4094"},
		{"{\"type\": \"vlan\", \"host\": \"a\", \"guest\": \"eth1\", \"vlan\": 4095}", "number from 1 to 4094"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"vlan\": 1}", "vlan cannot be set"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"mtu\": 67}", "Mtu must not be less than 68"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"mtu\": 65536}", "Mtu must not be more than"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"qlen\": -1}", "Qlen must be"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"mac\": \"01:00:00:00:00:01\"}", "cannot be the MAC address"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"mac\": \"\"}", "is no hardware address"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"ips\": [\"10.0.0.2\"]}", "invalid CIDR address: 10.0.0.2"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"ips\": [\"224.0.0.2/24\"]}", "invalid CIDR address"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"ips\": [\"10.0.0.2/24\", \"10.0.0.2/24\"]}", "given twice"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"gateways\": [\"10.0.0.1/24\"]}", "no address of a gateway"},
		{"{\"type\": \"veth\", \"guest\": \"eth1\", \"gateways\": [\"10.0.0.1\", \"10.0.0.3\"]}",
		 "one gateway for IPv4"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attached_nic nic = {0};
		struct error err = {0};

		assert_int_equal(read_nic(rows[i].text, &nic, &err), 0);
		if (attached_nic_check(&nic, &err) < 0 ? !rows[i].message || !strstr(err.message, rows[i].message)
						       : !!rows[i].message)
			fail_msg("%s: %s", rows[i].text, err.message);
		schema_release(&attached_nic_schema, &nic);
	}
}

static void test_typed(void **state)
{
	struct attached_nic nic = {0};
	int type;

	(void)state;
	assert_int_equal(attached_nic_add_ip(&nic, "2001:DB8::0:7/64", NULL), 0);
	assert_int_equal(attached_nic_add_gateway(&nic, "2001:DB8::1", NULL), 0);
	assert_int_equal(attached_nic_set_mac(&nic, "02-00-00-00-00-AA", NULL), 0);
	assert_int_equal(attached_nic_set_mac(&nic, "02-00-00-00-00-AB", NULL), 0);
	assert_int_equal(attached_nic_add_ip(&nic, "10.0.0.1", NULL), -EINVAL);
	assert_int_equal(attached_nic_add_gateway(&nic, "0.0.0.0", NULL), -EINVAL);
	assert_int_equal(attached_nic_set_mac(&nic, "00:00:00:00:00:00", NULL), -EINVAL);
	assert_string_equal(nic.ips.items[0], "2001:db8::7/64");
	assert_string_equal(nic.gateways.items[0], "2001:db8::1");
	assert_string_equal(nic.mac, "02:00:00:00:00:ab");
	assert_int_equal(attached_nic_parse_type("macvlan", &type, NULL), 0);
	assert_int_equal(type, ATTACHED_NIC_MACVLAN);
	assert_int_equal(attached_nic_parse_type("sriov", &type, NULL), -EINVAL);
	schema_release(&attached_nic_schema, &nic);
}

#define VETH(guest, more) "{\"type\": \"veth\", \"guest\": \"" guest "\"" more "}"
#define ETH(guest, host)  "{\"type\": \"eth\", \"guest\": \"" guest "\", \"host\": \"" host "\"}"
#define VLAN(guest, host, number) \
	"{\"type\": \"vlan\", \"guest\": \"" guest "\", \"host\": \"" host "\", \"vlan\": " number "}"

static void test_conflicts(void **state)
{
	static const struct {
		const char *one, *other, *message; /* NULL: none */
	} rows[] = {
		{VETH("a", ""), VETH("b", ""), NULL},
		{VETH("a", ""), VETH("a", ""), "interface name conflict: a"},
		{VETH("a", ", \"host\": \"h\""), VETH("b", ", \"host\": \"h\""), "interface name conflict: h"},
		{ETH("a", "h"), ETH("b", "h"), "interface name conflict: h"},
		{ETH("a", "h"), VLAN("b", "h", "7"), "interface name conflict: h"},
		{VLAN("a", "h", "7"), VLAN("b", "h", "8"), NULL},
		{VLAN("a", "h", "7"), VLAN("b", "h", "7"), "interface vlan conflict"},
		{VETH("a", ", \"mac\": \"02:00:00:00:00:01\""), VETH("b", ", \"mac\": \"02:00:00:00:00:01\""),
		 "interface mac conflict"},
		{VETH("a", ", \"ips\": [\"10.0.0.1/24\"]"), VETH("b", ", \"ips\": [\"10.0.1.1/24\", \"10.0.0.1/8\"]"),
		 "interface ip conflict: 10.0.0.1/8"},
		{VETH("a", ", \"ips\": [\"10.0.0.1/24\"]"), VETH("b", ", \"ips\": [\"10.0.0.2/24\"]"), NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attached_nic nics[2] = {{0}};
		struct error err = {0};
		int r;

		assert_int_equal(read_nic(rows[i].one, &nics[0], &err), 0);
		assert_int_equal(read_nic(rows[i].other, &nics[1], &err), 0);
		r = attached_nics_check(&(struct schema_array){nics, 2}, &err);
		if ((r < 0) != (rows[i].message != NULL) || (rows[i].message && !strstr(err.message, rows[i].message)))
			fail_msg("%s %s: %s", rows[i].one, rows[i].other, err.message);
		schema_release(&attached_nic_schema, &nics[0]);
		schema_release(&attached_nic_schema, &nics[1]);
	}
}

static void test_physical(void **state)
{
	struct attached_nic nics[3] = {{.type = ATTACHED_NIC_ETH}, {.type = ATTACHED_NIC_VETH}, {.type = ATTACHED_NIC_ETH}};

	(void)state;
	assert_int_equal(attached_nics_count_physical(&(struct schema_array){nics, 3}), 2);
	assert_int_equal(attached_nics_count_physical(&(struct schema_array){0}), 0);
}

static void test_equality(void **state)
{
	static const struct {
		const char *one, *other;
		bool is_same, is_equal, is_other_link;
	} rows[] = {
		{VETH("a", ", \"mtu\": 1400"), VETH("a", ", \"mtu\": 1400"), true, true, false},
		{VETH("a", ", \"mtu\": 1400"), VETH("a", ", \"mtu\": 1500"), true, false, false},
		{VETH("a", ", \"ips\": [\"10.0.0.1/24\"]"), VETH("a", ""), true, false, false},
		{VETH("a", ", \"host\": \"x\""), VETH("a", ", \"host\": \"y\""), true, false, true},
		{VETH("a", ""), VETH("b", ""), false, false, false},
		{ETH("a", "x"), VETH("a", ", \"host\": \"x\""), true, false, true},
		{VETH("a", ", \"now\": {\"home\": {\"name\": \"x\"}}"), VETH("a", ""), true, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attached_nic one = {0}, other = {0};

		assert_int_equal(read_nic(rows[i].one, &one, NULL), 0);
		assert_int_equal(read_nic(rows[i].other, &other, NULL), 0);
		assert_int_equal(attached_nic_is_same(&one, &other), rows[i].is_same);
		assert_int_equal(attached_nic_is_equal(&one, &other), rows[i].is_equal);
		assert_int_equal(attached_nic_is_other_link(&one, &other), rows[i].is_other_link);
		schema_release(&attached_nic_schema, &one);
		schema_release(&attached_nic_schema, &other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),     cmocka_unit_test(test_checks),   cmocka_unit_test(test_typed),
		cmocka_unit_test(test_conflicts), cmocka_unit_test(test_physical), cmocka_unit_test(test_equality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
