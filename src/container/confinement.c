/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the default confinement of a container. */
#include "container/confinement.h"

#include <linux/capability.h>
#include <string.h>

#include "base/memory.h"

/* Only honoured in the host's user namespace, and without them systemd's own conditions skip what cannot work in a container. */
static const int never[] = {CAP_SYS_MODULE, CAP_SYS_RAWIO};
/* What a root that is the host's root does not need to run a system, but could use against the host. */
static const int not_as_host_root[] = {CAP_SYS_TIME,     CAP_WAKE_ALARM, CAP_MAC_ADMIN,
				       CAP_MAC_OVERRIDE, CAP_SYSLOG,     CAP_BLOCK_SUSPEND};

static uint64_t without(uint64_t set, const int *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set &= ~(UINT64_C(1) << list[i]);
	return set;
}

uint64_t confinement_capabilities(const struct spec *spec)
{
	uint64_t set = without(UINT64_MAX, never, ARRAY_SIZE(never));

	if (spec->idmap.size == 0 && !spec->is_privileged)
		set = without(set, not_as_host_root, ARRAY_SIZE(not_as_host_root));
	/* reboot(2) means the machine, or the container, whose processes these are. */
	if (!spec_namespace_is_own(&spec->namespaces, SPEC_NAMESPACE_PID))
		set &= ~(UINT64_C(1) << CAP_SYS_BOOT);
	return set;
}

/* The id's first 128 bits in the shape of a UUID: systemd makes the machine id of a tree without one from it. */
static void append_uuid(const struct spec *spec, struct strings *environment)
{
	const char *id = spec->id;

	strings_appendf(environment, "container_uuid=%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20);
}

static void set_values(const struct strings *items, struct strings *environment)
{
	for (size_t i = 0; i < items->count; i++) {
		const char *item = items->items[i];
		autofree char *key = xstrndup(item, strcspn(item, "="));

		strings_set_value(environment, key, strchr(item, '=') ? strchr(item, '=') + 1 : "");
	}
}

void confinement_environment(const struct spec *spec, const struct boot *boot, bool is_init, struct strings *ret_environment)
{
	strings_append(ret_environment, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	strings_append(ret_environment, "container=lxc"); /* how systemd sees a container of this kind */
	strings_appendf(ret_environment, "HOSTNAME=%s", spec->hostname);
	if (spec->has_tty)
		strings_append(ret_environment, "TERM=xterm");
	if (is_init) {
		append_uuid(spec, ret_environment);
		strings_append(ret_environment, "NOTIFY_SOCKET=/run/host/notify");
	}
	set_values(&boot->environment, ret_environment);
	set_values(&spec->environment, ret_environment);
}
