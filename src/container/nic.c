/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the checks of a NIC against the host and the container. */
#include "container/nic.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/memory.h"
#include "container/nic_bridge.h"
#include "model/config.h"
#include "model/paths.h"
#include "model/registry.h"

#define NAMES_TRIED 16

int nic_check_guest(const struct spec *spec, struct error *err)
{
	const char *other = spec_namespace_container(&spec->namespaces, SPEC_NAMESPACE_NET);

	if (spec_namespace_is_own(&spec->namespaces, SPEC_NAMESPACE_NET))
		return 0;
	if (other)
		return error_set(err, -EPERM, "container %s shares the network of container %.12s: plug it in there",
				 spec->name, other);
	return error_set(err, -EPERM,
			 "container %s shares the network of the host (--net host), which has all NICs and routes already",
			 spec->name);
}

int nic_check_host(struct netlink *host, const struct attached_nic *nic, struct netlink_link *ret_link, struct error *err)
{
	int r = netlink_link_find(host, nic->host, ret_link, err);

	if (nic->type != ATTACHED_NIC_VETH)
		return r == 0 ? error_set(err, -ENODEV, "HostNic(%s) not found, please check", nic->host) : r;
	netlink_link_release(ret_link);
	if (r == 1)
		return error_set(err, -EEXIST, "Host has nic with name %s, please choose another one", nic->host);
	return r == 0 && nic->bridge ? nic_bridge_check(host, nic->bridge, err) : r;
}

static int check_container(const char *id, const struct attached_nic *nic, struct error *err)
{
	struct spec spec = {0};
	const struct schema_array *list = &spec.attachments.lists[ATTACHMENT_NIC];
	int r = 0;

	if (spec_load(id, &spec, NULL) < 0)
		return 0; /* a broken or vanishing container is no reason to refuse another */
	for (size_t i = 0; i < list->count && r == 0; i++) {
		const struct attached_nic *other = attachments_at(&spec.attachments, ATTACHMENT_NIC, i);

		if (other->type == ATTACHED_NIC_ETH && strcmp(other->host, nic->host) == 0)
			r = error_set(err, -EBUSY, "the NIC %s is plugged into container %s already", nic->host, spec.name);
	}
	spec_release(&spec);
	return r;
}

int nic_check_elsewhere(const char *id, const struct attached_nic *nic, struct error *err)
{
	autorelease(strings_release) struct strings ids = {0};
	int r = registry_list(&ids, err);

	for (size_t i = 0; i < ids.count && r == 0; i++)
		if (strcmp(ids.items[i], id) != 0)
			r = check_container(ids.items[i], nic, err);
	return r;
}

int nic_check_limit(const struct attachments *attachments, struct error *err)
{
	size_t count = attached_nics_count_physical(&attachments->lists[ATTACHMENT_NIC]);
	struct config config;
	int r = count ? config_load(&config, err) : 0;

	if (r < 0 || !count)
		return r;
	if (count > (size_t)config.max_physical_nics)
		r = error_set(
			err, -E2BIG,
			"Nic already reach max limit: a container has at most %d physical NICs (max-physical-nics in %s)",
			config.max_physical_nics, paths_config());
	config_release(&config);
	return r;
}

/* Letters, digits, '_', '.' and '-' make up a container's name, so any begin of it is a name for a link, but for one that begins with '-'. */
int nic_choose_host_name(struct netlink *host, const char *container_name, char **ret_name, struct error *err)
{
	for (int i = 0; i < NAMES_TRIED; i++) {
		autofree char *name = NULL;
		struct netlink_link link = {0};
		uint32_t number;
		int r;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return error_set_errno(err, "cannot get a random number");
		name = xasprintf("%.9s_%05x", container_name, number & 0xfffff);
		r = netlink_link_find(host, name, &link, err);
		netlink_link_release(&link);
		if (r < 0)
			return r;
		if (r == 0) {
			*ret_name = steal_ptr(name);
			return 0;
		}
	}
	return error_set(err, -EEXIST, "all names for the host's end that were tried are taken");
}
