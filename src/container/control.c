/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the packets between commands and monitors. */
#include "container/control.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/paths.h"

/* sun_path is short (unix(7)) and RUN may be long, so the socket is named through a descriptor of its directory. */
static int open_directory(const char *id, struct sockaddr_un *ret_address, struct error *err)
{
	autofree char *path = paths_run_container(id, NULL);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? error_set(err, -ECONNREFUSED, "the container has no monitor")
				       : error_set_errno(err, "cannot open %s", path);
	ret_address->sun_family = AF_UNIX;
	snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "/proc/self/fd/%d/monitor.sock", fd);
	return fd;
}

static struct flock whole_file(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

pid_t control_find_monitor(const char *id)
{
	autofree char *path = paths_run_container(id, "monitor.lock");
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct flock lock = whole_file(F_WRLCK);

	if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid;
}

int control_hold_monitor_lock(const char *id, int *ret_fd, struct error *err)
{
	autofree char *directory = paths_run_container(id, NULL), *path = paths_run_container(id, "monitor.lock");
	autoclose int fd = -EBADF;
	struct flock lock = whole_file(F_WRLCK);
	int r = file_make_directories(directory, 0700, err);

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set_errno(err, "cannot open %s", path);
	if (fcntl(fd, F_SETLK, &lock) < 0)
		return errno == EAGAIN || errno == EACCES ? error_set(err, -EBUSY, "the container has a monitor already")
							  : error_set_errno(err, "cannot lock %s", path);
	*ret_fd = steal_fd(&fd);
	return 0;
}

int control_listen(const char *id, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {0};
	autoclose int directory = open_directory(id, &address, err);
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (directory < 0)
		return directory;
	if (fd < 0)
		return error_set_errno(err, "cannot make a socket");
	if (unlinkat(directory, "monitor.sock", 0) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove an old monitor.sock");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || fchmodat(directory, "monitor.sock", 0600, 0) < 0 ||
	    listen(fd, 128) < 0)
		return error_set_errno(err, "cannot listen on monitor.sock");
	*ret_fd = steal_fd(&fd);
	return 0;
}

static void set_buffers(int fd)
{
	int size = 4 * CONTROL_MAX_PACKET;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

int control_connect(const char *id, struct error *err)
{
	struct sockaddr_un address = {0};
	autoclose int directory = open_directory(id, &address, err);
	autoclose int fd = -EBADF;

	if (directory < 0)
		return directory;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(err, "cannot make a socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == ENOENT || errno == ECONNREFUSED
			       ? error_set(err, -ECONNREFUSED, "the container has no monitor")
			       : error_set_errno(err, "cannot reach the container's monitor");
	set_buffers(fd);
	return steal_fd(&fd);
}

/* In the grandchild: nothing of the command that starts us may stay, neither its terminal nor its descriptors. */
static void __attribute__((noreturn)) execute_monitor(const char *program, const char *id, const char *mode, int socket_fd)
{
	char *const argv[] = {(char *)"syscontainer-monitor", (char *)id, (char *)mode, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || chdir("/") < 0)
		_exit(1);
	for (int standard = 0; standard < 3; standard++)
		dup2(null, standard);
	if (socket_fd == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(socket_fd, 3);
	syscall(SYS_close_range, 4u, ~0u, 0u);
	umask(022);
	execv(program, argv);
	_exit(1);
}

int control_start_monitor(const char *id, const char *mode, struct error *err)
{
	autofree char *program = paths_program("syscontainer-monitor");
	autoclose int ours = -EBADF;
	int pair[2], status;
	pid_t pid;

	if (access(program, X_OK) < 0)
		return error_set_errno(err, "cannot execute %s", program);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set_errno(err, "cannot make a socket");
	ours = pair[0];
	set_buffers(pair[0]);
	pid = fork();
	if (pid == 0) {
		setsid();
		_exit(fork() == 0 ? (execute_monitor(program, id, mode, pair[1]), 0) : 0);
	}
	close(pair[1]);
	if (pid < 0)
		return error_set_errno(err, "cannot fork");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return steal_fd(&ours);
}

static int send_packet(int fd, const struct iovec *vectors, size_t count, struct error *err)
{
	struct msghdr packet = {.msg_iov = (struct iovec *)vectors, .msg_iovlen = count};
	ssize_t length;

	do
		length = sendmsg(fd, &packet, MSG_NOSIGNAL);
	while (length < 0 && errno == EINTR);
	return length < 0 ? error_set_errno(err, "cannot write to the container's monitor") : 0;
}

int control_send(int fd, const struct json *packet, struct error *err)
{
	autorelease(text_release) struct text out = {0};
	struct iovec vector;

	json_print(packet, 0, &out);
	vector = (struct iovec){.iov_base = out.data, .iov_len = out.length};
	return send_packet(fd, &vector, 1, err);
}

int control_send_bytes(int fd, enum control_stream stream, const void *data, size_t length, struct error *err)
{
	char tag = (char)stream;
	struct iovec vectors[2] = {{.iov_base = &tag, .iov_len = 1}, {.iov_base = (void *)data, .iov_len = length}};

	return send_packet(fd, vectors, length ? 2 : 1, err);
}

int control_receive(int fd, int timeout_ms, char *buffer, enum control_stream *ret_stream, struct json **ret_json,
		    const char **ret_data, size_t *ret_length, struct error *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	ssize_t length;
	int r;

	do
		r = poll(&poll_fd, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return error_set(err, -ETIMEDOUT, "the container's monitor did not answer in time");
	/* ECONNRESET comes once, of a monitor that ended with something of ours unread, and before what it had said. */
	do
		length = recv(fd, buffer, CONTROL_MAX_PACKET, 0);
	while (length < 0 && (errno == EINTR || errno == ECONNRESET));
	if (length < 0)
		return error_set_errno(err, "cannot read from the container's monitor");
	if (length <= 0)
		return 0;
	*ret_stream = (enum control_stream)buffer[0];
	if (*ret_stream == CONTROL_JSON) {
		r = json_parse(buffer, (size_t)length, ret_json, err);
		return r < 0 ? r : 1;
	}
	*ret_data = buffer + 1;
	*ret_length = (size_t)length - 1;
	return 1;
}

static int read_done(const struct json *packet, struct error *err)
{
	const char *message = json_string(json_get(packet, "message"));
	int64_t code = 0, exit_status = 0;

	json_integer(json_get(packet, "code"), &code);
	json_integer(json_get(packet, "exit_status"), &exit_status);
	if (code < 0)
		return error_set_exit(err, (int)code, (int)exit_status, "%s",
				      message ? message : "the monitor gave no reason");
	return (int)exit_status;
}

int control_finish(int fd, int timeout_ms, void (*on_event)(const struct json *event, void *data), void *data,
		   struct error *err)
{
	autofree char *buffer = xmalloc(CONTROL_MAX_PACKET);

	for (;;) {
		autorelease(json_free_scoped) struct json *packet = NULL;
		enum control_stream stream;
		const char *bytes;
		size_t length;
		int r = control_receive(fd, timeout_ms, buffer, &stream, &packet, &bytes, &length, err);

		if (r < 0)
			return r;
		if (r == 0)
			return error_set(err, -ECONNRESET, "its monitor ended before it answered");
		if (!packet)
			continue;
		if (on_event)
			on_event(packet, data);
		if (json_bool(json_get(packet, "done")))
			return read_done(packet, err);
	}
}

int control_request(const char *id, struct json *request, int timeout_ms,
		    void (*on_event)(const struct json *event, void *data), void *data, struct error *err)
{
	autorelease(json_free_scoped) struct json *owned = request;
	autoclose int fd = control_connect(id, err);
	int r;

	if (fd < 0)
		return fd;
	r = control_send(fd, owned, err);
	return r < 0 ? r : control_finish(fd, timeout_ms, on_event, data, err);
}

struct json *control_new_request(const char *operation)
{
	struct json *request = json_new_object();

	json_set(request, "op", json_new_string(operation));
	return request;
}
