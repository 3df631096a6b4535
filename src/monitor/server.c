/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the clients: commands that ask for something, wait for something, or are attached to the console. */
#include "monitor/monitor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "container/control.h"
#include "kernel/cgroup_freeze.h"
#include "model/event.h"

#define SLOW_CLIENT_MS 10000

enum wait_for { WAIT_NOTHING, WAIT_STARTED, WAIT_READY, WAIT_HEALTHY, WAIT_DOWN, WAIT_STOPPED };

struct client {
	struct monitor *monitor;
	struct client *next;
	int fd;
	struct loop_source *source, *slow_timer;
	enum wait_for waits_for;
	bool is_attached, has_input;
	bool is_stuck; /* its socket is full: nothing is read from the guest until it goes on */
	char *stuck_packet;
	size_t stuck_length;
	bool is_gone; /* freed by the next sweep_clients() */
};

static void client_close(struct client *client)
{
	client->is_gone = true;
	loop_remove(client->source);
	loop_remove(client->slow_timer);
	client->source = client->slow_timer = NULL;
	monitor_close(&client->fd);
}

/* Whoever made this monitor died before it asked for a boot: without guest and clients there is nothing to stay for. */
static void end_when_idle(struct monitor *monitor)
{
	if (monitor->run.is_active || monitor->restart_timer)
		return;
	for (const struct client *client = monitor->clients; client; client = client->next)
		if (!client->is_gone)
			return;
	loop_stop(monitor->loop);
}

static void sweep_clients(struct monitor *monitor)
{
	struct client **place = &monitor->clients;

	while (*place) {
		struct client *client = *place;

		if (!client->is_gone) {
			place = &client->next;
			continue;
		}
		*place = client->next;
		free(client->stuck_packet);
		free(client);
	}
}

static void update_flow(struct monitor *monitor)
{
	bool is_flowing = true;

	for (const struct client *client = monitor->clients; client; client = client->next)
		is_flowing = is_flowing && (client->is_gone || !client->is_stuck);
	console_set_flowing(monitor, is_flowing);
}

static void on_slow(struct loop_source *source, uint32_t events, void *data)
{
	struct client *client = data;

	(void)source;
	(void)events;
	client->slow_timer = NULL;
	client_close(client); /* a guest must not hang for a client that does not read */
	update_flow(client->monitor);
}

static void get_stuck(struct client *client, const void *packet, size_t length)
{
	client->is_stuck = true;
	client->stuck_packet = xmalloc(length);
	memcpy(client->stuck_packet, packet, length);
	client->stuck_length = length;
	client->slow_timer = loop_add_timer(client->monitor->loop, SLOW_CLIENT_MS, on_slow, client);
	loop_set_events(client->source, EPOLLIN | EPOLLOUT);
	update_flow(client->monitor);
}

static void get_unstuck(struct client *client)
{
	if (send(client->fd, client->stuck_packet, client->stuck_length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN)
			client_close(client);
		return;
	}
	free(steal_ptr(client->stuck_packet));
	client->is_stuck = false;
	loop_remove(client->slow_timer);
	client->slow_timer = NULL;
	loop_set_events(client->source, EPOLLIN);
	update_flow(client->monitor);
}

static void send_packet(struct client *client, const void *packet, size_t length)
{
	if (client->is_gone)
		return;
	if (client->is_stuck) {
		/* The last words of a container to a client that is late: wait for it, a little. */
		struct timeval limit = {.tv_sec = 2};

		setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		send(client->fd, client->stuck_packet, client->stuck_length, MSG_NOSIGNAL);
		free(steal_ptr(client->stuck_packet));
		client->is_stuck = false;
		send(client->fd, packet, length, MSG_NOSIGNAL);
		return;
	}
	if (send(client->fd, packet, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return;
	if (errno == EAGAIN)
		get_stuck(client, packet, length);
	else
		client_close(client);
}

static void send_json(struct client *client, struct json *packet)
{
	autorelease(json_free_scoped) struct json *owned = packet;
	autorelease(text_release) struct text out = {0};

	json_print(owned, 0, &out);
	send_packet(client, out.data, out.length);
}

/* The answer that ends a request. code 0: it worked, and `message` is a remark or NULL. */
static void send_done(struct client *client, int code, int exit_status, const char *message)
{
	struct json *packet = json_new_object();

	json_set(packet, "done", json_new_bool(true));
	json_set(packet, "code", json_new_integer(code));
	json_set(packet, "exit_status", json_new_integer(exit_status));
	json_set(packet, "message", json_new_string(message));
	send_json(client, packet);
}

static void send_event(struct client *client, const char *name, const char *detail)
{
	struct json *packet = json_new_object();

	json_set(packet, "event", json_new_string(name));
	if (detail)
		json_set(packet, "detail", json_new_string(detail));
	send_json(client, packet);
}

void server_send_output(struct monitor *monitor, int stream, const void *data, size_t length)
{
	autofree char *packet = xmalloc(length + 1);

	packet[0] = (char)stream;
	memcpy(packet + 1, data, length);
	for (struct client *client = monitor->clients; client; client = client->next)
		if (client->is_attached && !client->is_gone)
			send_packet(client, packet, length + 1);
}

static void answer_waiting(struct monitor *monitor, enum wait_for condition)
{
	for (struct client *client = monitor->clients; client; client = client->next) {
		if (client->is_gone || client->waits_for != condition)
			continue;
		client->waits_for = WAIT_NOTHING;
		send_done(client, 0, 0, NULL);
	}
}

void server_started(struct monitor *monitor)
{
	answer_waiting(monitor, WAIT_STARTED);
}

void server_ready(struct monitor *monitor)
{
	answer_waiting(monitor, WAIT_READY);
}

void server_down(struct monitor *monitor)
{
	answer_waiting(monitor, WAIT_DOWN);
}

void server_healthy(struct monitor *monitor)
{
	answer_waiting(monitor, WAIT_HEALTHY);
}

void server_boot_failed(struct monitor *monitor, const struct error *err)
{
	for (struct client *client = monitor->clients; client; client = client->next) {
		if (client->is_gone || (client->waits_for != WAIT_STARTED && client->waits_for != WAIT_READY &&
					client->waits_for != WAIT_HEALTHY && !client->is_attached))
			continue;
		client->waits_for = WAIT_NOTHING;
		client->is_attached = false;
		send_done(client, err->code, err->exit_status ? err->exit_status : 125, err->message);
	}
}

void server_stop_failed(struct monitor *monitor, const struct error *err)
{
	for (struct client *client = monitor->clients; client; client = client->next) {
		if (client->is_gone || client->waits_for != WAIT_STOPPED)
			continue;
		client->waits_for = WAIT_NOTHING;
		send_done(client, err->code, 0, err->message);
	}
}

void server_ended(struct monitor *monitor)
{
	const char *reason = monitor->state.reason ? monitor->state.reason : "unknown";

	for (struct client *client = monitor->clients; client; client = client->next) {
		if (client->is_gone)
			continue;
		if (client->waits_for == WAIT_READY || client->waits_for == WAIT_HEALTHY) {
			autofree char *early = xasprintf("it ended before it was %s: exit code %d, %s",
							 client->waits_for == WAIT_READY ? "ready" : "healthy",
							 monitor->state.exit_code, reason);

			send_done(client, -ECHILD, monitor->state.exit_code, early);
		} else if (client->waits_for == WAIT_STARTED || client->waits_for == WAIT_DOWN)
			send_done(client, 0, 0, NULL);
		else if (client->waits_for == WAIT_STOPPED || client->is_attached)
			send_done(client, 0, monitor->state.exit_code,
				  monitor->stop.remains.length ? monitor->stop.remains.data : NULL);
	}
}

static enum wait_for parse_condition(const char *word)
{
	return !word || strcmp(word, "started") == 0 ? WAIT_STARTED
	       : strcmp(word, "ready") == 0          ? WAIT_READY
	       : strcmp(word, "healthy") == 0        ? WAIT_HEALTHY
	       : strcmp(word, "down") == 0           ? WAIT_DOWN
	       : strcmp(word, "stopped") == 0        ? WAIT_STOPPED
						     : WAIT_NOTHING;
}

/* Registers the client for a condition, or answers at once when it holds. */
static void wait_for(struct client *client, enum wait_for condition)
{
	struct monitor *monitor = client->monitor;
	bool is_up = monitor->boot.phase != BOOT_STARTING && monitor->boot.phase != BOOT_RESTARTING;

	client->waits_for = condition;
	if (condition == WAIT_NOTHING || (condition == WAIT_DOWN && !monitor->run.is_active) ||
	    (condition == WAIT_STARTED && is_up) ||
	    (condition == WAIT_READY && is_up && monitor->boot.is_ready && !hooks_run_stage(monitor, SPEC_HOOK_POSTSTART) &&
	     !unit_holds_ready(monitor)) ||
	    (condition == WAIT_HEALTHY && is_up && monitor->health.now.status == HEALTH_HEALTHY)) {
		client->waits_for = WAIT_NOTHING;
		send_done(client, 0, 0, NULL);
	}
}

static void handle_boot(struct client *client, const struct json *request)
{
	struct monitor *monitor = client->monitor;
	enum wait_for condition = parse_condition(json_string(json_get(request, "wait")));
	const char *notify_socket = json_string(json_get(request, "notify_socket"));
	struct error error = {0};

	if (monitor->boot.phase == BOOT_PAUSED && monitor->run.is_active) {
		send_done(client, -EBUSY, 0, "Cannot start a paused container, try unpause instead.");
		return;
	}
	if (notify_socket && unit_join(monitor, client->fd, notify_socket, &error) < 0) {
		send_done(client, error.code, 0, error.message);
		return;
	}
	client->waits_for = condition;
	send_event(client, "accepted", NULL); /* from here on the caller need not hold the container's lock */
	if (!monitor->run.is_active)
		boot_begin(monitor);
	else
		wait_for(client, condition);
}

static void handle_wait(struct client *client, const struct json *request)
{
	wait_for(client, parse_condition(json_string(json_get(request, "for"))));
}

static void handle_stop(struct client *client, const struct json *request)
{
	int64_t timeout_ms = 10000;

	json_integer(json_get(request, "timeout_ms"), &timeout_ms);
	client->waits_for = WAIT_STOPPED;
	client->monitor->stop.is_for_host = json_bool(json_get(request, "is_for_host"));
	stop_request(client->monitor, timeout_ms, json_string(json_get(request, "signal")));
}

static void handle_kill(struct client *client, const struct json *request)
{
	struct monitor *monitor = client->monitor;
	int64_t number = 0;

	json_integer(json_get(request, "signal"), &number);
	if (!monitor->run.init_source && number != SIGKILL) {
		send_done(client, -ESRCH, 0, "it is not running");
		return;
	}
	if (number == SIGKILL) {
		client->waits_for = WAIT_STOPPED;
		stop_request(monitor, 0, "KILL");
		return;
	}
	event_log(monitor->id, monitor->spec.name, "kill", "signal=%d", (int)number);
	if (syscall(SYS_pidfd_send_signal, monitor->run.init_pidfd, (int)number, NULL, 0) < 0)
		send_done(client, -errno, 0, strerror(errno));
	else
		send_done(client, 0, 0, NULL);
}

static void freeze(struct client *client, bool is_frozen)
{
	struct monitor *monitor = client->monitor;
	autofree char *cgroup = spec_cgroup(&monitor->spec);
	struct error error = {0};
	enum boot_phase phase = is_frozen ? BOOT_PAUSED : monitor->boot.is_ready ? BOOT_READY : BOOT_RUNNING;

	/* A frozen probe would only run into its timeout. */
	if (is_frozen)
		health_cancel(monitor);
	if (cgroup_freeze(&monitor->cgroups, cgroup, is_frozen, MONITOR_FREEZE_TIMEOUT_MS, &error) < 0) {
		health_resume(monitor);
		send_done(client, error.code, 0, error.message);
		return;
	}
	monitor_set_phase(monitor, phase);
	if (!is_frozen)
		health_resume(monitor);
	event_log(monitor->id, monitor->spec.name, is_frozen ? "pause" : "unpause", "%s", "");
	send_done(client, 0, 0, NULL);
}

static void handle_pause(struct client *client, const struct json *request)
{
	int phase = client->monitor->boot.phase;

	(void)request;
	if (phase == BOOT_PAUSED)
		send_done(client, -EALREADY, 0, "it is already paused");
	else if (phase != BOOT_RUNNING && phase != BOOT_READY)
		send_done(client, -ESRCH, 0, "it is not running");
	else
		freeze(client, true);
}

static void handle_unpause(struct client *client, const struct json *request)
{
	(void)request;
	if (client->monitor->boot.phase != BOOT_PAUSED)
		send_done(client, -EINVAL, 0, "it is not paused");
	else
		freeze(client, false);
}

static void handle_attach(struct client *client, const struct json *request)
{
	client->is_attached = true;
	client->has_input = json_bool(json_get(request, "input"));
	send_event(client, "attached", NULL);
}

/* A command has changed what is plugged in. */
static void handle_plugged(struct client *client, const struct json *request)
{
	(void)request;
	follow_update(client->monitor);
	send_done(client, 0, 0, NULL);
}

static const struct {
	const char *operation;
	void (*handle)(struct client *client, const struct json *request);
} operations[] = {
	{"boot", handle_boot},   {"wait", handle_wait},       {"stop", handle_stop},     {"kill", handle_kill},
	{"pause", handle_pause}, {"unpause", handle_unpause}, {"attach", handle_attach}, {"plugged", handle_plugged},
};

static void handle_request(struct client *client, const char *bytes, size_t length)
{
	autorelease(json_free_scoped) struct json *request = NULL;
	struct error error = {0};
	const char *operation;

	if (json_parse(bytes, length, &request, &error) < 0) {
		send_done(client, error.code, 0, error.message);
		return;
	}
	operation = json_string(json_get(request, "op"));
	for (size_t i = 0; operation && i < ARRAY_SIZE(operations); i++) {
		if (strcmp(operations[i].operation, operation) != 0)
			continue;
		operations[i].handle(client, request);
		return;
	}
	send_done(client, -EOPNOTSUPP, 0,
		  "this monitor does not know the request; it is of another version than the command");
}

static void handle_size(struct client *client, const char *bytes, size_t length)
{
	autofree char *text = xstrndup(bytes, length);
	unsigned rows, columns;

	if (sscanf(text, "%u %u", &rows, &columns) == 2 && rows < 10000 && columns < 10000)
		console_resize(client->monitor, rows, columns);
}

static void handle_packet(struct client *client, char *packet, size_t length)
{
	switch ((enum control_stream)packet[0]) {
	case CONTROL_JSON:
		handle_request(client, packet, length);
		break;
	case CONTROL_STDIN:
		if (!client->has_input)
			break;
		if (length > 1)
			console_input(client->monitor, packet + 1, length - 1);
		else
			console_end_of_input(client->monitor);
		break;
	case CONTROL_SIZE:
		handle_size(client, packet + 1, length - 1);
		break;
	default:
		client_close(client);
	}
}

static void on_client(struct loop_source *source, uint32_t events, void *data)
{
	static char packet[CONTROL_MAX_PACKET];
	struct client *client = data;
	struct monitor *monitor = client->monitor;
	ssize_t length;

	(void)source;
	if ((events & EPOLLOUT) && client->is_stuck)
		get_unstuck(client);
	if (client->is_gone || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	length = recv(client->fd, packet, sizeof(packet), MSG_DONTWAIT);
	/* ECONNRESET comes once, before what a client that is gone had said. */
	if (length < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return;
	if (length <= 0) {
		client_close(client);
		update_flow(monitor);
		end_when_idle(monitor);
		return;
	}
	handle_packet(client, packet, (size_t)length);
}

void server_set_input_flowing(struct monitor *monitor, bool is_flowing)
{
	for (struct client *client = monitor->clients; client; client = client->next)
		if (client->has_input && !client->is_gone && !client->is_stuck)
			loop_set_events(client->source, is_flowing ? EPOLLIN : 0);
}

void server_add_client(struct monitor *monitor, int fd)
{
	struct client *client = xcalloc(1, sizeof(*client));
	int size = 4 * CONTROL_MAX_PACKET;

	sweep_clients(monitor);
	client->monitor = monitor;
	client->fd = fd;
	client->next = monitor->clients;
	monitor->clients = client;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	client->source = loop_add(monitor->loop, fd, EPOLLIN, on_client, client);
}

static bool is_root(int fd)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 && credentials.uid == 0;
}

static void on_connection(struct loop_source *source, uint32_t events, void *data)
{
	struct monitor *monitor = data;
	int fd = accept4(monitor->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	(void)source;
	(void)events;
	if (fd >= 0 && is_root(fd))
		server_add_client(monitor, fd);
	else
		monitor_close(&fd);
}

void server_watch(struct monitor *monitor)
{
	loop_add(monitor->loop, monitor->listen_fd, EPOLLIN, on_connection, monitor);
}
