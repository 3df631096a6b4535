/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the last steps before a container's process is executed. A static program; see stub_protocol.h. */
#include "container/stub_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container/user.h"

#define MAX_STRINGS 4096

static struct request {
	struct stub_request header;
	char *arguments[MAX_STRINGS + 1];
	char *environment[MAX_STRINGS + 2];
	const char *groups[64];
	const char *directory, *user, *label;
	struct sock_filter *filter;
} request;
static char message[STUB_MAX_MESSAGE + STUB_MAX_FILTER] __attribute__((aligned(8)));
static char passwd_text[256 * 1024], group_text[256 * 1024];
static int report_fd = -1, label_fd = -1;

static void __attribute__((noreturn, format(printf, 3, 4))) fail(int exit_status, int code, const char *format, ...)
{
	struct stub_failure failure = {.code = code, .exit_status = exit_status};
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	vsnprintf(failure.message, sizeof(failure.message), format, arguments);
	va_end(arguments);
	length = strlen(failure.message);
	snprintf(failure.message + length, sizeof(failure.message) - length, ": %s", strerror(code));
	if (write(report_fd, &failure, sizeof(failure)) < 0)
		_exit(exit_status);
	_exit(exit_status);
}

/* What a failed lookup of a program or directory means to a shell: 127 it is not there, 126 it cannot be used. */
static int status_of(int code)
{
	return code == ENOENT || code == ENOTDIR ? 127 : code == EINVAL || code == ENOMEM ? 125 : 126;
}

static void say_ready(int gate)
{
	char byte = STUB_READY;
	struct iovec vector = {.iov_base = &byte, .iov_len = 1};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr packet = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		_exit(125);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &pipe_fds[0], sizeof(int));
	if (sendmsg(gate, &packet, MSG_NOSIGNAL) != 1)
		_exit(125);
	close(pipe_fds[0]);
	report_fd = pipe_fds[1];
}

static char *next_string(char **cursor, char *end)
{
	char *text = *cursor, *nul = memchr(text, '\0', (size_t)(end - text));

	if (!nul)
		fail(125, EBADMSG, "the request to the stub is cut off");
	*cursor = nul + 1;
	return text;
}

/* The packet, and the descriptor for the label where one comes along. */
static ssize_t receive_packet(int gate)
{
	struct iovec vector = {.iov_base = message, .iov_len = sizeof(message)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr packet = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *header;
	ssize_t length;

	do
		length = recvmsg(gate, &packet, MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	header = length > 0 ? CMSG_FIRSTHDR(&packet) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(&label_fd, CMSG_DATA(header), sizeof(int));
	return length;
}

static void receive_request(int gate)
{
	char *cursor = message + sizeof(request.header), *end;
	ssize_t length = receive_packet(gate);

	if (length <= 0)
		_exit(125); /* who made us is gone */
	end = message + length;
	if ((size_t)length < sizeof(request.header))
		fail(125, EBADMSG, "the request to the stub is too short");
	memcpy(&request.header, message, sizeof(request.header));
	if (request.header.argument_count == 0 || request.header.argument_count > MAX_STRINGS ||
	    request.header.environment_count > MAX_STRINGS || request.header.group_count > 64 ||
	    request.header.length != (size_t)length - sizeof(request.header) ||
	    request.header.filter_length > request.header.length || request.header.filter_length > STUB_MAX_FILTER)
		fail(125, EBADMSG, "the request to the stub is inconsistent");
	request.filter = (struct sock_filter *)(void *)cursor;
	cursor += request.header.filter_length;
	for (uint32_t i = 0; i < request.header.argument_count; i++)
		request.arguments[i] = next_string(&cursor, end);
	for (uint32_t i = 0; i < request.header.environment_count; i++)
		request.environment[i] = next_string(&cursor, end);
	for (uint32_t i = 0; i < request.header.group_count; i++)
		request.groups[i] = next_string(&cursor, end);
	request.directory = next_string(&cursor, end);
	request.user = next_string(&cursor, end);
	request.label = next_string(&cursor, end);
}

static int move_descriptor(int fd, int target)
{
	if (fd >= 0 && fd != target && dup3(fd, target, O_CLOEXEC) < 0)
		fail(125, errno, "cannot use descriptor %d, the ulimit nofile may be too small", target);
	return fd < 0 ? fd : target;
}

/* The label's first, out of the way of the number that the report gets. */
static void close_all_but_ours(void)
{
	int first = label_fd < 0 ? 4 : 5;

	label_fd = label_fd < 0 ? label_fd : fcntl(label_fd, F_DUPFD_CLOEXEC, 10);
	report_fd = move_descriptor(report_fd, 3);
	label_fd = move_descriptor(label_fd, 4);
	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) < 0)
		for (int fd = first; fd < 1024; fd++)
			close(fd);
}

static void set_up_terminal(void)
{
	if (request.header.flags & STUB_CONSOLE) {
		int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

		if (fd < 0)
			fail(125, errno, "cannot open /dev/console");
		for (int standard = 0; standard < 3; standard++)
			if (dup2(fd, standard) < 0)
				fail(125, errno, "cannot use /dev/console");
	}
	setsid(); /* EPERM: is a session leader already, by liblxc */
	if ((request.header.flags & STUB_TERMINAL) && ioctl(0, TIOCSCTTY, 1) < 0)
		fail(125, errno, "cannot take the controlling terminal");
}

static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat stat;
	size_t length = 0;
	ssize_t count = 0;

	if (fd < 0 && errno == EMFILE)
		fail(125, errno, "cannot open %s, the ulimit nofile is too small", path);
	if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
		while (length < size - 1 && (count = read(fd, text + length, size - 1 - length)) > 0)
			length += (size_t)count;
	text[length] = '\0';
	if (fd >= 0)
		close(fd);
}

static void resolve_user(struct user *user)
{
	char what[300];

	read_text("/etc/passwd", passwd_text, sizeof(passwd_text));
	read_text("/etc/group", group_text, sizeof(group_text));
	if (user_resolve(request.user, passwd_text, group_text, request.groups, request.header.group_count, user, what,
			 sizeof(what)) < 0)
		fail(126, ENOENT, "the guest has no %s", what);
}

static void set_home(const struct user *user)
{
	static char home[sizeof(user->home) + 8];

	for (uint32_t i = 0; i < request.header.environment_count; i++)
		if (strncmp(request.environment[i], "HOME=", 5) == 0)
			return;
	snprintf(home, sizeof(home), "HOME=%s", user->home);
	request.environment[request.header.environment_count] = home;
}

static void make_directory(const char *path)
{
	char partial[PATH_MAX];

	for (size_t i = 1; i < sizeof(partial) && path[i - 1]; i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(partial, path, i);
		partial[i] = '\0';
		if (mkdir(partial, 0755) < 0 && errno != EEXIST)
			return; /* chdir() will say it */
	}
}

/* getcwd() outside of the root says "(unreachable)...": a directory such as /proc/self/fd/N could lead there. */
static void change_directory(void)
{
	char where[PATH_MAX];

	if (request.header.flags & STUB_MAKE_DIRECTORY)
		make_directory(request.directory);
	if (chdir(request.directory) < 0)
		fail(status_of(errno), errno, "cannot change to the working directory %s", request.directory);
	if (syscall(SYS_getcwd, where, sizeof(where)) < 0 || where[0] != '/')
		fail(126, EPERM, "the working directory %s is outside of the guest", request.directory);
}

static void drop_bounding_capabilities(void)
{
	for (int capability = 0; capability < 64; capability++)
		if (!(request.header.capabilities >> capability & 1) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			fail(125, errno, "cannot drop capability %d", capability);
}

/*
 * What stays until execve(2), which then makes the new sets of the bounding one and of whether the user is root. A filter without
 * no_new_privs needs CAP_SYS_ADMIN (seccomp(2)); beside that only root may have effective ones, by which execve() finds the program.
 */
static uint64_t capabilities_until_execute(const struct user *user)
{
	bool has_privileged_filter = request.header.filter_length && !(request.header.flags & STUB_NO_NEW_PRIVILEGES);
	uint64_t set = user->uid == 0 ? request.header.capabilities : 0;

	return has_privileged_filter ? set | UINT64_C(1) << CAP_SYS_ADMIN : set;
}

/* Behind become(), which needs some of them. */
static void drop_capabilities(const struct user *user)
{
	uint64_t kept = capabilities_until_execute(user);
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		fail(125, errno, "cannot read capabilities");
	for (int half = 0; half < 2; half++) {
		data[half].permitted &= (uint32_t)(kept >> (32 * half));
		data[half].effective = data[half].permitted;
		data[half].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) < 0)
		fail(125, errno, "cannot set capabilities");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* setgroups(2) does not say which of them is the wrong one: one that the guest's user namespace has no id for. */
static void fail_groups(const gid_t *groups, uint32_t count)
{
	int problem = errno;

	for (uint32_t i = 0; i < count; i++)
		if (setgroups(1, &groups[i]) < 0)
			fail(126, errno, "cannot join group %u", groups[i]);
	fail(126, problem, "cannot set groups");
}

/* The permitted capabilities stay, for the filter; drop_capabilities() comes next. */
static void become(const struct user *user)
{
	gid_t groups[64];

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		fail(125, errno, "cannot keep capabilities");
	for (uint32_t i = 0; i < user->group_count; i++)
		groups[i] = user->groups[i];
	if (setgroups(user->group_count, groups) < 0 && (errno != EPERM || user->group_count))
		fail_groups(groups, user->group_count);
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		fail(126, errno, "cannot become group %u", user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		fail(126, errno, "cannot become user %u", user->uid);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* another user counts as another program (prctl(2)) */
}

/* Into our own attr/exec of the host's /proc: what the guest calls /proc may be anything. */
static void set_label(void)
{
	size_t length = strlen(request.label);

	if (length == 0)
		return;
	if (write(label_fd, request.label, length) != (ssize_t)length)
		fail(125, errno, "cannot set the label \"%s\"", request.label);
	close(label_fd);
}

/*
 * The last step, so that a profile has to allow nothing that we need but execve(2): with a filter that forbids more than that, write(2) of
 * the failure is what gets lost.
 */
static void install_filter(void)
{
	struct sock_fprog program = {
		.len = (unsigned short)(request.header.filter_length / sizeof(struct sock_filter)),
		.filter = request.filter,
	};

	if ((request.header.flags & STUB_NO_NEW_PRIVILEGES) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail(125, errno, "cannot set no_new_privs");
	if (program.len && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0u, &program) < 0)
		fail(125, errno, "cannot install the filter of system calls");
}

static const char *get_path(void)
{
	for (uint32_t i = 0; i < request.header.environment_count; i++)
		if (strncmp(request.environment[i], "PATH=", 5) == 0)
			return request.environment[i] + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* execvp(3), but with the guest's PATH, and the error that matters most: EACCES over ENOENT. */
static void __attribute__((noreturn)) execute(void)
{
	const char *name = request.arguments[0], *path = get_path();
	int code = ENOENT;

	if (strchr(name, '/')) {
		execve(name, request.arguments, request.environment);
		fail(status_of(errno), errno, "cannot execute %s", name);
	}
	while (name[0] && *path) {
		size_t length = strcspn(path, ":");
		char candidate[PATH_MAX];

		snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)length, length ? path : ".", name);
		execve(candidate, request.arguments, request.environment);
		if (errno != ENOENT && errno != ENOTDIR)
			code = errno;
		path += length + (path[length] == ':');
	}
	fail(status_of(code), code, "cannot execute %s: no such program in PATH", name);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int main(int argc, char **argv)
{
	struct user user;
	int gate;

	if (argc != 2)
		return 125;
	gate = atoi(argv[1]);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* liblxc sets it, and its process is replaced by the keeper or may die: the guest shall live on. */
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	say_ready(gate);
	receive_request(gate);
	close_all_but_ours();
	set_up_terminal();
	reset_signals();
	resolve_user(&user);
	set_home(&user);
	change_directory();
	umask(request.header.mask);
	drop_bounding_capabilities();
	become(&user);
	drop_capabilities(&user);
	set_label();
	install_filter();
	execute();
}
