/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hardware addresses of links, as text and as the kernel takes them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define MAC_ETHERNET 6 /* bytes */

struct mac {
	unsigned char bytes[32]; /* the kernel's MAX_ADDR_LEN; what is behind the length is zero */
	size_t length;           /* 0: none */
};

/* "02:00:5e:10:00:07", or with '-': up to 32 bytes of two hexadecimal digits. */
int mac_parse(const char *text, struct mac *ret_mac, struct error *err);
/* With ':' and small letters; "" when there is none. The caller frees. */
char *mac_format(const struct mac *mac);
bool mac_is_equal(const struct mac *a, const struct mac *b);
/* Can it be the address of one link on an Ethernet: six bytes, neither a group's nor zero? */
bool mac_is_of_link(const struct mac *mac);
/* One of those that nobody owns (the "local" bit is set), always the same for the same text. */
struct mac mac_derive(const char *text);
