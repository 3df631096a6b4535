/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create and run: rows, checks, and the spec that they make. */
#pragma once

#include "base/command.h"
#include "model/spec.h"
#include "syscontainer/boot_options.h"
#include "syscontainer/device_options.h"
#include "syscontainer/environment_options.h"
#include "syscontainer/health_options.h"
#include "syscontainer/hook_options.h"
#include "syscontainer/limit_options.h"
#include "syscontainer/mount_options.h"
#include "syscontainer/namespace_options.h"
#include "syscontainer/network_file_options.h"
#include "syscontainer/proc_view_options.h"
#include "syscontainer/security_options.h"

#define CREATE_MAX_STRING 131072 /* what the kernel takes as one argument or variable, execve(2) MAX_ARG_STRLEN */

struct create_options {
	char *name, *hostname, *entrypoint, *working_directory, *user, *stop_signal, *restart, *external_rootfs, *user_remap,
		*cgroup_parent, *link_journal;
	struct strings groups;
	bool has_tty, has_stdin, removes_itself, is_privileged, is_system_container;
	int64_t stop_timeout_ms, start_timeout_ms;
	bool has_stop_timeout, has_start_timeout;
	struct cgroup_limits limits;
	struct environment_options environment;
	struct spec_network_files network_files;
	struct hook_options hooks;
	struct health_options health;
	struct namespace_options namespaces;
	struct device_options devices;
	struct security_options security;
	struct mount_options mounts;
	struct proc_view_options proc_view;
	struct boot_options boot;
	/* run only */
	bool is_detached;
	char *wait;
};

extern const struct create_options create_defaults;

int create_check_restart(const char *value, struct error *err);
int create_check_signal(const char *value, struct error *err);
int create_check_name(const char *value, struct error *err);
int create_check_hostname(const char *value, struct error *err);
int create_check_remap(const char *value, struct error *err);
int create_check_journal(const char *value, struct error *err);

/* Of update as well. */
#define JOURNAL_ROW(owner_, member_) \
	{ \
		.name = "link-journal", .type = OPTION_STRING, .offset = offsetof(owner_, member_), .argument = "WHERE", \
		.check = create_check_journal, .complete = "words no auto host try-host", \
		.help = "no, host or try-host: keep its journal in the host's /var/log/journal; auto: if it was before (default)" \
	}

#define CREATE_ROW(name_, letter_, type_, member_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(struct create_options, member_), \
		##__VA_ARGS__ \
	}
/* Every option that create and run have in common. */
#define CREATE_ROWS \
	CREATE_ROW("name", 'n', OPTION_STRING, name, .argument = "NAME", \
		   .help = "name of the container (default: the start of its id)", .check = create_check_name), \
		CREATE_ROW("hostname", 'h', OPTION_STRING, hostname, .argument = "NAME", \
			   .help = "host name of the guest (default: the start of the id)", \
			   .check = create_check_hostname), \
		CREATE_ROW("tty", 't', OPTION_FLAG, has_tty, .help = "give PID 1 the console as its terminal"), \
		CREATE_ROW("interactive", 'i', OPTION_FLAG, has_stdin, .help = "keep standard input open"), \
		CREATE_ROW("entrypoint", 0, OPTION_STRING, entrypoint, .argument = "PROGRAM", \
			   .help = "program that COMMAND becomes the arguments of"), \
		CREATE_ROW("workdir", 0, OPTION_STRING, working_directory, .argument = "DIR", \
			   .help = "working directory of PID 1; made when missing"), \
		CREATE_ROW("user", 'u', OPTION_STRING, user, .argument = "USER[:GROUP]", \
			   .help = "user of PID 1, name or number (default: root)"), \
		CREATE_ROW("group-add", 0, OPTION_STRINGS, groups, .argument = "GROUP", .help = "one more group of PID 1"), \
		CREATE_ROW("stop-signal", 0, OPTION_STRING, stop_signal, .argument = "SIGNAL", \
			   .help = "what asks PID 1 to end (default: by what it is)", .check = create_check_signal, \
			   .complete = "signal"), \
		CREATE_ROW( \
			"stop-timeout", 0, OPTION_DURATION, stop_timeout_ms, \
			.given_offset = offsetof(struct create_options, has_stop_timeout), .min = -1, .argument = "TIME", \
			.help = "how long stop waits before it kills (default: stop-timeout of daemon.json); -1: for ever"), \
		CREATE_ROW( \
			"timeout", 0, OPTION_DURATION, start_timeout_ms, \
			.given_offset = offsetof(struct create_options, has_start_timeout), .argument = "TIME", \
			.help = "how long a start waits until it is ready (default: start-timeout of daemon.json); 0: for ever"), \
		CREATE_ROW("rm", 0, OPTION_FLAG, removes_itself, .help = "remove the container when it ends"), \
		CREATE_ROW("restart", 0, OPTION_STRING, restart, .argument = "POLICY", .check = create_check_restart, \
			   .complete = "words no on-reboot on-failure always unless-stopped", \
			   .help = "no, on-reboot, on-failure[:N], always or unless-stopped"), \
		CREATE_ROW("system-container", 0, OPTION_FLAG, is_system_container, \
			   .help = "accepted for compatibility: there is no other kind"), \
		CREATE_ROW("external-rootfs", 0, OPTION_STRING, external_rootfs, .argument = "PATH", .complete = "file", \
			   .help = "the tree to boot; the ROOTFS operand is then a placeholder (none)"), \
		CREATE_ROW("user-remap", 0, OPTION_STRING, user_remap, .argument = "UID:GID:SIZE|auto|none", \
			   .check = create_check_remap, .complete = "words auto none", \
			   .help = "host ids of the guest (default: user-remap of daemon.json)"), \
		CREATE_ROW( \
			"privileged", 0, OPTION_FLAG, is_privileged, \
			.help = "root inside is root of the host, with all capabilities and system calls; not root-safe"), \
		CREATE_ROW( \
			"cgroup-parent", 0, OPTION_STRING, cgroup_parent, .argument = "PATH", \
			.help = "parent cgroup, or a slice of systemd: NAME.slice (default: cgroup-parent of daemon.json)"), \
		ENVIRONMENT_ROWS(struct create_options, environment), \
		NETWORK_FILE_ROWS(struct create_options, network_files), NAMESPACE_ROWS(struct create_options, namespaces), \
		DEVICE_ROWS(struct create_options, devices), MOUNT_ROWS(struct create_options, mounts), \
		SECURITY_ROWS(struct create_options, security), HOOK_ROWS(struct create_options, hooks), \
		HEALTH_ROWS(struct create_options, health), BOOT_ROWS(struct create_options, boot), \
		JOURNAL_ROW(struct create_options, link_journal), \
		PROC_VIEW_ROWS(struct create_options, proc_view) LIMIT_ROWS(struct create_options, limits)

/*
 * What the options and operands (ROOTFS [COMMAND [ARG...]]) ask for, checked against the host; defaults come from daemon.json. The caller
 * releases.
 */
int create_make_spec(const struct create_options *options, const struct strings *operands, struct spec *ret_spec,
		     struct error *err);
/* Makes the container of the spec (registry_add()) and fills its id. */
int create_container(struct spec *spec, struct error *err);
