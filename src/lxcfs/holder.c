/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the life of the proc view's connections and of its servers. */
#include "lxcfs/holder.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/service.h"
#include "base/text.h"
#include "kernel/procfs.h"
#include "lxcfs/connection.h"
#include "lxcfs/place.h"

#define MAX_FAILURES       5     /* servers in a row that did not come to serve, before guests are given the host's files */
#define FIRST_DELAY_MS     50    /* before the next try, doubled each time */
#define LAST_DELAY_MS      10000 /* at most */
#define STOP_TIMEOUT_MS    2000  /* for a server to answer what it has taken */
#define LOST_TRIES         100 /* looks at requests without answer, before one that a new server never got is taken for lost */
#define LOST_INTERVAL_MS   10
#define TRIAL_TIMEOUT_MS   5000 /* for a newly installed program to tell its version */
#define TOOLKIT_TIMEOUT_MS 60000

static const char *const names[HOLDER_CONNECTIONS] = {"tree", "direct"};

struct connection {
	char *target; /* NULL: there is none */
	int fd;
	unsigned number; /* below /sys/fs/fuse/connections, since detach() */
	bool was_served;
};

struct holder {
	const struct holder_options *options;
	char **argv;
	char *program; /* ours, by the path that a newer one has too */
	struct loop *loop;
	struct connection connections[HOLDER_CONNECTIONS];
	int lock_fd, signal_fd;
	pid_t server, toolkit;
	int server_pidfd, status_fd, toolkit_pidfd;
	struct loop_source *server_source, *status_source, *toolkit_source, *retry_timer, *lost_timer, *kill_timer;
	bool is_serving, was_ready, is_ending, is_reloading, are_guests_bound, is_bind_wanted;
	int failures, lost_tries;
};

static void complain(const struct error *err)
{
	fprintf(stderr, "syscontainer-lxcfs: %s\n", err->message);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --- guests' binds, by the toolkit: a program of its own, since it must enter guests and may hang there -------------------------- */

static void bind_guests(const char *command)
{
	autofree char *program = place_command("lxcfs-toolkit");
	char *const argv[] = {(char *)"lxcfs-toolkit", (char *)command, (char *)"--all", NULL};
	struct process_run run = {.path = program, .argv = argv, .environment = environ, .timeout_ms = TOOLKIT_TIMEOUT_MS};
	autorelease(text_release) struct text errors = {0};
	struct error error = {0};
	int status = 0, r = process_run(&run, &status, NULL, &errors, &error);

	if (r < 0)
		complain(&error);
	else if (status != 0)
		fprintf(stderr, "syscontainer-lxcfs: lxcfs-toolkit %s --all: %s\n", command, text_get(&errors));
}

static void bind_all(struct holder *holder);

static void on_toolkit_end(struct loop_source *source, uint32_t events, void *data)
{
	struct holder *holder = data;

	(void)events;
	loop_remove(source);
	holder->toolkit_source = NULL;
	close_fd(&holder->toolkit_pidfd);
	waitpid(holder->toolkit, NULL, 0);
	holder->toolkit = 0;
	if (holder->is_bind_wanted && holder->is_serving)
		bind_all(holder);
}

static void __attribute__((noreturn)) bind_and_exit(struct holder *holder)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Whoever has a copy of a connection keeps its readers waiting when we are gone, and one of the lock the next holder. */
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		close_fd(&holder->connections[i].fd);
	close_fd(&holder->lock_fd);
	bind_guests("remount");
	_exit(0);
}

/* Beside our own work: binding looks names up in the tree, which the server must be able to answer, and to die over. */
static void bind_all(struct holder *holder)
{
	holder->is_bind_wanted = holder->toolkit > 0;
	if (holder->toolkit > 0)
		return;
	holder->toolkit = fork();
	if (holder->toolkit == 0)
		bind_and_exit(holder);
	if (holder->toolkit < 0) {
		holder->toolkit = 0;
		return;
	}
	holder->toolkit_pidfd = (int)syscall(SYS_pidfd_open, holder->toolkit, 0);
	holder->toolkit_source = loop_add(holder->loop, holder->toolkit_pidfd, EPOLLIN, on_toolkit_end, holder);
}

/* --- connections -------------------------------------------------------------------------------------------------------------- */

static int make_mount_point(const char *target, struct error *err)
{
	struct stat buffer;

	/* What a dead file system has mounted there cannot be looked at: ENOTCONN. */
	while (stat(target, &buffer) < 0 && errno == ENOTCONN)
		if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return error_set_errno(err, "cannot unmount what is left on %s", target);
	return file_make_directories(target, 0755, err);
}

static int open_connection(struct connection *connection, struct error *err)
{
	int r;

	if (!connection->target || connection->fd >= 0)
		return 0;
	r = make_mount_point(connection->target, err);
	if (r == 0)
		connection->fd = r = connection_mount(connection->target, err);
	connection->was_served = false;
	return r < 0 ? r : 0;
}

static int open_connections(struct holder *holder, struct error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < HOLDER_CONNECTIONS; i++) {
		r = open_connection(&holder->connections[i], err);
		if (r == 0 && holder->connections[i].fd >= 0)
			service_store(holder->connections[i].fd, names[i]);
	}
	return r;
}

/* From here on nothing can be bound from it any more. */
static void detach(struct connection *connection)
{
	connection->number = 0;
	if (connection->fd < 0)
		return;
	connection_number(connection->target, &connection->number, NULL);
	if (umount2(connection->target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		fprintf(stderr, "syscontainer-lxcfs: cannot unmount %s: %m\n", connection->target);
}

/* Frees whoever waits for an answer: with an error, once. */
static void finish(struct connection *connection, const char *name)
{
	autofree char *forget = xasprintf("FDSTOREREMOVE=1\nFDNAME=%s", name);

	if (connection->fd < 0)
		return;
	if (connection->number)
		connection_abort(connection->number, NULL);
	service_notify(forget);
	close_fd(&connection->fd);
	connection->was_served = false;
}

static void detach_all(struct holder *holder)
{
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		detach(&holder->connections[i]);
}

static void finish_all(struct holder *holder)
{
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		finish(&holder->connections[i], names[i]);
}

/* --- servers ------------------------------------------------------------------------------------------------------------------ */

static void start_server(struct holder *holder);

static void on_retry(struct loop_source *source, uint32_t events, void *data)
{
	struct holder *holder = data;

	(void)source;
	(void)events;
	holder->retry_timer = NULL;
	start_server(holder);
}

static void retry_later(struct holder *holder)
{
	int64_t delay_ms = FIRST_DELAY_MS;

	for (int i = 1; i < holder->failures && delay_ms < LAST_DELAY_MS; i++)
		delay_ms *= 2;
	if (!holder->retry_timer)
		holder->retry_timer =
			loop_add_timer(holder->loop, delay_ms < LAST_DELAY_MS ? delay_ms : LAST_DELAY_MS, on_retry, holder);
}

/* Guests before readers, so that new ones see the host's files; then those who wait are freed; then everything begins anew. */
static void degrade(struct holder *holder)
{
	fprintf(stderr, "syscontainer-lxcfs: guests get the host's files until a server works\n");
	detach_all(holder);
	bind_guests("umount");
	finish_all(holder);
	holder->are_guests_bound = false;
}

static void forget_server(struct holder *holder)
{
	autofree char *record = place_run(PLACE_SERVER);

	loop_remove(holder->server_source);
	loop_remove(holder->status_source);
	loop_remove(holder->lost_timer);
	loop_remove(holder->kill_timer);
	holder->server_source = holder->status_source = holder->lost_timer = holder->kill_timer = NULL;
	close_fd(&holder->server_pidfd);
	close_fd(&holder->status_fd);
	holder->server = 0;
	unlink(record);
}

static void tell_end(int status)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "syscontainer-lxcfs: the server was killed by signal %d; a new one goes on\n",
			WTERMSIG(status));
	else if (WEXITSTATUS(status) == HOLDER_EXIT_OVER)
		fprintf(stderr, "syscontainer-lxcfs: somebody has aborted the connection; a new one is made\n");
	else
		fprintf(stderr, "syscontainer-lxcfs: the server ended with status %d; a new one goes on\n",
			WEXITSTATUS(status));
}

static void on_server_end(struct loop_source *source, uint32_t events, void *data)
{
	struct holder *holder = data;
	bool was_serving = holder->is_serving;
	int status = 0;

	(void)source;
	(void)events;
	waitpid(holder->server, &status, 0);
	forget_server(holder);
	holder->is_serving = false;
	if (holder->is_ending || holder->is_reloading) {
		loop_stop(holder->loop);
		return;
	}
	tell_end(status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == HOLDER_EXIT_OVER)
		degrade(holder);
	if (was_serving) {
		holder->failures = 0;
		start_server(holder);
		return;
	}
	/* The kernel introduces itself once; a server that died meanwhile may or may not have heard it. */
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		if (!holder->connections[i].was_served) {
			detach(&holder->connections[i]);
			finish(&holder->connections[i], names[i]);
		}
	if (++holder->failures == MAX_FAILURES)
		degrade(holder);
	retry_later(holder);
}

static unsigned count_waiting(const struct holder *holder)
{
	unsigned waiting = 0, number;

	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		if (holder->connections[i].fd >= 0 && connection_number(holder->connections[i].target, &number, NULL) == 0)
			waiting += connection_waiting(number);
	return waiting;
}

/* A server that works answers all that it gets: what is never answered it did not get. */
static void on_lost(struct loop_source *source, uint32_t events, void *data)
{
	struct holder *holder = data;

	(void)source;
	(void)events;
	holder->lost_timer = NULL;
	if (count_waiting(holder) == 0)
		return;
	if (++holder->lost_tries < LOST_TRIES) {
		holder->lost_timer = loop_add_timer(holder->loop, LOST_INTERVAL_MS, on_lost, holder);
		return;
	}
	/* A reader that no signal can end: the only way out is a new connection. */
	degrade(holder);
	kill(holder->server, SIGKILL);
}

static void look_for_lost(struct holder *holder)
{
	if (holder->lost_timer)
		return;
	holder->lost_tries = 0;
	holder->lost_timer = loop_add_timer(holder->loop, LOST_INTERVAL_MS, on_lost, holder);
}

static void become_ready(struct holder *holder)
{
	holder->is_serving = true;
	holder->failures = 0;
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		holder->connections[i].was_served = holder->connections[i].fd >= 0;
	if (!holder->was_ready)
		service_notify("READY=1");
	holder->was_ready = true;
	if (!holder->are_guests_bound)
		bind_all(holder);
	holder->are_guests_bound = true;
}

static void on_status(struct loop_source *source, uint32_t events, void *data)
{
	struct holder *holder = data;
	char bytes[16];
	ssize_t count = read(holder->status_fd, bytes, sizeof(bytes));

	(void)events;
	if (count <= 0) {
		loop_remove(source); /* its end is another event */
		holder->status_source = NULL;
		return;
	}
	for (ssize_t i = 0; i < count; i++)
		if (bytes[i] == HOLDER_SERVING)
			become_ready(holder);
		else if (bytes[i] == HOLDER_NO_RESEND)
			look_for_lost(holder);
		else if (bytes[i] == HOLDER_BIND)
			bind_all(holder);
}

static void __attribute__((noreturn)) execute_server(struct holder *holder, int status_fd)
{
	autofree char *program = place_program("syscontainer-lxcfs-server"),
		      *age = xasprintf("--cache-age=%lldms", (long long)holder->options->age_ms), *served = NULL;
	const char *argv[8] = {"syscontainer-lxcfs-server", age};
	int count = 2, moved[HOLDER_FD_END], bits = 0;
	sigset_t none;

	if (holder->options->hides_quota)
		argv[count++] = "--cpu-quota-view=false";
	if (holder->options->is_without_resend)
		argv[count++] = "--without-resend";
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		bits |= holder->connections[i].was_served << i;
	served = xasprintf("--served=%d", bits);
	argv[count++] = served;
	for (int fd = HOLDER_FD_FIRST; fd < HOLDER_FD_END; fd++) {
		int source = fd == HOLDER_FD_STATUS ? status_fd : holder->connections[fd - HOLDER_FD_FIRST].fd;

		moved[fd] = source < 0 ? -1 : fcntl(source, F_DUPFD_CLOEXEC, HOLDER_FD_END);
	}
	for (int fd = HOLDER_FD_FIRST; fd < HOLDER_FD_END; fd++)
		if (moved[fd] < 0)
			close(fd);
		else
			dup2(moved[fd], fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(program, (char **)argv);
	fprintf(stderr, "syscontainer-lxcfs: cannot execute %s: %m\n", program);
	_exit(127);
}

static void start_server(struct holder *holder)
{
	struct error error = {0};
	int pipe_fds[2] = {-1, -1};

	if (open_connections(holder, &error) < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0) {
		if (error.code == 0)
			error_set_errno(&error, "cannot make a pipe");
		complain(&error);
		holder->failures++;
		retry_later(holder);
		return;
	}
	holder->server = fork();
	if (holder->server == 0)
		execute_server(holder, pipe_fds[1]);
	close(pipe_fds[1]);
	holder->status_fd = pipe_fds[0];
	if (holder->server < 0) {
		close_fd(&holder->status_fd);
		holder->failures++;
		retry_later(holder);
		return;
	}
	holder->server_pidfd = (int)syscall(SYS_pidfd_open, holder->server, 0);
	holder->server_source = loop_add(holder->loop, holder->server_pidfd, EPOLLIN, on_server_end, holder);
	holder->status_source = loop_add(holder->loop, holder->status_fd, EPOLLIN, on_status, holder);
}

/* --- the end, and the new beginning ------------------------------------------------------------------------------------------------- */

static void on_stop_timeout(struct loop_source *source, uint32_t events, void *data)
{
	struct holder *holder = data;

	(void)source;
	(void)events;
	holder->kill_timer = NULL;
	kill(holder->server, SIGKILL);
}

/* A server that is asked answers what it has taken; it ends, and on_server_end() goes on. */
static void stop_server(struct holder *holder)
{
	loop_remove(holder->retry_timer);
	holder->retry_timer = NULL;
	if (holder->server <= 0) {
		loop_stop(holder->loop);
		return;
	}
	kill(holder->server, SIGTERM);
	loop_remove(holder->kill_timer);
	holder->kill_timer = loop_add_timer(holder->loop, STOP_TIMEOUT_MS, on_stop_timeout, holder);
}

/* Once it is executed there is no way back. */
static bool can_execute(const char *program)
{
	char *const argv[] = {(char *)program, (char *)"--version", NULL};
	struct process_run run = {.path = program, .argv = argv, .timeout_ms = TRIAL_TIMEOUT_MS};
	struct error error = {0};
	int status = 0, r = process_run(&run, &status, NULL, NULL, &error);

	if (r == 0 && status != 0)
		r = error_set(&error, -ENOEXEC, "%s --version fails", program);
	if (r == 0)
		return true;
	fprintf(stderr, "syscontainer-lxcfs: %s; the old one goes on\n", error.message);
	return false;
}

static void on_signal(struct loop_source *source, uint32_t events, void *data)
{
	struct holder *holder = data;
	struct signalfd_siginfo info;

	(void)source;
	(void)events;
	if (read(holder->signal_fd, &info, sizeof(info)) != sizeof(info) || holder->is_ending)
		return;
	if (info.ssi_signo == SIGHUP) {
		if (holder->is_reloading || !can_execute(holder->program))
			return;
		holder->is_reloading = true;
	} else {
		holder->is_ending = true;
		service_notify("STOPPING=1");
		detach_all(holder);
		bind_guests("umount");
	}
	stop_server(holder);
}

static int open_signals(struct holder *holder, struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	holder->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (holder->signal_fd < 0)
		return error_set_errno(err, "cannot make a signalfd");
	loop_add(holder->loop, holder->signal_fd, EPOLLIN, on_signal, holder);
	return 0;
}

/* --- the beginning ------------------------------------------------------------------------------------------------------------------ */

static int take_lock(struct holder *holder, struct error *err)
{
	autofree char *path = place_run(PLACE_LOCK), *directory = place_run("");
	int r = file_make_directories(place_root(), 0711, err); /* guests pass through */

	if (r == 0)
		r = file_make_directories(directory, 0700, err);
	if (r == 0)
		r = file_lock(AT_FDCWD, path, 0, &holder->lock_fd, err);
	if (r == -EWOULDBLOCK)
		return error_set(err, -EBUSY, "syscontainer-lxcfs runs already (lock %s)", path);
	return r;
}

/* What killed servers and hooks left half written; nobody reads it. */
static void sweep(void)
{
	autofree char *records = place_run(""), *guests = place_run(PLACE_GUESTS);

	file_sweep(records, NULL);
	file_sweep(guests, NULL);
}

/* A server whose holder was killed goes on serving: its connections are taken from it, and it is asked to end. */
static void take_from_server(struct holder *holder)
{
	autofree char *path = place_run(PLACE_SERVER), *line = NULL;
	struct process_id id = {0};
	unsigned long long start_time = 0;
	autoclose int pidfd = -EBADF;

	if (file_read_line(AT_FDCWD, path, &line, NULL) < 0 || sscanf(line, "%d %llu", &id.pid, &start_time) != 2)
		return;
	id.start_time = start_time;
	if (procfs_open_pidfd(&id, &pidfd, NULL) < 0)
		return;
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		if (holder->connections[i].fd < 0 && holder->connections[i].target)
			holder->connections[i].fd = (int)syscall(SYS_pidfd_getfd, pidfd, HOLDER_FD_FIRST + i, 0);
	syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
	for (int i = 0; i < STOP_TIMEOUT_MS / 10 && procfs_is_alive(&id); i++)
		usleep(10000);
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

static void find_connections(struct holder *holder)
{
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		holder->connections[i].fd = holder->connections[i].target ? service_find(names[i]) : -1;
	take_from_server(holder);
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		holder->connections[i].was_served = holder->connections[i].fd >= 0;
}

static int find_program(struct holder *holder, struct error *err)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		return error_set_errno(err, "cannot read /proc/self/exe");
	holder->program = xstrndup(path, (size_t)length);
	return 0;
}

static int execute_successor(struct holder *holder, struct error *err)
{
	int fds[HOLDER_CONNECTIONS];

	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		fds[i] = holder->connections[i].fd;
	return service_execute(holder->program, holder->argv, fds, names, HOLDER_CONNECTIONS, err);
}

int holder_run(const struct holder_options *options, char **argv, struct error *err)
{
	struct holder holder = {
		.options = options,
		.argv = argv,
		.loop = loop_new(),
		.lock_fd = -1,
		.signal_fd = -1,
		.server_pidfd = -1,
		.status_fd = -1,
		.toolkit_pidfd = -1,
	};
	int r = find_program(&holder, err);

	if (r == 0)
		r = take_lock(&holder, err);
	if (r == 0)
		r = open_signals(&holder, err);
	if (r < 0)
		return r;
	sweep();
	holder.connections[HOLDER_TREE].target = place_run(PLACE_TREE);
	holder.connections[HOLDER_DIRECT].target = xstrdup(options->mount_point);
	find_connections(&holder);
	/* A first connection that cannot be had is told at once. */
	r = open_connections(&holder, err);
	if (r < 0) {
		detach_all(&holder);
		finish_all(&holder);
		return r;
	}
	start_server(&holder);
	loop_run(holder.loop);
	if (!holder.is_ending)
		return execute_successor(&holder, err);
	finish_all(&holder);
	return 0;
}
