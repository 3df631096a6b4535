/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a guest's hosts and resolv.conf: what its tree has, and what its spec adds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "model/spec_network_files.h"

/* `data` is the tree's file, any bytes, which stay as they are. The additions must be checked ones. */

/* Additions stand behind: a reverse lookup gives the tree's names first. */
void network_files_hosts(const char *data, size_t length, const struct spec_network_files *files, struct text *out);
/*
 * Given servers stand first, because resolvers take the first three; given options and search domains last, because of these the last line counts: the
 * tree's search domains are repeated there behind the given ones.
 */
void network_files_resolver(const char *data, size_t length, const struct spec_network_files *files, struct text *out);
/* For a guest that runs systemd-resolved: a file of /run/systemd/resolved.conf.d, resolved.conf(5), with the same servers and search domains. */
void network_files_resolved(const struct spec_network_files *files, struct text *out);

bool network_files_change_hosts(const struct spec_network_files *files);
bool network_files_change_resolver(const struct spec_network_files *files);
