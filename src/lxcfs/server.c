/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the program that answers: one thread, one loop. It may be killed at any instruction; all that the next one needs is in RUN/lxcfs,
 * and what it had taken and not answered the kernel sends again.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/proc_view.h"
#include "kernel/procfs.h"
#include "lxcfs/connection.h"
#include "lxcfs/filesystem.h"
#include "lxcfs/holder.h"
#include "lxcfs/place.h"
#include "lxcfs/subject.h"
#include "lxcfs/tree.h"

#define LOAD_INTERVAL_MS 5000   /* as the kernel takes its own: kernel/sched/loadavg.c, LOAD_FREQ */
#define LOAD_WANTED_MS   900000 /* how long after somebody read it: the longest of the averages */
#define AT_ONCE          64     /* requests answered before others get their turn */

struct options {
	int64_t age_ms;
	int64_t served; /* bits by enum holder_connection: other servers have served it */
	bool shows_quota, is_without_resend;
};

struct server {
	struct loop *loop;
	struct subjects subjects;
	struct tree trees[HOLDER_CONNECTIONS];
	struct filesystem *filesystems[HOLDER_CONNECTIONS];
	bool is_there[HOLDER_CONNECTIONS];
	int signal_fd, control_fd;
	bool said_serving, is_over;
};

static const struct filesystem_operations *const operations[HOLDER_CONNECTIONS] = {
	[HOLDER_TREE] = &tree_of_guests, [HOLDER_DIRECT] = &tree_of_readers};

static void say(char what)
{
	(void)!write(HOLDER_FD_STATUS, &what, 1);
}

/* From now on the connections outlive us. */
static void say_serving(struct server *server)
{
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		if (server->is_there[i] && !filesystem_is_introduced(server->filesystems[i]))
			return;
	if (!server->said_serving)
		say(HOLDER_SERVING);
	server->said_serving = true;
}

static void serve(struct server *server, enum holder_connection which)
{
	if (filesystem_serve(server->filesystems[which], AT_ONCE) < 0) {
		server->is_over = true;
		loop_stop(server->loop);
		return;
	}
	say_serving(server);
}

static void on_tree(struct loop_source *source, uint32_t events, void *data)
{
	(void)source;
	(void)events;
	serve(data, HOLDER_TREE);
}

static void on_direct(struct loop_source *source, uint32_t events, void *data)
{
	(void)source;
	(void)events;
	serve(data, HOLDER_DIRECT);
}

/* Asked to end: what was taken is answered, since a request is answered before the next is taken. */
static void on_signal(struct loop_source *source, uint32_t events, void *data)
{
	struct server *server = data;

	(void)source;
	(void)events;
	loop_stop(server->loop);
}

static void on_load_timer(struct loop_source *source, uint32_t events, void *data)
{
	struct server *server = data;
	int64_t now_ns = clock_boot_ns();

	(void)source;
	(void)events;
	for (struct subject *subject = server->subjects.first; subject; subject = subject->next)
		if (subject->load_read_ns && now_ns - subject->load_read_ns < LOAD_WANTED_MS * INT64_C(1000000))
			view_guest_sample_load(subject->guest, now_ns, NULL);
	loop_add_timer(server->loop, LOAD_INTERVAL_MS, on_load_timer, server);
}

static void invalidate(void *data, uint64_t node)
{
	filesystem_invalidate(data, node);
}

static void expire(struct server *server, struct subject *subject)
{
	tree_each_node(subject, invalidate, server->filesystems[HOLDER_TREE]);
	subject_expire(subject);
	tree_expire(&server->trees[HOLDER_TREE]);
}

static struct subject *find_guest(const struct server *server, const char *id)
{
	struct subject *subject = server->subjects.first;

	while (subject && (subject->slot == 0 || strcmp(subject->id, id) != 0))
		subject = subject->next;
	return subject;
}

/* See base/proc_view.h. */
static void on_control(struct loop_source *source, uint32_t events, void *data)
{
	struct server *server = data;
	struct subject *subject;
	char message[PROC_VIEW_MESSAGE + 1];
	ssize_t length = recv(server->control_fd, message, PROC_VIEW_MESSAGE, MSG_DONTWAIT);

	(void)source;
	(void)events;
	if (length <= 1)
		return;
	message[length] = '\0';
	if (message[0] == PROC_VIEW_BIND)
		say(HOLDER_BIND);
	subject = find_guest(server, message + 1);
	if (subject && message[0] == PROC_VIEW_EXPIRE)
		expire(server, subject);
	else if (subject && message[0] == PROC_VIEW_FORGET)
		subject_free(subject);
}

static int open_control(struct server *server, struct error *err)
{
	autofree char *path = xasprintf("%s/" PROC_VIEW_SOCKET, place_root());
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, -ENAMETOOLONG, "%s is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path));
	server->control_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(path);
	if (server->control_fd < 0 || bind(server->control_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0600) < 0)
		return error_set_errno(err, "cannot make the socket %s", path);
	loop_add(server->loop, server->control_fd, EPOLLIN, on_control, server);
	return 0;
}

static int open_signals(struct server *server, struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (server->signal_fd < 0)
		return error_set_errno(err, "cannot make a signalfd");
	loop_add(server->loop, server->signal_fd, EPOLLIN, on_signal, server);
	return 0;
}

/* Requests that the server before took and did not answer: its readers cannot even be killed until they are. */
static void resume(const struct options *options, int fd)
{
	if (options->is_without_resend || connection_resend(fd, NULL) < 0)
		say(HOLDER_NO_RESEND);
}

static int open_filesystem(struct server *server, const struct options *options, enum holder_connection which,
			   struct error *err)
{
	static const loop_callback callbacks[HOLDER_CONNECTIONS] = {on_tree, on_direct};
	int fd = HOLDER_FD_FIRST + (int)which;

	bool was_served = options->served >> which & 1;
	int r;

	if (!server->is_there[which])
		return 0;
	server->trees[which] =
		(struct tree){.subjects = &server->subjects, .age_ms = options->age_ms, .started_ns = clock_real_ns()};
	if (was_served)
		resume(options, fd);
	r = filesystem_new(fd, was_served, operations[which], &server->trees[which], &server->filesystems[which], err);
	if (r == 0)
		loop_add(server->loop, fd, EPOLLIN, callbacks[which], server);
	return r;
}

/* The next holder finds us by it, if ours is killed. Before anything is served. */
static int write_record(struct error *err)
{
	autofree char *path = place_run(PLACE_SERVER), *line = NULL;
	struct process_id id;
	int r = procfs_identify(getpid(), &id, err);

	if (r < 0)
		return r;
	line = xasprintf("%d %llu\n", id.pid, (unsigned long long)id.start_time);
	return file_replace(AT_FDCWD, path, line, strlen(line), 0600, err);
}

static void close_server(struct server *server)
{
	for (struct subject *subject = server->subjects.first; subject; subject = subject->next)
		subject_save(subject);
	subjects_release(&server->subjects);
	for (int i = 0; i < HOLDER_CONNECTIONS; i++) {
		filesystem_free(server->filesystems[i]);
		tree_release(&server->trees[i]);
	}
	view_host_free(server->subjects.host);
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct options *options = data;
	struct server server = {
		.subjects = {.shows_quota = options->shows_quota},
		.signal_fd = -1,
		.control_fd = -1,
	};
	int r;

	(void)operands;
	/* Before anything of ours takes the number of one that is not there. */
	for (int i = 0; i < HOLDER_CONNECTIONS; i++)
		server.is_there[i] = fcntl(HOLDER_FD_FIRST + i, F_SETFD, FD_CLOEXEC) == 0;
	server.loop = server.subjects.loop = loop_new();
	if (fcntl(HOLDER_FD_STATUS, F_SETFD, FD_CLOEXEC) < 0)
		return error_set(err, -EINVAL, "this program is started by syscontainer-lxcfs");
	/* A guest that floods us must not make the host's out-of-memory killer choose who all guests depend on. */
	file_write_value(AT_FDCWD, "/proc/self/oom_score_adj", "-1000", NULL);
	r = write_record(err);
	if (r == 0)
		r = view_host_open("", &server.subjects.host, err);
	if (r == 0)
		r = open_signals(&server, err);
	if (r == 0)
		r = open_control(&server, err);
	for (int i = 0; r == 0 && i < HOLDER_CONNECTIONS; i++)
		r = open_filesystem(&server, options, i, err);
	if (r == 0) {
		say_serving(&server);
		loop_add_timer(server.loop, LOAD_INTERVAL_MS, on_load_timer, &server);
		loop_run(server.loop);
	}
	close_server(&server);
	loop_free(server.loop);
	return r < 0 ? r : server.is_over ? HOLDER_EXIT_OVER : 0;
}

#define ROW(name_, type_, member_, ...) \
	{ \
		.name = name_, .type = type_, .offset = offsetof(struct options, member_), ##__VA_ARGS__ \
	}
static const struct option_row rows[] = {
	ROW("cache-age", OPTION_DURATION, age_ms, .argument = "TIME", .help = "how old an answer may be"),
	ROW("cpu-quota-view", OPTION_FLAG, shows_quota, .help = "show a CPU quota as a number of CPUs"),
	ROW("served", OPTION_INTEGER, served, .argument = "BITS", .help = "connections that other servers have served"),
	ROW("without-resend", OPTION_FLAG, is_without_resend, .help = "as on a kernel before 6.9"),
	{.name = NULL},
};
static const struct options defaults = {.age_ms = 100, .shows_quota = true};
static const struct command command = {
	.name = "syscontainer-lxcfs-server",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run,
};
static const struct command_program program = {.name = "syscontainer-lxcfs-server"};

int main(int argc, char **argv)
{
	autorelease(strings_release) struct strings operands = {0};
	struct options options;
	struct error error = {0};
	int r = command_parse(&program, &command, argc - 1, argv + 1, &options, &operands, &error);

	if (r == 0)
		r = run(&options, &operands, &error);
	command_release_options(&command, &options);
	if (r >= 0)
		return r;
	fprintf(stderr, "syscontainer-lxcfs-server: %s\n", error.message);
	return 1;
}
