/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which namespaces a container has for itself and which it shares, and the kernel parameters that go with them. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"
#include "base/strings.h"

enum spec_namespace {
	SPEC_NAMESPACE_NET,
	SPEC_NAMESPACE_PID,
	SPEC_NAMESPACE_IPC,
	SPEC_NAMESPACE_UTS,
	SPEC_NAMESPACE_CGROUP,
	SPEC_NAMESPACE_TIME,
	SPEC_NAMESPACE_COUNT,
};

/* What the kernel and users call each. */
struct spec_namespace_kind {
	const char *option;           /* "net", as in --net */
	const char *kernel_name;      /* as below /proc/PID/ns, and for liblxc */
	int flag;                     /* CLONE_NEW*, clone(2) */
	const char *const *words;     /* that the option takes, NULL-terminated; the first is the default */
	bool is_shared_with_others;   /* takes container:X */
	const char *why_not_remapped; /* why a guest with ids of its own cannot share it; NULL: it can */
};
extern const struct spec_namespace_kind spec_namespace_kinds[SPEC_NAMESPACE_COUNT];

struct spec_namespaces {
	char *modes[SPEC_NAMESPACE_COUNT]; /* "host", "container:ID", ...; NULL is the default */
	struct strings sysctls;            /* KEY=VALUE, sysctl(8) */
	struct strings writable;           /* --ns-change-opt: "net", "ipc" */
};
extern const struct schema spec_namespaces_schema;

/* A word of the kind, or container:X with an X that could be a container. */
int spec_namespace_check_mode(enum spec_namespace kind, const char *mode, struct error *err);
/* The mode as a word, never NULL. */
const char *spec_namespace_mode(const struct spec_namespaces *namespaces, enum spec_namespace kind);
bool spec_namespace_is_host(const struct spec_namespaces *namespaces, enum spec_namespace kind);
/* The X of container:X; NULL when it is of another mode. */
const char *spec_namespace_container(const struct spec_namespaces *namespaces, enum spec_namespace kind);
/* Neither the host's nor another container's. */
bool spec_namespace_is_own(const struct spec_namespaces *namespaces, enum spec_namespace kind);

/*
 * KEY=VALUE with a key of the list: kernel.{msgmax,msgmnb,msgmni,sem,shmall,shmmax,shmmni,shm_rmid_forced,pid_max}, net.* and fs.mqueue.* in
 * letters, digits, '_', '-' and single dots; the value is one line without '=' and '+'. -EPERM: "Sysctl 'KEY' is not whitelist".
 */
int spec_sysctl_check(const char *item, struct error *err);
/* The namespace that the key of KEY=VALUE belongs to. */
enum spec_namespace spec_sysctl_namespace(const char *item);
/* "net", "ipc" or both with a comma: appended to `ret_words`. */
int spec_parse_writable(const char *text, struct strings *ret_words, struct error *err);

/* The files below /proc/sys that one of the words means, NULL-terminated. */
const char *const *spec_writable_files(const char *word);

/* Each value, and what contradicts each other; `is_remapped`: the guest has ids of its own. */
int spec_namespaces_check(const struct spec_namespaces *namespaces, bool is_remapped, struct error *err);
