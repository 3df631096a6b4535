/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the rules for single values of a spec, typed or loaded. */
#include <ctype.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "model/spec.h"

const char *const spec_restart_names[] = {"no", "on-reboot", "on-failure", "always", "unless-stopped", NULL};

int spec_parse_restart(const char *text, struct spec_restart_policy *ret_policy, struct error *err)
{
	size_t length = strcspn(text, ":");
	int64_t retries = 0;

	for (int name = 0; spec_restart_names[name]; name++) {
		if (strlen(spec_restart_names[name]) != length || strncmp(spec_restart_names[name], text, length) != 0)
			continue;
		if (text[length] == ':' && name != SPEC_RESTART_ON_FAILURE)
			return error_set(err, -EINVAL, "Maximum retry count cannot be used with restart policy '%s'",
					 spec_restart_names[name]);
		if (text[length] == ':' && number_parse(text + length + 1, 0, INT32_MAX, &retries, err) < 0)
			return error_prefix(err, "Maximum retry count of restart policy '%s'", text);
		*ret_policy = (struct spec_restart_policy){.name = name, .retries = (int)retries};
		return 0;
	}
	return error_set(err, -EINVAL,
			 "Invalid restart policy '%s'; use no, on-reboot, on-failure[:N], always or unless-stopped", text);
}

/* 2^32 - 1 is no id (setuid(2)). Each is compared alone first: the sums may not overflow. */
int spec_check_idmap(const struct spec_idmap *idmap, struct error *err)
{
	if (idmap->uid <= UINT32_MAX && idmap->gid <= UINT32_MAX && idmap->size <= UINT32_MAX &&
	    idmap->uid + idmap->size <= UINT32_MAX && idmap->gid + idmap->size <= UINT32_MAX)
		return 0;
	return error_set(err, -ERANGE, "the range goes beyond the last id, %u", UINT32_MAX - 1);
}

int spec_parse_idmap(const char *text, struct spec_idmap *ret_idmap, struct error *err)
{
	autorelease(strings_release) struct strings parts = {0};
	size_t colons = 0;
	uint64_t values[3];

	*ret_idmap = (struct spec_idmap){0};
	if (strcmp(text, "none") == 0)
		return 0;
	if (strcmp(text, "auto") == 0) {
		ret_idmap->is_automatic = true;
		return 0;
	}
	for (const char *next = text; (next = strchr(next, ':')); next++)
		colons++;
	strings_split(&parts, text, ":");
	if (parts.count != 3 || colons != 2)
		return error_set(err, -EINVAL, "use UID:GID:SIZE, auto or none");
	for (size_t i = 0; i < 3; i++)
		if (number_parse_unsigned(parts.items[i], UINT32_MAX, &values[i], err) < 0)
			return err ? err->code : -EINVAL;
	if (values[0] == 0 && values[1] == 0)
		return 0; /* the reference's way to say: no remap */
	if (values[0] == 0 || values[1] == 0)
		return error_set(err, -EINVAL, "only one of UID and GID is the host's root");
	if (values[2] == 0)
		return error_set(err, -EINVAL, "SIZE is 0");
	*ret_idmap = (struct spec_idmap){.uid = values[0], .gid = values[1], .size = values[2]};
	if (spec_check_idmap(ret_idmap, err) == 0)
		return 0;
	*ret_idmap = (struct spec_idmap){0};
	return -ERANGE;
}

int spec_check_name(const char *name, struct error *err)
{
	size_t length = strlen(name);
	bool is_good = length >= 2 && length <= 1024 && isalnum((unsigned char)name[0]);

	for (size_t i = 1; is_good && i < length; i++)
		is_good = isalnum((unsigned char)name[i]) || strchr("_.-", name[i]);
	/* It becomes a file name. */
	if (is_good && length <= 255)
		return 0;
	return error_set(err, -EINVAL,
			 "Invalid container name (%.300s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, 2 to 255 characters",
			 name);
}

int spec_check_hostname(const char *hostname, struct error *err)
{
	size_t length = strlen(hostname);
	bool is_good = length >= 1 && length <= 64 && hostname[0] != '-' && hostname[0] != '.' &&
		       hostname[length - 1] != '-' && hostname[length - 1] != '.';

	for (size_t i = 0; is_good && i < length; i++)
		is_good = isalnum((unsigned char)hostname[i]) || hostname[i] == '-' ||
			  (hostname[i] == '.' && hostname[i + 1] != '.');
	if (is_good)
		return 0;
	return error_set(err, -EINVAL,
			 "Invalid hostname \"%.100s\": use letters, digits, '-' and '.', at most 64 characters", hostname);
}

int spec_check_guest_file(const char *path, struct error *err)
{
	if (path[0] != '/')
		return error_set(err, -EINVAL, "it must be absolute, a path in the tree");
	if (strlen(path) >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "it is longer than %d bytes", PATH_MAX - 1);
	for (const char *part = path; part; part = strchr(part, '/')) {
		size_t length = strcspn(++part, "/");

		if (length == 0 || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))))
			return error_set(err, -EINVAL, "it must name a file, without \".\", \"..\" and empty parts");
	}
	for (const char *at = path; *at; at++)
		if (iscntrl((unsigned char)*at))
			return error_set(err, -EINVAL, "it has control characters");
	return 0;
}

static int parse_realtime_signal(const char *name, int *ret_signal)
{
	bool is_max = strncmp(name, "RTMAX", 5) == 0;
	int64_t offset = 0;

	if (!is_max && strncmp(name, "RTMIN", 5) != 0)
		return -EINVAL;
	if (name[5] && (name[5] != (is_max ? '-' : '+') || !isdigit((unsigned char)name[6]) ||
			number_parse(name + 6, 0, SIGRTMAX - SIGRTMIN, &offset, NULL) < 0))
		return -EINVAL;
	*ret_signal = is_max ? SIGRTMAX - (int)offset : SIGRTMIN + (int)offset;
	return 0;
}

int spec_parse_signal(const char *text, int *ret_signal, struct error *err)
{
	char name[16] = {0};
	int64_t number;

	if (number_parse(text, 1, SIGRTMAX, &number, NULL) == 0) {
		*ret_signal = (int)number;
		return 0;
	}
	for (size_t i = 0; i < sizeof(name) - 1 && text[i]; i++)
		name[i] = (char)toupper((unsigned char)text[i]);
	if (strlen(text) < sizeof(name)) {
		const char *bare = strncmp(name, "SIG", 3) == 0 ? name + 3 : name;

		if (parse_realtime_signal(bare, ret_signal) == 0)
			return 0;
		for (int signal = 1; signal < SIGRTMIN; signal++) {
			const char *abbreviation = sigabbrev_np(signal);

			if (abbreviation && strcmp(abbreviation, bare) == 0) {
				*ret_signal = signal;
				return 0;
			}
		}
	}
	return error_set(err, -EINVAL, "Invalid signal: %.100s", text);
}
