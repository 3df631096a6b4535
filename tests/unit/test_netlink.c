/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of links, addresses and routes, in two network namespaces that the test makes: one in which it is, and another, the guest's. */
#include "kernel/netlink.h"

#include <sys/socket.h>

#include "kernel/netlink_address.h"
#include "kernel/netlink_link.h"
#include "kernel/netlink_route.h"
#include "work.h"

static struct netlink *host, *guest;
static int guest_fd;

/* Fails with the error's text. */
static int good(int r, const struct error *err)
{
	if (r < 0)
		fail_msg("%s", err->message);
	return r;
}
#define GOOD(call) \
	({ \
		struct error err = {0}; \
		good(call, &err); \
	})

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	guest_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	GOOD(netlink_open(-1, &host, &err));
	GOOD(netlink_open(guest_fd, &guest, &err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	netlink_close(host);
	netlink_close(guest);
	return close(guest_fd);
}

static int index_of(struct netlink *netlink, const char *name)
{
	struct netlink_link link = {0};
	int index = GOOD(netlink_link_find(netlink, name, &link, &err)) ? link.index : 0;

	netlink_link_release(&link);
	return index;
}

/* A link that has a carrier: one end of a pair, whose other end is beside it and up. */
static int make(const char *name, struct error *err)
{
	autofree char *peer_name = xasprintf("%s-peer", name);
	const struct netlink_new_link peer = {.name = peer_name, .namespace_fd = -1, .queue_length = -1};
	const struct netlink_new_link link = {
		.kind = "veth", .name = name, .namespace_fd = -1, .queue_length = -1, .peer = &peer};

	return netlink_link_create(host, &link, err);
}

static int make_bridge(const char *name, struct error *err)
{
	const struct netlink_new_link bridge = {.kind = "bridge", .name = name, .namespace_fd = -1, .queue_length = -1};

	return netlink_link_create(host, &bridge, err);
}

static void set_up_state(struct netlink *netlink, const char *name, bool is_up)
{
	struct netlink_link_change change = NETLINK_LINK_CHANGE_NOTHING;

	change.is_up = &is_up;
	GOOD(netlink_link_change(netlink, index_of(netlink, name), &change, &err));
}

static struct ip cidr(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse_cidr(text, &ip, NULL), 0);
	return ip;
}

static void test_veth(void **state)
{
	const struct mac mac = mac_derive("test");
	const struct netlink_new_link inner = {
		.name = "eth1", .namespace_fd = guest_fd, .mac = &mac, .mtu = 1400, .queue_length = 77};
	struct netlink_link link = {0};
	struct netlink_new_link outer = {.kind = "veth",
					 .name = "web",
					 .namespace_fd = -1,
					 .mtu = 1400,
					 .queue_length = -1,

					 .peer = &inner};
	struct error error = {0};
	int number;

	(void)state;
	GOOD(make_bridge("br0", &err));
	outer.master = index_of(host, "br0");
	assert_true(outer.master > 0);
	GOOD(netlink_link_create(host, &outer, &err));
	set_up_state(host, "web", true);
	set_up_state(guest, "eth1", true);
	assert_int_equal(netlink_link_create(host, &outer, &error), -EEXIST);
	assert_non_null(strstr(error.message, "cannot make the veth link web"));

	assert_int_equal(GOOD(netlink_link_find(host, "web", &link, &err)), 1);
	assert_string_equal(link.kind, "veth");
	assert_int_equal(link.master, outer.master);
	assert_true(link.is_up);
	assert_int_equal(link.lower, index_of(guest, "eth1"));
	GOOD(netlink_namespace_number(host, guest_fd, &number, &err));
	assert_true(number >= 0);
	assert_int_equal(link.lower_number, number);
	netlink_link_release(&link);

	assert_int_equal(GOOD(netlink_link_find(guest, "eth1", &link, &err)), 1);
	assert_true(mac_is_equal(&link.mac, &mac));
	assert_int_equal(link.mtu, 1400);
	assert_int_equal(link.queue_length, 77);
	assert_true(link.is_up && link.has_carrier);
	netlink_link_release(&link);

	assert_int_equal(index_of(host, "eth1"), 0);
	GOOD(netlink_link_delete(host, index_of(host, "web"), &err));
	assert_int_equal(index_of(guest, "eth1"), 0);
	GOOD(netlink_link_delete(host, 12345, &err));
	GOOD(netlink_link_delete(host, index_of(host, "br0"), &err));
}

static void test_names(void **state)
{
	static const char long_name[] = "a-name-of-a-link-that-is-longer-than-what-the-kernel-took-at-first";
	struct netlink_link link = {0};
	int index;

	(void)state;
	GOOD(make("nic0", &err));
	index = index_of(host, "nic0");
	GOOD(netlink_link_add_name(host, index, "other", &err));
	GOOD(netlink_link_add_name(host, index, "other", &err));
	GOOD(netlink_link_add_name(host, index, long_name, &err));
	assert_int_equal(index_of(host, "other"), index);
	assert_int_equal(index_of(host, long_name), index);
	assert_int_equal(GOOD(netlink_link_find_index(host, index, &link, &err)), 1);
	assert_string_equal(link.name, "nic0");
	assert_int_equal(link.alternative_names.count, 2);
	netlink_link_release(&link);
	GOOD(netlink_link_remove_name(host, index, "other", &err));
	assert_int_equal(index_of(host, "other"), 0);
	assert_int_equal(index_of(host, ""), 0);
	assert_int_equal(GOOD(netlink_link_find_index(host, 0, &link, &err)), 0);
	GOOD(netlink_link_delete(host, index, &err));
}

static void test_move(void **state)
{
	struct error error = {0};
	int index;

	(void)state;
	GOOD(make("nic0", &err));
	GOOD(make("nic1", &err));
	GOOD(netlink_link_move(host, index_of(host, "nic0"), guest_fd, "eth1", &err));
	assert_int_equal(index_of(host, "nic0"), 0);
	index = index_of(guest, "eth1");
	assert_true(index > 0);
	assert_int_equal(netlink_link_move(host, index_of(host, "nic1"), guest_fd, "eth1", &error), -EEXIST);
	GOOD(netlink_link_delete(guest, index, &err));
	assert_true((index_of(host, "nic1") > 0) != (index_of(guest, "nic1") > 0)); /* that depends on the kernel */
	GOOD(netlink_link_delete(host, index_of(host, "nic1-peer"), &err));
	assert_true(!index_of(host, "nic1") && !index_of(guest, "nic1"));
}

static void test_addresses(void **state)
{
	static const char *const texts[] = {"10.9.0.1/24", "10.9.0.2/24", "10.8.0.1/31", "2001:db8::7/64"};
	struct netlink_addresses addresses = {0};
	autorelease(strings_release) struct strings kept = {0};
	struct ip gone;
	int index;

	(void)state;
	GOOD(make("nic0", &err));
	index = index_of(host, "nic0");
	set_up_state(host, "nic0-peer", true);
	set_up_state(host, "nic0", true);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ip ip = cidr(texts[i]);

		GOOD(netlink_address_add(host, index, &ip, &err));
		GOOD(netlink_address_add(host, index, &ip, &err));
	}
	GOOD(netlink_address_save(host, index, &kept, &err));
	assert_int_equal(kept.count, ARRAY_SIZE(texts));
	GOOD(netlink_link_delete(host, index, &err));

	GOOD(make("nic1", &err));
	index = index_of(host, "nic1");
	GOOD(netlink_address_restore(host, index, &kept, &err));
	gone = cidr("10.8.0.1/31");
	GOOD(netlink_address_remove(host, index, &gone, &err));
	GOOD(netlink_address_remove(host, index, &gone, &err));
	GOOD(netlink_address_list(host, index, &addresses, &err));
	assert_int_equal(addresses.count, 3);
	for (size_t i = 0; i < addresses.count; i++) {
		autofree char *text = ip_format_cidr(&addresses.items[i].ip);

		assert_string_equal(text, texts[i < 2 ? i : 3]);
		assert_false(addresses.items[i].is_of_kernel);
	}
	netlink_addresses_release(&addresses);
	GOOD(netlink_link_delete(host, index, &err));
}

static struct netlink_route route(const char *destination, const char *gateway, int index)
{
	struct netlink_route route = {.destination = cidr(destination), .index = index};

	if (gateway)
		assert_int_equal(ip_parse(gateway, &route.gateway, NULL), 0);
	return route;
}

static void test_routes(void **state)
{
	autorelease(strings_release) struct strings kept = {0};
	struct error error = {0};
	struct netlink_route routes[7];
	int index;

	(void)state;
	GOOD(make("nic0", &err));
	index = index_of(host, "nic0");
	set_up_state(host, "nic0-peer", true);
	set_up_state(host, "nic0", true);
	/* Each needs the one before it: on the link, by a gateway there, by default. */
	routes[0] = route("10.7.0.0/24", NULL, index);
	routes[1] = route("10.6.0.0/16", "10.7.0.1", 0);
	routes[2] = route("0.0.0.0/0", "10.7.0.2", index);
	routes[3] = route("2001:db8::/64", NULL, index);
	routes[4] = route("::/0", "2001:db8::1", index);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(GOOD(netlink_route_exists(host, &routes[i], &err)), 0);
		GOOD(netlink_route_add(host, &routes[i], &err));
		assert_int_equal(netlink_route_add(host, &routes[i], &error), -EEXIST);
		assert_int_equal(GOOD(netlink_route_exists(host, &routes[i], &err)), 1);
	}
	/* Others to the same destinations are neither found nor removed. */
	routes[5] = route("10.6.0.0/16", "10.7.0.9", 0);
	routes[6] = route("10.6.0.0/16", NULL, index);
	for (size_t i = 5; i < 7; i++) {
		assert_int_equal(GOOD(netlink_route_exists(host, &routes[i], &err)), 0);
		GOOD(netlink_route_remove(host, &routes[i], &err));
	}
	assert_int_equal(GOOD(netlink_route_exists(host, &routes[1], &err)), 1);

	GOOD(netlink_route_save(host, index, &kept, &err));
	assert_int_equal(kept.count, 5);
	set_up_state(host, "nic0", false);
	assert_int_equal(GOOD(netlink_route_exists(host, &routes[0], &err)), 0);
	set_up_state(host, "nic0", true);
	GOOD(netlink_route_restore(host, index, &kept, &err));
	for (size_t i = 5; i-- > 0;) {
		assert_int_equal(GOOD(netlink_route_exists(host, &routes[i], &err)), 1);
		GOOD(netlink_route_remove(host, &routes[i], &err));
		GOOD(netlink_route_remove(host, &routes[i], &err));
		assert_int_equal(GOOD(netlink_route_exists(host, &routes[i], &err)), 0);
	}
	GOOD(netlink_link_delete(host, index, &err));
}

static void test_refusals(void **state)
{
	static char *broken[] = {"zz", "", "0a1", NULL};
	const struct strings kept = {.items = broken, .count = 3};
	struct error error = {0};

	(void)state;
	assert_int_equal(netlink_address_restore(host, 1, &kept, &error), -EINVAL);
	assert_non_null(strstr(error.message, "no kept netlink message"));
	assert_int_equal(netlink_route_restore(host, 1, &kept, &error), -EINVAL);
	/* The kernel's own words come along. */
	assert_int_equal(netlink_link_move(host, 1, guest_fd, "lo1", &error), -EINVAL);
	assert_non_null(strstr(error.message, "Invalid argument ("));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_veth),      cmocka_unit_test(test_names),  cmocka_unit_test(test_move),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_routes), cmocka_unit_test(test_refusals),
	};

	work_become_root();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
