/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who "-u USER[:GROUP]" is, by the guest's own passwd and group files. Used inside guests: plain reads, no NSS. */
#pragma once

#include <stdint.h>

struct user {
	uint32_t uid, gid;
	char home[256];
	uint32_t groups[64];
	uint32_t group_count;
};

/*
 * `text` is "name", "uid", "name:group", "uid:gid" and so on; empty is 0:0. `passwd` and `group` are the contents of the files (may be ""). Numbers
 * count as such even when no line has them; a name without line is refused. Returns 0, or -ENOENT / -EINVAL with *ret_what naming
 * what was wrong ("user web"). `extra` are further groups, names or numbers.
 */
int user_resolve(const char *text, const char *passwd, const char *group, const char *const *extra, uint32_t extra_count,
		 struct user *ret_user, char *ret_what, uint32_t what_size);
