/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how a link becomes a port of a bridge, and ceases to be one. */
#include "container/nic_bridge.h"

#include <string.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/trusted.h"

#define VSWITCH_TIMEOUT_MS 15000
#define VSWITCH_WAITS_S    "10" /* a little less, so that its own message comes first */
#define VSWITCH_NO         2    /* exit status of a question that is answered so; ovs-vsctl(8) */

static const char *const vswitch_places[] = {"/usr/bin/ovs-vsctl", "/usr/local/bin/ovs-vsctl"};

static char *find_vswitch(void)
{
	char *path;

	for (size_t i = 0; i < ARRAY_SIZE(vswitch_places); i++)
		if (trusted_resolve(vswitch_places[i], &path, NULL) == 0)
			return path;
	return NULL;
}

/* `arguments` end with NULL. 0, VSWITCH_NO, or an error. */
static int run_vswitch(const char *program, const char *const *arguments, struct error *err)
{
	const char *argv[16] = {"ovs-vsctl", "--timeout=" VSWITCH_WAITS_S};
	const struct process_run run = {.path = program, .argv = (char *const *)argv, .timeout_ms = VSWITCH_TIMEOUT_MS};
	autorelease(text_release) struct text errors = {0};
	int status, r;

	for (size_t i = 0; arguments[i] && i + 3 < ARRAY_SIZE(argv); i++)
		argv[i + 2] = arguments[i];
	r = process_run(&run, &status, NULL, &errors, err);
	if (r < 0)
		return error_prefix(err, "cannot ask Open vSwitch");
	if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == VSWITCH_NO))
		return WEXITSTATUS(status);
	return error_set(err, -EIO, "Open vSwitch refuses: %.*s", (int)strcspn(text_get(&errors), "\n"), text_get(&errors));
}

/* 1: a bridge of Linux; 0: none. `ret_index` may be NULL. */
static int find_linux_bridge(struct netlink *host, const char *bridge, int *ret_index, struct error *err)
{
	struct netlink_link link = {0};
	int r = netlink_link_find(host, bridge, &link, err);

	if (r == 1) {
		r = strcmp(link.kind, "bridge") == 0;
		if (ret_index)
			*ret_index = link.index;
		netlink_link_release(&link);
	}
	return r;
}

/* The program, when this is one of its bridges; the caller frees. */
static int find_vswitch_bridge(const char *bridge, char **ret_program, struct error *err)
{
	autofree char *program = find_vswitch();
	const char *const arguments[] = {"br-exists", bridge, NULL};
	int r;

	*ret_program = NULL;
	if (!program)
		return error_set(err, -ENODEV, "failed to add to bridge: the host has no bridge %s", bridge);
	r = run_vswitch(program, arguments, err);
	if (r < 0)
		return error_prefix(err, "failed to add to bridge: Linux has no bridge %s here", bridge);
	if (r > 0)
		return error_set(err, -ENODEV,
				 "failed to add to bridge: neither Linux nor Open vSwitch has a bridge %s here", bridge);
	if (r == 0)
		*ret_program = steal_ptr(program);
	return r;
}

int nic_bridge_check(struct netlink *host, const char *bridge, struct error *err)
{
	autofree char *program = NULL;
	int r = find_linux_bridge(host, bridge, NULL, err);

	if (r != 0)
		return r < 0 ? r : 0;
	return find_vswitch_bridge(bridge, &program, err);
}

static int set_master(struct netlink *host, const struct netlink_link *link, int master, struct error *err)
{
	struct netlink_link_change change = NETLINK_LINK_CHANGE_NOTHING;

	change.master = &master;
	if (link->master == master)
		return 0;
	if (netlink_link_change(host, link->index, &change, err) < 0)
		return error_prefix(err, "failed to add to bridge: %s", link->name);
	return 0;
}

int nic_bridge_join(struct netlink *host, const struct netlink_link *link, const char *bridge, struct error *err)
{
	autofree char *program = NULL;
	int index = 0, r;

	if (!bridge)
		return set_master(host, link, 0, err);
	r = find_linux_bridge(host, bridge, &index, err);
	if (r != 0)
		return r < 0 ? r : set_master(host, link, index, err);
	r = find_vswitch_bridge(bridge, &program, err);
	if (r == 0) {
		/* In one transaction: it may be a port of another one. */
		const char *const arguments[] = {"--if-exists", "del-port", link->name, "--", "--may-exist",
						 "add-port",    bridge,     link->name, NULL};

		r = run_vswitch(program, arguments, err);
	}
	return r;
}

void nic_bridge_leave(struct netlink *host, const char *name, const char *bridge)
{
	const char *const arguments[] = {"--if-exists", "del-port", name, NULL};
	autofree char *program = NULL;

	if (!bridge || find_linux_bridge(host, bridge, NULL, NULL) != 0)
		return;
	program = find_vswitch();
	if (program)
		run_vswitch(program, arguments, NULL);
}
