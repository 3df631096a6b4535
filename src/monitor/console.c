/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the guest's console and the pipes of its PID 1: from there to the log and to whoever is attached, and back. */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/control.h"
#include "container/payload.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/pty.h"
#include "kernel/root.h"

#define TTY_GROUP 5 /* what distributions call "tty" */
/* What a terminal in its usual mode takes for the end of input, termios(3) VEOF; within a line the first only hands over what is there of it. */
#define FLUSH_MS     500
#define END_OF_INPUT "\004\004"

/* One thing that is read: the console, or one of the pipes. */
struct output {
	struct monitor *monitor;
	int fd;
	enum console_stream log_stream;
	enum control_stream client_stream;
	struct loop_source *source;
};

struct console {
	struct output console, out, errors;
	int number;          /* /dev/pts/NUMBER on the host */
	int slave;           /* held open: without any slave the master only reports hang-up */
	int input;           /* pipe to PID 1's standard input; -1: input goes to the console */
	int input_over;      /* tells the keeper that it must close its copy of `input`; -1 */
	bool is_within_line; /* the last input was no end of a line */
	bool input_ends;     /* close it once `pending` is written */
	struct text pending;
	struct loop_source *input_source;
	int input_again; /* a second descriptor of where input goes, watched for writing */
	int guest_standard[3];
	struct console_log *log;
	struct loop_source *flush_timer;
};

static void open_log(struct monitor *monitor)
{
	struct error error = {0};

	if (console_log_open(monitor->id, monitor->config.log_max_bytes, monitor->config.log.max_files,
			     &monitor->console->log, &error) < 0)
		monitor_complain(monitor, &error);
}

static void on_idle(struct loop_source *source, uint32_t events, void *data)
{
	struct console *console = data;

	(void)source;
	(void)events;
	console->flush_timer = NULL;
	console_log_flush(console->log);
}

static void deliver(struct output *output, const void *data, size_t length)
{
	struct console *console = output->monitor->console;

	if (console->log) {
		console_log_append(console->log, output->log_stream, data, length);
		/* A prompt has no newline; it shall be in the log while somebody looks for it. */
		if (!console->flush_timer)
			console->flush_timer = loop_add_timer(output->monitor->loop, FLUSH_MS, on_idle, console);
	}
	server_send_output(output->monitor, output->client_stream, data, length);
}

void console_complain(struct monitor *monitor, const char *line, size_t length)
{
	if (monitor->console)
		deliver(&monitor->console->errors, line, length);
}

/* vhangup(2), as agetty(8) does it, hangs up our slave too. */
static void reopen_slave(struct console *console)
{
	monitor_close(&console->slave);
	console->slave = ioctl(console->console.fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* Returns false when nothing is left to read for now or ever. */
static bool read_once(struct output *output)
{
	struct console *console = output->monitor->console;
	char buffer[8192];
	ssize_t count = read(output->fd, buffer, sizeof(buffer));

	if (count > 0) {
		deliver(output, buffer, (size_t)count);
		return true;
	}
	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return errno == EINTR;
	if (count < 0 && errno == EIO && output == &console->console) {
		reopen_slave(console);
		return false;
	}
	loop_remove(output->source);
	output->source = NULL;
	monitor_close(&output->fd);
	return false;
}

static void on_output(struct loop_source *source, uint32_t events, void *data)
{
	struct output *output = data;

	(void)source;
	(void)events;
	read_once(output);
}

static void watch(struct monitor *monitor, struct output *output)
{
	if (output->fd < 0)
		return;
	fcntl(output->fd, F_SETFL, O_NONBLOCK);
	output->source = loop_add(monitor->loop, output->fd, EPOLLIN, on_output, output);
}

static struct console *console_new(struct monitor *monitor)
{
	struct console *console = xcalloc(1, sizeof(*console));

	console->console = (struct output){monitor, -1, CONSOLE_STREAM_CONSOLE, CONTROL_STDOUT, NULL};
	console->out = (struct output){monitor, -1, CONSOLE_STREAM_STDOUT, CONTROL_STDOUT, NULL};
	console->errors = (struct output){monitor, -1, CONSOLE_STREAM_STDERR, CONTROL_STDERR, NULL};
	console->slave = console->input = console->input_over = console->input_again = -1;
	for (int i = 0; i < 3; i++)
		console->guest_standard[i] = -1;
	return console;
}

static void watch_all(struct monitor *monitor)
{
	struct console *console = monitor->console;

	reopen_slave(console);
	watch(monitor, &console->console);
	watch(monitor, &console->out);
	watch(monitor, &console->errors);
	if (console->input >= 0)
		fcntl(console->input, F_SETFL, O_NONBLOCK);
	open_log(monitor);
}

static int make_pipe(int *ret_read, int *ret_write, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

static int make_input(struct console *console, struct error *err)
{
	console->input_over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (console->input_over < 0)
		return error_set_errno(err, "cannot make an eventfd");
	return make_pipe(&console->guest_standard[0], &console->input, err);
}

static int make_standard(struct monitor *monitor, struct error *err)
{
	struct console *console = monitor->console;
	int r = 0;

	/* With a tty the stub opens /dev/console itself. */
	if (monitor->spec.has_tty || !monitor->spec.has_stdin)
		console->guest_standard[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	else
		r = make_input(console, err);
	if (monitor->spec.has_tty || r < 0)
		return r;
	r = make_pipe(&console->out.fd, &console->guest_standard[1], err);
	return r < 0 ? r : make_pipe(&console->errors.fd, &console->guest_standard[2], err);
}

static int place_console(void *data, struct error *err)
{
	autoclose int root = root_open_own(err), target = -EBADF;

	/* What is mounted there is the dead terminal, on which nothing can be mounted. In the guest's own mount namespace its symlinks lead nowhere else. */
	umount2("/dev/console", MNT_DETACH | UMOUNT_NOFOLLOW);
	target = root < 0 ? root : root_open(root, "/dev/console", O_PATH, 0, err);
	return target < 0 ? target : mount_attach(*(int *)data, target, err);
}

static int open_console(struct monitor *monitor, struct error *err)
{
	const struct spec_idmap *map = &monitor->spec.idmap;
	uint64_t tty = map->size == 0 || map->size > TTY_GROUP ? map->gid + TTY_GROUP : map->gid;

	return pty_open_host((uint32_t)map->uid, (uint32_t)tty, &monitor->console->console.fd, &monitor->console->number,
			     err);
}

int console_open(struct monitor *monitor, struct error *err)
{
	int r;

	monitor->console = console_new(monitor);
	r = open_console(monitor, err);
	if (r == 0)
		r = make_standard(monitor, err);
	if (r < 0)
		return r;
	watch_all(monitor);
	return 0;
}

/* The keeper was killed too, and the console died with it: the running guest gets a new one over the old. */
static int replace_console(struct monitor *monitor, struct error *err)
{
	autofree char *path = NULL;
	autoclose int tree = -EBADF;
	int r = open_console(monitor, err);

	if (r < 0)
		return r;
	path = xasprintf("/dev/pts/%d", monitor->console->number);
	tree = mount_clone(AT_FDCWD, path, AT_RECURSIVE, err);
	return tree < 0 ? tree : namespace_run(monitor->run.init_pidfd, CLONE_NEWNS, place_console, &tree, err);
}

int console_adopt(struct monitor *monitor, int keeper_pidfd, struct error *err)
{
	struct console *console = monitor->console = console_new(monitor);
	const struct {
		int number, *place;
	} fds[] = {
		{PAYLOAD_FD_CONSOLE, &console->console.fd},    {PAYLOAD_FD_INPUT, &console->input},
		{PAYLOAD_FD_OUTPUT, &console->out.fd},         {PAYLOAD_FD_ERRORS, &console->errors.fd},
		{PAYLOAD_FD_INPUT_OVER, &console->input_over},
	};
	int r = 0;

	for (size_t i = 0; keeper_pidfd >= 0 && i < ARRAY_SIZE(fds); i++)
		*fds[i].place = (int)syscall(SYS_pidfd_getfd, keeper_pidfd, fds[i].number, 0);
	console->input_ends = monitor->spec.has_stdin && !monitor->spec.has_tty &&
			      console->input < 0; /* already, or lost with the keeper */
	if (console->console.fd < 0)
		r = replace_console(monitor, err);
	if (r == 0)
		watch_all(monitor);
	return r;
}

int console_number(const struct console *console)
{
	return console->number;
}

void console_pass(const struct console *console, int *ret_fds, int ret_standard[3])
{
	ret_fds[PAYLOAD_FD_CONSOLE] = console->console.fd;
	ret_fds[PAYLOAD_FD_INPUT] = console->input;
	ret_fds[PAYLOAD_FD_INPUT_OVER] = console->input_over;
	ret_fds[PAYLOAD_FD_OUTPUT] = console->out.fd;
	ret_fds[PAYLOAD_FD_ERRORS] = console->errors.fd;
	for (int i = 0; i < 3; i++)
		ret_standard[i] = console->guest_standard[i] >= 0 ? console->guest_standard[i] : console->guest_standard[0];
}

void console_forget_guest_ends(struct console *console)
{
	for (int i = 0; i < 3; i++)
		monitor_close(&console->guest_standard[i]);
}

static void forget_input_source(struct console *console)
{
	loop_remove(console->input_source);
	console->input_source = NULL;
	monitor_close(&console->input_again);
}

static void close_input(struct console *console)
{
	forget_input_source(console);
	monitor_close(&console->input);
	if (console->input_over >= 0)
		eventfd_write(console->input_over, 1);
	monitor_close(&console->input_over);
	text_release(&console->pending);
}

static void on_writable(struct loop_source *source, uint32_t events, void *data);

/* As much as goes without waiting; the rest waits for the loop. */
static void write_pending(struct monitor *monitor)
{
	struct console *console = monitor->console;
	int fd = console->input >= 0 ? console->input : console->console.fd;
	ssize_t count;

	while (console->pending.length > 0) {
		count = write(fd, console->pending.data, console->pending.length);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EAGAIN) {
			/* The console's descriptor is watched for reading already; a second one can be watched for writing. */
			if (!console->input_source) {
				int again = fcntl(fd, F_DUPFD_CLOEXEC, 3);

				console->input_source = loop_add(monitor->loop, again, EPOLLOUT, on_writable, monitor);
				console->input_again = again;
			}
			server_set_input_flowing(monitor, false);
			return;
		}
		if (count < 0) {
			text_release(&console->pending);
			break;
		}
		memmove(console->pending.data, console->pending.data + count, console->pending.length - (size_t)count);
		console->pending.length -= (size_t)count;
	}
	if (console->input_ends && console->input >= 0)
		close_input(console);
	server_set_input_flowing(monitor, true);
}

static void on_writable(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;

	(void)source;
	(void)events;
	forget_input_source(monitor->console);
	write_pending(monitor);
}

void console_input(struct monitor *monitor, const void *data, size_t length)
{
	struct console *console = monitor->console;

	if (!console || console->input_ends)
		return;
	if (length == 0)
		return;
	text_append_bytes(&console->pending, data, length);
	console->is_within_line = ((const char *)data)[length - 1] != '\n';
	write_pending(monitor);
}

void console_end_of_input(struct monitor *monitor)
{
	struct console *console = monitor->console;

	if (!console)
		return;
	if (console->input < 0) {
		if (monitor->spec.has_tty)
			console_input(monitor, END_OF_INPUT, console->is_within_line ? 2 : 1);
		return;
	}
	console->input_ends = true;
	write_pending(monitor);
}

void console_resize(struct monitor *monitor, unsigned rows, unsigned columns)
{
	if (monitor->console)
		pty_set_size(monitor->console->console.fd, rows, columns);
}

void console_set_flowing(struct monitor *monitor, bool is_flowing)
{
	struct console *console = monitor->console;

	if (!console)
		return;
	loop_set_events(console->console.source, is_flowing ? EPOLLIN : 0);
	loop_set_events(console->out.source, is_flowing ? EPOLLIN : 0);
	loop_set_events(console->errors.source, is_flowing ? EPOLLIN : 0);
}

static void drain(struct output *output)
{
	/* Bounded: a process that escaped the kill could write for ever. */
	for (int i = 0; output->fd >= 0 && i < 4096 && read_once(output); i++)
		;
	loop_remove(output->source);
	monitor_close(&output->fd);
}

void console_close(struct monitor *monitor)
{
	struct console *console = monitor->console;

	if (!console)
		return;
	console_forget_guest_ends(console);
	drain(&console->out);
	drain(&console->errors);
	drain(&console->console);
	close_input(console);
	monitor_close(&console->slave);
	loop_remove(console->flush_timer);
	console_log_close(console->log);
	free(console);
	monitor->console = NULL;
}
