/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the copying between our standard streams and an attached console. */
#include "syscontainer/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/control.h"
#include "syscontainer/terminal.h"

struct copying {
	const struct session *session;
	struct terminal terminal;
	int size_fd;
	bool input_is_over, is_detached;
	char *buffer;
};

static void send_size(struct copying *copying)
{
	unsigned rows, columns;
	char text[32];

	if (!copying->session->has_tty || !terminal_get_size(&rows, &columns))
		return;
	snprintf(text, sizeof(text), "%u %u", rows, columns);
	control_send_bytes(copying->session->fd, CONTROL_SIZE, text, strlen(text), NULL);
}

static int copy_input(struct copying *copying, struct error *err)
{
	char bytes[4097];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes) - 1);
	long length = count;

	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (count <= 0) {
		copying->input_is_over = true;
		return control_send_bytes(copying->session->fd, CONTROL_STDIN, NULL, 0, err);
	}
	if (copying->session->may_detach && copying->terminal.is_raw)
		length = terminal_filter(&copying->terminal, bytes, (size_t)count);
	if (length < 0) {
		copying->is_detached = true;
		return 0;
	}
	return length > 0 ? control_send_bytes(copying->session->fd, CONTROL_STDIN, bytes, (size_t)length, err) : 0;
}

/* 1: the container ended, *ret_status is set. */
static int copy_output(struct copying *copying, int *ret_status, struct error *err)
{
	autorelease(json_free_scoped) struct json *packet = NULL;
	enum control_stream stream;
	const char *bytes = NULL;
	size_t length = 0;
	int64_t code = 0, exit_status = 0;
	int r = control_receive(copying->session->fd, -1, copying->buffer, &stream, &packet, &bytes, &length, err);

	if (r < 0)
		return r;
	if (r == 0)
		return error_set(
			err, -ECONNRESET,
			"the connection to the container was lost: its monitor was killed, or the container was removed");
	if (!packet) {
		if (file_write_all(stream == CONTROL_STDERR ? STDERR_FILENO : STDOUT_FILENO, bytes, length, NULL) < 0)
			return 0; /* nobody reads us any more */
		return 0;
	}
	if (!json_bool(json_get(packet, "done")))
		return 0;
	json_integer(json_get(packet, "code"), &code);
	json_integer(json_get(packet, "exit_status"), &exit_status);
	if (code < 0)
		return error_set_exit(err, (int)code, (int)exit_status, "%s", json_string(json_get(packet, "message")));
	*ret_status = (int)exit_status;
	return 1;
}

static int run(struct copying *copying, int *ret_status, struct error *err)
{
	int r = 0;

	send_size(copying);
	while (r == 0 && !copying->is_detached) {
		struct pollfd fds[3] = {
			{.fd = copying->session->fd, .events = POLLIN},
			{.fd = copying->session->has_input && !copying->input_is_over ? STDIN_FILENO : -1, .events = POLLIN},
			{.fd = copying->size_fd, .events = POLLIN},
		};
		struct signalfd_siginfo info;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return error_set_errno(err, "cannot wait for the container");
		if (fds[2].revents && read(copying->size_fd, &info, sizeof(info)) > 0)
			send_size(copying);
		if (fds[0].revents)
			r = copy_output(copying, ret_status, err);
		if (r == 0 && fds[1].revents) {
			r = copy_input(copying, err);
			if (r == -EPIPE || r == -ECONNRESET)
				r = 0; /* it has just ended; its last words are yet to be read */
		}
	}
	return r;
}

int session_run(const struct session *session, bool *ret_detached, struct error *err)
{
	autofree char *buffer = xmalloc(CONTROL_MAX_PACKET);
	struct copying copying = {.session = session, .size_fd = -1, .buffer = buffer};
	int status = 0, r;

	signal(SIGPIPE, SIG_IGN);
	if (session->has_tty) {
		copying.size_fd = terminal_watch_size(err);
		if (copying.size_fd < 0)
			return copying.size_fd;
		if (session->has_input)
			terminal_make_raw(&copying.terminal);
	}
	r = run(&copying, &status, err);
	terminal_restore(&copying.terminal);
	if (copying.size_fd >= 0)
		close(copying.size_fd);
	*ret_detached = copying.is_detached;
	return r < 0 ? r : status;
}
