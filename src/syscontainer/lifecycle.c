/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how commands start and stop containers through their monitors. */
#include "syscontainer/lifecycle.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "container/control.h"
#include "container/enter.h"
#include "container/host_units.h"
#include "model/console_log.h"

#define LOCK_TIMEOUT_MS    60000
#define COMMAND_TIMEOUT_MS 10000
#define UNIT_INTERVAL_MS   200
#define CONSOLE_LINES      15

static int send_boot(int fd, const struct lifecycle_request *request, struct error *err)
{
	autorelease(json_free_scoped) struct json *packet = control_new_request("boot");

	json_set(packet, "wait", json_new_string(request->wait));
	if (request->notify_socket)
		json_set(packet, "notify_socket", json_new_string(request->notify_socket));
	return control_send(fd, packet, err);
}

static int send_attach(int fd, bool has_input, struct error *err)
{
	autorelease(json_free_scoped) struct json *request = control_new_request("attach");

	json_set(request, "input", json_new_bool(has_input));
	return control_send(fd, request, err);
}

/* The monitor has the request once it answers anything. The packet stays in the socket for the caller. */
static int await_first_packet(int fd, struct error *err)
{
	char byte;
	ssize_t length;

	do
		length = recv(fd, &byte, 1, MSG_PEEK | MSG_TRUNC);
	while (length < 0 && (errno == EINTR || errno == ECONNRESET)); /* see control_receive() */
	return length > 0 ? 0 : error_set(err, -ECONNRESET, "its monitor ended before it answered");
}

static int open_monitor(const struct container *container, struct error *err)
{
	return container->has_monitor ? control_connect(container->id, err)
				      : control_start_monitor(container->id, "boot", err);
}

/* -EBUSY or -ECONNRESET: between our look and our request another monitor came or this one went. */
static int request_boot(struct container *container, const struct lifecycle_request *request, struct error *err)
{
	autoclose int fd = open_monitor(container, err);
	int r = fd;

	if (r >= 0 && request->is_attached)
		r = send_attach(fd, request->has_input, err);
	if (r >= 0)
		r = send_boot(fd, request, err);
	if (r >= 0)
		r = await_first_packet(fd, err);
	return r < 0 ? r : steal_fd(&fd);
}

static bool is_transient(int code)
{
	return code == -ECONNRESET || code == -ECONNREFUSED || code == -EPIPE;
}

void lifecycle_await_down(struct container *container)
{
	struct json *request;

	if (container->status != CONTAINER_STOPPING)
		return;
	request = control_new_request("wait");
	json_set(request, "for", json_new_string("down"));
	control_request(container->id, request, -1, NULL, NULL, NULL);
	container_reload(container);
}

int lifecycle_begin(struct container *container, const struct lifecycle_request *request, struct error *err)
{
	autoclose int lock = -EBADF;
	int r = container_lock(container->id, LOCK_TIMEOUT_MS, &lock, err);

	if (r < 0)
		return error_prefix(err, "cannot start container %s", container->spec.name);
	for (int attempt = 0; attempt < 10; attempt++) {
		container_reload(container);
		if (container->status == CONTAINER_PAUSED)
			return error_set(err, -EBUSY, "Cannot start a paused container, try unpause instead.");
		if (container->status == CONTAINER_BROKEN)
			return error_set(err, container->problem.code, "%s", container->problem.message);
		r = container_repair(container, err);
		if (r < 0)
			return r;
		container_reload(container);
		/* Whoever starts what is being stopped, or just ends by itself, wants it to run afterwards; it may be about to come back by itself. */
		if (container->status == CONTAINER_STOPPING) {
			lifecycle_await_down(container);
			r = error_set(err, -EBUSY, "container %s is stopped again and again by others",
				      container->spec.name);
			continue;
		}
		r = request_boot(container, request, err);
		if (!is_transient(r))
			return r;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	return r;
}

static int append_line(const struct console_line *line, void *data)
{
	struct text *text = data;

	for (size_t i = 0; i < line->length; i++) {
		unsigned char byte = (unsigned char)line->text[i];

		/* A guest must not write control sequences to the administrator's terminal through an error message. */
		if (byte == '\n' || byte == '\t' || (byte >= ' ' && byte != 127))
			text_append_bytes(text, &byte, 1);
	}
	return 0;
}

static void print_console(const struct container *container)
{
	autorelease(text_release) struct text lines = {0};

	if (console_log_read(container->id, CONSOLE_LINES, append_line, &lines, NULL) == 0 && lines.length)
		fprintf(stderr, "The last lines of its console:\n%s%s", lines.data,
			lines.data[lines.length - 1] == '\n' ? "" : "\n");
}

static void print_failed_units(struct container *container)
{
	static const char *const command[] = {"systemctl", "--no-pager", "--no-legend", "--plain",
					      "--failed",  "list-units", NULL};
	static const char *const jobs[] = {"systemctl", "--no-pager", "--no-legend", "--plain", "list-jobs", NULL};
	autorelease(text_release) struct text failed = {0}, waiting = {0};
	int status;

	container_reload(container);
	if (!container->boot.init_kind || strcmp(container->boot.init_kind, "systemd") != 0)
		return;
	if (enter_run(container, command, COMMAND_TIMEOUT_MS, &status, &failed, NULL) == 0 && failed.length)
		fprintf(stderr, "Failed units:\n%s", failed.data);
	if (enter_run(container, jobs, COMMAND_TIMEOUT_MS, &status, &waiting, NULL) == 0 && waiting.length)
		fprintf(stderr, "Jobs that are not done:\n%s", waiting.data);
}

static void explain_failure(struct container *container)
{
	print_failed_units(container);
	print_console(container);
}

/* Like `systemctl is-active`; "failed" ends the wait early. */
static int await_unit(struct container *container, const char *unit, int64_t deadline_ms, struct error *err)
{
	const char *const command[] = {"systemctl", "is-active", unit, NULL};

	for (;;) {
		autorelease(text_release) struct text out = {0};
		int status = -1, r = enter_run(container, command, COMMAND_TIMEOUT_MS, &status, &out, err);

		if (r < 0)
			return r;
		if (status == 0)
			return 0;
		if (strncmp(text_get(&out), "failed", 6) == 0)
			return error_set(err, -EIO, "unit %s of container %s failed", unit, container->spec.name);
		if (deadline_ms && clock_monotonic_ms() > deadline_ms)
			return error_set(err, -ETIMEDOUT, "unit %s of container %s is not active in time, but: %s", unit,
					 container->spec.name, text_get(&out));
		nanosleep(&(struct timespec){.tv_nsec = UNIT_INTERVAL_MS * 1000000L}, NULL);
	}
}

static bool is_unit(const char *wait)
{
	return strcmp(wait, "ready") != 0 && strcmp(wait, "started") != 0;
}

int lifecycle_await(struct container *container, int fd, const char *wait, int64_t timeout_ms, struct error *err)
{
	int64_t deadline_ms = timeout_ms > 0 ? clock_monotonic_ms() + timeout_ms : 0;
	int r = control_finish(fd, timeout_ms > 0 ? (int)timeout_ms : -1, NULL, NULL, err);

	if (r == -ETIMEDOUT)
		r = error_set(
			err, r,
			"container %s is not ready after %g s; it runs on: look into it with \"syscontainer exec\", or stop it",
			container->spec.name, (double)timeout_ms / 1000);
	else if (r < 0)
		error_prefix(err, "cannot start container %s", container->spec.name);
	container_reload(container);
	if (r >= 0 && is_unit(wait))
		r = await_unit(container, wait, deadline_ms, err);
	if (r < 0)
		explain_failure(container);
	return r;
}

/* Its monitor has told the process that started the unit; the state knows it too. */
static int tell_unit_failure(struct container *container, const struct error *cause, struct error *err)
{
	autofree char *name = xstrdup(container->spec.name);
	const struct state *state = &container->state;

	container_reload(container);
	if (cause->exit_status != HOST_UNITS_FAILED || container->status == CONTAINER_BROKEN || !state->reason)
		return error_set(err, cause->code, "cannot start container %s: %s", name, cause->message);
	if (state->error)
		error_set_exit(err, cause->code, state->exit_code, "cannot start container %s: %s", name, state->error);
	else
		error_set_exit(err, cause->code, state->exit_code,
			       "cannot start container %s: it ended before it was ready: exit code %d, %s", name,
			       state->exit_code, state->reason);
	explain_failure(container);
	return err ? err->code : cause->code;
}

/* What the unit says in its drop-ins, such as Requires=, holds for our commands too. Without a unit, or when the time is over, the container itself says what is. */
static int start_unit(struct container *container, int64_t timeout_ms, struct error *err)
{
	autorelease(strings_release) struct strings names = {0};
	struct error cause = {0};

	strings_append(&names, container->spec.name);
	if (host_units_start(&names, timeout_ms, &cause) == 0 || cause.exit_status == HOST_UNITS_ABSENT ||
	    cause.exit_status == HOST_UNITS_PENDING)
		return 0;
	return tell_unit_failure(container, &cause, err);
}

int lifecycle_start(struct container *container, const char *wait, int64_t timeout_ms, struct error *err)
{
	struct lifecycle_request request = {.wait = strcmp(wait, "started") == 0 ? wait : "ready"};
	int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
	bool has_unit =
		strcmp(request.wait, "ready") == 0 && !container_is_live(container) && host_units_manage_containers();
	autoclose int fd = -EBADF;
	int r = has_unit ? start_unit(container, timeout_ms, err) : 0;

	if (r < 0)
		return r;
	fd = lifecycle_begin(container, &request, err);
	if (fd >= 0 && has_unit && timeout_ms > 0) {
		int64_t left_ms = deadline_ms - clock_monotonic_ms();

		timeout_ms = left_ms > 0 ? left_ms : 1;
	}
	return fd < 0 ? fd : lifecycle_await(container, fd, wait, timeout_ms, err);
}

/* The answer's message, when it worked, is what had to be killed. */
static void print_remains(const struct json *packet, void *data)
{
	const char *remains = json_string(json_get(packet, "message"));
	const struct container *container = data;
	int64_t code = 0;

	json_integer(json_get(packet, "code"), &code);
	if (remains && code >= 0 && json_bool(json_get(packet, "done")))
		fprintf(stderr, "syscontainer: container %s did not end in time and was killed; what was left:\n%s",
			container->spec.name, remains);
}

static int stop(struct container *container, int64_t timeout_ms, const char *signal, bool is_for_host, struct error *err)
{
	int r = 0;

	for (int attempt = 0; attempt < 50; attempt++) {
		autorelease(json_free_scoped) struct json *request = control_new_request("stop");
		autoclose int fd = -EBADF;

		if (!container_is_live(container))
			return 0;
		json_set(request, "timeout_ms", json_new_integer(timeout_ms));
		if (signal)
			json_set(request, "signal", json_new_string(signal));
		json_set(request, "is_for_host", json_new_bool(is_for_host));
		fd = r = control_connect(container->id, err);
		if (r >= 0)
			r = control_send(fd, request, err);
		if (r >= 0)
			r = control_finish(fd, -1, print_remains, container, err);
		if (!is_transient(r))
			return r < 0 ? error_prefix(err, "cannot stop container %s", container->spec.name) : 0;
		/* It has just ended, or its monitor was killed. */
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		container_reload(container);
		if (container_repair(container, err) < 0)
			return err ? err->code : -EIO;
		container_reload(container);
		if (container->status == CONTAINER_BROKEN)
			return 0; /* removed by --rm */
	}
	return r;
}

int lifecycle_stop(struct container *container, int64_t timeout_ms, const char *signal, struct error *err)
{
	return stop(container, timeout_ms, signal, false, err);
}

int lifecycle_stop_for_host(struct container *container, int64_t timeout_ms, struct error *err)
{
	return stop(container, timeout_ms, NULL, true, err);
}

/* Tells what failed. Returns the exit status. */
static int operate(const char *reference, lifecycle_operation *operation, void *data)
{
	autorelease(container_release) struct container container = {0};
	struct error error = {0};
	int r = container_open(reference, &container, &error);

	if (r >= 0)
		r = operation(&container, data, &error);
	if (r >= 0)
		return 0;
	fprintf(stderr, "syscontainer: %s\n", error.message);
	return error.exit_status ? error.exit_status : 1;
}

static void print_done(const char *name)
{
	printf("%s\n", name);
	fflush(stdout);
}

int lifecycle_for_each(const struct strings *references, bool prints, lifecycle_operation *operation, void *data)
{
	int status = 0;

	for (size_t i = 0; i < references->count; i++) {
		int one = operate(references->items[i], operation, data);

		if (one)
			status = one;
		else if (prints)
			print_done(references->items[i]);
	}
	return status;
}

/* A process that does it; 0 when there can be none, and it was done here. */
static pid_t begin_operation(const char *reference, lifecycle_operation *operation, void *data, int *ret_status)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(operate(reference, operation, data));
	if (pid < 0)
		*ret_status = operate(reference, operation, data);
	return pid < 0 ? 0 : pid;
}

static int await_operation(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int lifecycle_for_all(const struct strings *references, const struct strings *names, lifecycle_operation *operation,
		      void *data)
{
	autofree pid_t *pids = xcalloc(references->count + 1, sizeof(*pids));
	autofree int *statuses = xcalloc(references->count + 1, sizeof(*statuses));
	int status = 0;

	fflush(stdout);
	for (size_t i = 0; i < references->count; i++)
		pids[i] = begin_operation(references->items[i], operation, data, &statuses[i]);
	for (size_t i = 0; i < references->count; i++) {
		if (pids[i])
			statuses[i] = await_operation(pids[i]);
		if (statuses[i])
			status = statuses[i];
		else
			print_done(names->items[i]);
	}
	return status;
}
