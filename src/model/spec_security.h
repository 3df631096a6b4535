/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container's processes may do: the part of the spec about confinement. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"
#include "base/strings.h"
#include "model/ulimit.h"

/* In ROOT/containers/ID: the profile that was given at create, as it was then. */
#define SPEC_SECCOMP_FILE "seccomp.json"

enum spec_seccomp {
	SPEC_SECCOMP_DEFAULT,    /* the profile of daemon.json, of each boot anew; none for privileged containers */
	SPEC_SECCOMP_PROFILE,    /* SPEC_SECCOMP_FILE */
	SPEC_SECCOMP_UNCONFINED, /* none */
};

/* Parts of an SELinux context; NULL where the policy's own for containers counts. */
struct spec_label {
	bool is_disabled;
	char *user, *role, *type, *level;
};

struct spec_security {
	struct strings cap_add, cap_drop; /* "ALL", "SYS_ADMIN" */
	int seccomp;                      /* enum spec_seccomp */
	char *seccomp_source;             /* where the profile was, for people; NULL */
	char *seccomp_text;               /* while the container is made: becomes SPEC_SECCOMP_FILE. Not in spec.json */
	bool has_no_new_privileges;
	char *apparmor; /* a profile or "unconfined"; NULL: nothing is asked for */
	struct spec_label label;
	struct ulimits ulimits;
};

extern const struct schema spec_security_schema;

/* The name of a profile of AppArmor: a word. Whether it is there is another question. */
int spec_security_check_apparmor(const char *profile, struct error *err);
/* Checks values that may have been edited. */
int spec_security_check(const struct spec_security *security, struct error *err);
void spec_security_release(struct spec_security *security);

/* "sys_admin", "CAP_SYS_ADMIN", "all": to "SYS_ADMIN", "ALL". -EINVAL for another. The caller frees. */
int spec_security_parse_capability(const char *text, char **ret_name, struct error *err);
/*
 * One --security-opt, "KEY=VALUE" or "KEY:VALUE": seccomp, apparmor, label, no-new-privileges. A file that seccomp names is not looked at;
 * ret_security->seccomp_source is its name. A second, other value of the same is refused.
 */
int spec_security_parse_option(const char *text, struct spec_security *security, struct error *err);
/* The options that would make it, for inspect. */
void spec_security_format_options(const struct spec_security *security, struct strings *ret_options);
/*
 * Capabilities from `set` (bit N is capability N) by what was added and dropped: ALL replaces the set, then names are added, then
 * names are dropped.
 */
uint64_t spec_security_capabilities(const struct spec_security *security, uint64_t set);
