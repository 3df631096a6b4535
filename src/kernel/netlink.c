/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the talk with the kernel's rtnetlink(7): sockets, requests, answers. */
#include "kernel/netlink.h"

#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/memory.h"
#include "base/text.h"
#include "kernel/namespace.h"
#include "kernel/netlink_message.h"

#define ANSWER_TIMEOUT_S 10
#define ANSWER_MAX       ((size_t)64 << 10) /* the kernel makes parts of 32 KiB at most */
#define DUMP_TRIES       8

struct netlink {
	int fd;
	uint32_t sequence;
	char *buffer; /* of ANSWER_MAX bytes */
};

/* What older kernels do not know makes errors shorter and dumps longer, no more. */
static void set_wishes(int fd)
{
	static const int wishes[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
	const int on = 1;

	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++)
		setsockopt(fd, SOL_NETLINK, wishes[i], &on, sizeof(on));
}

int netlink_open(int namespace_fd, struct netlink **ret_netlink, struct error *err)
{
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	const struct sockaddr_nl nobody = {.nl_family = AF_NETLINK};
	autoclose int fd = -EBADF;

	if (namespace_fd >= 0) {
		fd = namespace_open_socket(namespace_fd, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, err);
		if (fd < 0)
			return fd;
	} else {
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
		if (fd < 0)
			return error_set_errno(err, "cannot open a netlink socket");
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    bind(fd, (const struct sockaddr *)&nobody, sizeof(nobody)) < 0)
		return error_set_errno(err, "cannot prepare a netlink socket");
	set_wishes(fd);
	*ret_netlink = xcalloc(1, sizeof(**ret_netlink));
	(*ret_netlink)->fd = steal_fd(&fd);
	(*ret_netlink)->buffer = xmalloc(ANSWER_MAX);
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	close(netlink->fd);
	free(netlink->buffer);
	free(netlink);
}

/* --- requests ------------------------------------------------------------------------------------------------------- */

struct nl_msg *netlink_message(int type, int flags, const void *header, size_t size)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

	if (!message || nlmsg_append(message, (void *)header, size, NLMSG_ALIGNTO) < 0)
		abort();
	return message;
}

void netlink_put(struct nl_msg *message, int attribute, const void *data, size_t size)
{
	if (nla_put(message, attribute, (int)size, data) < 0)
		abort(); /* a page is allocated; what we send are a dozen small attributes */
}

void netlink_put_number(struct nl_msg *message, int attribute, uint32_t number)
{
	netlink_put(message, attribute, &number, sizeof(number));
}

void netlink_put_string(struct nl_msg *message, int attribute, const char *text)
{
	netlink_put(message, attribute, text, strlen(text) + 1);
}

static int send_request(struct netlink *netlink, struct nl_msg *message, struct error *err)
{
	struct nlmsghdr *header = nlmsg_hdr(message);

	header->nlmsg_seq = ++netlink->sequence;
	header->nlmsg_pid = 0;
	if ((header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) /* half of it means something else in other requests */
		header->nlmsg_flags |= NLM_F_ACK;
	while (send(netlink->fd, header, header->nlmsg_len, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, "cannot ask the kernel by netlink");
	return 0;
}

/* --- answers -------------------------------------------------------------------------------------------------------- */

static int receive(struct netlink *netlink, int *ret_length, struct error *err)
{
	ssize_t length;

	do
		length = recv(netlink->fd, netlink->buffer, ANSWER_MAX, MSG_TRUNC);
	while (length < 0 && errno == EINTR);
	if (length < 0 && errno == EAGAIN)
		return error_set(err, -ETIMEDOUT, "the kernel did not answer within %d seconds", ANSWER_TIMEOUT_S);
	if (length < 0)
		return error_set_errno(err, "cannot read the kernel's answer");
	if ((size_t)length > ANSWER_MAX)
		return error_set(err, -EMSGSIZE, "the kernel's answer has %zd bytes, more than is read", length);
	*ret_length = (int)length;
	return 0;
}

/* The kernel's own words, NETLINK_EXT_ACK; NULL. */
static const char *reason_of(const struct nlmsghdr *header, const struct nlmsgerr *report)
{
	size_t skip = sizeof(*report);
	const struct nlattr *found;

	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += report->msg.nlmsg_len - sizeof(report->msg);
	if (header->nlmsg_len < NLMSG_HDRLEN + skip)
		return NULL;
	found = nla_find((const struct nlattr *)((const char *)report + skip),
			 (int)(header->nlmsg_len - NLMSG_HDRLEN - skip), NLMSGERR_ATTR_MSG);
	return found && nla_len(found) > 0 && ((const char *)nla_data(found))[nla_len(found) - 1] == '\0' ? nla_data(found)
													  : NULL;
}

/* NLMSG_ERROR ends a request, also with the error 0; NLMSG_DONE a dump, with the error of its end. */
static int read_end(const struct nlmsghdr *header, struct error *err)
{
	const struct nlmsgerr *report = nlmsg_data(header);
	const char *reason = NULL;
	int code = 0;

	if (nlmsg_datalen(header) >= (int)sizeof(code))
		memcpy(&code, report, sizeof(code));
	if (code >= 0)
		return 0;
	if (header->nlmsg_type == NLMSG_ERROR && nlmsg_datalen(header) >= (int)sizeof(*report))
		reason = reason_of(header, report);
	return error_set(err, code, reason ? "%s (%s)" : "%s", strerror(-code), reason);
}

/* Reads answers to the end of one request. *is_torn: something changed in between. */
static int read_answers(struct netlink *netlink, void (*visit)(struct nlmsghdr *answer, void *data), void *data,
			bool *is_torn, struct error *err)
{
	for (;;) {
		struct nlmsghdr *header = (struct nlmsghdr *)netlink->buffer;
		int r, left;

		r = receive(netlink, &left, err);
		if (r < 0)
			return r;
		for (; nlmsg_ok(header, left); header = nlmsg_next(header, &left)) {
			if (header->nlmsg_seq != netlink->sequence)
				continue; /* of a request that was given up */
			*is_torn |= (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE)
				return read_end(header, err);
			if (visit)
				visit(header, data);
		}
	}
}

int netlink_ask(struct netlink *netlink, struct nl_msg *message, void (*visit)(struct nlmsghdr *answer, void *data),
		void *data, struct error *err)
{
	for (int i = 0; i < DUMP_TRIES; i++) {
		bool is_torn = false;
		int r = send_request(netlink, message, err);

		if (r == 0)
			r = read_answers(netlink, visit, data, &is_torn, err);
		if (r < 0 || !is_torn)
			return r;
		if (visit)
			visit(NULL, data);
	}
	return error_set(err, -EAGAIN, "what the kernel lists changes all the time");
}

/* --- what is kept --------------------------------------------------------------------------------------------------- */

char *netlink_keep(const struct nlmsghdr *message)
{
	autorelease(text_release) struct text text = {0};
	const unsigned char *data = nlmsg_data(message);

	for (int i = 0; i < nlmsg_datalen(message); i++)
		text_appendf(&text, "%02x", data[i]);
	return text_steal(&text);
}

int netlink_revive(const char *kept, int type, int flags, size_t header_size, struct nl_msg **ret_message, struct error *err)
{
	size_t length = strlen(kept) / 2;
	autofree unsigned char *data = xmalloc(length + 1);

	for (size_t i = 0; i < length; i++) {
		char digits[3] = {kept[2 * i], kept[2 * i + 1]}, *end;

		data[i] = (unsigned char)strtoul(digits, &end, 16);
		if (*end)
			length = 0;
	}
	if (length < header_size || length > 2048)
		return error_set(err, -EINVAL, "\"%s\" is no kept netlink message", kept);
	*ret_message = netlink_message(type, flags, data, length);
	return 0;
}

/* --- namespaces ----------------------------------------------------------------------------------------------------- */

static void visit_number(struct nlmsghdr *answer, void *data)
{
	struct nlattr *attributes[NETNSA_MAX + 1];

	if (answer && answer->nlmsg_type == RTM_NEWNSID &&
	    nlmsg_parse(answer, sizeof(struct rtgenmsg), attributes, NETNSA_MAX, NULL) == 0 && attributes[NETNSA_NSID])
		*(int *)data = (int)nla_get_u32(attributes[NETNSA_NSID]);
}

int netlink_namespace_number(struct netlink *netlink, int namespace_fd, int *ret_number, struct error *err)
{
	const struct rtgenmsg header = {.rtgen_family = AF_UNSPEC};
	automessage struct nl_msg *message = netlink_message(RTM_GETNSID, 0, &header, sizeof(header));

	*ret_number = NETNSA_NSID_NOT_ASSIGNED;
	netlink_put_number(message, NETNSA_FD, (uint32_t)namespace_fd);
	if (netlink_ask(netlink, message, visit_number, ret_number, err) < 0)
		return error_prefix(err, "cannot ask for the number of a network namespace");
	return 0;
}
