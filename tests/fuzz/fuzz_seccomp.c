/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile of system calls is refused with a message, or becomes a filter that the kernel would take, or is refused then. */
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/seccomp_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_profile profile;
	struct text program = {0};
	struct error err = {0};

	if (seccomp_profile_parse((const char *)data, size, &profile, &err) < 0) {
		require(err.code < 0 && err.message[0] && !profile.rules.items && !profile.comment);
		return 0;
	}
	if (seccomp_compile(&profile, 0x5555, &program, &err) < 0)
		require(err.code < 0 && err.message[0] && program.length == 0);
	else
		require(program.length > 0 && program.length % sizeof(struct sock_filter) == 0);
	text_release(&program);
	seccomp_profile_release(&profile);
	return 0;
}
