/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the answer to "what is this container doing right now". */
#include "container/container.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "container/control.h"
#include "kernel/cgroup_hidden.h"
#include "kernel/cgroup_tasks.h"
#include "kernel/files_limit.h"
#include "model/config.h"
#include "model/paths.h"
#include "model/registry.h"

#define SETTLE_TIMEOUT_MS  30000
#define MONITOR_SUFFIX     ".monitor"
#define PARENT_OF_MONITORS "/syscontainer"
#define KILL_TIMEOUT_MS    10000

static const char *const status_names[] = {
	[CONTAINER_INITED] = "inited",    [CONTAINER_STARTING] = "starting", [CONTAINER_RUNNING] = "running",
	[CONTAINER_STOPPING] = "running", [CONTAINER_PAUSED] = "paused",     [CONTAINER_RESTARTING] = "restarting",
	[CONTAINER_EXITED] = "exited",    [CONTAINER_BROKEN] = "broken",
};

static const enum container_status status_of_phase[] = {
	[BOOT_STARTING] = CONTAINER_STARTING, [BOOT_RUNNING] = CONTAINER_RUNNING,       [BOOT_READY] = CONTAINER_RUNNING,
	[BOOT_STOPPING] = CONTAINER_STOPPING, [BOOT_RESTARTING] = CONTAINER_RESTARTING, [BOOT_PAUSED] = CONTAINER_PAUSED,
};

const char *container_status_name(enum container_status status)
{
	return status_names[status];
}

static enum container_status determine_status(const struct container *container)
{
	struct process_id init = boot_process_id(&container->boot.init);

	if (container->has_monitor)
		return container->has_boot ? status_of_phase[container->boot.phase] : CONTAINER_STARTING;
	if (container->has_boot && procfs_is_alive(&init))
		return container->boot.phase == BOOT_PAUSED ? CONTAINER_PAUSED : CONTAINER_RUNNING;
	return container->state.was_started ? CONTAINER_EXITED : CONTAINER_INITED;
}

/* What will be on record when the host's boot or a start has buried it. Nobody saw its end, which was before the host came up. */
static void tell_cut_off(struct state *state)
{
	state->exit_code = STATE_EXIT_CODE_LOST;
	free(state->reason);
	state->reason = xstrdup(STATE_REASON_LOST);
	state->finished_ns = clock_real_ns() - clock_boot_ns();
}

/* Or it has ended since its state was loaded: that is read once more. */
static void load_cut_off(struct container *container)
{
	struct state state;

	if (state_load(container->id, &state, NULL) < 0)
		return;
	state_release(&container->state);
	container->state = state;
	container->is_cut_off = state.should_run;
	if (container->is_cut_off)
		tell_cut_off(&container->state);
}

static void load_live(struct container *container)
{
	struct container *c = container;

	/*
	 * The monitor removes boot.json, then gives up its lock; so a boot.json that is read first and a lock that is looked at
	 * afterwards can only err to the side of "orphan", which settling sorts out.
	 */
	bool is_readable = boot_load(c->id, &c->boot, &c->has_boot, c->problem.code ? NULL : &c->problem) >= 0;

	c->has_monitor = control_find_monitor(c->id) > 0;
	if (!is_readable || c->problem.code) {
		c->status = CONTAINER_BROKEN;
		return;
	}
	c->status = determine_status(c);
	c->is_orphan = !c->has_monitor && c->has_boot;
	if (!c->has_monitor && !c->has_boot && c->state.should_run)
		load_cut_off(c);
}

void container_load(const char *id, struct container *ret_container)
{
	struct container *c = ret_container;

	*c = (struct container){.id = xstrdup(id), .status = CONTAINER_BROKEN};
	if (spec_load(id, &c->spec, &c->problem) >= 0)
		state_load(id, &c->state, &c->problem);
	if (c->spec.health.command)
		health_load(id, &c->health, NULL); /* one that cannot be read is no reason to call the container broken */
	load_live(c);                              /* of a broken one too: it may run */
}

void container_reload(struct container *container)
{
	autofree char *id = xstrdup(container->id);

	container_release(container);
	container_load(id, container);
}

int container_open(const char *reference, struct container *ret_container, struct error *err)
{
	autofree char *id = NULL;
	int r = registry_resolve(reference, &id, err);

	if (r < 0)
		return r;
	container_load(id, ret_container);
	if (ret_container->is_orphan && ret_container->status != CONTAINER_BROKEN) {
		r = container_settle(id, err);
		if (r < 0) {
			container_release(ret_container);
			return error_prefix(err, "cannot repair container %s", reference);
		}
		container_reload(ret_container);
	}
	if (ret_container->status == CONTAINER_BROKEN) {
		autofree char *path = paths_container(id, NULL);

		/* Removed between the look-up and the load? */
		if (!file_exists(AT_FDCWD, path))
			r = error_set(err, -ENOENT, "No such container: %.256s", reference);
		else
			r = error_set(err, ret_container->problem.code, "container %s is broken: %s", reference,
				      ret_container->problem.message);
		container_release(ret_container);
		return r;
	}
	return 0;
}

void container_release(struct container *container)
{
	free(container->id);
	spec_release(&container->spec);
	state_release(&container->state);
	boot_release(&container->boot);
	health_release(&container->health);
	*container = (struct container){0};
}

bool container_is_live(const struct container *container)
{
	return container->status >= CONTAINER_STARTING && container->status <= CONTAINER_RESTARTING;
}

char *container_monitor_cgroup(const struct spec *spec)
{
	return xasprintf("%s/%s" MONITOR_SUFFIX, spec_has_slice(spec) ? PARENT_OF_MONITORS : spec->cgroup_parent, spec->id);
}

static int end_cgroup(const struct cgroup_host *host, const char *cgroup, const char *suffix, struct error *err)
{
	autofree char *path = xasprintf("%s%s", cgroup, suffix);
	/* Tasks in the state D would make us wait for ever; they are reported and left. */
	int r = cgroup_kill(host, path, KILL_TIMEOUT_MS, err);

	return r < 0 ? r : cgroup_remove(host, path, err);
}

/* What is in there is in a mounted hierarchy too, and dead by now. */
static int end_hidden_cgroups(const struct cgroup_host *host, const char *cgroup, struct error *err)
{
	autorelease(cgroup_hidden_release) struct cgroup_hidden hidden = {0};
	autofree char *parent = xstrndup(cgroup, (size_t)(strrchr(cgroup, '/') - cgroup));
	int r;

	cgroup_hidden_load(host, &hidden);
	if (!cgroup_exists(&hidden.host, cgroup))
		return 0;
	r = cgroup_remove(&hidden.host, cgroup, err);
	cgroup_remove_unused(&hidden.host, parent);
	cgroup_hidden_dissolve(&hidden);
	return r;
}

int container_end_cgroups(const struct cgroup_host *host, const char *cgroup, struct error *err)
{
	static const char *const suffixes[] = {"", ".keeper", ".pivot"};
	int result = 0, r;

	files_limit_end(host, cgroup); /* known by its cgroup, while that is there */
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		/* Only the first failure is told. */
		r = end_cgroup(host, cgroup, suffixes[i], result < 0 ? NULL : err);
		result = result < 0 ? result : r;
	}
	r = end_hidden_cgroups(host, cgroup, result < 0 ? NULL : err);
	return result < 0 ? result : r;
}

/* From the spec; or, when that cannot be read, from where PID 1 is; or from what new containers get. NULL when nothing tells it. */
static char *find_cgroup(const struct container *container, const struct cgroup_host *host)
{
	autorelease(config_release) struct config config = {0};
	autofree char *path = NULL;
	autofree char *own = xasprintf("/%s", container->id);
	char *end;

	if (container->spec.cgroup_parent)
		return spec_cgroup(&container->spec);
	if (container->has_boot && cgroup_of_process(host, container->boot.init.pid, NULL, &path, NULL) >= 0) {
		end = strstr(path, own);
		if (end) {
			end[strlen(own)] = '\0';
			return steal_ptr(path);
		}
	}
	if (config_load(&config, NULL) < 0)
		return NULL;
	return spec_cgroup(&(struct spec){.id = container->id, .cgroup_parent = config.cgroup_parent});
}

bool container_has_remains(const struct container *container)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	autorelease(cgroup_pids_release) struct cgroup_pids pids = {0};
	struct process_id init = boot_process_id(&container->boot.init);
	autofree char *cgroup = NULL;

	if (container->has_monitor || (container->has_boot && procfs_is_alive(&init)))
		return true;
	if (cgroup_host_load(&host, NULL) < 0)
		return false;
	cgroup = find_cgroup(container, &host);
	return cgroup && cgroup_list_tasks(&host, cgroup, &pids, NULL) >= 0 && pids.count > 0;
}

/* It was in one of two places; what is absent is fine. */
static int end_monitor_cgroup(const struct cgroup_host *host, const char *cgroup, const char *id, struct error *err)
{
	autofree char *elsewhere = xasprintf(PARENT_OF_MONITORS "/%s", id),
		      *parent = xstrndup(cgroup, (size_t)(strrchr(cgroup, '/') - cgroup));
	int r = end_cgroup(host, cgroup, MONITOR_SUFFIX, err);

	if (r >= 0)
		r = end_cgroup(host, elsewhere, MONITOR_SUFFIX, err);
	cgroup_remove_unused(host, parent);
	cgroup_remove_unused(host, PARENT_OF_MONITORS);
	return r;
}

int container_end_remains(const struct container *container, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	struct process_id init = boot_process_id(&container->boot.init);
	autofree char *cgroup = NULL, *shared = paths_run_host(container->id);
	autoclose int pidfd = -EBADF;
	int r = cgroup_host_load(&host, err);

	if (r < 0)
		return r;
	cgroup = find_cgroup(container, &host);
	if (container->has_boot && procfs_open_pidfd(&init, &pidfd, NULL) >= 0)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (cgroup)
		r = container_end_cgroups(&host, cgroup, err);
	if (cgroup && r >= 0)
		r = end_monitor_cgroup(&host, cgroup, container->id, err);
	return r < 0 ? r : file_remove_tree(AT_FDCWD, shared, err);
}

int container_sweep(const char *id, struct error *err)
{
	autofree char *state = paths_container(id, NULL), *run = paths_run_container(id, NULL);
	int r = file_sweep(state, err);

	return r < 0 ? r : file_sweep(run, err);
}

int container_lock(const char *id, int timeout_ms, int *ret_fd, struct error *err)
{
	autofree char *path = paths_container(id, "lock");
	int r = file_lock(AT_FDCWD, path, timeout_ms, ret_fd, err);

	if (r == -EWOULDBLOCK)
		return error_set(err, r, "another command is changing the container; try again when it is done");
	if (r == -ENOENT || (r == 0 && !file_exists(AT_FDCWD, path))) {
		/* Somebody removed it while we waited. */
		if (r == 0)
			close(*ret_fd);
		return error_set(err, -ENOENT, "the container was removed meanwhile");
	}
	if (r == 0)
		container_sweep(id, NULL); /* what stays is in nobody's way */
	return r;
}

static int settle(const char *id, const char *mode, struct error *err)
{
	autoclose int fd = control_start_monitor(id, mode, err);
	int r;

	if (fd < 0)
		return fd;
	r = control_finish(fd, SETTLE_TIMEOUT_MS, NULL, NULL, err);
	/* Another command was faster, or what was left has just been buried: the caller looks again. */
	return r == -ECONNRESET || r == -EBUSY ? 0 : r;
}

int container_settle(const char *id, struct error *err)
{
	return settle(id, "adopt", err);
}

int container_bury(const char *id, struct error *err)
{
	return settle(id, "bury", err);
}

int container_repair(const struct container *container, struct error *err)
{
	if (container->is_orphan)
		return container_settle(container->id, err);
	return container->is_cut_off ? container_bury(container->id, err) : 0;
}
