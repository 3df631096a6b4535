/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where everything lies on disk. */
#pragma once

#include "base/error.h"

/*
 * Roots of the three trees: state (/var/lib/syscontainer or $SYSCONTAINER_ROOT), run time (/run/syscontainer or
 * $SYSCONTAINER_RUN) and the configuration file (SYSCONFDIR/syscontainer/daemon.json or $SYSCONTAINER_CONFIG). The
 * environment variables are for a second, independent set of containers (tests); they must be absolute.
 */
const char *paths_root(void);
const char *paths_run(void);
const char *paths_config(void);

/* SYSCONFDIR/syscontainer/seccomp.json: the profile of containers that were given none. */
const char *paths_seccomp(void);

/* Paths below them; the caller frees. */
char *paths_containers(void);                                /* ROOT/containers */
char *paths_names(void);                                     /* ROOT/names */
char *paths_idmap(void);                                     /* ROOT/idmap */
char *paths_container(const char *id, const char *leaf);     /* ROOT/containers/ID[/LEAF]; leaf may be NULL */
char *paths_run_container(const char *id, const char *leaf); /* RUN/ID[/LEAF] */
char *paths_run_host(const char *id);   /* RUN/host/ID: what the guest sees at /run/host, so others may pass through */
char *paths_run_file(const char *leaf); /* RUN/LEAF */
char *paths_program(const char *name);  /* LIBEXECDIR/NAME or $SYSCONTAINER_LIBEXEC/NAME */

/* Makes the trees (0700 but for the roots themselves, 0711) and refuses roots that others than root may write to. */
int paths_prepare(struct error *err);
