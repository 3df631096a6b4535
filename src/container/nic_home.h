/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Custody of links of the host that go into a guest: what they were, how they are found there, whatever the guest did to them, and how they become that again. */
#pragma once

#include "base/error.h"
#include "kernel/netlink_link.h"
#include "model/attached_nic.h"

/* What `link` of the host is, with all that it loses on the way; `home` is empty before. */
int nic_home_record(struct netlink *host, const struct netlink_link *link, struct attached_nic_home *home,
		    struct error *err);

/*
 * The link that went away: in the guest, by `mark`, an alternative name that it was given, by the number that it has there, or by its hardware; on the host, to which
 * the kernel may have returned it, by mark and hardware. 1: found, and the caller releases; 0: it is not there. Something else to which a guest gave that name or number is
 * not taken for it: the other end of a pair, if it is on the host, tells where its end is (`guest_fd` is the guest's namespace).
 */
int nic_home_find_in_guest(struct netlink *host, struct netlink *guest, int guest_fd, const struct attached_nic_home *home,
			   const char *mark, struct netlink_link *ret_link, struct error *err);
int nic_home_find_on_host(struct netlink *host, const struct attached_nic_home *home, const char *mark,
			  struct netlink_link *ret_link, struct error *err);

/* A name for it on the host: its own, or one that is free; `index` is its own number on the host, 0 while it is elsewhere. The caller frees. */
int nic_home_choose_name(struct netlink *host, const struct attached_nic_home *home, int index, char **ret_name,
			 struct error *err);

/*
 * Makes the link, which is on the host again, what it was. What cannot be given back (a bridge that is gone) is left out: what that was is appended to `problems`, and
 * all of the rest is done. At last the mark goes.
 */
void nic_home_restore(struct netlink *host, const struct netlink_link *link, const struct attached_nic_home *home,
		      const char *mark, struct strings *problems);
