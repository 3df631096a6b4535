/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container's /etc/hosts and /etc/resolv.conf have besides what its tree's have. */
#pragma once

#include "base/error.h"
#include "base/schema.h"
#include "base/strings.h"

struct spec_network_files {
	struct strings hosts;   /* "NAME:IP", as typed */
	struct strings servers; /* addresses of name servers */
	struct strings options; /* resolv.conf(5), "ndots:2" */
	struct strings searches;
};

extern const struct schema spec_network_files_schema;

/* One value each, as of the command line. They become words of line-based files, so nothing but their own grammar passes. */
int spec_check_extra_host(const char *value, struct error *err); /* NAME:IP, IPv4 or IPv6, which may stand in brackets */
int spec_check_server(const char *value, struct error *err);     /* inet_pton(3) */
int spec_check_resolver_option(const char *value, struct error *err);
int spec_check_search(const char *value, struct error *err); /* a domain name (RFC 1123, and '_'), or "." */
/* All of a loaded spec's. */
int spec_network_files_check(const struct spec_network_files *files, struct error *err);

/* The address in a checked "NAME:IP", without brackets. The caller frees. */
char *spec_extra_host_address(const char *value);
