/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the proc view's paths. */
#include "lxcfs/place.h"

#include <stdlib.h>

#include "base/memory.h"

static const char *directory_from(const char *variable, const char *fallback)
{
	const char *value = getenv(variable);

	return value && value[0] == '/' ? value : fallback;
}

const char *place_root(void)
{
	return directory_from("SYSCONTAINER_RUN", "/run/syscontainer");
}

char *place_run(const char *leaf)
{
	return xasprintf("%s/lxcfs/%s", place_root(), leaf);
}

char *place_state(uint64_t slot)
{
	return xasprintf("%s/lxcfs/" PLACE_STATE "/%llu", place_root(), (unsigned long long)slot);
}

char *place_program(const char *name)
{
	return xasprintf("%s/%s", directory_from("SYSCONTAINER_LIBEXEC", LIBEXECDIR), name);
}

char *place_command(const char *name)
{
	return xasprintf("%s/%s", directory_from("SYSCONTAINER_LIBEXEC", BINDIR), name);
}
