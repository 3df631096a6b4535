/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of rtnetlink(7) and their answers. Only for the netlink*.c files, which are the users of libnl. */
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stddef.h>

#include "base/error.h"
#include "kernel/netlink.h"

static inline void message_free_scoped(struct nl_msg **message)
{
	nlmsg_free(*message);
}
#define automessage __attribute__((cleanup(message_free_scoped)))

/* A request that begins with `header` (struct ifinfomsg and so on); `flags` are NLM_F_* beside NLM_F_REQUEST. */
struct nl_msg *netlink_message(int type, int flags, const void *header, size_t size);
/* Appends an attribute; memory for it is always there. */
void netlink_put(struct nl_msg *message, int attribute, const void *data, size_t size);
void netlink_put_number(struct nl_msg *message, int attribute, uint32_t number);
void netlink_put_string(struct nl_msg *message, int attribute, const char *text);

/*
 * Sends it and reads what comes until the kernel says that this is all. Each message of the answer goes to `visit` (may be NULL). Errors are the kernel's, with
 * its own words where it has some. A dump (NLM_F_DUMP) during which something changed is asked for again, after `visit` was called with NULL.
 */
int netlink_ask(struct netlink *netlink, struct nl_msg *message, void (*visit)(struct nlmsghdr *answer, void *data),
		void *data, struct error *err);

/* A message without its struct nlmsghdr, as text that can be kept in a file; the caller frees. */
char *netlink_keep(const struct nlmsghdr *message);
/* And back: one that begins with a header of at least `header_size` bytes. -EINVAL when the text is none of ours. */
int netlink_revive(const char *kept, int type, int flags, size_t header_size, struct nl_msg **ret_message,
		   struct error *err);
