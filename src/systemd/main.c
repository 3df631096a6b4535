/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns what we ask of the host's systemd and systemd-machined by D-Bus. A program of its own, so that nothing else links libsystemd; the others run it through
 * container/host_units.h, and a host without systemd never sees it.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/strings.h"
#include "container/host_units.h"

#define PRIVATE_SOCKET "unix:path=/run/systemd/private" /* systemd's own: root needs no dbus-daemon there */

#define SYSTEMD         "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

#define MACHINED         "org.freedesktop.machine1"
#define MACHINED_PATH    "/org/freedesktop/machine1"
#define MACHINED_MANAGER "org.freedesktop.machine1.Manager"
#define OUR_SERVICE      "syscontainer"

#define CALL_TIMEOUT_US   (10 * (uint64_t)1000000)
#define RELOAD_TIMEOUT_US (180 * (uint64_t)1000000) /* it runs generators; systemctl has the same patience */
#define AGAIN_TIMEOUT_MS  5000                      /* the scope or machine of the boot before may still be going away */
#define AGAIN_PAUSE_NS    20000000

static int fail_with(struct error *err, int r, const sd_bus_error *reason, const char *what)
{
	return error_set(err, r, "%s: %s", what, reason && reason->message ? reason->message : strerror(-r));
}

static void pause_before_again(void)
{
	nanosleep(&(struct timespec){.tv_nsec = AGAIN_PAUSE_NS}, NULL);
}

/* --- systemd ---------------------------------------------------------------------------------------------------------- */

static int open_manager(sd_bus **ret_bus, struct error *err)
{
	__attribute__((cleanup(sd_bus_unrefp))) sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, PRIVATE_SOCKET);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		return error_set(err, r, "cannot reach systemd on /run/systemd/private: %s", strerror(-r));
	sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_US);
	*ret_bus = steal_ptr(bus);
	return 0;
}

struct job {
	char *path, *unit, *result; /* result: NULL while it is not done */
};

struct jobs {
	struct job *items;
	size_t count;
};

static void jobs_release(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		free(jobs->items[i].path);
		free(jobs->items[i].unit);
		free(jobs->items[i].result);
	}
	free(jobs->items);
}

static int on_job_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct jobs *jobs = data;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	for (size_t i = 0; i < jobs->count; i++)
		if (!jobs->items[i].result && strcmp(jobs->items[i].path, path) == 0)
			jobs->items[i].result = xstrdup(result);
	return 0;
}

/* On a connection of its own nobody names a sender, so none is asked for. Signals are handled by await_jobs() only. */
static int watch_jobs(sd_bus *bus, struct jobs *jobs, struct error *err)
{
	int r = sd_bus_match_signal(bus, NULL, NULL, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved", on_job_removed, jobs);

	return r < 0 ? fail_with(err, r, NULL, "cannot watch the jobs of systemd") : 0;
}

static int add_job(struct jobs *jobs, const char *unit, sd_bus_message *reply, struct error *err)
{
	const char *path;
	int r = sd_bus_message_read(reply, "o", &path);

	if (r < 0)
		return fail_with(err, r, NULL, unit);
	jobs->items = xreallocarray(jobs->items, jobs->count + 1, sizeof(*jobs->items));
	jobs->items[jobs->count++] = (struct job){.path = xstrdup(path), .unit = xstrdup(unit)};
	return 0;
}

static size_t count_pending(const struct jobs *jobs)
{
	size_t pending = 0;

	for (size_t i = 0; i < jobs->count; i++)
		pending += !jobs->items[i].result;
	return pending;
}

/* timeout_ms <= 0 waits for ever; -ETIMEDOUT. */
static int await_jobs(sd_bus *bus, const struct jobs *jobs, int64_t timeout_ms, struct error *err)
{
	int64_t deadline_ms = timeout_ms > 0 ? clock_monotonic_ms() + timeout_ms : 0;

	while (count_pending(jobs)) {
		int64_t left_ms = deadline_ms ? deadline_ms - clock_monotonic_ms() : 0;
		int r = sd_bus_process(bus, NULL);

		if (r == 0 && deadline_ms && left_ms <= 0)
			return error_set(err, -ETIMEDOUT, "systemd has not done it in time");
		if (r == 0)
			r = sd_bus_wait(bus, deadline_ms ? (uint64_t)left_ms * 1000 : UINT64_MAX);
		if (r < 0 && r != -EINTR)
			return fail_with(err, r, NULL, "systemd is gone");
	}
	return 0;
}

static int check_jobs(const struct jobs *jobs, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < jobs->count; i++) {
		const struct job *job = &jobs->items[i];

		/* A condition of the unit's that does not hold, "skipped", is the administrator's wish. */
		if (strcmp(job->result, "done") == 0)
			continue;
		r = error_set_exit(err, -EIO, strcmp(job->result, "failed") == 0 ? HOST_UNITS_FAILED : HOST_UNITS_REFUSED,
				   "%s: systemd did not start it: %s", job->unit, job->result);
	}
	return r;
}

/* --- scope ------------------------------------------------------------------------------------------------------------ */

struct scope_options {
	char *description;
	struct strings before;
};

static const struct option_row scope_rows[] = {
	{.name = "description",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct scope_options, description),
	 .argument = "TEXT",
	 .help = "what systemctl says it is"},
	{.name = "before",
	 .type = OPTION_STRINGS,
	 .offset = offsetof(struct scope_options, before),
	 .argument = "UNIT",
	 .help = "a unit that is stopped before it when both are"},
	{.name = NULL},
};

/* We write limits below it and nobody else does: Delegate=. What binds containers is said to us. */
static int append_properties(sd_bus_message *message, const struct scope_options *options, const char *slice, uint32_t pid)
{
	int r = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s",
				      options->description ? options->description : "", "Slice", "s", slice, "PIDs", "au", 1,
				      pid, "Delegate", "b", 1, "TasksMax", "t", UINT64_MAX, "CollectMode", "s",
				      "inactive-or-failed");

	if (r < 0 || options->before.count == 0)
		return r;
	r = sd_bus_message_open_container(message, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(message, "s", "Before");
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_append_strv(message, options->before.items);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int make_scope_request(sd_bus *bus, const struct scope_options *options, const char *name, const char *slice,
			      uint32_t pid, sd_bus_message **ret_message)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL;
	int r = sd_bus_message_new_method_call(bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");

	if (r >= 0)
		r = sd_bus_message_append(message, "ss", name, "fail");
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "(sv)");
	if (r >= 0)
		r = append_properties(message, options, slice, pid);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	if (r >= 0)
		r = sd_bus_message_append(message, "a(sa(sv))", 0);
	if (r >= 0)
		*ret_message = steal_ptr(message);
	return r;
}

/* -EAGAIN: systemd has not yet forgotten the scope of the boot before. */
static int request_scope(sd_bus *bus, struct jobs *jobs, const struct scope_options *options, const char *name,
			 const char *slice, uint32_t pid, struct error *err)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *request = NULL, *reply = NULL;
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = make_scope_request(bus, options, name, slice, pid, &request);

	if (r >= 0)
		r = sd_bus_call(bus, request, 0, &error, &reply);
	if (r >= 0)
		return add_job(jobs, name, reply, err);
	fail_with(err, r, &error, name);
	return sd_bus_error_has_name(&error, SYSTEMD ".UnitExists") ? -EAGAIN : r;
}

static int run_scope(void *data, const struct strings *operands, struct error *err)
{
	__attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
	autorelease(jobs_release) struct jobs jobs = {0};
	int64_t pid, deadline_ms = clock_monotonic_ms() + AGAIN_TIMEOUT_MS;
	int r = number_parse(operands->items[2], 1, INT32_MAX, &pid, err);

	if (r == 0)
		r = open_manager(&bus, err);
	if (r == 0)
		r = watch_jobs(bus, &jobs, err);
	if (r < 0)
		return r;
	while ((r = request_scope(bus, &jobs, data, operands->items[0], operands->items[1], (uint32_t)pid, err)) ==
		       -EAGAIN &&
	       clock_monotonic_ms() < deadline_ms)
		pause_before_again();
	if (r == 0)
		r = await_jobs(bus, &jobs, (int64_t)CALL_TIMEOUT_US / 1000, err);
	return r < 0 ? r : check_jobs(&jobs, err);
}

static const struct command command_scope = {
	.name = "scope",
	.arguments = "[OPTIONS] NAME SLICE PID",
	.summary = "Make a scope that is handed over to its processes, and move a process there",
	.options = scope_rows,
	.options_size = sizeof(struct scope_options),
	.min_operands = 3,
	.max_operands = 3,
	.run = run_scope,
};

/* --- start ------------------------------------------------------------------------------------------------------------ */

struct start_options {
	bool does_not_wait;
	int64_t timeout_ms;
};

static const struct option_row start_rows[] = {
	{.name = "no-wait",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct start_options, does_not_wait),
	 .help = "return when systemd has taken it"},
	{.name = "timeout",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct start_options, timeout_ms),
	 .argument = "TIME",
	 .help = "return after this time, whatever systemd does"},
	{.name = NULL},
};

static int request_start(sd_bus *bus, struct jobs *jobs, const char *unit, struct error *err)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	int r = sd_bus_call_method(bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartUnit", &error, &reply, "ss", unit,
				   "replace");

	if (r >= 0)
		return add_job(jobs, unit, reply, err);
	fail_with(err, r, &error, unit);
	if (err)
		err->exit_status =
			sd_bus_error_has_name(&error, SYSTEMD ".NoSuchUnit") ? HOST_UNITS_ABSENT : HOST_UNITS_REFUSED;
	return r;
}

static int run_start(void *data, const struct strings *operands, struct error *err)
{
	__attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
	const struct start_options *options = data;
	autorelease(jobs_release) struct jobs jobs = {0};
	int r = open_manager(&bus, err);

	if (r < 0)
		return error_set_exit(err, r, HOST_UNITS_ABSENT, "%s", err->message);
	r = watch_jobs(bus, &jobs, err);
	for (size_t i = 0; i < operands->count && r == 0; i++)
		r = request_start(bus, &jobs, operands->items[i], err);
	if (r < 0 || options->does_not_wait)
		return r;
	r = await_jobs(bus, &jobs, options->timeout_ms, err);
	if (r == -ETIMEDOUT)
		return error_set_exit(err, r, HOST_UNITS_PENDING, "%s", err->message);
	return r < 0 ? r : check_jobs(&jobs, err);
}

static const struct command command_start = {
	.name = "start",
	.arguments = "[OPTIONS] UNIT [UNIT...]",
	.summary = "Start units, all at once",
	.options = start_rows,
	.options_size = sizeof(struct start_options),
	.min_operands = 1,
	.run = run_start,
};

/* --- enable, disable -------------------------------------------------------------------------------------------------- */

/* As systemctl does: the links first, then whoever asks what a unit wants shall hear of them. */
static int change_unit_files(bool is_enabled, const struct strings *units, struct error *err)
{
	__attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *request = NULL;
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *method = is_enabled ? "EnableUnitFiles" : "DisableUnitFiles";
	int r = open_manager(&bus, err);

	if (r < 0)
		return error_set_exit(err, r, HOST_UNITS_ABSENT, "%s", err->message);
	sd_bus_set_method_call_timeout(bus, RELOAD_TIMEOUT_US);
	r = sd_bus_message_new_method_call(bus, &request, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
	if (r >= 0)
		r = sd_bus_message_append_strv(request, units->items);
	if (r >= 0)
		r = sd_bus_message_append(request, "b", 0); /* not until the host's next boot only */
	if (r >= 0 && is_enabled)
		r = sd_bus_message_append(request, "b", 0); /* nothing that is in the way is replaced */
	if (r >= 0)
		r = sd_bus_call(bus, request, 0, &error, NULL);
	if (r == -ENOENT)
		return error_set_exit(err, r, HOST_UNITS_ABSENT, "%s: %s", units->items[0], error.message);
	if (r >= 0)
		r = sd_bus_call_method(bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reload", &error, NULL, NULL);
	return r < 0 ? fail_with(err, r, &error, units->items[0]) : 0;
}

static int run_enable(void *data, const struct strings *operands, struct error *err)
{
	(void)data;
	return change_unit_files(true, operands, err);
}

static int run_disable(void *data, const struct strings *operands, struct error *err)
{
	(void)data;
	return change_unit_files(false, operands, err);
}

static const struct command command_enable = {
	.name = "enable",
	.arguments = "UNIT [UNIT...]",
	.summary = "Enable units, as systemctl enable",
	.min_operands = 1,
	.run = run_enable,
};

static const struct command command_disable = {
	.name = "disable",
	.arguments = "UNIT [UNIT...]",
	.summary = "Disable units, as systemctl disable",
	.min_operands = 1,
	.run = run_disable,
};

/* --- state ------------------------------------------------------------------------------------------------------------ */

static int run_state(void *data, const struct strings *operands, struct error *err)
{
	__attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	autofree char *state = NULL;
	int r = open_manager(&bus, err);

	(void)data;
	(void)operands;
	if (r < 0)
		return r;
	r = sd_bus_get_property_string(bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "SystemState", &error, &state);
	if (r < 0)
		return fail_with(err, r, &error, "cannot ask systemd for its state");
	return puts(state) < 0 ? -EIO : 0;
}

static const struct command command_state = {
	.name = "state",
	.arguments = "",
	.summary = "Print what the host is doing: running, stopping, ... as systemctl is-system-running",
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run_state,
};

/* --- machine ---------------------------------------------------------------------------------------------------------- */

static bool is_absence(const sd_bus_error *error)
{
	static const char *const names[] = {
		"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.systemd1.NoSuchUnit",       "org.freedesktop.systemd1.UnitMasked",
		"org.freedesktop.systemd1.LoadFailed",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (sd_bus_error_has_name(error, names[i]))
			return true;
	return false;
}

static int get_machine(sd_bus *bus, const char *name, char **ret_service, uint32_t *ret_leader)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	const char *path;
	int r = sd_bus_call_method(bus, MACHINED, MACHINED_PATH, MACHINED_MANAGER, "GetMachine", NULL, &reply, "s", name);

	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		r = sd_bus_get_property_string(bus, MACHINED, path, MACHINED ".Machine", "Service", NULL, ret_service);
	if (r >= 0)
		r = sd_bus_get_property_trivial(bus, MACHINED, path, MACHINED ".Machine", "Leader", NULL, 'u', ret_leader);
	return r;
}

/* The name is taken: 0 by this very guest, -EAGAIN by an earlier boot of it, which goes away; a machine of somebody else stays. */
static int look_at_namesake(sd_bus *bus, const char *name, uint32_t leader, struct error *err)
{
	autofree char *service = NULL;
	uint32_t other = 0;

	if (get_machine(bus, name, &service, &other) < 0)
		return -EAGAIN;
	if (strcmp(service, OUR_SERVICE) != 0)
		return error_set(err, -EEXIST, "there is another machine %s, of %s", name,
				 *service ? service : "an unknown service");
	if (other == leader)
		return 0;
	sd_bus_call_method(bus, MACHINED, MACHINED_PATH, MACHINED_MANAGER, "UnregisterMachine", NULL, NULL, "s", name);
	return -EAGAIN;
}

static int register_machine(sd_bus *bus, const char *name, sd_id128_t id, uint32_t leader, const char *root,
			    struct error *err)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(bus, MACHINED, MACHINED_PATH, MACHINED_MANAGER, "RegisterMachine", &error, NULL,
				   "sayssus", name, 16, SD_ID128_FORMAT_VAL(id), OUR_SERVICE, "container", leader, root);

	if (r >= 0 || is_absence(&error))
		return 0;
	if (sd_bus_error_has_name(&error, MACHINED ".MachineExists"))
		return look_at_namesake(bus, name, leader, err);
	return fail_with(err, r, &error, "systemd-machined does not take it");
}

static int run_machine(void *data, const struct strings *operands, struct error *err)
{
	__attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
	int64_t leader, deadline_ms = clock_monotonic_ms() + AGAIN_TIMEOUT_MS;
	sd_id128_t id;
	int r = number_parse(operands->items[2], 1, INT32_MAX, &leader, err);

	(void)data;
	if (r < 0)
		return r;
	r = sd_id128_from_string(operands->items[1], &id);
	if (r < 0)
		return error_set(err, r, "'%s' is no machine id", operands->items[1]);
	if (sd_bus_open_system(&bus) < 0)
		return 0; /* without D-Bus there is no machined either */
	sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_US);
	error_set(err, -EEXIST, "an earlier boot of it is still registered");
	while ((r = register_machine(bus, operands->items[0], id, (uint32_t)leader, operands->items[3], err)) == -EAGAIN &&
	       clock_monotonic_ms() < deadline_ms)
		pause_before_again();
	return r;
}

static const struct command command_machine = {
	.name = "machine",
	.arguments = "NAME MACHINE-ID LEADER ROOT",
	.summary = "Register a guest with systemd-machined, if there is one",
	.min_operands = 4,
	.max_operands = 4,
	.run = run_machine,
};

int main(int argc, char **argv)
{
	static const struct command *const commands[] = {
		&command_disable, &command_enable, &command_machine, &command_scope, &command_start, &command_state, NULL};
	static const struct command_program program = {
		.name = "syscontainer-systemd",
		.summary = "Ask the host's systemd",
		.version = PACKAGE_VERSION,
		.commands = commands,
	};

	return command_main(&program, argc, argv);
}
