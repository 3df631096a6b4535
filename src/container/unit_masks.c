/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns which units of a guest are masked. */
#include "container/unit_masks.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/utsname.h>

#include "base/memory.h"
#include "container/confinement.h"
#include "container/guest_layout.h"
#include "kernel/capability.h"
#include "kernel/namespace.h"
#include "kernel/root.h"

#define MODULES_UNIT "/run/systemd/system/systemd-modules-load.service"

static bool has_modules(int root_fd)
{
	autofree char *path = NULL;
	autoclose int fd = -EBADF;
	struct utsname name;

	uname(&name);
	path = xasprintf("/lib/modules/%s", name.release);
	fd = root_open(root_fd, path, O_PATH | O_DIRECTORY, 0, NULL);
	return fd >= 0;
}

/* Runs in the guest, as its root. */
static int apply(void *data, struct error *err)
{
	const struct spec *spec = data;
	autoclose int root_fd = root_open_own(err), fd = -EBADF;
	struct guest_facts facts;

	if (root_fd < 0)
		return root_fd;
	guest_facts_find(root_fd, spec->command.items[0], &facts);
	if (facts.init != INIT_SYSTEMD || has_modules(root_fd))
		return 0;
	fd = root_make_point(root_fd, MODULES_UNIT, false, err);
	return fd < 0 ? fd : 0;
}

int unit_masks_apply(const struct spec *spec, int pidfd, pid_t pid, struct error *err)
{
	int r, flags;

	if (!(confinement_capabilities(spec) & CAPABILITY_BIT(CAP_SYS_MODULE)))
		return 0;
	r = namespace_differing(pid, &flags, err);
	/* Its /proc, which tells what the program is, knows those of its own pid namespace only. */
	flags &= CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID;
	return r < 0 ? r : namespace_run(pidfd, flags, apply, (void *)spec, err);
}
