/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns our half of the conversation with the stub. */
#include "container/stub_client.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/paths.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* MFD_EXEC says that we mean it (Linux 6.3, sysctl vm.memfd_noexec); older kernels do not know the flag. */
static int create_memory_file(void)
{
	int fd = memfd_create("syscontainer-stub", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd >= 0 || errno != EINVAL ? fd : memfd_create("syscontainer-stub", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int stub_open_program(struct error *err)
{
	autofree char *path = paths_program("syscontainer-stub"), *own = NULL;
	autoclose int source = open(path, O_RDONLY | O_CLOEXEC), memory = -EBADF;
	struct stat stat_buffer;
	off_t offset = 0;
	int fd;

	if (source < 0 || fstat(source, &stat_buffer) < 0)
		return error_set_errno(err, "cannot open %s", path);
	memory = create_memory_file();
	if (memory < 0)
		return error_set_errno(err, "cannot make a memory file");
	while (offset < stat_buffer.st_size)
		if (sendfile(memory, source, &offset, (size_t)(stat_buffer.st_size - offset)) <= 0)
			return error_set_errno(err, "cannot copy %s", path);
	/* Not readable for the guest's root, so that the kernel keeps it from tracing the stub (ptrace(2), "dumpable"). */
	if (fchmod(memory, 0511) < 0 ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return error_set_errno(err, "cannot seal a memory file");
	/* A descriptor that is open for writing cannot be executed (ETXTBSY). */
	own = xasprintf("/proc/self/fd/%d", memory);
	fd = open(own, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_set_errno(err, "cannot open a memory file again") : fd;
}

int stub_await(int socket_fd, int *ret_report_fd, pid_t *ret_pid, struct error *err)
{
	char byte = 0;
	struct iovec vector = {.iov_base = &byte, .iov_len = 1};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct msghdr packet = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	autoclose int report_fd = -EBADF;
	struct ucred credentials = {0};
	ssize_t length;

	do
		length = recvmsg(socket_fd, &packet, MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return error_set_errno(err, "cannot hear from the stub");
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&packet); header; header = CMSG_NXTHDR(&packet, header)) {
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
			memcpy(&report_fd, CMSG_DATA(header), sizeof(int));
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS)
			memcpy(&credentials, CMSG_DATA(header), sizeof(credentials));
	}
	if (length == 0 || byte != STUB_READY || report_fd < 0)
		return error_set(err, -ECHILD, "the stub ended before it was asked anything");
	*ret_report_fd = steal_fd(&report_fd);
	if (ret_pid)
		*ret_pid = credentials.pid;
	return 0;
}

static void append_strings(struct text *body, const struct strings *list)
{
	for (size_t i = 0; list && i < list->count; i++)
		text_append_bytes(body, list->items[i], strlen(list->items[i]) + 1);
}

/* Space for one descriptor beside a packet. */
union one_descriptor {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static void attach_descriptor(struct msghdr *packet, union one_descriptor *control, int fd)
{
	struct cmsghdr *header;

	packet->msg_control = control;
	packet->msg_controllen = sizeof(control->space);
	header = CMSG_FIRSTHDR(packet);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
}

int stub_send(int socket_fd, const struct stub_order *order, struct error *err)
{
	const char *directory = order->working_directory ? order->working_directory : "/",
		   *user = order->user ? order->user : "", *label = order->label ? order->label : "";
	autorelease(text_release) struct text body = {0};
	struct stub_request request = {
		.flags = order->flags,
		.mask = order->mask,
		.capabilities = order->capabilities,
		.argument_count = (uint32_t)order->arguments->count,
		.environment_count = (uint32_t)order->environment->count,
		.group_count = order->groups ? (uint32_t)order->groups->count : 0,
		.filter_length = order->filter ? (uint32_t)order->filter->length : 0,
	};
	struct iovec vectors[3] = {{.iov_base = &request, .iov_len = sizeof(request)}};
	struct msghdr packet = {.msg_iov = vectors, .msg_iovlen = 3};
	union one_descriptor control = {0};
	int size = 2 * (STUB_MAX_MESSAGE + STUB_MAX_FILTER);
	ssize_t length;

	append_strings(&body, order->arguments);
	append_strings(&body, order->environment);
	append_strings(&body, order->groups);
	text_append_bytes(&body, directory, strlen(directory) + 1);
	text_append_bytes(&body, user, strlen(user) + 1);
	text_append_bytes(&body, label, strlen(label) + 1);
	if (body.length + sizeof(request) > STUB_MAX_MESSAGE)
		return error_set_exit(err, -E2BIG, 125, "command and environment are longer than %d bytes",
				      STUB_MAX_MESSAGE);
	request.length = (uint32_t)body.length + request.filter_length;
	if (request.filter_length)
		vectors[1] = (struct iovec){.iov_base = order->filter->data, .iov_len = request.filter_length};
	vectors[2] = (struct iovec){.iov_base = body.data, .iov_len = body.length};
	if (order->label)
		attach_descriptor(&packet, &control, order->label_fd);
	setsockopt(socket_fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	do
		length = sendmsg(socket_fd, &packet, MSG_NOSIGNAL);
	while (length < 0 && errno == EINTR);
	return length < 0 ? error_set_errno(err, "cannot tell the stub what to execute") : 0;
}

int stub_finish(int report_fd, struct error *err)
{
	struct stub_failure failure;
	ssize_t length;

	do
		length = read(report_fd, &failure, sizeof(failure));
	while (length < 0 && errno == EINTR);
	if (length == 0)
		return 0;
	if (length != sizeof(failure))
		return error_set(err, -ECHILD, "the stub's report is cut off");
	failure.message[sizeof(failure.message) - 1] = '\0';
	return error_set_exit(err, failure.code > 0 ? -failure.code : -EIO, failure.exit_status, "%s", failure.message);
}
