/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what an IP address looks like. */
#include "base/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

int ip_parse(const char *text, struct ip *ret_ip, struct error *err)
{
	struct ip ip = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

	if (inet_pton(ip.family, text, ip.address) != 1)
		return error_set(err, -EINVAL, "\"%s\" is no IP address", text);
	ip.prefix = (int)ip_size(&ip) * 8;
	*ret_ip = ip;
	return 0;
}

int ip_parse_cidr(const char *text, struct ip *ret_ip, struct error *err)
{
	size_t length = strcspn(text, "/");
	autofree char *address = xstrndup(text, length);
	uint64_t prefix;
	struct ip ip;

	if (!text[length] || ip_parse(address, &ip, NULL) < 0 ||
	    number_parse_unsigned(text + length + 1, (uint64_t)ip.prefix, &prefix, NULL) < 0)
		return error_set(err, -EINVAL,
				 "invalid CIDR address: %s (write ADDRESS/BITS, such as 192.0.2.7/24 or 2001:db8::7/64)",
				 text);
	ip.prefix = (int)prefix;
	*ret_ip = ip;
	return 0;
}

char *ip_format(const struct ip *ip)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(ip->family, ip->address, text, sizeof(text));
	return xstrdup(text);
}

char *ip_format_cidr(const struct ip *ip)
{
	autofree char *address = ip_format(ip);

	return xasprintf("%s/%d", address, ip->prefix);
}

bool ip_is_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && a->prefix == b->prefix && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

size_t ip_size(const struct ip *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

bool ip_is_unspecified(const struct ip *ip)
{
	static const unsigned char zero[16];

	return memcmp(ip->address, zero, sizeof(zero)) == 0;
}

bool ip_is_of_host(const struct ip *ip)
{
	static const unsigned char loopback[16] = {[15] = 1};

	if (ip_is_unspecified(ip))
		return false;
	if (ip->family == AF_INET)
		return ip->address[0] != 0 && ip->address[0] != 127 && ip->address[0] < 224;
	return ip->address[0] != 0xff && memcmp(ip->address, loopback, sizeof(loopback)) != 0;
}

void ip_fill_host_part(struct ip *ip, bool bit)
{
	for (int i = ip->prefix; i < (int)ip_size(ip) * 8; i++) {
		unsigned char mask = (unsigned char)(0x80 >> i % 8);

		ip->address[i / 8] = (unsigned char)(bit ? ip->address[i / 8] | mask : ip->address[i / 8] & ~mask);
	}
}
