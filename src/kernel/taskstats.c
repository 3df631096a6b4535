/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the two generic netlink requests that a count of tasks needs; a library would be larger than they are. */
#include "kernel/taskstats.h"

#include <linux/cgroupstats.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define ANSWER_SECONDS 1 /* the kernel answers in the call that sends */

/* A request with one attribute. Attributes of the answer follow its header in the same way. */
struct message {
	struct nlmsghdr header;
	struct genlmsghdr command;
	char attributes[4096];
};

static void add_attribute(struct message *message, uint16_t type, const void *data, size_t length)
{
	struct nlattr attribute = {.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};

	memcpy(message->attributes, &attribute, sizeof(attribute));
	memcpy(message->attributes + NLA_HDRLEN, data, length);
	message->header.nlmsg_len = (uint32_t)(offsetof(struct message, attributes) + NLA_ALIGN(NLA_HDRLEN + length));
}

/* Sends the request and puts the answer in its place. An answer that says no is its negative errno. */
static int ask(int fd, struct message *message)
{
	ssize_t length;
	int code;

	message->header.nlmsg_flags = NLM_F_REQUEST;
	if (send(fd, message, message->header.nlmsg_len, 0) < 0)
		return -errno;
	length = recv(fd, message, sizeof(*message), 0);
	if (length < 0)
		return -errno;
	if (length < (ssize_t)offsetof(struct message, attributes) || message->header.nlmsg_len > (size_t)length)
		return -EBADMSG;
	if (message->header.nlmsg_type != NLMSG_ERROR)
		return 0;
	memcpy(&code, (const char *)message + NLMSG_HDRLEN, sizeof(code));
	return code < 0 ? code : -EBADMSG;
}

/* The content of an attribute of the answer, copied; false when it is not there with at least this length. */
static bool get_attribute(const struct message *message, uint16_t type, void *ret_data, size_t length)
{
	size_t end = message->header.nlmsg_len - offsetof(struct message, attributes);
	struct nlattr attribute;

	for (size_t at = 0; at + NLA_HDRLEN <= end; at += NLA_ALIGN(attribute.nla_len)) {
		memcpy(&attribute, message->attributes + at, sizeof(attribute));
		if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > end - at)
			return false;
		if ((attribute.nla_type & NLA_TYPE_MASK) != type)
			continue;
		if (attribute.nla_len < NLA_HDRLEN + length)
			return false;
		memcpy(ret_data, message->attributes + at + NLA_HDRLEN, length);
		return true;
	}
	return false;
}

static int find_family(int fd, uint16_t *ret_family)
{
	struct message message = {
		.header.nlmsg_type = GENL_ID_CTRL,
		.command = {.cmd = CTRL_CMD_GETFAMILY, .version = 1},
	};
	int r;

	add_attribute(&message, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME, sizeof(TASKSTATS_GENL_NAME));
	r = ask(fd, &message);
	if (r < 0)
		return r == -ENOENT ? -EOPNOTSUPP : r;
	return get_attribute(&message, CTRL_ATTR_FAMILY_ID, ret_family, sizeof(*ret_family)) ? 0 : -EBADMSG;
}

int taskstats_open(struct taskstats_link *ret_stats, struct error *err)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	uint16_t family;
	int r;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return error_set_errno(err, "cannot open a netlink socket");
	r = find_family(fd, &family);
	if (r < 0)
		return error_set(err, r, "cannot have the kernel count tasks: %s", strerror(-r));
	*ret_stats = (struct taskstats_link){.socket = steal_fd(&fd), .family = family};
	return 0;
}

int taskstats_add_cgroup(const struct taskstats_link *stats, int cgroup_fd, struct taskstats_counts *counts,
			 struct error *err)
{
	struct message message = {
		.header.nlmsg_type = stats->family,
		.command = {.cmd = CGROUPSTATS_CMD_GET, .version = 1},
	};
	uint32_t fd = (uint32_t)cgroup_fd;
	struct cgroupstats found;
	int r;

	add_attribute(&message, CGROUPSTATS_CMD_ATTR_FD, &fd, sizeof(fd));
	r = ask(stats->socket, &message);
	if (r >= 0 && !get_attribute(&message, CGROUPSTATS_TYPE_CGROUP_STATS, &found, sizeof(found)))
		r = -EBADMSG;
	if (r < 0)
		return error_set(err, r, "cannot count the tasks of a cgroup: %s", strerror(-r));
	counts->running += found.nr_running;
	counts->uninterruptible += found.nr_uninterruptible;
	counts->tasks +=
		found.nr_sleeping + found.nr_running + found.nr_stopped + found.nr_uninterruptible + found.nr_io_wait;
	return 0;
}

void taskstats_close(struct taskstats_link *stats)
{
	close(stats->socket);
	stats->socket = -1;
}
