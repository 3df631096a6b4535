/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what a hardware address looks like. */
#include "base/mac.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static int digit_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit ? strchr(digits, digit >= 'A' && digit <= 'F' ? digit - 'A' + 'a' : digit) : NULL;

	return found ? (int)(found - digits) : -1;
}

int mac_parse(const char *text, struct mac *ret_mac, struct error *err)
{
	const char *rest = text;
	struct mac mac = {0};

	for (;;) {
		int high = digit_value(rest[0]), low = high < 0 ? -1 : digit_value(rest[1]);

		if (low < 0 || mac.length == sizeof(mac.bytes))
			return error_set(err, -EINVAL, "\"%s\" is no hardware address; write it as 02:00:5e:10:00:07", text);
		mac.bytes[mac.length++] = (unsigned char)(high << 4 | low);
		rest += 2;
		if (!*rest)
			break;
		if (*rest != ':' && *rest != '-')
			return error_set(err, -EINVAL, "\"%s\" is no hardware address; write it as 02:00:5e:10:00:07", text);
		rest++;
	}
	*ret_mac = mac;
	return 0;
}

char *mac_format(const struct mac *mac)
{
	autorelease(text_release) struct text text = {0};

	for (size_t i = 0; i < mac->length; i++)
		text_appendf(&text, i ? ":%02x" : "%02x", mac->bytes[i]);
	return text_steal(&text);
}

bool mac_is_equal(const struct mac *a, const struct mac *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

bool mac_is_of_link(const struct mac *mac)
{
	static const unsigned char zero[MAC_ETHERNET];

	return mac->length == MAC_ETHERNET && !(mac->bytes[0] & 1) && memcmp(mac->bytes, zero, sizeof(zero)) != 0;
}

struct mac mac_derive(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	struct mac mac = {.length = MAC_ETHERNET};

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	hash ^= hash >> 32;
	for (size_t i = 0; i < MAC_ETHERNET; i++)
		mac.bytes[i] = (unsigned char)(hash >> 8 * i);
	mac.bytes[0] = (unsigned char)((mac.bytes[0] & ~1) | 2);
	return mac;
}
