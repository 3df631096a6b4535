/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the socket and the words of kernel uevents. */
#include "kernel/uevent.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernel/namespace.h"

#define EVENT_MAX    8192 /* the kernel's own limit is 2048 */
#define KERNEL_GROUP 1    /* of NETLINK_KOBJECT_UEVENT; 2 is what udevd says */
#define BUFFER_BYTES (1 << 20)

void uevent_release(struct uevent *event)
{
	free(event->action);
	strings_release(&event->properties);
	*event = (struct uevent){0};
}

/* "add@/devices/virtual/block/loop0\0ACTION=add\0DEVPATH=/devices/virtual/block/loop0\0...SEQNUM=7\0" */
int uevent_parse(const char *data, size_t length, struct uevent *ret_event)
{
	const char *end = data + length, *at = memchr(data, '@', length), *zero = memchr(data, '\0', length);

	*ret_event = (struct uevent){0};
	if (!at || !zero || at > zero || at == data || end[-1] != '\0')
		return -EBADMSG;
	for (const char *item = zero + 1; item < end; item += strlen(item) + 1)
		if (strchr(item, '=') && item[0] != '=')
			strings_append(&ret_event->properties, item);
	if (!strings_get_value(&ret_event->properties, "DEVPATH")) {
		uevent_release(ret_event);
		return -EBADMSG;
	}
	ret_event->action = xstrndup(data, (size_t)(at - data));
	return 0;
}

/* --- /sys ------------------------------------------------------------------------------------------------------------------ */

/* The last of `path` that is not "..": "/devices/virtual/block/loop0" of "../../devices/virtual/block/loop0". */
static int read_link(int directory, const char *name, char **ret_target)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);
	const char *start = target;

	if (length < 0)
		return -errno;
	target[length] = '\0';
	while (strncmp(start, "../", 3) == 0)
		start += 3;
	*ret_target = xasprintf("/%s", start);
	return 0;
}

static void add_lines(struct strings *properties, const char *text)
{
	autorelease(strings_release) struct strings lines = {0};

	strings_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		if (strchr(lines.items[i], '='))
			strings_append(properties, lines.items[i]);
}

static int read_properties(int devices, const char *device, struct strings *properties)
{
	autofree char *file = xasprintf("%s/uevent", device), *link = xasprintf("%s/subsystem", device);
	autofree char *path = NULL, *subsystem = NULL, *content = NULL;
	const char *name;
	int r = read_link(devices, device, &path);

	if (r == 0)
		r = read_link(devices, link, &subsystem);
	if (r == 0)
		r = file_read(devices, file, EVENT_MAX, &content, NULL, NULL);
	if (r < 0 || !subsystem)
		return r;
	strings_set_value(properties, "DEVPATH", path);
	name = strrchr(subsystem, '/');
	strings_set_value(properties, "SUBSYSTEM", name ? name + 1 : subsystem);
	add_lines(properties, content);
	return 0;
}

int uevent_read_properties(const char *root, bool is_block, dev_t number, struct strings *ret_properties, struct error *err)
{
	autofree char *path = xasprintf("%s/sys/dev/%s", root, is_block ? "block" : "char"),
		      *device = xasprintf("%u:%u", major(number), minor(number));
	autoclose int devices = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = devices < 0 ? -errno : read_properties(devices, device, ret_properties);

	return r < 0 ? error_set(err, r, "cannot read what the kernel says of %s: %s", device, strerror(-r)) : 0;
}

/* --- telling --------------------------------------------------------------------------------------------------------------- */

static void append_string(struct text *message, const char *string)
{
	text_append_bytes(message, string, strlen(string) + 1);
}

static void compose(const char *action, const struct strings *properties, struct text *message)
{
	const char *path = strings_get_value(properties, "DEVPATH");
	struct nlmsghdr header = {.nlmsg_type = NLMSG_MIN_TYPE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK};

	text_append_bytes(message, &header, sizeof(header));
	text_appendf(message, "%s@%s", action, path ? path : "");
	append_string(message, "");
	text_appendf(message, "ACTION=%s", action);
	append_string(message, "");
	for (size_t i = 0; i < properties->count; i++)
		append_string(message, properties->items[i]);
	header.nlmsg_len = (uint32_t)message->length;
	memcpy(message->data, &header, sizeof(header));
}

/* What the kernel hands on is not our word but that of the namespace's root. We may say so. */
static void sign(struct msghdr *packet, uid_t uid, gid_t gid)
{
	struct ucred credentials = {.pid = getpid(), .uid = uid, .gid = gid};
	struct cmsghdr *control = CMSG_FIRSTHDR(packet);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_CREDENTIALS;
	control->cmsg_len = CMSG_LEN(sizeof(credentials));
	memcpy(CMSG_DATA(control), &credentials, sizeof(credentials));
}

/* It has been there since sendmsg(2) returned. */
static int read_answer(int fd)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} answer;
	ssize_t length = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);

	if (length < 0)
		return -errno;
	if ((size_t)length < sizeof(answer.header) + sizeof(answer.error) || answer.header.nlmsg_type != NLMSG_ERROR)
		return -EBADMSG;
	return answer.error.error == -EINVAL ? -EMSGSIZE : answer.error.error;
}

static int send_message(int fd, const struct text *message, uid_t uid, gid_t gid)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct iovec data = {.iov_base = message->data, .iov_len = message->length};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control = {0};
	struct msghdr packet = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	sign(&packet, uid, gid);
	return sendmsg(fd, &packet, MSG_NOSIGNAL) < 0 ? -errno : read_answer(fd);
}

int uevent_send(int network_fd, uid_t uid, gid_t gid, const char *action, const struct strings *properties,
		struct error *err)
{
	autorelease(text_release) struct text message = {0};
	autoclose int fd = namespace_open_socket(network_fd, AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT, err);
	int r;

	if (fd < 0)
		return fd;
	compose(action, properties, &message);
	r = send_message(fd, &message, uid, gid);
	return r < 0 ? error_set(err, r, "cannot tell a network namespace of a device: %s", strerror(-r)) : 0;
}

/* --- hearing --------------------------------------------------------------------------------------------------------------- */

int uevent_listen(struct error *err)
{
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
	int size = BUFFER_BYTES;

	if (fd < 0)
		return error_set_errno(err, "cannot make a socket for the kernel's events");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(err, "cannot listen to the kernel's events");
	return steal_fd(&fd);
}

int uevent_receive(int fd, struct uevent *ret_event, struct error *err)
{
	for (;;) {
		char data[EVENT_MAX];
		struct sockaddr_nl sender = {0};
		struct iovec vector = {.iov_base = data, .iov_len = sizeof(data)};
		struct msghdr packet = {.msg_name = &sender,
					.msg_namelen = sizeof(sender),
					.msg_iov = &vector,
					.msg_iovlen = 1};
		ssize_t length = recvmsg(fd, &packet, MSG_DONTWAIT);

		if (length < 0 && errno == EAGAIN)
			return 0;
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return error_set_errno(err, "cannot hear the kernel's events");
		/* Who is root can send to this group too. */
		if (sender.nl_pid == 0 && !(packet.msg_flags & MSG_TRUNC) &&
		    uevent_parse(data, (size_t)length, ret_event) == 0)
			return 1;
	}
}
