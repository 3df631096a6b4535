/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns exec: how a new process comes into a running container. */
#include "container/enter.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/memory.h"
#include "container/confinement.h"
#include "container/limits.h"
#include "container/stub_client.h"
#include "kernel/cgroup_hidden.h"
#include "kernel/cgroup_tasks.h"
#include "kernel/namespace.h"
#include "kernel/procfs.h"
#include "kernel/pty.h"

/* The ends of the new process. */
struct child {
	int program_fd, socket_fd;
	int standard[3];
};

struct setup {
	int pidfd, root_fd;
	int flags;
	int socket_fd; /* ours */
	struct child child;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void child_release(struct child *child)
{
	close_fd(&child->program_fd);
	close_fd(&child->socket_fd);
	for (int i = 0; i < 3; i++)
		close_fd(&child->standard[i]);
}

static void setup_release(struct setup *setup)
{
	close_fd(&setup->pidfd);
	close_fd(&setup->root_fd);
	close_fd(&setup->socket_fd);
	child_release(&setup->child);
}

static void process_close(struct enter_process *process)
{
	close_fd(&process->terminal);
	close_fd(&process->input);
	close_fd(&process->output);
	close_fd(&process->errors);
}

/* In the guest, as its root: nothing but standard input to error and the socket goes over into the stub. */
static int execute_stub(void *data)
{
	struct child *child = data;
	char number[16], *argv[] = {(char *)"syscontainer-stub", number, NULL}, *environment[] = {NULL};
	int moved[5];

	/* Out of the way of 0 to 4 first: the numbers may overlap. */
	for (int i = 0; i < 3; i++)
		moved[i] = fcntl(child->standard[i], F_DUPFD_CLOEXEC, 10);
	moved[3] = fcntl(child->socket_fd, F_DUPFD_CLOEXEC, 10);
	moved[4] = fcntl(child->program_fd, F_DUPFD_CLOEXEC, 10);
	for (int i = 0; i < 4; i++)
		if (moved[i] < 0 || dup2(moved[i], i) < 0)
			return 125;
	if (moved[4] < 0 || dup3(moved[4], 4, O_CLOEXEC) < 0)
		return 125;
	syscall(SYS_close_range, 5u, ~0u, 0u);
	snprintf(number, sizeof(number), "3");
	syscall(SYS_execveat, 4, "", argv, environment, AT_EMPTY_PATH);
	return 125;
}

static int pair_up(int *ret_ours, int *ret_theirs, bool is_input, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	*ret_ours = fds[is_input ? 1 : 0];
	*ret_theirs = fds[is_input ? 0 : 1];
	return 0;
}

static int make_terminal(const struct container *container, struct setup *setup, struct enter_process *process,
			 struct error *err)
{
	autoclose int slave = -EBADF;
	int r = pty_open_guest(setup->root_fd, (uint32_t)container->spec.idmap.uid, &process->terminal, &slave, err);

	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++)
		setup->child.standard[i] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static int make_streams(const struct enter_request *request, struct setup *setup, struct enter_process *process,
			struct error *err)
{
	int r = 0;

	if (request->is_detached) {
		for (int i = 0; i < 3; i++)
			setup->child.standard[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		return 0;
	}
	if (request->has_stdin)
		r = pair_up(&process->input, &setup->child.standard[0], true, err);
	else
		setup->child.standard[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (r == 0)
		r = pair_up(&process->output, &setup->child.standard[1], false, err);
	if (r == 0)
		r = pair_up(&process->errors, &setup->child.standard[2], false, err);
	return r;
}

static int resolve(const struct container *container, struct setup *setup, struct error *err)
{
	struct process_id init = boot_process_id(&container->boot.init);
	autofree char *root = xasprintf("/proc/%d/root", init.pid);
	int r, pair[2];

	r = procfs_open_pidfd(&init, &setup->pidfd, err);
	if (r < 0)
		return r;
	setup->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (setup->root_fd < 0)
		return error_set_errno(err, "cannot open the guest's root directory");
	r = namespace_differing(init.pid, &setup->flags, err);
	if (r < 0)
		return r;
	/* The numbers were read by pid: only now is it sure that they were this process's. */
	if (!procfs_is_alive(&init))
		return error_set(err, -ESRCH, "the guest ended meanwhile");
	setup->child.program_fd = stub_open_program(err);
	if (setup->child.program_fd < 0)
		return setup->child.program_fd;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set_errno(err, "cannot make a socket");
	setup->socket_fd = pair[0];
	setup->child.socket_fd = pair[1];
	return 0;
}

static int attach_cgroup(const struct container *container, const char *leaf, pid_t pid, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	autorelease(cgroup_hidden_release) struct cgroup_hidden hidden = {0};
	autofree char *path = spec_cgroup(&container->spec), *own = leaf ? xasprintf("%s/%s", path, leaf) : NULL;
	int r = cgroup_host_load(&host, err);

	if (r == 0 && own)
		r = cgroup_create(&host, own, err);
	if (r >= 0)
		r = cgroup_attach(&host, path, leaf ? leaf : CGROUP_GUEST, pid, err);
	if (r < 0 || leaf)
		return r;
	cgroup_hidden_load(&host, &hidden);
	return cgroup_exists(&hidden.host, path) ? cgroup_attach(&hidden.host, path, CGROUP_GUEST, pid, err) : 0;
}

static void add_environment(const struct container *container, const struct enter_request *request,
			    struct strings *environment)
{
	confinement_environment(&container->spec, &container->boot, false, environment);
	if (request->has_tty && !strings_get_value(environment, "TERM"))
		strings_append(environment, "TERM=xterm");
	for (size_t i = 0; request->environment && i < request->environment->count; i++) {
		const char *item = request->environment->items[i];
		autofree char *key = xstrndup(item, strcspn(item, "="));

		strings_set_value(environment, key, item + strlen(key) + 1);
	}
}

/* The stub waits in the guest for its order; until then it can be moved and nothing of the guest's has run. */
static int command_stub(const struct container *container, const struct enter_request *request, struct setup *setup,
			pid_t pid, struct error *err)
{
	autorelease(confinement_release) struct confinement confinement = {.label_fd = -1};
	autorelease(strings_release) struct strings environment = {0};
	struct stub_order order = {
		.flags = request->has_tty ? STUB_TERMINAL : 0,
		.arguments = request->arguments,
		.environment = &environment,
		.groups = &container->spec.groups,
		.working_directory =
			request->working_directory ? request->working_directory : container->spec.working_directory,
		.user = request->user ? request->user : container->spec.user,
	};
	autoclose int report_fd = -EBADF;
	int r;

	add_environment(container, request, &environment);
	r = attach_cgroup(container, request->cgroup, pid, err);
	if (r == 0)
		r = limits_set_oom_score_adj(pid, &container->spec.limits, err);
	if (r == 0)
		r = stub_await(setup->socket_fd, &report_fd, NULL, err);
	if (r == 0)
		r = confinement_prepare(&container->spec, &container->boot, pid, &confinement, &order, err);
	if (r == 0)
		r = stub_send(setup->socket_fd, &order, err);
	if (r == 0)
		r = stub_finish(report_fd, err);
	return r;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int start(const struct container *container, const struct enter_request *request, struct setup *setup,
		 struct enter_process *process, struct error *err)
{
	int r = resolve(container, setup, err);

	if (r == 0)
		r = request->has_tty ? make_terminal(container, setup, process, err)
				     : make_streams(request, setup, process, err);
	if (r == 0)
		r = namespace_spawn(setup->pidfd, setup->flags, execute_stub, &setup->child, &process->pid, err);
	if (r < 0)
		return r;
	child_release(&setup->child);
	r = command_stub(container, request, setup, process->pid, err);
	if (r < 0)
		end_child(process->pid);
	return r;
}

int enter_start(const struct container *container, const struct enter_request *request, struct enter_process *ret_process,
		struct error *err)
{
	struct setup setup = {-1, -1, 0, -1, {-1, -1, {-1, -1, -1}}};
	int r;

	*ret_process = (struct enter_process){-1, -1, -1, -1, -1};
	if (container->status == CONTAINER_PAUSED)
		return error_set(err, -EBUSY, "Container %s is paused, unpause the container before exec",
				 container->spec.name);
	if (container->status != CONTAINER_RUNNING && container->status != CONTAINER_STOPPING)
		return error_set(err, -ESRCH, "Container %s is not running", container->spec.name);
	r = start(container, request, &setup, ret_process, err);
	setup_release(&setup);
	if (r < 0)
		process_close(ret_process);
	return r;
}

/* Reads what is there; false at the end of the stream. */
static bool collect(int *fd, struct text *out, size_t max)
{
	char buffer[4096];
	ssize_t count = read(*fd, buffer, sizeof(buffer));

	if (count > 0) {
		if (out && out->length < max)
			text_append_bytes(out, buffer, (size_t)count);
		return true;
	}
	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	close_fd(fd);
	return false;
}

int enter_finish(struct enter_process *process, const char *name, int timeout_ms, int *ret_status, struct text *out,
		 struct error *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	bool has_ended = false;

	while (!has_ended) {
		struct pollfd fds[3] = {{pidfd, POLLIN, 0}, {process->output, POLLIN, 0}, {process->errors, POLLIN, 0}};
		int64_t left_ms = deadline_ms - clock_monotonic_ms();

		if (poll(fds, ARRAY_SIZE(fds), left_ms > 0 ? (int)left_ms : 0) == 0) {
			end_child(process->pid);
			process_close(process);
			return error_set(err, -ETIMEDOUT, "%s did not end within %d ms", name, timeout_ms);
		}
		if (fds[1].revents)
			collect(&process->output, out, 65536);
		else if (fds[2].revents)
			collect(&process->errors, out, 65536);
		else
			has_ended = fds[0].revents != 0;
	}
	while (waitpid(process->pid, ret_status, 0) < 0 && errno == EINTR)
		;
	process_close(process);
	return 0;
}

int enter_run(const struct container *container, const char *const *arguments, int timeout_ms, int *ret_status,
	      struct text *out, struct error *err)
{
	autorelease(strings_release) struct strings list = {0};
	struct enter_request request = {.arguments = &list};
	struct enter_process process;
	int r;

	for (; *arguments; arguments++)
		strings_append(&list, *arguments);
	r = enter_start(container, &request, &process, err);
	return r < 0 ? r : enter_finish(&process, list.items[0], timeout_ms, ret_status, out, err);
}
