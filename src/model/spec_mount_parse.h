/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount options as people type them: -v, --mount, --tmpfs, --host-channel, --volumes-from. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "model/spec_mount.h"

/*
 * Each fills *ret_mount, whose strings the caller releases with schema_release(&spec_mount_schema). -EINVAL, -ERANGE with what is
 * wrong; the caller names option and value.
 */
/* "SRC:DST[:OPTIONS]": rw|ro, [r]private|[r]shared|[r]slave, idmap|noshift, nocopy; at most one of each kind. */
int spec_mount_parse_volume(const char *text, struct spec_mount *ret_mount, struct error *err);
/* "type=bind|tmpfs|squashfs,src=,dst=,ro,bind-propagation=,idmap|noshift,tmpfs-size=,tmpfs-mode=" and their aliases. */
int spec_mount_parse_mount(const char *text, struct spec_mount *ret_mount, struct error *err);
/* "PATH[:OPTIONS]": size=, mode=, rw|ro, [no]exec, [no]suid, [no]dev. */
int spec_mount_parse_tmpfs(const char *text, struct spec_mount *ret_mount, struct error *err);
/* "HOST:GUEST[:rw|ro[:SIZE]]", where the last two may be empty. The upper limit of the size is the host's matter. */
int spec_mount_parse_channel(const char *text, struct spec_host_channel *ret_channel, struct error *err);
/* "CONTAINER[:ro|rw]"; the caller frees *ret_container. */
int spec_mount_parse_from(const char *text, char **ret_container, bool *ret_is_read_only, struct error *err);

/* Text that parses to the same mount: "SRC:DST:OPTIONS" of a bind, OPTIONS of a tmpfs. The caller frees. */
char *spec_mount_format_volume(const struct spec_mount *mount);
char *spec_mount_format_tmpfs(const struct spec_mount *mount);
