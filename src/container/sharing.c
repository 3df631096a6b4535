/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how a guest comes into the namespaces of another container. */
#include "container/sharing.h"

#include <string.h>

#include "base/memory.h"
#include "container/container.h"
#include "kernel/namespace.h"
#include "kernel/procfs.h"
#include "model/registry.h"

static int check_owner(const struct container *owner, enum spec_namespace kind, struct error *err)
{
	if (owner->status == CONTAINER_BROKEN)
		return error_set(err, owner->problem.code, "%s", owner->problem.message);
	if (owner->status != CONTAINER_RUNNING && owner->status != CONTAINER_STOPPING && owner->status != CONTAINER_PAUSED)
		return error_set(err, -ESRCH, "container %s does not run; start it first", owner->spec.name);
	if (kind == SPEC_NAMESPACE_IPC &&
	    strcmp(spec_namespace_mode(&owner->spec.namespaces, SPEC_NAMESPACE_IPC), "private") == 0)
		return error_set(err, -EPERM, "container %s was made with --ipc private, which nobody may share",
				 owner->spec.name);
	return 0;
}

/* A descriptor of its PID 1 and no pid: what is joined is surely the container's. */
static int join(const char *id, enum spec_namespace kind, struct error *err)
{
	autorelease(container_release) struct container owner = {0};
	autofree char *found = NULL;
	autoclose int pidfd = -EBADF;
	struct process_id init;
	int r = registry_resolve(id, &found, err); /* it may have been removed since */

	if (r < 0)
		return r;
	container_load(id, &owner);
	r = check_owner(&owner, kind, err);
	if (r < 0)
		return r;
	init = boot_process_id(&owner.boot.init);
	r = procfs_open_pidfd(&init, &pidfd, err);
	return r < 0 ? r : namespace_join(pidfd, spec_namespace_kinds[kind].flag, err);
}

int sharing_join(const struct spec *spec, struct error *err)
{
	for (enum spec_namespace kind = 0; kind < SPEC_NAMESPACE_COUNT; kind++) {
		const char *id = spec_namespace_container(&spec->namespaces, kind);

		if (id && join(id, kind, err) < 0)
			return error_prefix(err, "--%s container:%.12s", spec_namespace_kinds[kind].option, id);
	}
	return 0;
}
