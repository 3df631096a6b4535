/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talking to a container's monitor: packets over the socket RUN/ID/monitor.sock.
 *
 * A packet is one JSON object, or, after an "attach" request, a byte of enum control_stream and raw data. Requests have "op"; the monitor
 * answers each with packets {"event": ...} and at last one {"done": true, "exit_status": N, "code": negative errno, "message": "..."}.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/json.h"

#define CONTROL_MAX_PACKET 65536

enum control_stream {
	CONTROL_JSON = '{',   /* the packet is JSON itself */
	CONTROL_STDIN = 'I',  /* to the monitor; empty: end of input */
	CONTROL_STDOUT = 'O', /* from the monitor */
	CONTROL_STDERR = 'E',
	CONTROL_SIZE = 'W', /* to the monitor: "ROWS COLUMNS" */
};

/* The process that holds RUN/ID/monitor.lock (a record lock, fcntl(2): gone with its holder), or 0. */
pid_t control_find_monitor(const char *id);
/* The monitor's side: takes that lock for the rest of its life. -EBUSY when another monitor has it. */
int control_hold_monitor_lock(const char *id, int *ret_fd, struct error *err);
/* The monitor's side: the listening socket. */
int control_listen(const char *id, int *ret_fd, struct error *err);

/* -ECONNREFUSED: there is no monitor. Returns the descriptor. */
int control_connect(const char *id, struct error *err);
/*
 * Starts a monitor, detached from us (setsid, reparented), and returns a descriptor that is its first client. `mode` is "boot",
 * "adopt" or "bury". The monitor lives on when we die.
 */
int control_start_monitor(const char *id, const char *mode, struct error *err);

int control_send(int fd, const struct json *packet, struct error *err);
int control_send_bytes(int fd, enum control_stream stream, const void *data, size_t length, struct error *err);
/*
 * One packet. *ret_stream CONTROL_JSON fills *ret_json, others *ret_data (borrowed from `buffer` of CONTROL_MAX_PACKET bytes). Returns 1, or 0 when the
 * other side hung up. timeout_ms < 0 waits for ever; -ETIMEDOUT.
 */
int control_receive(int fd, int timeout_ms, char *buffer, enum control_stream *ret_stream, struct json **ret_json,
		    const char **ret_data, size_t *ret_length, struct error *err);
/*
 * Sends a request that the caller gives up, waits for its "done" and turns that into a return value. `on_event` (may be NULL) sees the
 * packets, the last one too. Hung up before that: -ECONNRESET, "its monitor ended" (the container is gone or the monitor was killed).
 */
int control_request(const char *id, struct json *request, int timeout_ms,
		    void (*on_event)(const struct json *event, void *data), void *data, struct error *err);
/* The same over an open connection; the packets of an earlier request must have been read to their "done". */
int control_finish(int fd, int timeout_ms, void (*on_event)(const struct json *event, void *data), void *data,
		   struct error *err);
struct json *control_new_request(const char *operation);
