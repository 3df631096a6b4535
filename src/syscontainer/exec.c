/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "syscontainer exec". */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/container.h"
#include "container/enter.h"
#include "kernel/pty.h"
#include "model/event.h"
#include "syscontainer/commands.h"
#include "syscontainer/environment_options.h"
#include "syscontainer/terminal.h"

struct options {
	struct strings environment;
	bool is_detached, has_tty, has_stdin;
	char *user, *working_directory;
};

static const struct option_row rows[] = {
	{.name = "env",
	 .letter = 'e',
	 .type = OPTION_STRINGS,
	 .offset = offsetof(struct options, environment),
	 .argument = "KEY=VALUE",
	 .help = "set a variable of the environment",
	 .check = environment_check_value},
	{.name = "detach",
	 .letter = 'd',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, is_detached),
	 .help = "do not wait for it"},
	{.name = "tty",
	 .letter = 't',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, has_tty),
	 .help = "give it a terminal"},
	{.name = "interactive",
	 .letter = 'i',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, has_stdin),
	 .help = "pass standard input on"},
	{.name = "user",
	 .letter = 'u',
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, user),
	 .argument = "USER[:GROUP]",
	 .help = "user of the guest, name or number"},
	{.name = "workdir",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, working_directory),
	 .argument = "DIR",
	 .help = "working directory"},
	{.name = NULL},
};

/* Our side of one exec. */
struct relay {
	struct enter_process process;
	struct terminal terminal;
	int pidfd, size_fd;
	int slave; /* held open: see relay_start() */
	bool has_tty, input_is_over, is_detached;
	bool is_within_line; /* the last that was typed was no end of a line */
	struct text pending; /* typed, but not taken yet */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void follow_size(struct relay *relay)
{
	unsigned rows_count, columns;

	if (relay->has_tty && terminal_get_size(&rows_count, &columns))
		pty_set_size(relay->process.terminal, rows_count, columns);
}

/* Copies what is there once; closes at the end. Returns true while more may come. */
static bool copy_output(int *from, int to)
{
	char bytes[16384];
	ssize_t count = read(*from, bytes, sizeof(bytes));

	if (count > 0) {
		/* Without a reader of ours there is nobody to tell: go on, so that the program does not hang. */
		file_write_all(to, bytes, (size_t)count, NULL);
		return true;
	}
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	/* EIO: the last slave of the terminal was closed. */
	close_fd(from);
	return false;
}

static void end_input(struct relay *relay)
{
	relay->input_is_over = true;
	if (relay->has_tty)
		/* VEOF, termios(3): within a line the first one only hands over what is there of it. */
		text_append(&relay->pending, relay->is_within_line ? "\004\004" : "\004");
	else if (!relay->pending.length)
		close_fd(&relay->process.input);
}

static void read_input(struct relay *relay)
{
	char bytes[16385];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes) - 1);
	long length = count;

	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (count <= 0) {
		end_input(relay);
		return;
	}
	if (relay->terminal.is_raw)
		length = terminal_filter(&relay->terminal, bytes, (size_t)count);
	if (length < 0) {
		relay->is_detached = true;
	} else if (length > 0) {
		text_append_bytes(&relay->pending, bytes, (size_t)length);
		relay->is_within_line = bytes[length - 1] != '\n';
	}
}

static void write_input(struct relay *relay)
{
	int *fd = relay->has_tty ? &relay->process.terminal : &relay->process.input;
	ssize_t count = write(*fd, relay->pending.data, relay->pending.length);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count < 0) {
		relay->pending.length = 0; /* it does not read any more */
		relay->input_is_over = true;
	} else {
		memmove(relay->pending.data, relay->pending.data + count, relay->pending.length - (size_t)count);
		relay->pending.length -= (size_t)count;
	}
	if (!relay->has_tty && relay->input_is_over && !relay->pending.length)
		close_fd(fd);
}

static void make_nonblocking(const struct enter_process *process)
{
	const int fds[] = {process->terminal, process->input, process->output, process->errors};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_NONBLOCK);
}

/* Until the process has ended; what a child that it leaves behind writes later is not waited for. */
static int relay_run(struct relay *relay, struct error *err)
{
	struct enter_process *process = &relay->process;
	bool has_ended = false;

	while (!has_ended && !relay->is_detached) {
		int input = relay->has_tty ? process->terminal : process->input;
		bool wants_input = !relay->input_is_over && input >= 0 && !relay->pending.length;
		struct pollfd fds[6] = {
			{relay->pidfd, POLLIN, 0},
			{process->terminal >= 0 ? process->terminal : process->output, POLLIN, 0},
			{process->errors, POLLIN, 0},
			{wants_input ? STDIN_FILENO : -1, POLLIN, 0},
			{relay->pending.length ? input : -1, POLLOUT, 0},
			{relay->size_fd, POLLIN, 0},
		};
		struct signalfd_siginfo info;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return error_set_errno(err, "cannot wait for the process");
		if (fds[5].revents && read(relay->size_fd, &info, sizeof(info)) > 0)
			follow_size(relay);
		if (fds[1].revents)
			copy_output(process->terminal >= 0 ? &process->terminal : &process->output, STDOUT_FILENO);
		if (fds[2].revents)
			copy_output(&process->errors, STDERR_FILENO);
		if (fds[3].revents)
			read_input(relay);
		if (fds[4].revents)
			write_input(relay);
		has_ended = fds[0].revents != 0;
	}
	while (process->terminal >= 0 && copy_output(&process->terminal, STDOUT_FILENO))
		;
	while (process->output >= 0 && copy_output(&process->output, STDOUT_FILENO))
		;
	while (process->errors >= 0 && copy_output(&process->errors, STDERR_FILENO))
		;
	return 0;
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int relay_start(struct relay *relay, const struct options *options, struct error *err)
{
	signal(SIGPIPE, SIG_IGN);
	relay->has_tty = options->has_tty;
	relay->input_is_over = !options->has_stdin;
	relay->size_fd = -1;
	relay->pidfd = (int)syscall(SYS_pidfd_open, relay->process.pid, 0);
	if (relay->pidfd < 0)
		return error_set_errno(err, "cannot watch the process");
	make_nonblocking(&relay->process);
	if (!options->has_tty)
		return 0;
	relay->size_fd = terminal_watch_size(err);
	if (relay->size_fd < 0)
		return relay->size_fd;
	/* Without any slave the master reports a hang-up: a program that closes its terminal before it ends would seem to be over, and be hung up by us. */
	relay->slave = ioctl(relay->process.terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	follow_size(relay);
	if (options->has_stdin)
		terminal_make_raw(&relay->terminal);
	return 0;
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	struct options *options = data;
	autorelease(container_release) struct container container = {0};
	autorelease(strings_release) struct strings arguments = {0};
	struct enter_request request = {
		.arguments = &arguments,
		.environment = &options->environment,
		.working_directory = options->working_directory,
		.user = options->user,
		.has_tty = options->has_tty && !options->is_detached,
		.has_stdin = options->has_stdin && !options->is_detached,
		.is_detached = options->is_detached,
	};
	struct relay relay = {0};
	int r = container_open(operands->items[0], &container, err), status = 0;

	if (r < 0)
		return r;
	for (size_t i = 1; i < operands->count; i++)
		strings_append(&arguments, operands->items[i]);
	r = enter_start(&container, &request, &relay.process, err);
	if (r < 0)
		return r;
	event_log(container.id, container.spec.name, "exec_start", "pid=%d", relay.process.pid);
	if (options->is_detached)
		return 0;
	r = relay_start(&relay, options, err);
	if (r == 0)
		r = relay_run(&relay, err);
	terminal_restore(&relay.terminal);
	text_release(&relay.pending);
	if (r < 0 || relay.is_detached)
		return r;
	while (waitpid(relay.process.pid, &status, 0) < 0 && errno == EINTR)
		;
	event_log(container.id, container.spec.name, "exec_die", "exitCode=%d", exit_status(status));
	return exit_status(status);
}

const struct command command_exec = {
	.name = "exec",
	.arguments = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.summary = "Run a command in a running container",
	.details =
		"The exit status is the command's; 125, 126 and 127 mean that it was not started, could not be executed, was not found. With --tty, "
		"Ctrl-a q detaches.",
	.options = rows,
	.options_size = sizeof(struct options),
	.min_operands = 2,
	.options_end_at_operand = true,
	.operands_before_end = 1,
	.failure_status = 1,
	.complete = "container",
	.run = run,
};
