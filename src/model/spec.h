/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container should be: the one truth, in spec.json. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/schema.h"
#include "base/strings.h"
#include "kernel/cgroup_limits.h"
#include "model/attachments.h"
#include "model/spec_boot.h"
#include "model/spec_device.h"
#include "model/spec_health.h"
#include "model/spec_hooks.h"
#include "model/spec_journal.h"
#include "model/spec_mount.h"
#include "model/spec_namespaces.h"
#include "model/spec_network_files.h"
#include "model/spec_proc_view.h"
#include "model/spec_security.h"

#define SPEC_VERSION      1
#define SPEC_DEFAULT_INIT "/sbin/init" /* the command of a container that was given none */

enum spec_restart {
	SPEC_RESTART_NO,
	SPEC_RESTART_ON_REBOOT,
	SPEC_RESTART_ON_FAILURE,
	SPEC_RESTART_ALWAYS,
	SPEC_RESTART_UNLESS_STOPPED,
};
extern const char *const spec_restart_names[];

struct spec_restart_policy {
	int name;    /* enum spec_restart */
	int retries; /* on-failure only; 0 is no limit */
};

/* Which ids of the host the container's ids are. size 0: none, root inside is root of the host. */
struct spec_idmap {
	uint64_t uid, gid, size;
	bool is_automatic; /* taken from the registry, given back by rm */
};

#define SPEC_ID_LENGTH 64 /* hex digits */

struct spec {
	int version;
	char *id; /* SPEC_ID_LENGTH hex digits; not in the file, whose directory is called so */
	char *name;
	int64_t created_ns; /* real time */

	char *rootfs; /* absolute, canonical; a directory, block device or image file */
	struct strings command;
	char *entrypoint;           /* NULL: none; else command's first word was given by --entrypoint */
	struct strings environment; /* KEY=VALUE */
	char *environment_target;   /* file of the guest that keeps it; NULL: none */
	char *working_directory;    /* NULL is / */
	char *user;                 /* as typed; NULL is root */
	struct strings groups;      /* --group-add */
	char *hostname;
	bool is_hostname_given; /* by the user: it counts more than the tree's /etc/hostname */
	bool has_tty;
	bool has_stdin;
	bool removes_itself; /* --rm */
	bool is_privileged;
	char *stop_signal;       /* as typed; NULL: by the kind of PID 1 */
	int64_t stop_timeout_ms; /* negative: for ever */
	int64_t start_timeout_ms;
	struct strings labels;      /* KEY=VALUE */
	struct strings annotations; /* KEY=VALUE */

	struct spec_restart_policy restart;
	struct spec_idmap idmap;
	char *cgroup_parent; /* "/syscontainer", or a slice of systemd: "machine.slice" */
	struct cgroup_limits limits;
	struct spec_network_files network_files;
	struct spec_hooks hooks; /* the container's own; daemon.json may name others */
	struct spec_health health;
	struct spec_namespaces namespaces;
	struct spec_devices devices;
	struct spec_security security;
	struct spec_mounts mounts;
	struct spec_proc_view proc_view;
	struct attachments attachments;
	struct spec_boot boot;
	int link_journal; /* enum spec_journal */
};

extern const struct schema spec_schema;

/* Reads ROOT/containers/ID/spec.json. Every error names the file; -ENOENT when the container is not there. */
int spec_load(const char *id, struct spec *ret_spec, struct error *err);
/* The same from a file elsewhere, for programs that are told where it is. */
int spec_load_file(const char *path, const char *id, struct spec *ret_spec, struct error *err);
/* Replaces it (see file_replace()). `id` says which directory: a container that is being made has another one. */
int spec_save(const char *id, const struct spec *spec, struct error *err);
void spec_release(struct spec *spec);

/* "no", "on-failure:3", ...; messages as users of the reference know them. */
int spec_parse_restart(const char *text, struct spec_restart_policy *ret_policy, struct error *err);
/* "UID:GID:SIZE", "none"; ("auto" is the registry's matter: is_automatic with size 0 comes back) */
int spec_parse_idmap(const char *text, struct spec_idmap *ret_idmap, struct error *err);
/* Do all ids of the two ranges exist? */
int spec_check_idmap(const struct spec_idmap *idmap, struct error *err);
/* ^[a-zA-Z0-9][a-zA-Z0-9_.-]+$, 2..1024 characters, a leading slash is cut off by the caller. */
int spec_check_name(const char *name, struct error *err);
int spec_check_hostname(const char *hostname, struct error *err);
/* A place for containers' cgroups: a path or a slice, short enough for what every container has below it. */
int spec_check_cgroup_parent(const char *parent, struct error *err);
/* A file in a tree: absolute, without "", "." and ".." between slashes, no control characters. */
int spec_check_guest_file(const char *path, struct error *err);
/* "TERM", "SIGTERM", "15", "RTMIN+3", "SIGRTMIN+3": the number. */
int spec_parse_signal(const char *text, int *ret_signal, struct error *err);
/* Does the guest have ids of its own? Of a spec that was loaded: create may still have to find a range (idmap.is_automatic). */
bool spec_is_remapped(const struct spec *spec);
/* Does systemd, where there is one, know its cgroups? So it is when their parent is a slice. */
bool spec_has_slice(const struct spec *spec);
/*
 * PARENT, in which its cgroups lie in every hierarchy: cgroup_parent; or in a slice "/a.slice/a-b.slice/syscontainer-ID.scope", a unit of systemd's that is handed over
 * (Delegate=) so that nobody else writes there. The caller frees.
 */
char *spec_cgroup_parent(const struct spec *spec);
/* "PARENT/ID", the container's own cgroup in every hierarchy; the caller frees. */
char *spec_cgroup(const struct spec *spec);
/* The last part of PARENT in a slice, "syscontainer-ID.scope"; the caller frees. */
char *spec_scope(const struct spec *spec);
