/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the two freezers of Linux. */
#include "kernel/cgroup_freeze.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"

#define EVENTS_MAX   4096
#define PAUSE_MAX_MS 20

/* How a generation is told, and where it answers. */
struct freezer {
	const char *file;
	const char *requests[2]; /* thawed, frozen */
	const char *state_file;
	const char *states[2]; /* the line of state_file that says so */
	short events;          /* that poll(2) gives for a change of state_file; 0 where it is never told */
};

static const struct freezer freezers[] = {
	{"freezer.state", {"THAWED", "FROZEN"}, "freezer.state", {"THAWED", "FROZEN"}, 0},
	{"cgroup.freeze", {"0", "1"}, "cgroup.events", {"frozen 0", "frozen 1"}, POLLPRI},
};

static int open_cgroup(const struct cgroup_host *host, const char *path, const struct freezer **ret_freezer, int *ret_fd,
		       struct error *err)
{
	const struct cgroup_hierarchy *hierarchy;
	autofree char *directory = NULL;
	int r;

	r = cgroup_path_check(path, err);
	if (r >= 0)
		r = cgroup_require(host, "freezer", "pause", &hierarchy, err);
	if (r < 0)
		return r;
	directory = cgroup_directory(hierarchy, path);
	*ret_freezer = &freezers[hierarchy->is_v2];
	*ret_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? error_set_errno(err, "cannot open the cgroup %s", directory) : 0;
}

static bool is_in_state(int fd, const struct freezer *freezer, bool frozen)
{
	autorelease(strings_release) struct strings lines = {0};
	autofree char *content = NULL;

	if (file_read(fd, freezer->state_file, EVENTS_MAX, &content, NULL, NULL) < 0)
		return false;
	strings_split(&lines, content, "\n");
	return strings_contain(&lines, freezer->states[frozen]);
}

/* Until the state may have changed, or some ms have passed. */
static void wait_for_change(const struct freezer *freezer, int state_fd, int pause_ms)
{
	struct pollfd change = {.fd = freezer->events ? state_fd : -1, .events = freezer->events};

	poll(&change, 1, pause_ms);
}

static int request(int fd, const struct freezer *freezer, bool frozen, struct error *err)
{
	return file_write_value(fd, freezer->file, freezer->requests[frozen], err);
}

static int wait_for_state(int fd, const struct freezer *freezer, bool frozen, int64_t deadline_ms)
{
	autoclose int state_fd = openat(fd, freezer->state_file, O_RDONLY | O_CLOEXEC);
	int pause_ms = 1;

	while (!is_in_state(fd, freezer, frozen)) {
		int64_t left_ms = deadline_ms - clock_monotonic_ms();
		char seen[EVENTS_MAX];

		if (left_ms <= 0)
			return -ETIMEDOUT;
		wait_for_change(freezer, state_fd, left_ms < pause_ms ? (int)left_ms : pause_ms);
		/* poll(2) tells of changes since the last read of this very descriptor. */
		if (pread(state_fd, seen, sizeof(seen), 0) < 0)
			return -ENOENT;
		if (pause_ms < PAUSE_MAX_MS)
			pause_ms *= 2;
		/* A v1 freezer can hang in FREEZING on tasks that were being made; asked again it goes on. */
		if (!freezer->events)
			request(fd, freezer, frozen, NULL);
	}
	return 0;
}

int cgroup_freeze(const struct cgroup_host *host, const char *path, bool frozen, int timeout_ms, struct error *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
	const struct freezer *freezer;
	autoclose int fd = -EBADF;
	int r;

	r = open_cgroup(host, path, &freezer, &fd, err);
	if (r >= 0)
		r = request(fd, freezer, frozen, err);
	if (r < 0)
		return r;
	r = wait_for_state(fd, freezer, frozen, deadline_ms);
	if (r >= 0)
		return 0;
	request(fd, freezer, !frozen, NULL);
	if (r != -ETIMEDOUT)
		return error_set(err, r, "the cgroup %s vanished while it was being %s", path, frozen ? "frozen" : "thawed");
	return error_set(
		err, r,
		"the tasks of the cgroup %s were not %s within %d ms, so this was undone; one of them hangs in the kernel",
		path, frozen ? "frozen" : "thawed", timeout_ms);
}

int cgroup_is_frozen(const struct cgroup_host *host, const char *path, struct error *err)
{
	const struct freezer *freezer;
	autoclose int fd = -EBADF;
	int r;

	r = open_cgroup(host, path, &freezer, &fd, err);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : is_in_state(fd, freezer, true);
}
