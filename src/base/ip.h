/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IP addresses and networks, as text and as the kernel takes them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct ip {
	int family;                /* AF_INET or AF_INET6; 0: none */
	unsigned char address[16]; /* in network order; what is behind an IPv4 address is zero */
	int prefix;                /* bits of the network; all of them for a bare address */
};

/* "192.0.2.1", "2001:db8::1": an address alone. -EINVAL for everything else. */
int ip_parse(const char *text, struct ip *ret_ip, struct error *err);
/* "192.0.2.1/24": with the length of the network's part, which must be there. */
int ip_parse_cidr(const char *text, struct ip *ret_ip, struct error *err);
/* In the one form that the kernel prints too; the caller frees. */
char *ip_format(const struct ip *ip);
char *ip_format_cidr(const struct ip *ip);

bool ip_is_equal(const struct ip *a, const struct ip *b); /* the prefix too */
/* Bytes of an address of this family. */
size_t ip_size(const struct ip *ip);
/* All zero: "0.0.0.0" or "::". */
bool ip_is_unspecified(const struct ip *ip);
/* Can it be the address of a host's link: no multicast, not the loopback's and not unspecified? */
bool ip_is_of_host(const struct ip *ip);
/* Sets all bits behind the prefix to 0, or to 1 (the broadcast address of IPv4). */
void ip_fill_host_part(struct ip *ip, bool bit);
