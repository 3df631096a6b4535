/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of create and run for namespaces and kernel parameters. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "model/spec.h"

struct namespace_options {
	char *modes[SPEC_NAMESPACE_COUNT]; /* by enum spec_namespace */
	char *user;                        /* --userns */
	struct strings sysctls, writable;
};

int namespace_options_check_net(const char *value, struct error *err);
int namespace_options_check_pid(const char *value, struct error *err);
int namespace_options_check_ipc(const char *value, struct error *err);
int namespace_options_check_uts(const char *value, struct error *err);
int namespace_options_check_writable(const char *value, struct error *err);
extern const char *const namespace_options_plain_words[]; /* private, host */

#define NAMESPACE_ROW(owner_, member_, name_, type_, field_, ...) \
	{ \
		.name = name_, .type = type_, .offset = offsetof(owner_, member_.field_), ##__VA_ARGS__ \
	}
#define NAMESPACE_ROWS(owner_, member_) \
	NAMESPACE_ROW(owner_, member_, "net", OPTION_STRING, modes[SPEC_NAMESPACE_NET], \
		      .argument = "none|host|container:X", .check = namespace_options_check_net, \
		      .complete = "words none host container:", \
		      .help = "network: of its own with nothing in it (none), or shared"), \
		NAMESPACE_ROW(owner_, member_, "network", OPTION_STRING, modes[SPEC_NAMESPACE_NET], \
			      .check = namespace_options_check_net), \
		NAMESPACE_ROW(owner_, member_, "pid", OPTION_STRING, modes[SPEC_NAMESPACE_PID], \
			      .argument = "private|host|container:X", .check = namespace_options_check_pid, \
			      .complete = "words private host container:", \
			      .help = "processes: of its own, or shared; an init cannot run among those of others"), \
		NAMESPACE_ROW( \
			owner_, member_, "ipc", OPTION_STRING, modes[SPEC_NAMESPACE_IPC], \
			.argument = "shareable|private|host|container:X", .check = namespace_options_check_ipc, \
			.complete = "words shareable private host container:", \
			.help = "System V IPC and message queues: of its own (private: no other container may join), or shared"), \
		NAMESPACE_ROW(owner_, member_, "uts", OPTION_STRING, modes[SPEC_NAMESPACE_UTS], \
			      .argument = "private|host|container:X", .check = namespace_options_check_uts, \
			      .complete = "words private host container:", .help = "host name: of its own, or shared"), \
		NAMESPACE_ROW(owner_, member_, "cgroupns", OPTION_CHOICE, modes[SPEC_NAMESPACE_CGROUP], \
			      .argument = "private|host", .choices = namespace_options_plain_words, \
			      .help = "whether the guest sees where its cgroup is on the host"), \
		NAMESPACE_ROW( \
			owner_, member_, "timens", OPTION_CHOICE, modes[SPEC_NAMESPACE_TIME], .argument = "private|host", \
			.choices = namespace_options_plain_words, \
			.help = "whether uptime begins with the guest's boot (default: where the kernel can) or the host's"), \
		NAMESPACE_ROW(owner_, member_, "userns", OPTION_CHOICE, user, .argument = "private|host", \
			      .choices = namespace_options_plain_words, .help = "host: the same as --user-remap none"), \
		NAMESPACE_ROW(owner_, member_, "sysctl", OPTION_STRINGS, sysctls, .argument = "KEY=VALUE", \
			      .check = spec_sysctl_check, \
			      .help = "kernel parameter of the guest's own namespaces, such as net.ipv4.ip_forward=1"), \
		NAMESPACE_ROW(owner_, member_, "ns-change-opt", OPTION_STRINGS, writable, .argument = "net|ipc|net,ipc", \
			      .check = namespace_options_check_writable, .complete = "words net ipc net,ipc", \
			      .help = "kernel parameters that the guest itself may change, below /proc/sys")

/* Into spec->namespaces, checked against spec->idmap and the host name; containers that are named must exist. */
int namespace_options_get(const struct namespace_options *options, struct spec *spec, struct error *err);
