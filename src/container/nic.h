/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a NIC needs of the host and of the container, running or not, before it can be plugged in. */
#pragma once

#include "base/error.h"
#include "kernel/netlink_link.h"
#include "model/attached_nic.h"
#include "model/spec.h"

/* The guest must have a network of its own: -EPERM says whose it has. */
int nic_check_guest(const struct spec *spec, struct error *err);
/*
 * What the host must have is there: the link (1: and it is in `ret_link`, which the caller releases), the bridge; 0: the name for a veth's end is free. An error names what
 * is missing or taken.
 */
int nic_check_host(struct netlink *host, const struct attached_nic *nic, struct netlink_link *ret_link, struct error *err);
/* No other container than `id` has the host's link in its spec: -EBUSY names the one that has. */
int nic_check_elsewhere(const char *id, const struct attached_nic *nic, struct error *err);
/* At most as many physical ones (type eth) as daemon.json allows. */
int nic_check_limit(const struct attachments *attachments, struct error *err);
/* A name for the host's end of a veth that nobody has: the begin of the container's name, '_' and five hexadecimal digits. The caller frees. */
int nic_choose_host_name(struct netlink *host, const char *container_name, char **ret_name, struct error *err);
