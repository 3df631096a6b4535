/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is typed of NICs and routes: what is taken is checked, printed in one form, and read again as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/attached_nic.h"
#include "model/attached_route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_nic(const char *text)
{
	struct attached_nic nic = {.type = ATTACHED_NIC_VETH}, again = {0};
	struct error err = {0};

	if (attached_nic_split_name(text, &nic.host, &nic.guest, &err) < 0)
		require(err.message[0]);
	if (attached_nic_add_ip(&nic, text, NULL) == 0) {
		require(attached_nic_add_ip(&again, nic.ips.items[0], NULL) == 0);
		require(strcmp(nic.ips.items[0], again.ips.items[0]) == 0);
	}
	if (attached_nic_add_gateway(&nic, text, NULL) == 0) {
		require(attached_nic_add_gateway(&again, nic.gateways.items[0], NULL) == 0);
		require(strcmp(nic.gateways.items[0], again.gateways.items[0]) == 0);
	}
	if (attached_nic_set_mac(&nic, text, NULL) == 0) {
		require(attached_nic_set_mac(&again, nic.mac, NULL) == 0);
		require(strcmp(nic.mac, again.mac) == 0);
	}
	if (attached_nic_check(&nic, &err) == 0)
		require(strlen(nic.guest) < 16 && !strpbrk(nic.guest, "/:% \n"));
	schema_release(&attached_nic_schema, &nic);
	schema_release(&attached_nic_schema, &again);
}

static void check_routes(const char *text)
{
	struct attached_routes routes = {0};
	struct error err = {0};

	if (attached_routes_parse(text, &routes, &err) < 0) {
		require(err.message[0]);
		return;
	}
	for (size_t i = 0; i < routes.count; i++) {
		struct attached_route *route = &routes.items[i];

		require(attached_route_check(route, NULL) == 0 && attached_route_is_equal(route, route));
		free(attached_route_describe(route));
	}
	attached_routes_release(&routes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);

	check_nic(text);
	check_routes(text);
	return 0;
}
